"""Shifts: which instance was running, also where the clock jumps."""

from collections import Counter
from datetime import UTC, date, datetime, timedelta, timezone

import pytest

from inspection.models.line import DAY_IN_THREE_SHIFTS
from inspection.rules.shifts import ShiftInstance, shift_of

NIGHTS = [{"name": "day", "start": "02:30"}, {"name": "night", "start": "14:30"}]


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("zone", "moment", "instance"),
    [
        ("UTC", "2026-11-23 06:00", "2026-11-23/A"),
        ("UTC", "2026-11-23 05:59:59.999999", "2026-11-22/C"),
        ("UTC", "2026-11-23 13:59", "2026-11-23/A"),
        ("UTC", "2026-11-23 14:00", "2026-11-23/B"),
        ("UTC", "2026-11-23 22:00", "2026-11-23/C"),
        ("UTC", "2026-11-24 00:00", "2026-11-23/C"),
        ("Asia/Seoul", "2026-11-22 21:00", "2026-11-23/A"),
        ("Asia/Seoul", "2026-11-22 20:59", "2026-11-22/C"),
        ("America/Los_Angeles", "2026-11-23 06:00", "2026-11-22/C"),
        # Berlin, clocks forward on 29 March: the night shift lasts seven hours.
        ("Europe/Berlin", "2026-03-28 21:00", "2026-03-28/C"),
        ("Europe/Berlin", "2026-03-29 03:59", "2026-03-28/C"),
        ("Europe/Berlin", "2026-03-29 04:00", "2026-03-29/A"),
        # Berlin, clocks back on 25 October: the night shift lasts nine hours.
        ("Europe/Berlin", "2026-10-24 20:00", "2026-10-24/C"),
        ("Europe/Berlin", "2026-10-25 04:59", "2026-10-24/C"),
        ("Europe/Berlin", "2026-10-25 05:00", "2026-10-25/A"),
    ],
)
def test_three_shifts(zone, moment, instance):
    assert str(shift_of(DAY_IN_THREE_SHIFTS, zone, utc(moment))) == instance


@pytest.mark.parametrize(
    ("moment", "instance"),
    [
        # 02:30 is skipped on 29 March: the shift begins when it would have, at 01:30 UTC.
        ("2026-03-29 01:29", "2026-03-28/night"),
        ("2026-03-29 01:30", "2026-03-29/day"),
        # 02:30 comes twice on 25 October: the shift begins the first time, at 00:30 UTC, and once.
        ("2026-10-25 00:29", "2026-10-24/night"),
        ("2026-10-25 00:30", "2026-10-25/day"),
        ("2026-10-25 01:30", "2026-10-25/day"),
    ],
)
def test_a_start_that_the_clock_skips_or_repeats(moment, instance):
    assert str(shift_of(NIGHTS, "Europe/Berlin", utc(moment))) == instance


@pytest.mark.parametrize(("day", "hours"), [(date(2026, 3, 28), 23), (date(2026, 10, 24), 25), (date(2026, 6, 1), 24)])
def test_three_shifts_fill_a_day_of_any_length(day, hours):
    minutes = Counter(
        shift_of(DAY_IN_THREE_SHIFTS, "Europe/Berlin", utc(f"{day}") + timedelta(minutes=m)) for m in range(3 * 1440)
    )
    filled = [count for instance, count in minutes.items() if instance.date == day]
    assert (len(filled), sum(filled)) == (3, hours * 60)


def test_one_shift_lasts_from_start_to_start():
    one = [{"name": "all", "start": "06:00"}]
    assert shift_of(one, "UTC", utc("2026-11-23 05:00")) == ShiftInstance(date(2026, 11, 22), "all")


def test_the_order_of_the_pattern_does_not_matter():
    backwards = list(reversed(DAY_IN_THREE_SHIFTS))
    moments = [utc("2026-11-23 00:00") + timedelta(hours=hour) for hour in range(48)]
    assert [shift_of(backwards, "UTC", m) for m in moments] == [
        shift_of(DAY_IN_THREE_SHIFTS, "UTC", m) for m in moments
    ]


def test_the_zone_in_which_the_moment_is_told_does_not_matter():
    there = datetime(2026, 11, 23, 15, 0, tzinfo=timezone(timedelta(hours=9)))
    assert shift_of(DAY_IN_THREE_SHIFTS, "UTC", there) == shift_of(DAY_IN_THREE_SHIFTS, "UTC", there.astimezone(UTC))


@pytest.mark.parametrize(
    ("pattern", "moment"),
    [
        ([], utc("2026-11-23 00:00")),
        (DAY_IN_THREE_SHIFTS, datetime(2026, 11, 23)),
        ([{"name": "A", "start": "noon"}], utc("2026-11-23 00:00")),
    ],
)
def test_what_names_no_shift_is_refused(pattern, moment):
    with pytest.raises(ValueError):
        shift_of(pattern, "UTC", moment)
