"""When people are told of alarms, so that a flood is one message and a flapping alarm does not ring all night."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from inspection.rules.words import Priority
from monitoring.rules.alarms import FLOOD_WITHIN, is_chattering, is_flood

RETRIES = (
    timedelta(minutes=1),
    timedelta(minutes=5),
    timedelta(minutes=30),
    timedelta(hours=2),
    timedelta(hours=6),
    timedelta(hours=24),
)


@dataclass(frozen=True)
class Letter:
    """One message: which alarms it speaks of, and whether it stands for a flood."""

    alarms: tuple[int, ...]
    is_flood: bool = False


def letter(
    untold: Sequence[int],
    raised: Mapping[int, Sequence[datetime]],
    *,
    last_digest_at: Mapping[int, datetime],
    last_flood_at: datetime | None,
    now: datetime,
) -> Letter | None:
    """Return what to tell now, None for nothing yet.

    `raised` holds when each alarm was raised within the last hour. In a flood there is one message in ten minutes
    with all that came since; an alarm that flaps is told once an hour (`last_digest_at`).
    """
    if not untold:
        return None
    moments = [moment for of_alarm in raised.values() for moment in of_alarm]
    if is_flood(moments, now=now):
        if last_flood_at is not None and now - last_flood_at < FLOOD_WITHIN:
            return None
        return Letter(tuple(untold), is_flood=True)
    due = tuple(alarm for alarm in untold if _is_due(alarm, raised, last_digest_at, now=now))
    return Letter(due) if due else None


def retry_at(attempts: int, *, now: datetime) -> datetime | None:
    """Return when a message that failed so many times is tried again, None when it is dead."""
    return now + RETRIES[attempts - 1] if attempts <= len(RETRIES) else None


def reaches(least: Priority, priority: Priority) -> bool:
    """Say whether an alarm is loud enough for a channel.

    >>> reaches(Priority.P2, Priority.P1), reaches(Priority.P2, Priority.P3)
    (True, False)
    """
    return list(Priority).index(priority) <= list(Priority).index(least)


def _is_due(
    alarm: int, raised: Mapping[int, Sequence[datetime]], last: Mapping[int, datetime], *, now: datetime
) -> bool:
    if not is_chattering(raised.get(alarm, ()), now=now):
        return True
    return alarm not in last or now - last[alarm] >= timedelta(hours=1)
