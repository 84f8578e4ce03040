"""What happens to a run: settled by the worst of its views, numbered for the line, told to the station."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q, QuerySet

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


@transaction.atomic
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
    """Keep the final verdict on one image, and settle its run once every view has one, by the worst of them.

    Return the disposition where this verdict settled the run, else None. A verdict on a run that has its
    disposition already is recorded and not sent; a second verdict on one image is ignored.
    """
    # The run's row is the lock: of two views that end together, the second one sees the first.
    run = Run.objects.select_for_update().get(pk=item.run_id)
    if ViewVerdict.objects.filter(item=item).exists():
        return None
    given = ViewVerdict.objects.create(
        item=item,
        run=run,
        verdict=verdict.value,
        decided_by=decided_by.value,
        level=level.value,
        reason=reason,
        model_version=model_version,
        given_at=at,
    )
    if run.is_settled:
        return None
    views = _views_beside(given, run)
    if _missing(run, seen=(view.item.view for view in views)):
        return None
    return _settle(run, worst(views), at=at)


def _views_beside(given: ViewVerdict, run: Run) -> list[ViewVerdict]:
    """Return every verdict on the run's images, this one among them."""
    if run.views_expected == [given.item.view]:
        return [given]
    return list(run.view_verdicts.select_related("item", "model_version").order_by("given_at", "pk"))


def worst(views: Iterable[ViewVerdict]) -> ViewVerdict:
    """Return the verdict that stands for the run: hold before reject before pass, the earliest among equals."""
    return min(views, key=lambda view: WORST_FIRST.index(Verdict(view.verdict)))


def expect(run_id: UUID, *, final_at: datetime | None) -> None:
    """Note that a provisional verdict stands until `final_at`; None when it was undone."""
    Disposition.objects.filter(run=run_id, settled_at=None).update(final_at=final_at)


def fail_safe_due(*, now: datetime, limit: int = BATCH) -> int:
    """Give the line its fail-safe for every run without a verdict at its review deadline. Return how many.

    A view that never came is a hold. The tasks stay, for evidence; later verdicts are recorded, not sent.
    """
    owed = Run.objects.filter(is_settled=False, review_due_at__lte=now).order_by("review_due_at", "pk")
    return sum(_fail_safely(pk, now=now) for pk in owed.values_list("pk", flat=True)[:limit])


def sequence_due(*, now: datetime, limit: int = BATCH) -> int:
    """Give settled runs their place in the line's gap-free sequence. Return how many.

    Called by the single finaliser; a second one by mistake waits for the first and does no harm.
    """
    waiting = Disposition.objects.filter(sequence=None, settled_at__isnull=False)
    lines = waiting.order_by().values_list("line", flat=True).distinct()
    return sum(_sequence_line(line, now=now, limit=limit) for line in list(lines))


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


def _settle(run: Run, view: ViewVerdict, *, at: datetime) -> Disposition:
    disposition = Disposition.objects.get(run=run)
    disposition.settle(
        verdict=Verdict(view.verdict),
        decided_by=DecidedBy(view.decided_by),
        level=Level(view.level),
        reason=view.reason,
        at=at,
        model_version=view.model_version,
    )
    return disposition


@transaction.atomic
def _fail_safely(pk: UUID, *, now: datetime) -> bool:
    run = Run.objects.select_for_update().get(pk=pk)
    if run.is_settled:
        return False
    line = Line.objects.get(pk=run.line_id)
    missing = _missing(run, seen=run.items.values_list("view", flat=True))
    fault = Fault.VIEW_MISSING if missing else Fault.REVIEW_LATE
    verdict = failsafe.verdict(fault, level=line.level, fail_safe=line.fail_safe) or Verdict.HOLD
    Disposition.objects.get(run=run).settle(
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
    Disposition.objects.bulk_update(due, ["sequence", "sequenced_at"])
    DispositionSequence.objects.filter(pk=sequence.pk).update(last=F("last") + len(due))
    return len(due)
