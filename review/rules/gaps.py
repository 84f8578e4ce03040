"""Which hours are missing between the first and the last part of a window, and which a line rested."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

from inspection.rules import shifts
from inspection.rules.shifts import Pattern

HOUR = timedelta(hours=1)

Taken = Sequence[tuple[datetime, datetime]]
"""When the first and the last part of each hour with parts came, in order."""


@dataclass(frozen=True)
class Gap:
    """A stretch without a part, from the last one before to the first one after, and its whole clock hours."""

    since: datetime
    until: datetime
    hours: int


@dataclass(frozen=True)
class Hours:
    """How many clock hours had parts, and where some are missing between them."""

    worked: int
    gaps: list[Gap]

    @property
    def missing(self) -> int:
        return sum(gap.hours for gap in self.gaps)

    @property
    def expected(self) -> int:
        return self.worked + self.missing


def hours(taken: Taken, *, pattern: Pattern, time_zone: str) -> Hours:
    """Return what is missing. A stretch that holds a whole shift is none: the line did not work that shift."""
    stretches = [(last, first) for (_, last), (first, _) in pairwise(taken)]
    gaps = [Gap(last, first, _whole_hours(last, first)) for last, first in stretches]
    return Hours(len(taken), [gap for gap in gaps if gap.hours and not _rested(gap, pattern, time_zone)])


def _whole_hours(last: datetime, first: datetime) -> int:
    return (_hour(first) - _hour(last)) // HOUR - 1


def _hour(moment: datetime) -> datetime:
    return moment.replace(minute=0, second=0, microsecond=0)


def _rested(gap: Gap, pattern: Pattern, time_zone: str) -> bool:
    resumed_in = shifts.began(pattern, time_zone, gap.until)
    return shifts.began(pattern, time_zone, resumed_in - timedelta(microseconds=1)) >= gap.since
