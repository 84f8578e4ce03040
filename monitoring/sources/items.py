"""What the prediction service found out about each image: measures, stages, scores."""

from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime
from uuid import UUID

from inspection.models import Item, Measures, Prediction, Routing, StageRun
from inspection.rules.words import Call, Outcome, PredictionRole, Stage
from monitoring.sources.seen import Seen

_MEASURES = ("p99_luminance", "brightness", "contrast", "sharpness", "saturation", "entropy")
# Between these a model is as good as guessing: the share of such images tells of parts it does not know.
UNCERTAIN = (0.2, 0.8)


def examined(after: int, *, until: datetime, limit: int) -> tuple[list[Seen], int]:
    """Return what was seen on the images examined after a place, and the new place."""
    rows = StageRun.objects.filter(stage=Stage.DECODE, pk__gt=after).order_by("pk")
    heads = []
    for pk, item, attempt, at in rows.values_list("pk", "item", "attempt", "finished_at")[:limit]:
        if at > until:
            break
        after = pk
        if attempt == 1:
            heads.append((item, at))
    return list(_of_images(heads)), after


def _of_images(heads: list[tuple[UUID, datetime]]) -> Iterator[Seen]:
    ids = [item for item, _ in heads]
    items = Item.objects.in_bulk(ids)
    measures = Measures.objects.in_bulk(ids)
    routings = Routing.objects.in_bulk(ids)
    stages: dict[UUID, list[StageRun]] = defaultdict(list)
    for run in StageRun.objects.filter(item__in=ids, attempt=1):
        stages[run.item_id].append(run)
    predictions: dict[UUID, list[tuple]] = defaultdict(list)
    said = Prediction.objects.filter(item__in=ids).values_list("item", "role", "probability", "call", "uncertainty")
    for of_item, *words in said:
        predictions[of_item].append(tuple(words))
    for item_id, at in heads:
        item = items[item_id]
        values = [
            *_of_file(item, measures.get(item_id), routings.get(item_id)),
            *_of_stages(item, stages[item_id], routings.get(item_id)),
            *_of_predictions(stages[item_id], predictions[item_id]),
        ]
        yield from (Seen(item.line_id, metric, at, float(value)) for metric, value in values)


def _of_file(item: Item, measured: Measures | None, routing: Routing | None) -> Iterator[tuple[str, float]]:
    yield "volume", 1
    yield "unreadable", measured is None
    yield "duplicate", item.duplicate_of_id is not None
    yield "image_size", item.size_bytes
    yield "aspect", item.width / item.height
    yield "arrival_lag", max(0.0, (item.received_at - item.captured_at).total_seconds())
    if routing is not None:
        yield "same_image", routing.reason == "camera-stuck"
        yield "outside_envelope", routing.reason == "outside-envelope"
    if measured is not None:
        yield "blank", measured.blank
        yield from ((name, getattr(measured, name)) for name in _MEASURES)


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
    standing = [words for words in said if words[0] == PredictionRole.SERVING] or said
    for _, probability, call, uncertainty in standing[:1]:
        yield "score", probability
        yield "uncertainty", uncertainty
        yield "uncertain", UNCERTAIN[0] < probability < UNCERTAIN[1]
        yield "call_rate", call == Call.DEFECT
