"""What the last images say about a camera: that it is stuck, or that nobody could decide on what it shows."""

from collections.abc import Sequence
from datetime import datetime
from functools import cached_property

from inspection import automation, certificates
from inspection.models import Bands, Hold, Item, Line, Measures, Routing
from inspection.stations import IMPORTER
from vision.embedding import distance, unpacked
from vision.envelope import EMBEDDING, HELD_AFTER, departures
from vision.measures import near
from vision.routing import SENTENCES

# A stuck camera shows what it has just shown: among the line's last images, its own last few are compared.
LOOK_BACK = 40
LAST_OF_CAMERA = 5
OUTSIDE = "outside-envelope"
# Reasons of a routing that speak of the image, not of the part.
IMAGE_FAULTS = frozenset({OUTSIDE, "blank", "camera-stuck"})


class Cameras:
    """The last images of the lines of some items, these among them: one statement a line, if anybody asks."""

    def __init__(self, items: Sequence[Item]) -> None:
        self._items = items

    def is_repeat(self, item: Item, fingerprint: str) -> bool:
        """Whether the same camera has just shown nearly the same image for another part.

        Images brought in by hand come from files, and may well repeat.
        """
        if item.station is None or item.station.name == IMPORTER:
            return False
        before = [
            (station, view, print_)
            for received_at, part, station, view, print_ in self._last[item.line_id]
            if received_at < item.received_at and part != item.run.part_id
        ]
        camera = (item.station_id, item.view)
        same_camera = [print_ for station, view, print_ in before[:LOOK_BACK] if (station, view) == camera]
        prints = [print_ for print_ in same_camera[:LAST_OF_CAMERA] if print_]
        return any(near(int(other, 16), int(fingerprint, 16)) for other in prints)

    @cached_property
    def _last(self) -> dict[int, list[tuple]]:
        return {line: self._last_of(line) for line in {item.line_id for item in self._items}}

    def _last_of(self, line: int) -> list[tuple]:
        mine = [item for item in self._items if item.line_id == line]
        until = max(item.received_at for item in mine)
        # Beside what any of the items looks back on stand the items themselves, with the other views of their runs.
        beside = sum(len(item.run.views_expected) for item in mine)
        last = Item.objects.real().filter(line=line, received_at__lte=until).order_by("-received_at")
        rows = last.values_list("received_at", "run__part", "station", "view", "measures__fingerprint")
        return list(rows[: LOOK_BACK + beside])


def hold_if_it_goes_on(routing: Routing, line: Line, *, now: datetime) -> Hold | None:
    """Hold the line when its last images in a row could not be decided on: somebody must look at lamp and camera."""
    routed = Item.objects.filter(line=line, routing__isnull=False).select_related("routing", "measures")
    last = list(routed.order_by("-received_at", "-pk")[:HELD_AFTER])
    if len(last) < HELD_AFTER or not all(_image_fails(item, routing.bands) for item in last):
        return None
    sentence = (routing.detail or SENTENCES[routing.reason]).partition(";")[0]
    return automation.place_hold(line, kind=Hold.CAMERA, reason=f"{HELD_AFTER} images in a row. {sentence}", now=now)


def _image_fails(item: Item, bands: Bands | None) -> bool:
    reason = item.routing.reason
    if reason != OUTSIDE or bands is None:
        return reason in IMAGE_FAULTS
    measures = {name: getattr(item.measures, name) for name in bands.envelope} | _embedded(item.measures, bands)
    return any(departure.is_far for departure in departures(measures, certificates.band_of(bands).envelope))


def _embedded(measures: Measures, bands: Bands) -> dict[str, float]:
    known, kept = certificates.embedding_of(bands), measures.embedding
    return {} if known is None or kept is None else {EMBEDDING: distance(unpacked(bytes(kept)), known)}
