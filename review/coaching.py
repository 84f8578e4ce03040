"""One inspector over time, for talking with them: known images by week, rounds of practice. Never set beside others."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, timedelta
from zoneinfo import ZoneInfo

from django.db.models import QuerySet

from inspection.models import Line, User
from inspection.rules.words import Call, Label
from review import practice, sessions
from review.figures import Rate, rate
from review.models import Decision
from review.practice import Score
from review.practice_models import PracticeSet

WEEKS = 12
ROUNDS = 5


@dataclass(frozen=True, kw_only=True)
class Week:
    """What a person did with the known images of one week, counted from its Monday."""

    monday: date
    caught: Rate
    alarmed: Rate
    unjudged: int


@dataclass(frozen=True, kw_only=True)
class Round:
    """A finished round of practice and its score."""

    round: PracticeSet
    score: Score


def weeks_of(person: User, line: Line, *, only_told: bool) -> list[Week]:
    """Return the last weeks with known images, newest first.

    `only_told` leaves out what the person was not told at the end of a session yet: for their own eyes.
    """
    said = _answers(person, line, only_told=only_told)
    zone, weeks = ZoneInfo(line.time_zone), defaultdict[date, list[Decision]](list)
    for one in said:
        day = one.recorded_at.astimezone(zone).date()
        weeks[day - timedelta(days=day.weekday())].append(one)
    return [_week(monday, weeks[monday]) for monday in sorted(weeks, reverse=True)[:WEEKS]]


def rounds_of(person: User, line: Line) -> list[Round]:
    """Return the last finished rounds of practice on new images, newest first."""
    finished = line.practice_sets.filter(person=person, finished_at__isnull=False, repeats=None)
    return [Round(round=one, score=practice.score(one)) for one in finished.order_by("-finished_at", "-pk")[:ROUNDS]]


def _answers(person: User, line: Line, *, only_told: bool) -> QuerySet[Decision]:
    said = sessions.answers().filter(person=person, task__gold__line=line, task__gold__study=None, blind=True)
    return said.filter(task__gold__told_in__isnull=False) if only_told else said


def _week(monday: date, said: list[Decision]) -> Week:
    judged = [one for one in said if one.label != Label.CANNOT_JUDGE]
    defects = [one for one in judged if one.task.gold.label == Call.DEFECT]
    good = [one for one in judged if one.task.gold.label == Call.PASS]
    return Week(
        monday=monday,
        caught=rate(_calling(defects, Label.DEFECT), len(defects)),
        alarmed=rate(_calling(good, Label.DEFECT), len(good)),
        unjudged=len(said) - len(judged),
    )


def _calling(said: list[Decision], label: Label) -> int:
    return sum(one.label == label.value for one in said)
