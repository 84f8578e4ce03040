"""What the prediction service found out about each image: measures, stages, scores."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence, Set
from datetime import datetime
from uuid import UUID

from inspection.cameras import OUTSIDE, Cameras
from inspection.models import Bands, DefectClass, Item, Measures, Prediction, Routing, StageRun
from inspection.rules.words import Call, Outcome, PredictionRole, RiskClass, Stage
from monitoring.sources.seen import Seen
from vision.envelope import departures

_MEASURES = ("patch_luminance", "p99_luminance", "brightness", "contrast", "sharpness", "saturation", "entropy")
_SAID = ("item", "role", "probability", "call", "uncertainty", "defect_class")
# Between these a model is as good as guessing: the share of such images tells of parts it does not know.
UNCERTAIN = (0.2, 0.8)

Envelope = Mapping[str, tuple[float, float]]


def examined(after: int, *, until: datetime, limit: int) -> tuple[list[Seen], int]:
    """Return what was seen on the images examined after a place, and the new place."""
    found, place = heads(after, until=until, limit=limit)
    return list(_of_images(found)), place


def heads(after: int, *, until: datetime, limit: int) -> tuple[list[tuple[UUID, datetime]], int]:
    """Return the images examined for the first time after a place, each with when, and the new place."""
    rows = StageRun.objects.filter(stage=Stage.DECODE, pk__gt=after).order_by("pk")
    found = []
    for pk, item, attempt, at in rows.values_list("pk", "item", "attempt", "finished_at")[:limit]:
        if at > until:
            break
        after = pk
        if attempt == 1:
            found.append((item, at))
    return found, after


def _of_images(heads: list[tuple[UUID, datetime]]) -> Iterator[Seen]:
    ids = [item for item, _ in heads]
    items = Item.objects.in_bulk(ids)
    measures = Measures.objects.in_bulk(ids)
    routings = Routing.objects.in_bulk(ids)
    stages: dict[UUID, list[StageRun]] = defaultdict(list)
    for run in StageRun.objects.filter(item__in=ids, attempt=1):
        stages[run.item_id].append(run)
    predictions: dict[UUID, list[tuple]] = defaultdict(list)
    risks = _risks({item.line_id for item in items.values()})
    repeats = _repeats([pk for pk, routing in routings.items() if routing.reason == "hold"], measures)
    certified = _certified({routing.bands_id for routing in routings.values()})
    said = Prediction.objects.filter(item__in=ids).values_list(*_SAID)
    for of_item, *words in said:
        predictions[of_item].append(tuple(words))
    for item_id, at in heads:
        item = items[item_id]
        values = [
            *_of_file(item, measures.get(item_id), routings.get(item_id), is_repeat=item_id in repeats),
            *_of_envelope(measures.get(item_id), routings.get(item_id), certified),
            *_of_stages(item, stages[item_id], routings.get(item_id)),
            *_of_predictions(stages[item_id], predictions[item_id]),
            *_of_classes(item.line_id, predictions[item_id], risks),
        ]
        yield from (Seen(item.line_id, metric, at, float(value)) for metric, value in values)


def _of_file(
    item: Item, measured: Measures | None, routing: Routing | None, *, is_repeat: bool
) -> Iterator[tuple[str, float]]:
    yield "volume", 1
    yield "unreadable", measured is None
    yield "duplicate", item.duplicate_of_id is not None
    if item.has_exif is not None:
        yield "exif_missing", not item.has_exif
    yield "image_size", item.size_bytes
    yield "aspect", item.width / item.height
    yield "arrival_lag", max(0.0, (item.received_at - item.captured_at).total_seconds())
    if routing is not None:
        yield "same_image", is_repeat or routing.reason == "camera-stuck"
    if measured is not None:
        yield "blank", measured.blank
        known = ((name, getattr(measured, name)) for name in _MEASURES)
        yield from ((name, value) for name, value in known if value is not None)


def _of_envelope(
    measured: Measures | None, routing: Routing | None, certified: Mapping[int, Envelope]
) -> Iterator[tuple[str, float]]:
    """Say whether an image lies outside what is certified, also while a hold is the reason why people get it."""
    if routing is not None:
        envelope = certified.get(routing.bands_id or 0, {}) if measured is not None else {}
        known = {name: getattr(measured, name) for name in envelope}
        yield "outside_envelope", routing.reason == OUTSIDE or bool(departures(known, envelope))


def _of_stages(item: Item, stages: list[StageRun], routing: Routing | None) -> Iterator[tuple[str, float]]:
    for run in stages:
        if run.outcome != Outcome.SKIPPED:
            yield f"{run.stage}_ms", run.ms
        if run.stage == Stage.PREDICT and run.outcome != Outcome.SKIPPED:
            yield "model_errors", run.outcome == Outcome.FAILED
    if routing is not None:
        yield "stage_p95", max(0.0, (routing.routed_at - item.received_at).total_seconds())


def _of_predictions(stages: list[StageRun], said: list[tuple]) -> Iterator[tuple[str, float]]:
    if any(run.stage == Stage.PREDICT and run.outcome != Outcome.SKIPPED for run in stages):
        yield "missing_predictions", not said
    for _, probability, call, uncertainty, _class in _standing(said)[:1]:
        yield "score", probability
        yield "uncertainty", uncertainty
        yield "uncertain", UNCERTAIN[0] < probability < UNCERTAIN[1]
        yield "call_rate", call == Call.DEFECT


def _of_classes(line: int, said: list[tuple], risks: dict[tuple[int, str], str]) -> Iterator[tuple[str, float]]:
    """How bad what the model calls would be: the mix of classes moves when the process or the model does."""
    for _, _, call, _, defect_class in _standing(said)[:1]:
        if call == Call.DEFECT and (line, defect_class) in risks:
            yield from ((f"calls_{risk.value}", risks[line, defect_class] == risk) for risk in RiskClass)


def _standing(said: list[tuple]) -> list[tuple]:
    """Return what the model said that speaks for the line, or what any said where none did."""
    return [words for words in said if words[0] == PredictionRole.SERVING] or said


def _repeats(held: Sequence[UUID], measures: Mapping[UUID, Measures]) -> set[UUID]:
    """Return which images of held lines their camera had just shown: there the hold is the reason, whatever else is."""
    items = list(Item.objects.filter(pk__in=held).select_related("run", "station")) if held else []
    cameras = Cameras(items)
    seen = [item for item in items if item.pk in measures]
    return {item.pk for item in seen if cameras.is_repeat(item, measures[item.pk].fingerprint)}


def _certified(bands: Set[int | None]) -> dict[int, Envelope]:
    named = [pk for pk in bands if pk is not None]
    return dict(Bands.objects.filter(pk__in=named).values_list("pk", "envelope"))


def _risks(lines: set[int]) -> dict[tuple[int, str], str]:
    classes = DefectClass.objects.filter(line__in=lines)
    return {(line, code): risk for line, code, risk in classes.values_list("line", "code", "risk_class")}
