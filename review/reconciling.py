"""What follows from decisions that stations took alone: contained, read by people, audited; each once."""

from datetime import datetime

from django.db import transaction

from inspection import claims, dispositions
from inspection.models import OfflineDecision
from inspection.rules.reconciling import DECIDED_OFFLINE, Standing
from inspection.rules.words import DecidedBy, Level, Verdict
from review import containment, queues

AT_ONCE = 500


def follow_due(*, now: datetime, limit: int = AT_ONCE) -> int:
    """Follow up on every decision of a station whose image has its routing. Return how many.

    Called each round: whatever was cut off is met by the next one, and nothing is done twice.
    """
    waiting = OfflineDecision.objects.filter(reconciled_at=None, item__routing__isnull=False).order_by("pk")
    return sum(_follow(pk, now=now) for pk in waiting.values_list("pk", flat=True)[:limit])


@transaction.atomic
def _follow(pk: int, *, now: datetime) -> bool:
    taken = OfflineDecision.objects.select_for_update(of=("self",)).filter(pk=pk, reconciled_at=None)
    decision = taken.select_related("item__routing", "item__run", "item__line", "grant__model_version", "line").first()
    if decision is None:
        return False
    if not decision.standing:
        _settle_late(decision, now=now)
    is_confirmed = decision.standing == Standing.AGREED
    if not is_confirmed and decision.verdict == Verdict.PASS:
        cause = f"decided offline and not confirmed: {decision.item.run.part.serial}"
        containment.contain(decision.item.run, cause=cause, passed_at=decision.decided_at, now=now)
    if not is_confirmed or decision.item.run.drawn_audit:
        queues.ask_again(decision.item, now=now)
    OfflineDecision.objects.filter(pk=pk).update(reconciled_at=now)
    return True


def _settle_late(decision: OfflineDecision, *, now: datetime) -> None:
    """Judge what a station tells about an image that had come before; its word is the run's verdict where none is yet.

    That is so when the image had arrived, and the answer had not.
    """
    judged = claims.judged_late(decision, decision.item.routing)
    if judged.standing == Standing.REFUSED or decision.grant is None:
        return
    dispositions.settle_view(
        decision.item,
        verdict=Verdict(decision.verdict),
        decided_by=DecidedBy.MODEL,
        level=Level(decision.grant.level),
        reason=DECIDED_OFFLINE,
        at=now,
        model_version=decision.grant.model_version,
    )
