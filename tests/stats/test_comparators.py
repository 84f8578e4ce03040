"""The methods that the statistics are measured against, each against its own definition."""

from math import lgamma, log

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.comparators import hoeffding_bentkus_p, robbins_interval, sprt


def test_the_sprt_is_walds():
    found = sprt(0.9, 0.95, 0.01, 0.2)
    assert found[:4] == pytest.approx((log(80), log(0.2 / 0.99), log(0.95 / 0.9), log(0.5)))
    drift = 0.9 * found.success + 0.1 * found.failure
    assert found.asn_p0 == pytest.approx((0.01 * found.log_a + 0.99 * found.log_b) / drift)


@given(st.integers(0, 400), st.integers(0, 400), st.sampled_from([0.05, 0.01]))
def test_the_robbins_limits_lie_where_the_mixture_reaches_one_over_alpha(s, f, alpha):
    low, high = robbins_interval(s, f, alpha)
    for limit in (low, high):
        if 0 < limit < 1:
            evidence = lgamma(s + 1) + lgamma(f + 1) - lgamma(s + f + 2) - s * log(limit) - f * log(1 - limit)
            assert evidence == pytest.approx(-log(alpha), abs=1e-6)
    assert (low == 0) == (s == 0 or low == 0.0)
    assert low <= (s / (s + f) if s + f else 0.5) <= high
    assert robbins_interval(f, s, alpha) == pytest.approx((1 - high, 1 - low), abs=1e-9)


def test_one_kind_alone_leaves_one_end_open():
    assert robbins_interval(0, 0) == (0.0, 1.0)
    assert robbins_interval(50, 0).high == 1.0
    assert robbins_interval(0, 50).low == 0.0


def test_a_p_value_never_exceeds_one():
    assert hoeffding_bentkus_p(9, 10, 0.01) == 1.0
