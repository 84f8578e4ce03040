"""Containment: what a line passed by itself since its audits were last good, listed, read again, closed by people."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Count, Exists, OuterRef, Q, QuerySet

from inspection.models import Disposition, Line, ModelVersion, Routing, Run, User
from inspection.rules.words import DecidedBy, Verdict
from review import queues
from review.audit_models import AuditFinding, AuditLot, Watch
from review.containment_models import STRAGGLERS, ContainedRun, Containment, ContainmentReach
from review.rules.auditing import AUDITED_REASONS
from review.rules.containment import Found
from stats.switching import ACCEPTANCE

LISTED_AT_ONCE = 1000
# What settled in the last moment of a containment's time is kept by then.
WHOLE_AFTER = STRAGGLERS + timedelta(seconds=10)
COLUMNS = ("serial", "run", "lot", "passed_at", "model", "found", "note", "closed_by", "closed_at")


class StillOpen(Exception):
    """A containment is closed only at 0 open parts, and once its list is whole."""


@transaction.atomic
def still_open(line: Line) -> int:
    """Count the parts of the line's open containment that nobody has closed yet."""
    return ContainedRun.objects.filter(containment__line=line, containment__closed_at=None, closed_at=None).count()


def open_for(
    line: Line,
    *,
    cause: str,
    now: datetime,
    by: User | None = None,
    watch: Watch | None = None,
    version: ModelVersion | None = None,
    since: datetime | None = None,
) -> Containment:
    """Open a containment, or return the one that is open. Its list is filled by `list_due`, so nothing waits for it.

    With a `version` it lists what that version passed, `since` the given moment; one that is open is widened.
    """
    line = Line.objects.select_for_update().get(pk=line.pk)
    since = min(since or last_good(line, watch), now)
    standing = Containment.objects.filter(line=line, closed_at=None).first()
    if standing is not None:
        _widen(standing, version=version, since=since, now=now)
    else:
        standing = Containment.objects.create(
            line=line,
            model_version=version,
            cause=cause[:300],
            level=watch.level if watch else line.level,
            since=since,
            opened_by=by,
            opened_at=now,
        )
    ContainmentReach.objects.create(
        containment=standing,
        line=line,
        model_version=version,
        cause=cause[:300],
        since=since,
        asked_by=by,
        asked_at=now,
    )
    return standing


def _widen(standing: Containment, *, version: ModelVersion | None, since: datetime, now: datetime) -> None:
    standing.opened_at, standing.listed_at = now, None
    standing.since = min(standing.since, since)
    if standing.model_version != version:
        standing.model_version = None
    standing.save(update_fields=["opened_at", "listed_at", "since", "model_version"])


@transaction.atomic
def contain(run: Run, *, cause: str, passed_at: datetime, now: datetime) -> ContainedRun:
    """List one part that the line let go on, in the containment that is open or in one of its own. Once each."""
    line = Line.objects.select_for_update().get(pk=run.line_id)
    standing = Containment.objects.filter(line=line, closed_at=None).first()
    if standing is None:
        # Its list is whole: nothing else is under suspicion.
        standing = Containment.objects.create(
            line=line, cause=cause[:300], level=line.level, since=now, opened_at=now, listed_at=now
        )
    # People get it at once, so nobody has to ask for it from the list.
    row, _ = ContainedRun.objects.get_or_create(
        containment=standing, run=run, defaults={"passed_at": passed_at, "requeued_at": now}
    )
    return row


def last_good(line: Line, watch: Watch | None = None) -> datetime:
    """Return until when the line's audits are known to be good: to the end of its last accepted shift that had enough
    of them, or to its first audit that was not proven good; else the beginning of the watch.
    """
    watch = watch or Watch.objects.filter(line=line).order_by("-pk").first()
    if watch is None:
        return line.created_at
    lots = list(AuditLot.objects.filter(watch=watch).order_by("-closed_at", "-pk"))
    # A lot was judged under the state after the lot before it, and began where that one ended.
    befores = [*((lot.state, lot.closed_at) for lot in lots[1:]), ("tightened", watch.opened_at)]
    for lot, (state, began_at) in zip(lots, befores, strict=False):
        if lot.closed and not lot.is_starved and lot.escapes <= ACCEPTANCE.get(state, 0):
            return _first_unproven(watch, began_at, lot.closed_at) or lot.closed_at
    return watch.opened_at


def _first_unproven(watch: Watch, began_at: datetime, ended_at: datetime) -> datetime | None:
    """Return when the first part of a shift was routed whose audit is still open, or turned out bad after its end."""
    own = AuditFinding.objects.filter(watch=watch, run=OuterRef("item__run"))
    drawn = Routing.objects.filter(
        Q(~Exists(own)) | Q(Exists(own.filter(is_bad=True, found_at__gte=ended_at))),
        epoch=watch.epoch_id,
        level=watch.level,
        item__run__part__is_challenge=False,
        item__run__drawn_audit=True,
        reason__in=AUDITED_REASONS,
        routed_at__gte=began_at,
        routed_at__lt=ended_at,
    )
    return drawn.order_by("routed_at").values_list("routed_at", flat=True).first()


# The list -------------------------------------------------------------------------------------------------------


def list_due(*, now: datetime) -> int:
    """List what open containments have not listed yet. Return how many parts were added."""
    waiting = Containment.objects.filter(closed_at=None, listed_at=None)
    return sum(fill(one, now=now) for one in waiting)


def fill(containment: Containment, *, now: datetime) -> int:
    """Add what is not on the list yet; soon after its time is over it is whole. Return how many were added.

    Each batch is written for itself, so that verdicts are not kept waiting; whoever is cut off goes on where they were.
    """
    added = 0
    while batch := list(passed(containment).values_list("run", "settled_at")[:LISTED_AT_ONCE]):
        rows = [ContainedRun(containment=containment, run_id=run, passed_at=at) for run, at in batch if at]
        # A person and the relay may fill one list at the same time.
        ContainedRun.objects.bulk_create(rows, ignore_conflicts=True)
        added += len(rows)
    if now >= containment.opened_at + WHOLE_AFTER:
        _whole(containment, now=now)
    return added


@transaction.atomic
def _whole(containment: Containment, *, now: datetime) -> None:
    """Say that the list is whole, where the containment was not widened meanwhile."""
    same = Containment.objects.filter(pk=containment.pk, opened_at=containment.opened_at)
    if same.update(listed_at=now):
        containment.reaches.filter(asked_at__lte=containment.opened_at, listed_at=None).update(listed_at=now)


def passed(containment: Containment) -> QuerySet[Disposition]:
    """Return the automatic passes in the containment's time that are not on its list yet."""
    listed = ContainedRun.objects.filter(containment=containment, run=OuterRef("run"))
    window = {"settled_at__gte": containment.since, "settled_at__lte": containment.opened_at + STRAGGLERS}
    automatic = Disposition.objects.filter(
        ~Exists(listed),
        line=containment.line_id,
        verdict=Verdict.PASS.value,
        decided_by=DecidedBy.MODEL.value,
        **window,
    )
    if containment.model_version_id is not None:
        automatic = automatic.filter(model_version=containment.model_version_id)
    return automatic.order_by("settled_at", "run")


def listed(
    containment: Containment,
    *,
    serial: str = "",
    lot: str = "",
    since: datetime | None = None,
    until: datetime | None = None,
    only_open: bool = False,
) -> QuerySet[ContainedRun]:
    """Return the list in the order in which the parts were passed, by serial, lot or time where one is named."""
    asked = {
        "run__part__serial": serial,
        "run__part__lot__code": lot,
        "passed_at__gte": since,
        "passed_at__lte": until,
        "closed_at__isnull": only_open,
    }
    wanted = {name: value for name, value in asked.items() if value}
    rows = containment.runs.filter(**wanted)
    return rows.select_related("run__part__lot", "run__line", "run__disposition__model_version", "closed_by").order_by(
        "passed_at", "pk"
    )


def tally(containment: Containment) -> dict[str, int]:
    """Count the list: all, open, and each way in which parts were closed."""
    return containment.runs.aggregate(
        all=Count("pk"),
        open=Count("pk", filter=Q(closed_at=None)),
        **{found.value: Count("pk", filter=Q(found=found.value)) for found in Found},
    )


def rows_for_export(containment: Containment) -> Iterator[dict[str, Any]]:
    """Yield the list as plain values, without holding it all."""
    for row in listed(containment).iterator(chunk_size=LISTED_AT_ONCE):
        part, version = row.run.part, row.run.disposition.model_version
        yield {
            "serial": part.serial,
            "run": row.run.n,
            "lot": part.lot.code if part.lot else None,
            "passed_at": row.passed_at,
            "model": str(version) if version else None,
            "found": row.found or "open",
            "note": row.note,
            "closed_by": row.closed_by.username if row.closed_by else None,
            "closed_at": row.closed_at,
        }


# Closing --------------------------------------------------------------------------------------------------------


@transaction.atomic
def close(containment: Containment, *, by: User, now: datetime) -> Containment:
    """Close the containment once every part on its list is closed. Raises StillOpen."""
    standing = Containment.objects.select_for_update().get(pk=containment.pk)
    if standing.listed_at is None or tally(standing)["open"]:
        raise StillOpen(f"{standing} has open parts.")
    if standing.closed_at is None:
        standing.closed_by, standing.closed_at = by, now
        standing.save(update_fields=["closed_by", "closed_at"])
    return standing


@transaction.atomic
def requeue(containment: Containment, *, now: datetime, limit: int = LISTED_AT_ONCE) -> int:
    """Give open parts of the list to people for a blind reading, like any other item. Return how many parts."""
    rows = list(listed(containment, only_open=True).filter(requeued_at=None)[:limit])
    for row in rows:
        for item in row.run.items.select_related("line", "routing").order_by("pk"):
            queues.ask_again(item, now=now)
    ContainedRun.objects.filter(pk__in=[row.pk for row in rows]).update(requeued_at=now)
    return len(rows)
