"""What monitoring watches, row by row: examined images, settled parts, stations, values of a metric."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from inspection.models import Bands, Disposition, Item, Line, Measures, Routing, StageRun, ViewVerdict
from inspection.rules.words import Call, DecidedBy, Outcome, Stage, Verdict
from monitoring import rollups
from monitoring.metric_models import MINUTE, MetricWindow
from monitoring.sources.seen import Seen
from tests.builders import NOON
from tests.review.scene import make_run, predict

HEALTHY = {
    "brightness": 130.0,
    "p99_luminance": 200.0,
    "contrast": 40.0,
    "sharpness": 90.0,
    "saturation": 0.2,
    "entropy": 6.0,
    "width": 640,
    "height": 480,
    "size_bytes": 1000,
    "blank": False,
    "fingerprint": "0" * 16,
}


def examine(
    line: Line,
    serial: str,
    *,
    at: datetime = NOON,
    measures: dict | None = None,
    failed: tuple[Stage, ...] = (),
    ms: float = 20.0,
    score: float | None = 0.1,
    call: Call = Call.PASS,
    route: str | None = "human",
    reason: str = "level",
    took_s: float = 0.5,
    bands: Bands | None = None,
    item: dict | None = None,
) -> Item:
    """Return an image that the prediction service has looked at. `measures` None leaves healthy ones, {} none.

    A `route` None leaves it on its way: nothing has been settled about it.
    """
    run = make_run(line, serial, views=(), at=at)
    file = {"received_at": at, "captured_at": at, "sha256": "a" * 64, "size_bytes": 1000, "width": 640, "height": 480}
    seen = Item.objects.create(run=run, line=line, view="front", content_type="image/jpeg", **{**file, **(item or {})})
    if measures is None or measures:
        Measures.objects.create(item=seen, **{**HEALTHY, **(measures or {})})
    if score is not None:
        predict(seen, call, score=score)
    StageRun.objects.bulk_create(
        StageRun(
            item=seen,
            stage=stage.value,
            attempt=1,
            outcome=(Outcome.FAILED if stage in failed else Outcome.OK).value,
            ms=ms,
            finished_at=at,
        )
        for stage in Stage
    )
    if route is not None:
        give_way(seen, route=route, reason=reason, bands=bands, call=call, at=at + timedelta(seconds=took_s))
    return seen


def give_way(
    item: Item, *, route: str, reason: str, at: datetime, bands: Bands | None = None, call: Call = Call.PASS
) -> Routing:
    """Give the image its way."""
    line = item.line
    return Routing.objects.create(
        item=item,
        route=route,
        reason=reason,
        level=line.level,
        epoch=line.epoch,
        model_version=line.epoch.model_version,
        bands=bands,
        call=call.value,
        routed_at=at,
    )


def settle(
    item: Item,
    verdict: Verdict,
    *,
    sequence: int,
    by: DecidedBy = DecidedBy.HUMAN,
    at: datetime = NOON,
    missing_views: tuple[str, ...] = (),
) -> None:
    """Give the image's part its verdict and its place in the line's sequence."""
    facts = {"verdict": verdict.value, "decided_by": by.value, "level": item.line.level, "reason": "read"}
    ViewVerdict.objects.create(item=item, run=item.run, given_at=at, **facts)
    Disposition.objects.filter(run=item.run).update(
        settled_at=at, sequence=sequence, sequenced_at=at, missing_views=list(missing_views), **facts
    )


def show(line: Line | None, metric: str, values: Iterable[float], *, at: datetime) -> None:
    """Let a metric have been seen with these values at a moment."""
    rollups.write([Seen(line.pk if line else None, metric, at, value) for value in values])


def window(line: Line | None, metric: str) -> MetricWindow:
    return MetricWindow.objects.get(line=line, metric=metric, tier=MINUTE)
