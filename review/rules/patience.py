"""How long the review loop waits for a person: ten times as long for who asks for it, and no part pays for that."""

from collections.abc import Mapping
from datetime import datetime, timedelta

EXTENDED = 10
# Before the line answers for itself, so that what a person says is still sent.
MARGIN = timedelta(seconds=5)


def factor(preferences: Mapping[str, object]) -> int:
    """Return by how much a person's own choice stretches the times of the loop."""
    return EXTENDED if preferences.get("more_time") is True else 1


def end(usual: timedelta, *, factor: int, due: datetime, now: datetime) -> datetime:
    """Return when a window of the usual length ends for this person.

    It is stretched up to a moment before `due`, at which the line gets its fail-safe, and never shorter than usual.
    Where that moment has passed, nothing waits for it any more.

    >>> noon, second = datetime(2026, 11, 23, 12), timedelta(seconds=1)
    >>> [str(end(10 * second, factor=10, due=noon + n * second, now=noon).time()) for n in (0, 8, 30, 600)]
    ['12:01:40', '12:00:10', '12:00:25', '12:01:40']
    """
    full = now + usual * factor
    return full if due <= now else max(now + usual, min(full, due - MARGIN))
