"""How long people look without a break, and whether they find fewer defects the longer: all people together."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

from stats.inspectors import Trend, trend

BIN = timedelta(minutes=10)
# Looked longer than this, everybody is in the last bin: they should have changed places.
BINS = 7
# The break that the loop offers lasts two minutes.
BREAK = timedelta(minutes=2)
LONG = timedelta(minutes=60)
P_LIMIT, DROP_LIMIT = 0.01, 0.05


@dataclass(frozen=True)
class Bin:
    """Known defects caught, of those shown, from this minute since the last break on."""

    minute: int
    caught: int
    shown: int

    @property
    def share(self) -> float | None:
        return self.caught / self.shown if self.shown else None


@dataclass(frozen=True)
class Vigilance:
    """The bins in order, the test for decline over them, and how much lower the last one lies than the first."""

    bins: tuple[Bin, ...]
    trend: Trend
    drop: float

    @property
    def declines(self) -> bool:
        """A decline to act on is unlikely by chance and large enough to matter."""
        return self.trend.p is not None and self.trend.p < P_LIMIT and self.drop >= DROP_LIMIT


@dataclass(frozen=True)
class Exposure:
    """How long one person looked at most without a break, in whole minutes, and how often for over an hour."""

    longest: int
    long: int


def exposure(moments: Iterable[datetime]) -> Exposure:
    """Return the stretches of one person's readings, which come in order. Who read nothing was exposed to nothing.

    >>> at = [datetime(2026, 1, 1, 8) + timedelta(minutes=m) for m in (*range(0, 65, 2), 90, 91)]
    >>> exposure(at)
    Exposure(longest=64, long=1)
    """
    spans = [timedelta(), *since_break(moments)]
    long = sum(before <= LONG < after for before, after in pairwise(spans))
    return Exposure(int(max(spans).total_seconds() // 60), long)


def since_break(moments: Iterable[datetime]) -> list[timedelta]:
    """Return for each reading of one person, in order, how long they had looked without a break.

    >>> at = [datetime(2026, 1, 1, 8, m) for m in (0, 1, 2, 9, 10)]
    >>> [int(span.total_seconds() // 60) for span in since_break(at)]
    [0, 1, 2, 0, 1]
    """
    spans: list[timedelta] = []
    began = last = None
    for moment in moments:
        if began is None or last is None or moment - last > BREAK:
            began = moment
        spans.append(moment - began)
        last = moment
    return spans


def vigilance(answers: Sequence[tuple[timedelta, bool]]) -> Vigilance:
    """Sort answers to known defects, as (time since the break, caught), into bins. Nothing is no decline.

    Source of the test and its limits: Tollgate's statistics, section 7 (Cochran-Armitage, Mackworth 1948).
    """
    counted = [[0, 0] for _ in range(BINS)]
    for span, caught in answers:
        place = min(span // BIN, BINS - 1)
        counted[place][0] += caught
        counted[place][1] += 1
    bins = tuple(
        Bin(int(n * BIN.total_seconds() // 60), caught, shown) for n, (caught, shown) in enumerate(counted) if shown
    )
    if not bins:
        return Vigilance((), Trend(None, None), 0.0)
    found = trend([one.caught for one in bins], [one.shown for one in bins], [float(one.minute) for one in bins])
    return Vigilance(bins, found, bins[0].caught / bins[0].shown - bins[-1].caught / bins[-1].shown)
