"""What became of parts: verdicts in the line's own sequence, what people said against the model, and audits."""

from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime
from itertools import takewhile
from typing import cast
from uuid import UUID

from inspection.models import Disposition, Routing, ViewVerdict
from inspection.rules.words import Call, DecidedBy, Verdict
from monitoring.sources.seen import Seen
from review.audit_models import AuditFinding, MissResult


def settled(line: int, after: int, *, limit: int) -> tuple[list[Seen], int]:
    """Return what the dispositions after a place of the line's sequence tell, and the new place."""
    rows = Disposition.objects.filter(line=line, sequence__gt=after).select_related("run").order_by("sequence")[:limit]
    done = list(rows)
    if not done:
        return [], after
    views: dict[UUID, list[ViewVerdict]] = defaultdict(list)
    for view in ViewVerdict.objects.filter(run__in=[one.run_id for one in done]):
        views[view.run_id].append(view)
    calls = _calls([view.item_id for of_run in views.values() for view in of_run])
    seen = [
        Seen(line, metric, _known_at(one), float(value))
        for one in done
        for metric, value in (*_of_run(one), *_of_people(views[one.run_id], calls))
    ]
    return seen, done[-1].sequence or after


def audited(after: int, *, until: datetime, limit: int) -> tuple[list[Seen], int]:
    """Return what audits found after a place, up to a moment, and the new place."""
    found = AuditFinding.objects.filter(pk__gt=after).order_by("pk")[:limit]
    rows = list(takewhile(lambda row: row.found_at <= until, found))
    seen = [Seen(row.line_id, "escaped_fraction", row.found_at, float(row.is_bad)) for row in rows]
    return seen, rows[-1].pk if rows else after


def challenged(after: int, *, until: datetime, limit: int) -> tuple[list[Seen], int]:
    """Return which known defects were passed after a place, up to a moment, and the new place."""
    shown = MissResult.objects.filter(pk__gt=after).order_by("pk")[:limit]
    rows = list(takewhile(lambda row: row.shown_at <= until, shown))
    seen = [Seen(row.line_id, "challenge_misses", row.shown_at, float(row.is_missed)) for row in rows]
    return seen, rows[-1].pk if rows else after


def _known_at(one: Disposition) -> datetime:
    moment = one.sequenced_at or one.settled_at
    return cast(datetime, moment)


def _calls(items: list[UUID]) -> dict[UUID, str]:
    return dict(Routing.objects.filter(pk__in=items).exclude(call="").values_list("pk", "call"))


def _of_run(one: Disposition) -> Iterator[tuple[str, float]]:
    yield "rejected", one.verdict == Verdict.REJECT
    yield "held", one.verdict == Verdict.HOLD
    yield "fail_safe", one.decided_by == DecidedBy.FAILSAFE
    yield "decided_alone", one.decided_by == DecidedBy.MODEL
    yield "missing_views", bool(one.missing_views)
    yield "rework", one.run.n > 1
    if one.settled_at is not None:
        yield "time_to_verdict", max(0.0, (one.settled_at - one.run.opened_at).total_seconds())


def _of_people(views: list[ViewVerdict], calls: dict[UUID, str]) -> Iterator[tuple[str, float]]:
    for view in views:
        if view.decided_by != DecidedBy.HUMAN:
            continue
        yield "cannot_judge", view.verdict == Verdict.HOLD
        if calls.get(view.item_id) == Call.DEFECT:
            yield "overkill", view.verdict == Verdict.PASS
        elif calls.get(view.item_id) == Call.PASS:
            yield "missed", view.verdict == Verdict.REJECT
