"""The life of an alarm by ISA-18.2: raised after a delay, cleared behind a deadband, acknowledged, shelved, suppressed.

Every function takes where an alarm stands and returns where it stands then, with what happened; None for nothing.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from inspection.rules.words import Priority

SHELF_MAX = {Priority.P1: timedelta(minutes=30), Priority.P2: timedelta(hours=8), Priority.P3: timedelta(hours=8)}
FLAP_MORE_THAN, FLAP_WITHIN = 4, timedelta(hours=1)
FLOOD_MORE_THAN, FLOOD_WITHIN = 10, timedelta(minutes=10)
STALE_AFTER = timedelta(hours=24)
# What one person can take in, by EEMUA 191: under one in ten minutes.
AN_HOUR_AT_MOST = 6
LOUDEST = 10


class State(StrEnum):
    """Where an alarm stands. `returned` is no longer true, but nobody has seen that it was."""

    NORMAL = "normal"
    UNACKNOWLEDGED = "unacknowledged"
    ACKNOWLEDGED = "acknowledged"
    RETURNED = "returned"
    SHELVED = "shelved"
    SUPPRESSED = "suppressed"
    OUT_OF_SERVICE = "out_of_service"

    @property
    def is_aside(self) -> bool:
        """Whether it asks nobody for anything just now."""
        return self in (State.SHELVED, State.SUPPRESSED, State.OUT_OF_SERVICE)


class Event(StrEnum):
    RAISED = "raised"
    CLEARED = "cleared"
    ACKNOWLEDGED = "acknowledged"
    SHELVED = "shelved"
    UNSHELVED = "unshelved"
    SUPPRESSED = "suppressed"
    RELEASED = "released"
    RETIRED = "retired"
    RESTORED = "restored"
    FOUND_REAL = "found_real"
    FOUND_FALSE = "found_false"


class NotPossible(Exception):
    """The alarm does not stand where this can be done."""


@dataclass(frozen=True, kw_only=True)
class Limits:
    """Where an alarm comes and where it goes. Between the two it stays as it is: that is the deadband."""

    raise_at: float
    clear_at: float
    is_above: bool = True
    on_delay_s: float = 60.0
    off_delay_s: float = 120.0

    def __post_init__(self) -> None:
        if self.is_above and self.clear_at > self.raise_at:
            raise ValueError(f"clear_at {self.clear_at} must not be above raise_at {self.raise_at}.")
        if not self.is_above and self.clear_at < self.raise_at:
            raise ValueError(f"clear_at {self.clear_at} must not be below raise_at {self.raise_at}.")

    def is_beyond(self, value: float, *, is_on: bool) -> bool:
        """Say whether a value speaks for the alarm, given whether it is on."""
        limit = self.clear_at if is_on else self.raise_at
        return value > limit if self.is_above else value < limit


@dataclass(frozen=True, kw_only=True)
class Standing:
    """Where an alarm stands. `is_on` is the condition behind its delays, whatever people did about it."""

    state: State = State.NORMAL
    is_on: bool = False
    crossing_since: datetime | None = None
    shelved_until: datetime | None = None
    is_one_shot: bool = False


@dataclass(frozen=True)
class Moved:
    standing: Standing
    event: Event | None = None


def measured(limits: Limits, standing: Standing, value: float | None, *, at: datetime) -> Moved:
    """Take in a value. Without one an alarm that is on stays on: not knowing is no good news."""
    if value is None or limits.is_beyond(value, is_on=standing.is_on) == standing.is_on:
        return Moved(replace(standing, crossing_since=None))
    since = standing.crossing_since or at
    delay = limits.off_delay_s if standing.is_on else limits.on_delay_s
    if (at - since).total_seconds() < delay:
        return Moved(replace(standing, crossing_since=since))
    settled = replace(standing, is_on=not standing.is_on, crossing_since=None)
    return _off(settled) if standing.is_on else _on(settled)


def acknowledge(standing: Standing) -> Moved:
    """Somebody has seen it. Raises NotPossible where there is nothing to see."""
    if standing.state not in (State.UNACKNOWLEDGED, State.RETURNED):
        raise NotPossible(f"An alarm that is {standing.state.value} cannot be acknowledged.")
    state = State.ACKNOWLEDGED if standing.is_on else State.NORMAL
    return Moved(replace(standing, state=state), Event.ACKNOWLEDGED)


def shelve(standing: Standing, *, until: datetime, at: datetime, priority: Priority, one_shot: bool = False) -> Moved:
    """Put it aside for a while, one-shot until it clears. Raises NotPossible for too long or where it is aside."""
    if standing.state.is_aside or standing.state == State.NORMAL:
        raise NotPossible(f"An alarm that is {standing.state.value} cannot be shelved.")
    if not timedelta(0) < until - at <= SHELF_MAX[priority]:
        raise NotPossible(f"{priority.value} is shelved for at most {SHELF_MAX[priority]}.")
    aside = replace(standing, state=State.SHELVED, shelved_until=until, is_one_shot=one_shot)
    return Moved(aside, Event.SHELVED)


def unshelve(standing: Standing) -> Moved:
    """Take it back from the shelf."""
    if standing.state != State.SHELVED:
        raise NotPossible(f"An alarm that is {standing.state.value} is not on the shelf.")
    return _back(standing, Event.UNSHELVED)


def expired(standing: Standing, *, at: datetime) -> Moved:
    """Take it back where its time on the shelf is over."""
    if standing.state == State.SHELVED and standing.shelved_until is not None and at >= standing.shelved_until:
        return _back(standing, Event.UNSHELVED)
    return Moved(standing)


def suppressed(standing: Standing, *, by_cause: bool) -> Moved:
    """Put it aside while the alarm that causes it is on, and take it back afterwards. What people did goes first."""
    if by_cause and standing.is_on and standing.state in (State.UNACKNOWLEDGED, State.ACKNOWLEDGED):
        return Moved(replace(standing, state=State.SUPPRESSED), Event.SUPPRESSED)
    if standing.state == State.SUPPRESSED and not (by_cause and standing.is_on):
        return _back(standing, Event.RELEASED)
    return Moved(standing)


def retire(standing: Standing) -> Moved:
    """Take it out of service: an administrator answers for that."""
    if standing.state == State.OUT_OF_SERVICE:
        raise NotPossible("The alarm is out of service already.")
    return Moved(replace(standing, state=State.OUT_OF_SERVICE), Event.RETIRED)


def restore(standing: Standing) -> Moved:
    """Put it back into service."""
    if standing.state != State.OUT_OF_SERVICE:
        raise NotPossible("The alarm is in service.")
    return _back(standing, Event.RESTORED)


def is_chattering(raised: Sequence[datetime], *, now: datetime) -> bool:
    """Say whether an alarm comes and goes too often for a notice each time."""
    return sum(now - moment <= FLAP_WITHIN for moment in raised) > FLAP_MORE_THAN


def is_flood(raised: Sequence[datetime], *, now: datetime) -> bool:
    """Say whether more alarms come than a person can take in one by one."""
    return sum(now - moment <= FLOOD_WITHIN for moment in raised) > FLOOD_MORE_THAN


def share_in_flood(raised: Sequence[datetime]) -> float | None:
    """Return which share of the raises came in a flood; None without any.

    >>> at = datetime(2026, 1, 1)
    >>> share_in_flood([at + timedelta(seconds=n) for n in range(11)] + [at + timedelta(hours=1)])
    0.9166666666666666
    """
    moments, flooded = sorted(raised), set[int]()
    for first in range(len(moments) - FLOOD_MORE_THAN):
        if moments[first + FLOOD_MORE_THAN] - moments[first] <= FLOOD_WITHIN:
            flooded.update(range(first, first + FLOOD_MORE_THAN + 1))
    return len(flooded) / len(moments) if moments else None


def share_of_loudest(sources: Sequence[object], *, loudest: int = LOUDEST) -> float | None:
    """Return which share of the raises came from the few sources that raise most often; None without any.

    >>> share_of_loudest(["lamp"] * 3 + ["lens"], loudest=1)
    0.75
    """
    counted = Counter(sources).most_common(loudest)
    return sum(times for _, times in counted) / len(sources) if sources else None


def _on(standing: Standing) -> Moved:
    if standing.state.is_aside:
        return Moved(standing, Event.RAISED)
    return Moved(replace(standing, state=State.UNACKNOWLEDGED), Event.RAISED)


def _off(standing: Standing) -> Moved:
    if standing.state == State.SHELVED and standing.is_one_shot:
        standing = replace(standing, state=State.NORMAL, shelved_until=None, is_one_shot=False)
    elif standing.state == State.UNACKNOWLEDGED:
        standing = replace(standing, state=State.RETURNED)
    elif standing.state in (State.ACKNOWLEDGED, State.SUPPRESSED):
        standing = replace(standing, state=State.NORMAL)
    return Moved(standing, Event.CLEARED)


def _back(standing: Standing, event: Event) -> Moved:
    state = State.UNACKNOWLEDGED if standing.is_on else State.NORMAL
    return Moved(replace(standing, state=state, shelved_until=None, is_one_shot=False), event)
