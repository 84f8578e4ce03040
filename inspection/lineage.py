"""What decided a run, as plain facts: images, models, bands, level, rule, people and draws.

Read from rows that are written once, so that the same reading later gives the same facts.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import QuerySet

from inspection.epochs import calibrator_hash
from inspection.models import Bands, Disposition, Epoch, Item, ModelVersion, Prediction, Run
from inspection.models.receipt import in_words
from inspection.rules import draws

Facts = dict[str, Any]
People = Mapping[UUID, list[Facts]]


def of_runs(dispositions: Iterable[Disposition], people: People) -> dict[UUID, Facts]:
    """Return by run what decided it. `people` holds the final calls that stood when it was settled."""
    listed = list(dispositions)
    views = _views_of(listed)
    return {one.run_id: _run_facts(one, views[one.run_id], people.get(one.run_id, [])) for one in listed}


def for_facts(dispositions: QuerySet[Disposition]) -> QuerySet[Disposition]:
    # The runs of one line share their epoch and model.
    return dispositions.select_related("run__part").prefetch_related("run__epoch__product", "model_version")


def model_facts(version: ModelVersion | None) -> Facts | None:
    if version is None:
        return None
    return {
        "name": version.name,
        "version": version.version,
        "weights_sha256": version.weights_sha256,
        "onnx_sha256": version.onnx_sha256,
        "calibrator": calibrator_hash(version),
    }


def when(moment: datetime | None) -> str | None:
    return in_words(moment) if moment else None


def _views_of(dispositions: Iterable[Disposition]) -> dict[UUID, list[Facts]]:
    """Return what is known of each image of the runs by the time they were settled: three statements."""
    settled = {one.run_id: one.settled_at for one in dispositions}
    shared = ("routing__model_version", "routing__bands", "view_verdict__model_version")
    items = Item.objects.filter(run__in=settled).select_related("routing", "view_verdict").prefetch_related(*shared)
    said = _predictions_of(settled)
    views: dict[UUID, list[Facts]] = defaultdict(list)
    for item in items.order_by("view", "pk"):
        views[item.run_id].append(_view_facts(item, said[item.pk], until=settled[item.run_id]))
    return views


def _predictions_of(run_ids: Iterable[UUID]) -> dict[UUID, list[Prediction]]:
    said: dict[UUID, list[Prediction]] = defaultdict(list)
    predictions = Prediction.objects.filter(item__run__in=run_ids).prefetch_related("model_version").defer("heatmap")
    for prediction in predictions.order_by("created_at", "pk"):
        said[prediction.item_id].append(prediction)
    return said


def _run_facts(one: Disposition, views: list[Facts], people: list[Facts]) -> Facts:
    run = one.run
    return {
        "sequence": one.sequence,
        "serial": run.part.serial,
        "run": run.n,
        "opened_at": in_words(run.opened_at),
        "product": run.epoch.product.sku,
        "epoch": _epoch_facts(run.epoch),
        "verdict": one.verdict,
        "decided_by": one.decided_by,
        "level": one.level,
        "rule": one.reason,
        "model": model_facts(one.model_version),
        "missing_views": one.missing_views,
        "settled_at": when(one.settled_at),
        "views": views,
        "people": people,
        "draws": _draw_facts(run),
    }


def _epoch_facts(epoch: Epoch) -> Facts:
    return {"id": epoch.pk, "n": epoch.n, "config_hash": epoch.config_hash}


def _draw_facts(run: Run) -> Facts:
    drawn = {purpose: getattr(run, f"drawn_{purpose}") for purpose in draws.PURPOSES}
    return {"salt": run.salt_id, "shares": run.shares, "canary_position": run.canary_position, **drawn}


def _view_facts(item: Item, said: list[Prediction], *, until: datetime | None) -> Facts:
    """Return what is known of one image. What came after the run was settled belongs to no receipt of it."""
    return {
        "view": item.view,
        "item": str(item.pk),
        "sha256": item.sha256,
        "captured_at": in_words(item.captured_at),
        "received_at": in_words(item.received_at),
        "routing": _routing_facts(item, until=until),
        "predictions": [_prediction_facts(one) for one in said if _was_there(one.created_at, until)],
        "verdict": _verdict_facts(item, until=until),
    }


def _routing_facts(item: Item, *, until: datetime | None) -> Facts | None:
    routing = getattr(item, "routing", None)
    if routing is None or not _was_there(routing.routed_at, until):
        return None
    return {
        "route": routing.route,
        "rule": routing.reason,
        "detail": routing.detail,
        "level": routing.level,
        "epoch": routing.epoch_id,
        "model": model_facts(routing.model_version),
        "bands": band_facts(routing.bands),
        "call": routing.call,
        "policy": routing.policy,
        "at": in_words(routing.routed_at),
    }


def _verdict_facts(item: Item, *, until: datetime | None) -> Facts | None:
    verdict = getattr(item, "view_verdict", None)
    if verdict is None or not _was_there(verdict.given_at, until):
        return None
    return {"verdict": verdict.verdict, "decided_by": verdict.decided_by, "rule": verdict.reason}


def _prediction_facts(said: Prediction) -> Facts:
    return {
        "model": model_facts(said.model_version),
        "role": said.role,
        "decoder": said.decoder_id,
        "preprocessing": said.preprocessing_id,
        "raw_score": said.raw_score,
        "probability": said.probability,
        "call": said.call,
        "class": said.defect_class,
    }


def band_facts(bands: Bands | None) -> Facts | None:
    if bands is None:
        return None
    return {"id": bands.pk, "t_lo": bands.t_lo, "t_hi": bands.t_hi, "envelope": bands.envelope}


def _was_there(moment: datetime, until: datetime | None) -> bool:
    return until is None or moment <= until
