"""Lots on hold: a lot leaves once its audit sample is closed and accepted, by a lead's signature."""

from datetime import datetime

from django.db import transaction

from inspection.models import Line, Lot, Routing, Run, User
from review.audit_models import AuditFinding
from review.containment_models import ContainedRun
from review.rules.auditing import AUDITED_REASONS, Kind
from review.rules.containment import LotStanding, release_obstacles

SHOWN = 50


class LotHeld(Exception):
    """The lot may not leave yet; `reasons` are the codes of everything in the way."""

    def __init__(self, reasons: tuple[str, ...]) -> None:
        super().__init__(", ".join(reasons))
        self.reasons = reasons


def on_hold(line: Line) -> list[Lot]:
    """Return the line's lots that wait for their release, oldest first; none where the line releases none."""
    if not line.lot_release:
        return []
    return list(Lot.objects.filter(line=line, released_at=None).order_by("created_at", "pk")[:SHOWN])


def standing(lot: Lot) -> LotStanding:
    """Count what matters for the release of a lot."""
    runs = Run.objects.filter(part__lot=lot)
    audited = Routing.objects.filter(item__run__part__lot=lot, item__run__drawn_audit=True, reason__in=AUDITED_REASONS)
    found = AuditFinding.objects.filter(run__part__lot=lot)
    return LotStanding(
        parts=runs.count(),
        unsettled=runs.filter(is_settled=False).count(),
        audits_drawn=audited.values("item__run").distinct().count(),
        audits_closed=found.values("run").distinct().count(),
        escapes=found.filter(kind=Kind.AUTO_PASS.value, is_bad=True).count(),
        contained=ContainedRun.objects.filter(run__part__lot=lot, closed_at=None).count(),
    )


@transaction.atomic
def release(lot: Lot, *, by: User, now: datetime) -> Lot:
    """Let the lot leave. Raises LotHeld with every reason while its sample is open or not accepted."""
    lot = Lot.objects.select_for_update().get(pk=lot.pk)
    obstacles = release_obstacles(standing(lot))
    if obstacles:
        raise LotHeld(obstacles)
    if lot.released_at is None:
        lot.released_at, lot.released_by = now, by
        lot.save(update_fields=["released_at", "released_by"])
    return lot
