"""A station's rate: a bucket in its row, shared by all processes."""

from datetime import timedelta

import pytest

from inspection import rates
from inspection.models import Station
from inspection.rates import RateExceeded
from tests.builders import NOON, make_line, make_station
from tests.inspection.doors import assert_refused
from tests.inspection.making import make_device

pytestmark = pytest.mark.django_db


def station(**fields) -> Station:
    return make_station(make_line(), **{"rate_per_s": 2.0, "burst": 5, **fields})


def taken(one: Station, *, after: float, tries: int) -> int:
    """Return how many of so many requests, sent at one moment, are taken."""
    count = 0
    for _ in range(tries):
        try:
            rates.take(Station.objects.get(pk=one.pk), now=NOON + timedelta(seconds=after))
        except RateExceeded:
            continue
        count += 1
    return count


def test_a_full_bucket_gives_one_burst():
    assert taken(station(), after=0, tries=20) == 5


@pytest.mark.parametrize(("pause", "refilled"), [(0.4, 0), (0.5, 1), (1.0, 2), (2.2, 4), (2.5, 5), (3600, 5)])
def test_the_bucket_fills_at_the_rate_and_never_beyond_the_burst(pause, refilled):
    one = station()
    taken(one, after=0, tries=5)
    assert taken(one, after=pause, tries=20) == refilled


def test_a_steady_sender_below_its_rate_is_never_refused():
    one = station(burst=1)
    assert all(taken(one, after=0.5 * n, tries=1) for n in range(50))


def test_over_a_minute_no_more_than_rate_and_burst_are_taken():
    one = station()
    assert sum(taken(one, after=0.1 * n, tries=1) for n in range(600)) == 2 * 60 + 5 - 1


@pytest.mark.parametrize(("rate", "seconds"), [(2.0, 1), (0.2, 5), (0.01, 100)])
def test_the_wait_that_is_told_is_long_enough(rate, seconds):
    one = station(rate_per_s=rate, burst=1)
    rates.take(one, now=NOON)
    with pytest.raises(RateExceeded) as refused:
        rates.take(one, now=NOON)
    assert refused.value.retry_after_s == seconds
    assert taken(one, after=seconds, tries=1) == 1


def test_a_clock_that_is_set_back_an_hour_does_not_lock_the_station_out():
    one = station()
    taken(one, after=3600, tries=5)
    assert taken(one, after=0, tries=20) == 1
    assert taken(one, after=2.5, tries=20) == 5


def test_two_clocks_that_differ_a_little_give_no_more_than_one():
    one = station()
    taken(one, after=2, tries=5)
    assert taken(one, after=0, tries=20) == 0


def test_taking_is_one_statement_and_notes_that_the_station_was_heard(django_assert_num_queries):
    one = station()
    with django_assert_num_queries(1):
        rates.take(one, now=NOON)
    assert Station.objects.get().last_seen_at == NOON


def test_a65_t28_a_station_over_its_rate_is_told_when_to_come_again_and_others_are_not_slowed():
    line = make_line()
    fast, slow = make_device(line, burst=2, rate_per_s=0.1), make_device(line, "st-02")
    answers = [fast.post(serial=f"A-{n}") for n in range(3)]
    assert [answer.status_code for answer in answers] == [202, 202, 429]
    assert_refused(answers[2], 429, "rate-limited", kept=2)
    assert 1 <= int(answers[2].headers["Retry-After"]) <= 10
    assert slow.post(serial="B-1").status_code == 202
