"""How people work on a line, for talking with them: calls on sight, and long stretches of looking. Never a ranking."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, Q

from inspection.models import Line, User
from inspection.rules.words import Phase
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
    here = lately.filter(task__line=line, **({"person": only} if only else {}))
    timed = Q(fate__fate=DecisionFate.FINAL, page__has_key="fast")
    counted = (
        here.order_by()
        .values("person")
        .annotate(calls=Count("pk", filter=timed), reflexes=Count("pk", filter=timed & Q(page__fast=True)))
    )
    told = counted.values_list("person", "calls", "reflexes")
    counts = {person: (calls, reflexes) for person, calls, reflexes in told}
    moments: dict[int, list[datetime]] = defaultdict(list)
    # A break is a break from every line.
    for person, moment in lately.filter(person__in=counts).order_by("recorded_at").values_list("person", "recorded_at"):
        moments[person].append(moment)
    people = User.objects.filter(pk__in=counts).order_by("username")
    return [
        Habit(person=one, calls=calls, reflexes=reflexes, exposure=rules.exposure(moments[one.pk]))
        for one in people
        for calls, reflexes in [counts[one.pk]]
    ]
