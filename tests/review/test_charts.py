"""Charts as geometry: nothing stands on anything else, and nothing is cut in silence."""

from itertools import pairwise

import pytest

from review import boards
from review.charts import LABEL_GAP, TOP, Point, apart, band_chart


@pytest.mark.parametrize(
    ("wanted", "places"),
    [
        ([10, 60, 120], [10, 60, 120]),
        ([50, 50], [41, 59]),
        ([58, 50], [63, 45]),
        ([50, 52, 90], [42, 60, 90]),
        ([50, 60, 70], [42, 60, 78]),
    ],
)
def test_words_keep_their_distance_and_their_order(wanted, places):
    assert apart(wanted, LABEL_GAP) == pytest.approx(places)


@pytest.mark.parametrize(("value", "low"), [(0.94, 0.936), (0.99, 0.973), (1.0, 0.999), (0.951, 0.949), (0.97, None)])
def test_the_words_at_the_end_stand_in_the_order_of_what_they_say(value, low):
    chart = band_chart([Point("11-22", value, low, 1.0)], target=0.95, floor=0.8)
    said = {"value": value, "target": 0.95} | ({} if low is None else {"low": low})
    places = [chart.labels[name] for name in sorted(said, key=said.__getitem__, reverse=True)]

    assert places == sorted(places)
    assert all(below - above >= LABEL_GAP for above, below in pairwise(places))
    assert places[0] >= TOP


@pytest.mark.parametrize(
    ("highs", "end"), [((0.178, 0.033), 0.25), ((0.41, 0.02), 0.5), ((0.02, 0.7), 1.0), ((None, None), 0.25)]
)
def test_an_axis_ends_beyond_every_interval(highs, end):
    assert boards.axis_end(*highs) == end
