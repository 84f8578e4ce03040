"""How people work on a line, for talking with them: calls on sight, and long stretches of looking. Never a ranking."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Aggregate, Count, Exists, OuterRef, Q, QuerySet

from inspection.models import Line, User
from inspection.rules.words import Phase
from inspection.sql import Moments
from review.models import Decision, DecisionFate
from review.rules import vigilance as rules
from review.rules.vigilance import Exposure

LOOKED_BACK = timedelta(days=30)


@dataclass(frozen=True, kw_only=True)
class Habit:
    """One person's last thirty days: calls made under the floor of the loop, and how long they looked at a stretch."""

    person: User
    reflexes: int
    calls: int
    exposure: Exposure

    @property
    def share(self) -> float | None:
        return self.reflexes / self.calls if self.calls else None


def of_line(line: Line, *, now: datetime, only: User | None = None) -> list[Habit]:
    """Return everybody who read on a line lately, or `only` one of them, by name. Three statements.

    A call counts where it stood and its page timed it: one taken back at once was a slip of the finger.
    """
    lately = Decision.objects.filter(phase=Phase.INITIAL.value, recorded_at__gte=now - LOOKED_BACK)
    here = lately.filter(task__line=line)
    asked = User.objects.filter(pk=only.pk) if only else User.objects.all()
    people = list(asked.filter(Exists(here.filter(person=OuterRef("pk")))).order_by("username"))
    timed = here.filter(person__in=people, fate__fate=DecisionFate.FINAL, page__has_key="fast")
    told = _by_person(timed, calls=Count("pk"), reflexes=Count("pk", filter=Q(page__fast=True)))
    counts = {person: (calls, reflexes) for person, calls, reflexes in told}
    # A break is a break from every line.
    moments = dict(_by_person(lately.filter(person__in=people), moments=Moments("recorded_at")))
    return [
        Habit(person=one, calls=calls, reflexes=reflexes, exposure=rules.exposure(moments[one.pk]))
        for one in people
        for calls, reflexes in [counts.get(one.pk, (0, 0))]
    ]


def _by_person(readings: QuerySet[Decision], **facts: Aggregate) -> QuerySet[Any, Any]:
    return readings.order_by().values("person").annotate(**facts).values_list("person", *facts)
