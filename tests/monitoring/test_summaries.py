"""A window's summary: merged from parts it says what the whole would have said."""

import numpy as np
import pytest

from monitoring.rules.metrics import METRICS, days_left
from monitoring.rules.summaries import Summary, merged, packed, unpacked


def summary(*values: float) -> Summary:
    whole = Summary()
    for value in values:
        whole.add(value, spread=True)
    return whole


def test_parts_that_are_merged_say_what_the_whole_says():
    values = list(np.random.default_rng(3).gamma(2.0, 50.0, 3_000))
    whole = summary(*values)
    parts = merged(summary(*values[n : n + 500]) for n in range(0, 3_000, 500))
    assert (parts.n, parts.low, parts.high, parts.last) == (whole.n, whole.low, whole.high, whole.last)
    assert parts.quantile(0.95) == whole.quantile(0.95)


def test_a_quantile_lies_within_one_percent_of_the_sorted_values():
    values = np.random.default_rng(4).lognormal(4, 1, 5_000)
    for share in (0.5, 0.95, 0.99):
        assert summary(*values).quantile(share) == pytest.approx(np.quantile(values, share), rel=0.011)


def test_merging_leaves_the_parts_as_they_were():
    first, second = summary(1.0, 2.0), summary(3.0)
    merged((first, second))
    assert (first.n, second.n) == (2, 1)
    assert first.quantile(1.0) == pytest.approx(2.0, rel=0.01)


def test_an_empty_part_changes_nothing():
    assert merged((Summary(), summary(-4.0, 2.0), Summary())).low == -4.0
    assert merged(()).mean == 0.0


def test_a_kept_sketch_says_the_same_and_is_small():
    whole = summary(*np.random.default_rng(5).normal(130, 8, 360))
    kept = packed(whole.sketch)
    again = Summary(whole.n, whole.total, whole.low, whole.high, whole.last, unpacked(kept))
    assert again.quantile(0.5) == pytest.approx(whole.quantile(0.5))
    assert len(kept) < 400


def test_shares_keep_no_sketch():
    share = Summary()
    for value in (0.0, 1.0, 0.0, 0.0):
        share.add(value, spread=False)
    assert (share.mean, packed(share.sketch), share.quantile(0.95)) == (0.25, None, 0.25)


@pytest.mark.parametrize(("before", "now", "days"), [(0.5, 0.4, 4.0), (0.4, 0.4, None), (0.4, 0.5, None)])
def test_days_of_disk_left(before, now, days):
    assert days_left(before, now, elapsed_s=86400.0) == (None if days is None else pytest.approx(days))


def test_metric_names_are_distinct():
    assert len({metric.name for metric in METRICS}) == len(METRICS)
