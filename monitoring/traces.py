"""One image through all stages: what happened when, from the camera to the verdict on the line."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from inspection.models import Disposition, Item, Routing, StageRun, ViewVerdict
from inspection.rules.words import Outcome, Stage
from review.models import Decision, ReviewTask

WORDS = {
    Stage.DECODE: _("Decode"),
    Stage.QUALITY: _("Quality"),
    Stage.PREDICT: _("Predict"),
    Stage.CALIBRATE: _("Calibrate"),
    Stage.EXPLAIN: _("Explain"),
}


@dataclass(frozen=True, kw_only=True)
class Step:
    """One thing that happened: `took_ms` is its own length where it has one, `after_s` when, since the image came.

    `verdict`, `route` and `rule` are the words of the record; a page tells them in the reader's language.
    """

    word: str
    began_at: datetime
    ended_at: datetime
    after_s: float
    took_ms: float | None = None
    note: str = ""
    verdict: str = ""
    route: str = ""
    rule: str = ""
    has_failed: bool = False
    left: float = 0.0
    width: float = 0.0


def of(item: Item) -> list[Step]:
    """Return the steps of an image in order of time, each with its place on the whole way in percent."""
    spans = [*_arrival(item), *_stages(item), *_reading(item), *_verdicts(item)]
    spans.sort(key=lambda span: (span[1], span[2]))
    # The camera's clock may be wrong: the whole way is that of the server.
    ends = [end for _word, _begin, end, _said in spans[1:]] or [item.received_at]
    whole = max((max(ends) - item.received_at).total_seconds(), 0.001)
    return [_step(item, span, whole) for span in spans]


# What it was, from when to when, and what else a step says of it.
Span = tuple[Promise | str, datetime, datetime, dict[str, Any]]


def _arrival(item: Item) -> Iterable[Span]:
    yield _("Capture"), item.captured_at, item.captured_at, {"note": item.station.name if item.station else ""}
    yield _("Intake"), item.received_at, item.received_at, {"note": f"{item.size_bytes:,} B"}


def _stages(item: Item) -> Iterable[Span]:
    for run in StageRun.objects.filter(item=item).exclude(outcome=Outcome.SKIPPED.value):
        began = run.finished_at - timedelta(milliseconds=run.ms)
        again = f" ({run.attempt})" if run.attempt > 1 else ""
        said = {"note": run.detail, "has_failed": run.outcome == Outcome.FAILED}
        yield f"{WORDS[Stage(run.stage)]}{again}", began, run.finished_at, said
    routing = Routing.objects.filter(item=item).select_related("model_version").first()
    if routing is not None:
        said = {"route": routing.route, "rule": routing.reason, "note": str(routing.model_version or "")}
        yield _("Route"), routing.routed_at, routing.routed_at, said


def _reading(item: Item) -> Iterable[Span]:
    for task in ReviewTask.objects.filter(item=item):
        yield _("Queue"), task.created_at, task.closed_at or task.created_at, {}
    for decision in Decision.objects.filter(task__item=item).select_related("person"):
        yield _("Reading"), decision.shown_at, decision.decided_at, {"note": str(decision.person)}


def _verdicts(item: Item) -> Iterable[Span]:
    view = ViewVerdict.objects.filter(item=item).first()
    if view is not None:
        yield _("Verdict on the image"), view.given_at, view.given_at, {"verdict": view.verdict}
    run = Disposition.objects.filter(run=item.run_id).first()
    if run is not None and run.settled_at is not None:
        yield _("Verdict on the part"), run.settled_at, run.settled_at, {"verdict": run.verdict or ""}
    if run is not None and run.sequenced_at is not None:
        yield _("To the line"), run.sequenced_at, run.sequenced_at, {"note": f"{run.sequence:,}"}


def _step(item: Item, span: Span, whole: float) -> Step:
    word, began, ended, said = span
    after, took = (began - item.received_at).total_seconds(), (ended - began).total_seconds()
    return Step(
        word=str(word),
        began_at=began,
        ended_at=ended,
        after_s=after,
        took_ms=took * 1000 if took else None,
        **said,
        left=round(min(99.0, 100 * max(0.0, after) / whole), 2),
        width=round(max(0.6, min(100.0, 100 * took / whole)), 2),
    )
