"""When a gate could open, said from how its evidence came so far."""

from dataclasses import replace
from datetime import date

import pytest

from inspection.rules.ladder import GATES, Evidence, judge
from inspection.rules.words import Level
from review.rules import pace
from tests.inspection.test_ladder import GOOD

TODAY = date(2026, 3, 2)


def expected(**changes):
    evidence = replace(GOOD, **changes)
    return pace.earliest(judge(GATES[Level.ASSIST], evidence), days=evidence.days, today=TODAY)


def test_days_that_are_missing_are_waited_for():
    assert expected(days=3) == date(2026, 3, 4)


def test_parts_that_are_missing_come_as_they_came():
    # 100 in 5 days, 100 more are asked for.
    assert expected(parts=100, days=5) == date(2026, 3, 7)


def test_the_slowest_of_all_that_is_missing_says_when():
    assert expected(parts=100, days=4) == date(2026, 3, 6)
    assert expected(parts=20, days=4) == date(2026, 4, 7)


@pytest.mark.parametrize("changes", [{}, {"holds": 1}, {"parts": 100, "freezes": 1}, {"parts": 0}])
def test_nothing_is_promised_where_it_is_open_or_waits_for_a_person_or_has_not_begun(changes):
    assert expected(**changes) is None


def test_a_stream_that_is_short_comes_as_it_came():
    short = expected(streams=GOOD.streams | {"agreement": (40, 0)}, days=5)
    # 88 in a row open it: 48 more, eight a day.
    assert short == date(2026, 3, 8)


@pytest.mark.parametrize(
    ("agreement", "is_never"), [((180, 20), True), ((190, 10), True), ((96, 4), False), ((0, 0), False)]
)
def test_a_rate_at_or_below_its_limit_names_the_stream_instead_of_a_day(agreement, is_never):
    judgement = judge(GATES[Level.ASSIST], replace(GOOD, streams=GOOD.streams | {"agreement": agreement}, days=5))
    assert [check.stream for check in pace.never(judgement)] == ["agreement"] * is_never
    if is_never:
        assert pace.earliest(judgement, days=5, today=TODAY) is None


def test_known_defects_missed_too_often_open_no_gate_by_waiting():
    judgement = judge(GATES[Level.PARTIAL], replace(GOOD, bank=(18, 2), days=3))
    assert [check.stream for check in pace.never(judgement)] == ["policy_detection"]


def test_nothing_counted_says_nothing():
    assert pace.earliest(judge(GATES[Level.ASSIST], Evidence()), days=0, today=TODAY) is None
