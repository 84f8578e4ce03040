"""The lamp fails: from one part on every picture is 40 % darker."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from inspection import certificates
from inspection.models import Bands, Freeze, Hold, Measures, Routing
from monitoring import baselines
from monitoring.simulation.factory import Factory
from monitoring.simulation.parts import Made
from monitoring.simulation.report import AUTOMATIC
from monitoring.simulation.scenarios.deciding import Deciding, Figures
from monitoring.simulation.world import World
from vision.embedding import Reference, distance, unpacked
from vision.envelope import EMBEDDING, departures

LIGHT_LEFT = 0.6
Envelope = Mapping[str, tuple[float, float]]


class Dark(Deciding):
    """Nobody mends the lamp, and the leads leave the hold that the pictures bring about."""

    name = "dark"
    default_items = 3000

    def factory(self) -> Factory:
        return Factory(bank=60, history=500, parts_per_tick=16)

    def make(self, world: World, made: Made) -> Made:
        return replace(made, light=LIGHT_LEFT) if made.index >= self.event_at else made

    def leaves(self, world: World, hold: Hold) -> bool:
        return self.has_begun(world) and hold.kind in (Hold.ALARM, Hold.CAMERA)

    def figures(self, world: World) -> Figures:
        """Return what each measure of the envelope stops of the dark images, and what was decided around the hold."""
        if not self.has_begun(world):
            return {}
        began_at = world.made[self.event_at].captured_at
        held = Hold.objects.filter(line=world.line, placed_at__gte=began_at).order_by("placed_at").first()
        bands = Bands.objects.filter(line=world.line, created_at__lt=began_at).order_by("-pk").first()
        return {
            "dark_images": len(world.made) - self.event_at,
            "dark_images_before_hold": world.index_at(held.placed_at) - self.event_at if held else None,
            "held_for": held.reason if held else None,
            "auto_before_hold": _automatic(
                item__captured_at__gte=began_at, item__captured_at__lte=held.placed_at if held else world.now
            ),
            # The image of the moment itself was decided before.
            "auto_after_hold": _automatic(item__captured_at__gt=held.placed_at) if held else 0,
            "promotions_frozen": Freeze.objects.filter(line=world.line, cause=baselines.FREEZE).exists(),
            **(_stopped(bands, since=began_at) if bands else {}),
        }


def _automatic(**taken: datetime) -> int:
    """Count the parts decided automatically from images taken in a stretch of time."""
    return Routing.objects.filter(route__in=AUTOMATIC, **taken).count()


# Envelope -------------------------------------------------------------------------------------------------------


def _stopped(bands: Bands, *, since: datetime) -> dict[str, Any]:
    """Return the share of the dark images that lies outside the envelope by each measure, and by any."""
    envelope = certificates.band_of(bands).envelope
    outside = [{left.name for left in departures(one, envelope)} for one in _measured(bands, envelope, since=since)]
    shares = {name: _share(name in left for left in outside) for name in envelope}
    return {"stopped_by": dict(sorted(shares.items())), "stopped_by_any": _share(bool(left) for left in outside)}


def _share(found: Iterator[bool]) -> float:
    marks = list(found)
    return round(sum(marks) / len(marks), 4) if marks else 0.0


def _measured(bands: Bands, envelope: Envelope, *, since: datetime) -> Iterator[dict[str, float]]:
    """Yield what was measured of each image since a moment, its distance from the certified ones included."""
    kept = bands.certificates.get("embedding")
    known = Reference.of_plain(kept) if kept else None
    for row in Measures.objects.filter(item__line=bands.line_id, item__captured_at__gte=since):
        values = {name: getattr(row, name) for name in envelope if name != EMBEDDING}
        if known and row.embedding is not None:
            values[EMBEDDING] = distance(unpacked(bytes(row.embedding)), known)
        yield values
