"""What could go wrong on a line and what watches it: every change is another row, nothing is edited."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from itertools import cycle

from django.db import transaction
from django.db.models import OuterRef, Subquery
from django.utils.text import slugify

from inspection.models import FailureMode, FailureWatch, Line, Membership, User
from inspection.rules.risks import PRELOADED
from inspection.rules.words import Priority, Role

FIRST_REASON = "preloaded with the line"


class NothingWatchedBy(Exception):
    """No failure of the line is watched by this metric."""


class FailureKnown(Exception):
    """The line's sheet has this failure already."""


@dataclass(frozen=True, kw_only=True)
class Watch:
    """What shall watch a failure: metric, threshold, how loud, what then is done, and who answers for it."""

    metric: str
    threshold: str
    priority: Priority
    action: str
    owner: User


@transaction.atomic
def preload(line: Line, *, by: User | None, now: datetime) -> None:
    """Give the line the twenty rows that no sheet should lack. Its leads own them in turn."""
    owners = cycle(_leads(line) or [None])
    modes = FailureMode.objects.bulk_create(
        FailureMode(line=line, code=row.code, failure=row.failure, failure_ko=row.failure_ko, added_by=by, added_at=now)
        for row in PRELOADED
    )
    FailureWatch.objects.bulk_create(
        FailureWatch(
            failure_mode=mode,
            n=1,
            metric=row.metric,
            threshold=row.threshold,
            priority=row.priority,
            action=row.action,
            owner=next(owners) if row.metric else None,
            reason=FIRST_REASON,
            changed_by=by,
            changed_at=now,
        )
        for mode, row in zip(modes, PRELOADED, strict=True)
    )


def standing(line: Line) -> list[FailureWatch]:
    """Return what watches each failure now: those that nothing watches first, then in the order of the sheet."""
    return standing_on([line])


def standing_on(lines: Iterable[Line]) -> list[FailureWatch]:
    """`standing` for several lines in one question."""
    newest = FailureWatch.objects.filter(failure_mode=OuterRef("failure_mode")).order_by("-n").values("n")[:1]
    watches = FailureWatch.objects.filter(failure_mode__line__in=lines, n=Subquery(newest))
    ordered = watches.select_related("failure_mode", "owner").order_by("failure_mode__pk")
    return sorted(ordered, key=lambda watch: (not watch.is_amber, watch.is_watched))


@transaction.atomic
def add(line: Line, *, failure: str, failure_ko: str, by: User, now: datetime) -> FailureMode:
    """Put another failure on the sheet. Nothing watches it yet. Raises FailureKnown."""
    code = slugify(failure)[:40] or f"failure-{line.failure_modes.count() + 1}"
    if line.failure_modes.filter(code=code).exists():
        raise FailureKnown(f"{line} lists {failure!r} already.")
    mode = FailureMode.objects.create(
        line=line, code=code, failure=failure, failure_ko=failure_ko, added_by=by, added_at=now
    )
    _write(mode, n=1, reason="added to the sheet", by=by, now=now)
    return mode


def watch(mode: FailureMode, wish: Watch, *, reason: str, by: User, now: datetime) -> FailureWatch:
    """Let a metric watch the failure from now on."""
    return _next(
        mode,
        metric=wish.metric,
        threshold=wish.threshold,
        priority=wish.priority.value,
        action=wish.action,
        owner=wish.owner,
        reason=reason,
        by=by,
        now=now,
    )


def accept(mode: FailureMode, *, reason: str, by: User, now: datetime) -> FailureWatch:
    """Answer by name for a failure that nothing watches."""
    return _next(mode, accepted=True, owner=by, reason=reason, by=by, now=now)


def unwatched_without(line: Line, metric: str) -> list[FailureMode]:
    """Return the failures that pruning a metric leaves unwatched."""
    return [watch.failure_mode for watch in standing(line) if watch.metric == metric]


@transaction.atomic
def prune(line: Line, metric: str, *, reason: str, by: User, now: datetime) -> list[FailureMode]:
    """Take a metric away; return the failures that nothing watches now. Raises NothingWatchedBy."""
    lost = unwatched_without(line, metric)
    if not lost:
        raise NothingWatchedBy(f"No failure of {line} is watched by {metric!r}.")
    for mode in lost:
        _next(mode, reason=reason, by=by, now=now)
    return lost


def history(line: Line, *, most: int = 50) -> list[FailureWatch]:
    """Return the changes of the sheet, newest first, without the rows it began with."""
    changes = FailureWatch.objects.filter(failure_mode__line=line).exclude(reason=FIRST_REASON)
    return list(changes.select_related("failure_mode", "owner", "changed_by").order_by("-changed_at", "-pk")[:most])


def as_plain(watches: Iterable[FailureWatch]) -> list[dict[str, object]]:
    """Return the sheet as it is signed."""
    return [
        {
            "failure": watch.failure_mode.code,
            "metric": watch.metric,
            "threshold": watch.threshold,
            "alarm": watch.priority,
            "action": watch.action,
            "owner": watch.owner.username if watch.owner else None,
            "accepted": watch.accepted,
        }
        for watch in sorted(watches, key=lambda watch: watch.failure_mode.code)
    ]


def _next(mode: FailureMode, **facts) -> FailureWatch:
    last = mode.watches.order_by("-n").values_list("n", flat=True).first() or 0
    return _write(mode, n=last + 1, **facts)


def _write(mode: FailureMode, *, n: int, reason: str, by: User, now: datetime, **facts) -> FailureWatch:
    return FailureWatch.objects.create(failure_mode=mode, n=n, reason=reason, changed_by=by, changed_at=now, **facts)


def _leads(line: Line) -> list[User]:
    leads = Membership.objects.filter(role=Role.QA_LEAD.value).in_force().on_line(line)
    return list(User.objects.filter(pk__in=leads.values("user")).order_by("username"))
