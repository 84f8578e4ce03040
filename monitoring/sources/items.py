"""What the prediction service found out about each image: measures, stages, scores."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence, Set
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from inspection import certificates
from inspection.cameras import OUTSIDE, Cameras
from inspection.models import Bands, DefectClass, Item, Prediction, StageRun
from inspection.rules.words import Call, Outcome, PredictionRole, RiskClass, Stage
from monitoring.sources.seen import Seen
from vision.embedding import Reference, distance, unpacked
from vision.envelope import departures

_MEASURES = ("patch_luminance", "p99_luminance", "brightness", "contrast", "sharpness", "saturation", "entropy")
# Beside what is summed up, what an envelope may name.
_MEASURED = (*_MEASURES, "width", "height", "size_bytes", "blank", "fingerprint", "embedding")
_FILE = ("pk", "line", "station", "duplicate_of", "has_exif", "size_bytes", "width", "height", "captured_at",
         "received_at", "meta", "routing__reason", "routing__bands", "routing__routed_at")  # fmt: skip
_SAID = ("item", "role", "probability", "call", "uncertainty", "defect_class")
# Between these a model is as good as guessing: the share of such images tells of parts it does not know.
UNCERTAIN = (0.2, 0.8)

Ran = tuple[str, str, float]
Said = tuple[str, float, str, float, str]


class Image(NamedTuple):
    """One examined image: its file, how it was routed, what was measured. Empty where it was not."""

    at: datetime
    item: UUID
    line: int
    station: int | None
    duplicate_of: UUID | None
    has_exif: bool | None
    size_bytes: int
    width: int
    height: int
    captured_at: datetime
    received_at: datetime
    meta: dict[str, Any]
    reason: str | None
    bands: int | None
    routed_at: datetime | None
    measured: dict[str, Any]


class Certified(NamedTuple):
    """What bands were certified on: their envelope, and how the certified images lie where that is known."""

    envelope: Mapping[str, tuple[float, float]]
    embedding: Reference | None


_NOTHING = Certified({}, None)


def examined(after: int, *, until: datetime, limit: int) -> tuple[list[Image], int]:
    """Return the images examined for the first time after a place, and the new place."""
    rows = StageRun.objects.filter(stage=Stage.DECODE, pk__gt=after).order_by("pk")
    found = {}
    for pk, item, attempt, at in rows.values_list("pk", "item", "attempt", "finished_at")[:limit]:
        if at > until:
            break
        after = pk
        if attempt == 1:
            found[item] = at
    return as_examined(found), after


def as_examined(found: Mapping[UUID, datetime]) -> list[Image]:
    """Return images with all that was found out about them, each as of a moment, in the order given."""
    if not found:
        return []
    columns = (*_FILE, *(f"measures__{name}" for name in _MEASURED))
    rows = {row[0]: row for row in Item.objects.filter(pk__in=found).values_list(*columns)}
    return [_image(rows[item], at) for item, at in found.items()]


def seen_on(images: Sequence[Image]) -> Iterator[Seen]:
    """Yield every value that the images show. What belongs to all of them is read at once."""
    if not images:
        return
    ids = [image.item for image in images]
    stages, said = _stages(ids), _predictions(ids)
    risks = _risks({image.line for image in images})
    certified = _certified({image.bands for image in images})
    repeats = _repeats([image for image in images if image.reason == "hold"])
    for image in images:
        values = (
            *_of_file(image, is_repeat=image.item in repeats),
            *_of_certificate(image, certified.get(image.bands or 0, _NOTHING)),
            *_of_stages(image, stages[image.item]),
            *_of_predictions(stages[image.item], said[image.item]),
            *_of_classes(image.line, said[image.item], risks),
        )
        yield from (Seen(image.line, metric, image.at, float(value)) for metric, value in values)


def _image(row: tuple, at: datetime) -> Image:
    measured = {name: value for name, value in zip(_MEASURED, row[len(_FILE) :], strict=True) if value is not None}
    return Image._make((at, *row[: len(_FILE)], measured))


def _stages(ids: Sequence[UUID]) -> dict[UUID, list[Ran]]:
    found: dict[UUID, list[Ran]] = defaultdict(list)
    ran = StageRun.objects.filter(item__in=ids, attempt=1).exclude(outcome=Outcome.SKIPPED)
    for item, *words in ran.values_list("item", "stage", "outcome", "ms"):
        found[item].append(tuple(words))
    return found


def _predictions(ids: Sequence[UUID]) -> dict[UUID, list[Said]]:
    found: dict[UUID, list[Said]] = defaultdict(list)
    for item, *words in Prediction.objects.filter(item__in=ids).values_list(*_SAID):
        found[item].append(tuple(words))
    return {item: found.get(item, []) for item in ids}


def _of_file(image: Image, *, is_repeat: bool) -> Iterator[tuple[str, float]]:
    yield "volume", 1
    yield "unreadable", not image.measured
    yield "duplicate", image.duplicate_of is not None
    if image.has_exif is not None:
        yield "exif_missing", not image.has_exif
    yield "image_size", image.size_bytes
    yield "aspect", image.width / image.height
    yield "arrival_lag", max(0.0, (image.received_at - image.captured_at).total_seconds())
    # Blank ones are all alike: that is no stuck camera.
    if image.reason is not None and not image.measured.get("blank"):
        yield "same_image", is_repeat or image.reason == "camera-stuck"
    if image.measured:
        yield "blank", image.measured["blank"]
        yield from ((name, image.measured[name]) for name in _MEASURES if name in image.measured)


def _of_certificate(image: Image, certified: Certified) -> Iterator[tuple[str, float]]:
    """Say whether an image lies outside what is certified, also while a hold is the reason why people get it."""
    if image.reason is None:
        return
    far = _distance(image, certified.embedding)
    if far is not None:
        yield "embedding_distance", far
    envelope = certified.envelope if image.measured else {}
    known = {name: image.measured[name] for name in envelope if name in image.measured}
    is_unlike = far is not None and far > 1
    yield "outside_envelope", image.reason == OUTSIDE or is_unlike or bool(departures(known, envelope))


def _distance(image: Image, known: Reference | None) -> float | None:
    """Return how far an image lies from the certified ones, in the greatest distance among these."""
    kept = image.measured.get("embedding")
    if kept is None or known is None or not known.limit:
        return None
    return distance(unpacked(bytes(kept)), known) / known.limit


def _of_stages(image: Image, stages: Sequence[Ran]) -> Iterator[tuple[str, float]]:
    for stage, outcome, ms in stages:
        yield f"{stage}_ms", ms
        if stage == Stage.PREDICT:
            yield "model_errors", outcome == Outcome.FAILED
    if image.routed_at is not None:
        yield "stage_p95", max(0.0, (image.routed_at - image.received_at).total_seconds())


def _of_predictions(stages: Sequence[Ran], said: Sequence[Said]) -> Iterator[tuple[str, float]]:
    if any(stage == Stage.PREDICT for stage, _outcome, _ms in stages):
        yield "missing_predictions", not said
    for _, probability, call, uncertainty, _class in _standing(said)[:1]:
        yield "score", probability
        yield "uncertainty", uncertainty
        yield "uncertain", UNCERTAIN[0] < probability < UNCERTAIN[1]
        yield "call_rate", call == Call.DEFECT


def _of_classes(line: int, said: Sequence[Said], risks: Mapping[tuple[int, str], str]) -> Iterator[tuple[str, float]]:
    """How bad what the model calls would be: the mix of classes moves when the process or the model does."""
    for _, _, call, _, defect_class in _standing(said)[:1]:
        if call == Call.DEFECT and (line, defect_class) in risks:
            yield from ((f"calls_{risk.value}", risks[line, defect_class] == risk) for risk in RiskClass)


def _standing(said: Sequence[Said]) -> list[Said]:
    """Return what the model said that serves the line, or one that only looks where none answered.

    What a candidate says for its share is no drift of the line's model: its guardrails judge it.
    """
    serving = [words for words in said if words[0] == PredictionRole.SERVING]
    return serving or [words for words in said if words[0] != PredictionRole.CANDIDATE]


def _repeats(held: Sequence[Image]) -> set[UUID]:
    """Return which images of held lines their camera had just shown: there the hold is the reason, whatever else is."""
    prints = {image.item: image.measured["fingerprint"] for image in held if image.measured}
    items = list(Item.objects.filter(pk__in=prints).select_related("run", "station")) if prints else []
    cameras = Cameras(items)
    return {item.pk for item in items if cameras.is_repeat(item, prints[item.pk])}


def _certified(bands: Set[int | None]) -> dict[int, Certified]:
    named = [pk for pk in bands if pk is not None]
    found = Bands.objects.filter(pk__in=named).only("envelope", "certificates") if named else ()
    return {one.pk: Certified(one.envelope, certificates.embedding_of(one)) for one in found}


def _risks(lines: set[int]) -> dict[tuple[int, str], str]:
    classes = DefectClass.objects.filter(line__in=lines)
    return {(line, code): risk for line, code, risk in classes.values_list("line", "code", "risk_class")}
