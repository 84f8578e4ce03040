"""What happens to a run: settled by the worst of its views, numbered for the line, told to the station."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q, QuerySet

from inspection import bulkheads
from inspection.models import (
    Disposition,
    DispositionSequence,
    Item,
    Line,
    ModelVersion,
    Prediction,
    Routing,
    Run,
    Station,
    ViewVerdict,
)
from inspection.rules import failsafe
from inspection.rules.failsafe import Fault
from inspection.rules.words import DecidedBy, Level, Route, Verdict

# Worst first: what cannot be told stops the part before what is known to be bad.
WORST_FIRST = (Verdict.HOLD, Verdict.REJECT, Verdict.PASS)
BATCH = 500


@dataclass(frozen=True, kw_only=True)
class Given:
    """The final verdict on one image, and whose it is."""

    item: Item
    verdict: Verdict
    decided_by: DecidedBy
    level: Level
    reason: str
    model_version: ModelVersion | None = None


def settle_view(
    item: Item,
    *,
    verdict: Verdict,
    decided_by: DecidedBy,
    level: Level,
    reason: str,
    at: datetime,
    model_version: ModelVersion | None = None,
) -> Disposition | None:
    """Do as `settle_views` for one image. Return the disposition where its verdict settled the run, else None."""
    given = Given(
        item=item, verdict=verdict, decided_by=decided_by, level=level, reason=reason, model_version=model_version
    )
    settled = settle_views([given], at=at)
    return Disposition.objects.get(run=settled[0]) if settled else None


@transaction.atomic(savepoint=False)
def settle_views(given: Sequence[Given], *, at: datetime) -> list[UUID]:
    """Keep the final verdicts, one an image, and settle each run once every view has its own, by the worst of them.

    Return the runs that were settled. A verdict on a run that has its disposition already is recorded and not sent;
    a second verdict on one image is ignored. The statements are as many for one image as for a hundred.
    """
    # The runs' rows are the lock: of two views that end together, the second one sees the first.
    locked = Run.objects.select_for_update().filter(pk__in={one.item.run_id for one in given})
    runs = {run.pk: run for run in locked.order_by("pk")}
    known = set(ViewVerdict.objects.filter(item__in=[one.item for one in given]).values_list("item", flat=True))
    fresh = [_verdict(one, at=at) for one in given if one.item.pk not in known]
    ViewVerdict.objects.bulk_create(fresh)
    open_runs = [run for run in runs.values() if not run.is_settled]
    beside = _views_beside(fresh, open_runs)
    whole = [run.pk for run in open_runs if run.pk in beside and not _lacks(run, beside[run.pk])]
    _settle({run: worst(beside[run]) for run in whole}, at=at)
    return whole


def _verdict(given: Given, *, at: datetime) -> ViewVerdict:
    return ViewVerdict(
        item=given.item,
        run_id=given.item.run_id,
        verdict=given.verdict.value,
        decided_by=given.decided_by.value,
        level=given.level.value,
        reason=given.reason,
        model_version=given.model_version,
        given_at=at,
    )


def _views_beside(fresh: Iterable[ViewVerdict], runs: Iterable[Run]) -> dict[UUID, list[ViewVerdict]]:
    """Return by run every verdict on its images where there is a fresh one; of a run with one view that is all."""
    views: dict[UUID, list[ViewVerdict]] = defaultdict(list)
    for view in fresh:
        views[view.run_id].append(view)
    several = [run.pk for run in runs if run.pk in views and run.views_expected != [views[run.pk][0].item.view]]
    if several:
        of_several = ViewVerdict.objects.filter(run__in=several).select_related("item", "model_version")
        views.update({run: [] for run in several})
        for view in of_several.order_by("given_at", "pk"):
            views[view.run_id].append(view)
    return views


def _lacks(run: Run, views: Iterable[ViewVerdict]) -> bool:
    return bool(_missing(run, seen=(view.item.view for view in views)))


def worst(views: Iterable[ViewVerdict]) -> ViewVerdict:
    """Return the verdict that stands for the run: hold before reject before pass, the earliest among equals."""
    return min(views, key=lambda view: WORST_FIRST.index(Verdict(view.verdict)))


def expect(run_ids: Collection[UUID], *, final_at: datetime | None) -> None:
    """Note that a provisional verdict stands on runs until `final_at`; None when it was undone."""
    Disposition.objects.filter(run__in=run_ids, settled_at=None).update(final_at=final_at)


def fail_safe_due(*, now: datetime, limit: int = BATCH) -> int:
    """Give the line its fail-safe for every run without a verdict at its review deadline. Return how many.

    A view that never came is a hold. The tasks stay, for evidence; later verdicts are recorded, not sent.
    """
    owed = Run.objects.filter(is_settled=False, review_due_at__lte=now).order_by("review_due_at", "pk")
    return bulkheads.each("give the fail-safe", owed.values_list("line", "pk")[:limit], partial(_fail_safely, now=now))


def sequence_due(*, now: datetime, limit: int = BATCH) -> int:
    """Give settled runs their place in the line's gap-free sequence. Return how many.

    Called by the single finaliser; a second one by mistake waits for the first and does no harm.
    """
    waiting = Disposition.objects.filter(sequence=None, settled_at__isnull=False)
    # The oldest first, which is the order of the index of what waits: lines are never looked for among all.
    lines = dict.fromkeys(waiting.order_by("settled_at").values_list("line", flat=True)[:limit])
    numbered = partial(_sequence_line, now=now, limit=limit)
    return bulkheads.each("number dispositions", [(line, line) for line in lines], numbered)


def is_known(disposition: Disposition) -> bool:
    """Whether the line may act on it: a hold, a fail-safe, a model's verdict, or a person's once it has its place."""
    if disposition.settled_at is None:
        return False
    return disposition.decided_by != DecidedBy.HUMAN or disposition.sequence is not None


def as_plain(disposition: Disposition) -> dict[str, Any] | None:
    """Return what the line is told about a run, None until it is known. It holds no score at any level.

    Expects run, part and model version at hand (`for_telling`).
    """
    if not is_known(disposition):
        return None
    return {
        "serial": disposition.run.part.serial,
        "run": disposition.run.n,
        "verdict": disposition.verdict,
        "final": True,
        "decided_by": disposition.decided_by,
        "level": disposition.level,
        "model": str(disposition.model_version) if disposition.model_version else None,
        "reason": disposition.reason,
        "missing_views": disposition.missing_views,
        "settled_at": disposition.settled_at,
    }


def for_telling() -> QuerySet[Disposition]:
    return Disposition.objects.select_related("run__part", "model_version")


def told_to(station: Station, *, after: int, limit: int) -> list[Disposition]:
    """Return the numbered dispositions of the runs that this station saw, in order, after a cursor."""
    seen_by_it = Exists(Item.objects.filter(run=OuterRef("run"), station=station))
    following = for_telling().filter(seen_by_it, line=station.line_id, sequence__gt=after)
    return list(following.order_by("sequence")[:limit])


def of_items() -> QuerySet[Item]:
    """Items with all that `state_of` and `as_plain` ask for: one statement."""
    predicted = Exists(Prediction.objects.filter(item=OuterRef("pk")))
    return (
        Item.objects.real()
        .select_related("line", "routing", "view_verdict", "run__part", "run__disposition__model_version")
        .annotate(is_predicted=predicted)
    )


def state_of(item: Item) -> str:
    """Return where an item of `of_items` is on its way, in the words of the API."""
    routing = _routing(item)
    disposition = item.run.disposition
    if _is_quarantined(item, routing):
        return "quarantined"
    if is_known(disposition):
        return "final"
    if disposition.settled_at is not None or disposition.final_at is not None:
        return "provisional"
    if routing is not None:
        return "waiting" if routing.route == Route.HUMAN else "predicted"
    return "predicted" if getattr(item, "is_predicted", False) else "received"


def _is_quarantined(item: Item, routing: Routing | None) -> bool:
    """Whether the image gave nothing to judge, found out before it was given to people or after."""
    if routing is not None and routing.route == Route.QUARANTINE:
        return True
    return hasattr(item, "view_verdict") and item.view_verdict.decided_by == DecidedBy.FAILSAFE


def _routing(item: Item) -> Routing | None:
    return item.routing if hasattr(item, "routing") else None


def _missing(run: Run, *, seen: Iterable[str]) -> list[str]:
    there = set(seen)
    return [view for view in run.views_expected if view not in there]


def _settle(speaking: dict[UUID, ViewVerdict], *, at: datetime) -> None:
    """Settle runs by the view that speaks for each, those that end alike together."""
    alike: dict[tuple, list[UUID]] = defaultdict(list)
    for run, view in speaking.items():
        alike[view.verdict, view.decided_by, view.level, view.reason, view.model_version].append(run)
    for (verdict, decided_by, level, reason, model_version), runs in alike.items():
        Disposition.objects.settle(
            runs,
            verdict=Verdict(verdict),
            decided_by=DecidedBy(decided_by),
            level=Level(level),
            reason=reason,
            at=at,
            model_version=model_version,
        )


@transaction.atomic
def _fail_safely(pk: UUID, *, now: datetime) -> bool:
    run = Run.objects.select_for_update().get(pk=pk)
    if run.is_settled:
        return False
    line = Line.objects.get(pk=run.line_id)
    missing = _missing(run, seen=run.items.values_list("view", flat=True))
    fault = Fault.VIEW_MISSING if missing else Fault.REVIEW_LATE
    verdict = failsafe.verdict(fault, level=line.level, fail_safe=line.fail_safe) or Verdict.HOLD
    Disposition.objects.settle(
        [run.pk],
        verdict=verdict,
        decided_by=DecidedBy.FAILSAFE,
        level=Level(line.level),
        reason=fault.value.replace("_", " "),
        at=now,
        missing_views=missing,
    )
    return True


@transaction.atomic
def _sequence_line(line_id: int, *, now: datetime, limit: int) -> int:
    counted = DispositionSequence.objects.select_for_update().filter(line=line_id)
    sequence = counted.first()
    if sequence is None:
        DispositionSequence.objects.bulk_create([DispositionSequence(line_id=line_id)], ignore_conflicts=True)
        sequence = counted.get()
    waiting = Disposition.objects.filter(Q(sequence=None), line=line_id, settled_at__isnull=False)
    due = list(waiting.order_by("settled_at", "run")[:limit])
    for place, disposition in enumerate(due, start=sequence.last + 1):
        disposition.sequence, disposition.sequenced_at = place, now
    # The rows are there: this writes two columns of each, and costs less than an UPDATE with a case for every row.
    Disposition.objects.bulk_create(
        due, update_conflicts=True, unique_fields=["run"], update_fields=["sequence", "sequenced_at"]
    )
    DispositionSequence.objects.filter(pk=sequence.pk).update(last=F("last") + len(due))
    return len(due)
