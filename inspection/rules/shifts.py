"""Which shift a moment belongs to, on the line's own clock."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

Pattern = Sequence[Mapping[str, str]]


class UnreadableClock(ValueError):
    """The zone is unknown, or the pattern names no shifts with a start each."""


@dataclass(frozen=True)
class ShiftInstance:
    """One shift on one day: the local date on which it began, and its name."""

    date: date
    name: str

    def __str__(self) -> str:
        return f"{self.date.isoformat()}/{self.name}"


def shift_of(pattern: Pattern, time_zone: str, moment: datetime) -> ShiftInstance:
    """Return the shift instance that was running at a moment.

    A shift runs from its start to the next start of the pattern, over midnight and over a clock change:
    on a day of 23 or 25 hours one shift is an hour shorter or longer, and none is counted twice. A start
    that the clock skips is taken as the moment of the skip would have it; one that comes twice counts the first time.
    Raises UnreadableClock for an unknown zone, a pattern without shifts and a start that is no HH:MM, and ValueError
    for a moment without a zone.

    >>> str(shift_of([{"name": "A", "start": "06:00"}], "Asia/Seoul", datetime(2026, 11, 23, 20, tzinfo=UTC)))
    '2026-11-23/A'
    """
    _, day, name = _running(pattern, time_zone, moment)
    return ShiftInstance(day, name)


def began(pattern: Pattern, time_zone: str, moment: datetime) -> datetime:
    """Return when the shift that was running at a moment began. Raises what `shift_of` raises.

    >>> began([{"name": "A", "start": "06:00"}], "Asia/Seoul", datetime(2026, 11, 23, 20, tzinfo=UTC)).isoformat()
    '2026-11-22T21:00:00+00:00'
    """
    return _running(pattern, time_zone, moment)[0]


def _running(pattern: Pattern, time_zone: str, moment: datetime) -> tuple[datetime, date, str]:
    """Return start, local date and name of the shift that was running."""
    if moment.tzinfo is None:
        raise ValueError(f"The moment {moment} has no time zone.")
    zone = zone_of(time_zone)
    today = moment.astimezone(zone).date()
    return max(start for start in _starts(starts_of(pattern), zone, around=today) if start[0] <= moment)


def zone_of(name: str) -> ZoneInfo:
    """Return the zone of a name. Raises UnreadableClock."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise UnreadableClock(f"There is no time zone {name!r}, name one like Asia/Seoul.") from error


def starts_of(pattern: Pattern) -> list[tuple[time, str]]:
    """Return start and name of each shift. Raises UnreadableClock.

    >>> starts_of([{"name": "A", "start": "06:00"}])
    [(datetime.time(6, 0), 'A')]
    """
    try:
        starts = [(time.fromisoformat(shift["start"]), str(shift["name"])) for shift in pattern]
    except (KeyError, TypeError, ValueError) as error:
        raise UnreadableClock(f"The shift pattern {pattern!r} is no list of names and starts like 06:00.") from error
    if not starts:
        raise UnreadableClock("The shift pattern is empty, name at least one shift.")
    return starts


def _starts(
    starts: Iterable[tuple[time, str]], zone: ZoneInfo, *, around: date
) -> Iterable[tuple[datetime, date, str]]:
    for day in (around - timedelta(days=1), around):
        for start, name in starts:
            yield datetime.combine(day, start, tzinfo=zone).astimezone(UTC), day, name
