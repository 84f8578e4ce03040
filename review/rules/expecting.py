"""When the next image usually comes, by when the last ones came."""

from collections.abc import Sequence
from datetime import datetime
from itertools import pairwise
from math import ceil

FEWEST = 5
USUAL = 0.8


def minutes_to_next(came: Sequence[datetime], *, now: datetime) -> int | None:
    """Return within how many minutes the next one came four times of five, from moments newest first.

    None where that would mislead: after fewer than five intervals, or when the newest is longer ago than any of them
    lasted, so that the line does not run as it did.

    >>> from datetime import timedelta
    >>> noon = datetime(2026, 11, 23, 12)
    >>> came = [noon - timedelta(seconds=70 * n) for n in range(6)]
    >>> minutes_to_next(came, now=noon), minutes_to_next(came[1:], now=noon)
    (2, None)
    >>> print(minutes_to_next(came, now=noon + timedelta(seconds=71)))
    None
    """
    intervals = sorted((later - earlier).total_seconds() for later, earlier in pairwise(came))
    if len(intervals) < FEWEST or (now - came[0]).total_seconds() > intervals[-1]:
        return None
    usual_s = intervals[ceil(USUAL * len(intervals)) - 1]
    return max(1, ceil(usual_s / 60))
