from datetime import UTC, datetime
from random import Random

import pytest

from edge.schedule import (
    LONGEST_BACKOFF,
    answer_wait,
    backoff,
    due_at,
    pause_after_poll,
    pause_before_retry,
    retry_after,
)

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(("attempt", "ceiling"), [(0, 0.5), (1, 1.0), (3, 4.0), (6, 30.0), (1000, 30.0)])
def test_a_backoff_doubles_up_to_half_a_minute_and_loses_at_most_half_to_jitter(attempt, ceiling):
    pauses = [backoff(attempt, Random(seed)) for seed in range(200)]
    assert ceiling / 2 <= min(pauses) <= max(pauses) <= ceiling <= LONGEST_BACKOFF
    assert len(set(pauses)) > 100


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("7", 7.0),
        ("0", 0.0),
        ("86400", 300.0),
        ("Mon, 02 Mar 2026 12:00:30 GMT", 30.0),
        ("Mon, 02 Mar 2026 11:00:00 GMT", 0.0),
        ("-5", None),
        ("soon", None),
        ("٣", None),
        ("", None),
    ],
)
def test_retry_after_is_read_as_seconds_or_a_date_and_bounded(header, seconds):
    assert retry_after({"Retry-After": header}, NOON) == seconds


def test_no_retry_after_header_asks_for_nothing():
    assert retry_after({}, NOON) is None


def test_a_short_retry_after_does_not_undo_the_backoff():
    assert pause_before_retry(0.1, 6, Random(1)) >= 15.0


@pytest.mark.parametrize(
    ("level", "others_waiting", "wait"),
    [
        ("partial", False, 1.5),
        ("full", False, 1.5),
        ("full", True, 0.0),
        ("shadow", False, 0.0),
        ("human", False, 0.0),
        (None, False, 0.0),
    ],
)
def test_a_post_waits_only_where_the_model_answers_and_nothing_is_kept_back(level, others_waiting, wait):
    assert answer_wait(1.5, others_waiting=others_waiting, level=level) == wait


def test_full_pages_of_dispositions_are_read_without_a_pause():
    assert pause_after_poll(0.01, empty=False) == 0.0


def test_a_late_part_does_not_push_back_the_next():
    assert [due_at(10.0, number, 120.0) for number in range(3)] == [10.0, 10.5, 11.0]
