"""The end of a person's session: only then are they told which known defects they caught and which they missed."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Min, QuerySet

from inspection.models import Line, User
from inspection.rules.words import Call, Label, Phase
from review.gold_models import GoldShowing, SessionEnd
from review.models import Decision, DecisionFate

# A session is told as a whole. After fewer readings, each end would tell which of the last items was gold.
FEWEST_READINGS = 20
LONGEST = timedelta(hours=24)


class TooShort(Exception):
    """Too few readings since the last end: they are told with the next ones."""


def last_of(person: User, line: Line) -> SessionEnd | None:
    return SessionEnd.objects.filter(person=person, line=line).order_by("-ended_at", "-pk").first()


def readings_since_end(person: User, line: Line, *, now: datetime) -> int:
    """Count what the person has read on the line since the last end, gold among it."""
    return _readings(person, line, last_of(person, line), until=now).count()


def began_at(ended: SessionEnd) -> datetime | None:
    """Return when the first of the readings was made that this end counts."""
    before = SessionEnd.objects.filter(person=ended.person, line=ended.line, ended_at__lt=ended.ended_at)
    counted = _readings(ended.person, ended.line, before.order_by("-ended_at").first(), until=ended.ended_at)
    return counted.aggregate(first=Min("recorded_at"))["first"]


@transaction.atomic
def end(person: User, line: Line, *, now: datetime) -> SessionEnd:
    """End the session and tell its gold items whose answers are final. Raises TooShort."""
    User.objects.select_for_update(no_key=True).values_list("pk").get(pk=person.pk)
    readings = readings_since_end(person, line, now=now)
    if readings < FEWEST_READINGS:
        raise TooShort(f"{readings} readings since the last end, {FEWEST_READINGS} needed.")
    ended = SessionEnd.objects.create(line=line, person=person, readings=readings, ended_at=now)
    # A study shows each image again: what was missed in it is nobody's to know before its sheet.
    final = answers().filter(person=person, task__gold__line=line, task__gold__told_in=None, task__gold__study=None)
    GoldShowing.objects.filter(pk__in=[one.task_id for one in final]).update(told_in=ended)
    return ended


def told(ended: SessionEnd) -> tuple[int, int, Sequence[Decision]]:
    """Return the known defects caught, those shown, and the calls that passed one."""
    mine = list(answers().filter(person=ended.person_id, task__gold__told_in=ended).order_by("recorded_at", "pk"))
    defects = [one for one in mine if one.task.gold.label == Call.DEFECT]
    missed = [one for one in defects if one.label == Label.PASS.value]
    return sum(one.label == Label.DEFECT.value for one in defects), len(defects), missed


def _readings(person: User, line: Line, last: SessionEnd | None, *, until: datetime) -> QuerySet[Decision]:
    since = max(last.ended_at, until - LONGEST) if last else until - LONGEST
    first = Decision.objects.filter(person=person, task__line=line, phase=Phase.INITIAL.value)
    return first.filter(recorded_at__gt=since, recorded_at__lte=until)


def answers() -> QuerySet[Decision]:
    """Return the final first calls on gold items, each with its truth at hand."""
    final = Decision.objects.filter(task__gold__isnull=False, phase=Phase.INITIAL.value, fate__fate=DecisionFate.FINAL)
    return final.select_related("task__gold", "task__line", "person")
