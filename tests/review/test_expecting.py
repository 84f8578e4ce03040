"""When the next image usually comes is said only where the line runs as it did."""

from datetime import timedelta

import pytest

from review.rules.expecting import minutes_to_next
from tests.builders import NOON


def came(*intervals_s):
    """Moments newest first, so many seconds apart; the newest is noon."""
    moments = [NOON]
    for interval in intervals_s:
        moments.append(moments[-1] - timedelta(seconds=interval))
    return moments


@pytest.mark.parametrize(
    ("intervals_s", "minutes"),
    [
        ([1] * 5, 1),
        ([60] * 5, 1),
        ([61] * 5, 2),
        ([10, 10, 10, 200, 10], 1),
        ([10, 10, 200, 200, 10], 4),
        ([60] * 4, None),
        ([], None),
    ],
)
def test_it_is_what_four_of_five_intervals_held(intervals_s, minutes):
    assert minutes_to_next(came(*intervals_s), now=NOON) == minutes


def test_a_line_that_is_silent_for_longer_than_ever_promises_nothing():
    moments = came(60, 60, 60, 60, 90)
    assert minutes_to_next(moments, now=NOON + timedelta(seconds=90)) == 1
    assert minutes_to_next(moments, now=NOON + timedelta(seconds=91)) is None


def test_nothing_came_nothing_is_promised():
    assert minutes_to_next([], now=NOON) is None
