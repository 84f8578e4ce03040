"""Intervals against scipy and statsmodels."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest
from statsmodels.stats.contingency_tables import mcnemar
from statsmodels.stats.proportion import (
    confint_proportions_2indep,
    proportion_confint,
    samplesize_proportions_2indep_onetail,
)

from stats.proportions import clopper_pearson, cp_lower, cp_upper, mcnemar_exact, n_per_arm, newcombe, wilson


@st.composite
def counted(draw):
    n = draw(st.integers(1, 3_000))
    return draw(st.integers(0, n)), n


@given(counted(), st.sampled_from([0.05, 0.01]))
def test_clopper_pearson_agrees_with_scipy(kn, alpha):
    expected = binomtest(*kn).proportion_ci(1 - alpha, "exact")
    assert clopper_pearson(*kn, alpha) == pytest.approx((expected.low, expected.high), abs=1e-9)
    assert clopper_pearson(*kn) == clopper_pearson(*kn, 0.05)


@given(counted(), st.floats(0.001, 0.4))
def test_one_sided_bounds_leave_delta_in_the_tail(kn, delta):
    k, n = kn
    low, high = cp_lower(k, n, delta), cp_upper(k, n, delta)
    assert binomtest(k, n, low, "greater").pvalue == pytest.approx(delta if k else 1.0, rel=1e-6)
    assert binomtest(k, n, high, "less").pvalue == pytest.approx(delta if k < n else 1.0, rel=1e-6)


@given(counted())
def test_wilson_agrees_with_statsmodels_and_contains_what_was_seen(kn):
    k, n = kn
    low, high = wilson(k, n)
    assert (low, high) == pytest.approx(proportion_confint(k, n, 0.05, "wilson"), abs=1e-9)
    assert low <= k / n <= high
    assert wilson(n - k, n) == pytest.approx((1 - high, 1 - low), abs=1e-12)


@pytest.mark.parametrize("interval", [wilson, clopper_pearson])
def test_the_ends_are_exact(interval):
    assert interval(0, 0) == (0.0, 1.0)
    assert interval(0, 7).low == 0.0
    assert interval(7, 7).high == 1.0


def test_the_bounds_of_nothing_are_the_whole_range():
    assert (cp_lower(0, 0, 0.05), cp_upper(0, 0, 0.05)) == (0.0, 1.0)


@given(counted(), counted())
def test_newcombe_agrees_with_statsmodels(one, other):
    found = newcombe(*one, *other)
    assert (found.low, found.high) == pytest.approx(
        confint_proportions_2indep(*one, *other, method="newcomb"), abs=1e-9
    )
    assert found.diff == one[0] / one[1] - other[0] / other[1]


@given(counted(), counted())
def test_swapping_the_arms_turns_the_difference_round(one, other):
    there, back = newcombe(*one, *other), newcombe(*other, *one)
    assert (back.low, back.high) == pytest.approx((-there.high, -there.low), abs=1e-12)


@given(st.integers(0, 200), st.integers(0, 200))
def test_mcnemar_agrees_with_statsmodels(b, c):
    expected = mcnemar([[0, b], [c, 0]], exact=True).pvalue if b + c else 1.0
    assert mcnemar_exact(b, c) == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize(
    ("p1", "p2", "items"),
    [(0.05, 0.10, 435), (0.05, 0.15, 141), (0.10, 0.15, 686), (0.10, 0.20, 199), (0.20, 0.30, 294), (0.20, 0.40, 82)],
)
def test_items_per_arm(p1, p2, items):
    assert n_per_arm(p1, p2) == n_per_arm(p2, p1) == items


def test_items_per_arm_agree_with_statsmodels():
    for power in (0.8, 0.95):
        expected = samplesize_proportions_2indep_onetail(-0.08, 0.2, power, alpha=0.005, alternative="smaller")
        assert n_per_arm(0.12, 0.20, 0.01, power) == pytest.approx(expected, abs=1.5)


def test_numpy_counts_are_counts():
    assert wilson(np.int64(3), np.int64(9)) == wilson(3, 9)
