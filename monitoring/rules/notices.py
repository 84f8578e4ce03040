"""When people are told of alarms, so that a flood is one message and a flapping alarm does not ring all night."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import datetime, timedelta

from inspection.rules.words import Priority
from monitoring.rules.alarms import FLOOD_WITHIN, Event, State, is_chattering, is_flood

URGENT_MAX, URGENT_WITHIN = 2, timedelta(minutes=1)
ENDS_WITHIN = timedelta(minutes=1)
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
    urgent: Set[int],
    urgent_told: Sequence[datetime],
    last_digest_at: Mapping[int, datetime],
    last_flood_at: datetime | None,
    now: datetime,
) -> Letter | None:
    """Return what to tell now, None for nothing yet.

    `raised` holds when each alarm was raised within the last hour. In a flood there is one message in ten minutes
    with all that came since; an alarm that flaps is told once an hour (`last_digest_at`). What is `urgent` waits for
    no flood to end: it goes at once, with all that waits, unless two such messages went within the last minute
    (`urgent_told`). So nothing urgent waits longer than that minute, and a minute of nothing else is three messages.
    """
    due = tuple(alarm for alarm in untold if _is_due(alarm, raised, last_digest_at, now=now))
    moments = [moment for of_alarm in raised.values() for moment in of_alarm]
    if not is_flood(moments, now=now):
        return Letter(due) if due else None
    is_over = last_flood_at is None or now - last_flood_at >= FLOOD_WITHIN
    breaks_in = not urgent.isdisjoint(due) and _may_break_in(urgent_told, now=now)
    return Letter(tuple(untold), is_flood=True) if untold and (is_over or breaks_in) else None


def may_tell_ends(raised: Mapping[int, Sequence[datetime]], *, last_at: datetime | None, now: datetime) -> bool:
    """Say whether a message may go that tells ends alone: in no flood, and a minute after the last message.

    >>> may_tell_ends({}, last_at=None, now=datetime(2026, 1, 1))
    True
    """
    is_calm = not is_flood([moment for of_alarm in raised.values() for moment in of_alarm], now=now)
    return is_calm and (last_at is None or now - last_at >= ENDS_WITHIN)


def standing_raises(changes: Iterable[tuple[int, Event, State, datetime]]) -> dict[int, list[datetime]]:
    """Return by alarm when it was raised and asked for somebody, of changes in order of time.

    What is aside when it is raised asks nobody, nor does what another alarm is then found to explain.
    """
    found: dict[int, list[datetime]] = defaultdict(list)
    for alarm, event, state, at in changes:
        if event == Event.RAISED and not state.is_aside:
            found[alarm].append(at)
        elif event == Event.SUPPRESSED:
            found[alarm] = found[alarm][:-1]
    return dict(found)


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


def _may_break_in(told: Sequence[datetime], *, now: datetime) -> bool:
    return sum(now - moment < URGENT_WITHIN for moment in told) < URGENT_MAX
