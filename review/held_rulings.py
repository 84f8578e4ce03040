"""Rulings from the page: held until their undo window closes, as calls are, and only then given."""

from datetime import datetime, timedelta
from functools import partial

from django.db import IntegrityError, transaction

from inspection import bulkheads
from inspection.models import User
from inspection.rules.words import Label
from review import adjudications
from review.adjudications import AlreadyRuled, ConflictOfInterest, Spoken
from review.faults import Invalid
from review.models import Adjudication, HeldRuling

GIVEN_AT_ONCE = 100


class TooLate(Exception):
    """The ruling stands, or is somebody else's."""


def hold(spoken: Spoken, *, by: User, now: datetime) -> HeldRuling:
    """Keep a ruling until the line's undo window closes.

    The same ruling again is the one that is held. Raises AlreadyRuled, ConflictOfInterest or Invalid.
    """
    adjudications.check(spoken, by=by)
    held = HeldRuling(
        case=spoken.case,
        label=spoken.label.value,
        defect_class=spoken.defect_class,
        reason=spoken.reason,
        ruled_by=by,
        held_at=now,
        final_at=now + timedelta(seconds=spoken.case.line.undo_s),
    )
    try:
        with transaction.atomic():
            held.save(force_insert=True)
    except IntegrityError as error:
        return _same(held, error)
    return held


def _same(held: HeldRuling, error: IntegrityError) -> HeldRuling:
    standing = of(held.case)
    if standing is None or _words(standing) != _words(held):
        raise AlreadyRuled(f"Another ruling on case {held.case_id} is held.") from error
    return standing


def _words(held: HeldRuling) -> tuple[int, str, str]:
    return held.ruled_by_id, held.label, held.defect_class


def of(case: Adjudication) -> HeldRuling | None:
    """Return the ruling on a case that may still be taken back."""
    return HeldRuling.objects.filter(case=case, ended_at=None).select_related("ruled_by").first()


def take_back(case: Adjudication, *, by: User, now: datetime) -> None:
    """Open the case again as if nothing had been said. Twice is the same as once; raises TooLate after the window."""
    mine = HeldRuling.objects.filter(case=case, ruled_by=by).order_by("-held_at").first()
    if mine is not None and mine.end == HeldRuling.UNDONE:
        return
    if mine is None or mine.final_at <= now or not mine.close(HeldRuling.UNDONE, now=now):
        raise TooLate(f"The ruling on case {case.pk} stands.")


def give_due(*, now: datetime, limit: int = GIVEN_AT_ONCE) -> int:
    """Give the rulings whose window closed. Return how many; one that another ruling overtook says so."""
    due = HeldRuling.objects.filter(ended_at=None, final_at__lte=now).select_related("case", "ruled_by")
    held = [(one.case.line_id, one) for one in due.order_by("final_at", "pk")[:limit]]
    return bulkheads.each("give a ruling", held, partial(_give, now=now))


@transaction.atomic
def _give(held: HeldRuling, *, now: datetime) -> bool:
    if not held.close(HeldRuling.GIVEN, now=now):
        return False
    label, kind = Label(held.label), held.defect_class
    try:
        with transaction.atomic():
            adjudications.rule(held.case, by=held.ruled_by, label=label, defect_class=kind, reason=held.reason, now=now)
    except (AlreadyRuled, ConflictOfInterest, Invalid):
        HeldRuling.objects.filter(pk=held.pk).update(end=HeldRuling.OVERTAKEN)
        return False
    return True
