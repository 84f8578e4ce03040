"""What the page of challenge parts shows: what is due, a week by shift, and the parts at hand."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from django.db.models import Count, Q

from inspection.models import Line
from review import challenges
from review.challenge_models import ChallengePart, ChallengeRound
from review.rules import challenges as rules

DAYS = 7


@dataclass(frozen=True)
class Due:
    """A round that is open, with what has come of it."""

    round: ChallengeRound
    came: int
    is_overdue: bool


@dataclass(frozen=True)
class Cell:
    """One shift of the week: parts kept from passing, of those shown. None were shown where `shown` is 0."""

    caught: int
    shown: int

    @property
    def state(self) -> str:
        if not self.shown:
            return "none"
        return "met" if self.caught == self.shown else "missed"


@dataclass(frozen=True)
class Week:
    days: list[date]
    rows: list[tuple[str, list[Cell]]]


def due(line: Line, *, now: datetime) -> list[Due]:
    """Return what is due, the earliest first."""
    return [
        Due(one, one.showings.count(), rules.is_overdue(one.due_at, now=now)) for one in challenges.open_rounds(line)
    ]


def week(line: Line, *, now: datetime) -> Week:
    """Return the last seven local days, each shift with its count."""
    today = now.astimezone(ZoneInfo(line.time_zone)).date()
    days = [today - timedelta(days=back) for back in reversed(range(DAYS))]
    shown = line.challenge_showings.filter(shift__gte=days[0].isoformat())
    counted = shown.values_list("shift").annotate(n=Count("pk"), missed=Count("pk", filter=Q(is_missed=True)))
    cells: dict[str, Cell] = defaultdict(lambda: Cell(0, 0), {shift: Cell(n - m, n) for shift, n, m in counted})
    names = [shift["name"] for shift in line.shift_pattern]
    return Week(days, [(name, [cells[f"{day.isoformat()}/{name}"] for day in days]) for name in names])


def parts(line: Line) -> Sequence[ChallengePart]:
    """Return the parts at hand with how often each came and was missed, by serial."""
    at_hand = ChallengePart.objects.in_use().filter(line=line).select_related("part", "defect")
    missed = Count("showings", filter=Q(showings__is_missed=True))
    return list(at_hand.annotate(came=Count("showings"), missed=missed).order_by("part__serial"))
