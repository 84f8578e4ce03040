"""What two leads let pass although it is unproven, for one rung, one epoch and until a day of the line's own clock."""

from datetime import date, datetime

from django.db import transaction
from django.db.models import QuerySet

from inspection import zones
from inspection.automation import SelfApproval
from inspection.models import Line, User, Waiver
from inspection.permissions import may_sign_levels
from inspection.rules.gates import HARM
from inspection.rules.words import Level


class NothingToWaive(Exception):
    """The subject is no defect class of the line, or the date is past."""


class WaiverClosed(Exception):
    """The waiver has both signatures, its date is past, or who signed it first is no lead of the line any more."""


@transaction.atomic
def ask(line: Line, *, subject: str, until: date, reason: str, by: User, now: datetime) -> Waiver:
    """Sign first: let `subject` be unproven on the next rung until a date. Raises NothingToWaive."""
    to_level = Level(line.level).above
    known = subject == HARM or line.defect_classes.filter(code=subject, retired_at=None).exists()
    if to_level is None or not known or until < zones.day(line, now):
        raise NothingToWaive(f"{subject!r} until {until} cannot be waived on {line}.")
    return Waiver.objects.create(
        line=line,
        epoch=line.present_epoch,
        to_level=to_level.value,
        subject=subject,
        reason=reason[:500],
        until=until,
        first_by=by,
        first_at=now,
    )


@transaction.atomic
def sign(waiver: Waiver, *, by: User, now: datetime) -> None:
    """Give the second signature, from which the waiver holds. Raises SelfApproval or WaiverClosed."""
    waiver = Waiver.objects.select_for_update().get(pk=waiver.pk)
    if waiver.first_by_id == by.pk:
        raise SelfApproval(f"{by} signed this waiver first; another lead must sign it.")
    if not may_sign_levels(waiver.first_by, waiver.line, now=now):
        raise WaiverClosed(
            f"{waiver.first_by}, who signed waiver {waiver.pk} first, is no QA lead of the line any more."
        )
    standing = Waiver.objects.filter(pk=waiver.pk, second_by=None, until__gte=zones.day(waiver.line, now))
    if not standing.update(second_by=by, second_at=now):
        raise WaiverClosed(f"Waiver {waiver.pk} is signed or past.")


def of(line: Line, *, now: datetime) -> QuerySet[Waiver]:
    """Return the waivers of the line's present epoch whose date is not past, signed by one or by two."""
    current = Waiver.objects.filter(line=line, epoch=line.present_epoch, until__gte=zones.day(line, now))
    return current.select_related("first_by", "second_by").order_by("pk")


def in_force(line: Line, to_level: Level, *, now: datetime) -> tuple[str, ...]:
    """Return what two leads have waived for one rung."""
    signed = of(line, now=now).filter(to_level=to_level.value, second_by__isnull=False)
    return tuple(sorted(set(signed.values_list("subject", flat=True))))
