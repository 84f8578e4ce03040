"""The e-process against its definition, an arbitrary-precision reference, and the promises of its docstrings."""

from math import exp, factorial, log

import mpmath
import numpy as np
import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from stats.beta import log_power_term, log_survival_ratio
from stats.combining import e_bh, e_mean, evidence_ratio, retry_alpha
from stats.eprocess import (
    Counts,
    counts,
    cs_lower,
    cs_upper,
    items_for_failures,
    items_to_pass,
    log_e_above,
    log_e_below,
    max_failures,
    stream_passes,
)
from stats.search import crossing, first_reaching

successes, failures = st.integers(0, 5_000), st.integers(0, 500)
rates = st.floats(0.01, 0.999)
alphas = st.sampled_from([0.05, 0.01, 0.001])


def reference(s: int, f: int, p0: float) -> float:
    """ln E by its definition: the mixture integral, split around its mode, with 40 digits."""
    with mpmath.workdps(40):
        x = mpmath.mpf(p0)
        b = max(mpmath.mpf(1), (1 - x) / x)
        c = f + b - 1

        def height(p):
            gain = s * mpmath.log(p / x) if s else mpmath.mpf(0)
            return gain + (c * mpmath.log((1 - p) / (1 - x)) if c else 0)

        end = 1 - mpmath.mpf(10) ** -35
        mode = min(max(s / (s + c) if s + c else x, x), end)
        width = 1 / max(mpmath.sqrt(s / mode**2 + c / (1 - mode) ** 2), abs(s / x - c / (1 - x)) if mode == x else 0, 1)
        cuts = sorted(
            {min(max(mode + k * width, x), end) for k in (-60, -30, -15, -7, -3, 0, 3, 7, 15, 30, 60, 120)} | {x, end}
        )
        top = height(mode)
        area = mpmath.quad(lambda p: mpmath.exp(height(p) - top), cuts)
        return float(top + mpmath.log(area * b / (1 - x)))


@given(successes, failures, rates)
@example(0, 0, 0.5)
def test_a_success_adds_evidence_and_a_failure_takes_it(s, f, p0):
    assert log_e_above(s + 1, f, p0) >= log_e_above(s, f, p0) >= log_e_above(s, f + 1, p0) - 1e-12
    assert log_e_above(s + 1, f, p0) >= log_e_above(s, f + 1, p0)


@given(successes, failures, rates, rates)
def test_evidence_falls_as_the_claim_rises_towards_what_was_seen(s, f, one, other):
    low, high = sorted((one, other))
    assume(s + f and high <= s / (s + f))
    assert log_e_above(s, f, low) >= log_e_above(s, f, high) - 1e-12


@given(rates)
def test_nothing_seen_is_no_evidence(p0):
    assert log_e_above(0, 0, p0) == log_e_below(0, 0, p0) == 0.0


@given(successes, failures, rates)
def test_evidence_below_is_evidence_above_of_the_opposite(s, f, p0):
    assert log_e_below(s, f, p0) == log_e_above(f, s, 1 - p0)


@given(st.integers(0, 300), st.floats(0.5, 0.999))
def test_without_failures_a_closed_form_exists(n, p0):
    closed = log((1 - p0 ** (n + 1)) / ((n + 1) * (1 - p0) * p0**n))
    assert log_e_above(n, 0, p0) == pytest.approx(closed, rel=1e-9, abs=1e-12)


@given(st.integers(0, 200), st.integers(0, 60), st.floats(0.02, 0.99), st.floats(0.001, 1.0))
def test_every_rate_at_or_below_the_claim_makes_evidence_shrink_on_average(s, f, p0, part):
    q = p0 * part
    now = exp(log_e_above(s, f, p0))
    assert q * exp(log_e_above(s + 1, f, p0)) + (1 - q) * exp(log_e_above(s, f + 1, p0)) <= now * (1 + 1e-9)


@pytest.mark.parametrize(
    ("s", "f", "p0"),
    [
        (490, 10, 0.95),
        (95_000, 5_000, 0.95),
        (0, 100_000, 0.01),
        (5_000, 95_000, 0.95),
        (100_000, 0, 0.999999),
        (50, 99_950, 1e-6),
        (15, 0, 0.5),
        (16, 1, 0.5),
        (7, 9, 0.4),
        (3, 100_000, 0.9),
        (4_500_000, 3, 0.999999),
        (4, 5_000_000, 1e-6),
        (4_999_000, 1_000, 0.9997),
        (2_500_000, 2_500_000, 0.5),
    ],
)
def test_log_evidence_equals_the_integral(s, f, p0):
    assert log_e_above(s, f, p0) == pytest.approx(reference(s, f, p0), rel=1e-9, abs=1e-9)


def test_log_evidence_equals_the_integral_at_random_places():
    rng = np.random.default_rng(26)
    for _ in range(25):
        n, p0 = int(10 ** rng.uniform(0, 5)), float(rng.uniform(0.01, 0.999))
        s = int(np.clip(rng.normal(n * p0, 6 * (n * p0 * (1 - p0)) ** 0.5 + 1), 0, n))
        assert log_e_above(s, n - s, p0) == pytest.approx(reference(s, n - s, p0), rel=1e-9, abs=1e-9)


@pytest.mark.parametrize("p0", [1e-6, 0.3, 1 - 1e-6])
@pytest.mark.parametrize(("s", "f"), [(0, 5_000_000), (5_000_000, 0), (5_000_000, 5_000_000), (1, 1)])
def test_log_evidence_is_finite_far_out(s, f, p0):
    assert np.isfinite(log_e_above(s, f, p0))
    assert np.isfinite(log_e_below(s, f, p0))


def test_log_evidence_has_a_limit_where_the_claim_vanishes():
    limit = log(sum(factorial(4) / factorial(j) for j in range(5)))
    assert log_e_above(4, 100, 5e-324) == log_e_above(4, 100, 1e-300) == pytest.approx(limit, rel=1e-12)
    assert log_e_above(0, 100, 5e-324) == pytest.approx(0.0, abs=1e-12)
    assert items_to_pass(0, 9, 5e-324, 0.05) == 4


@pytest.mark.parametrize(("a", "b", "x"), [(2.0, 3.0, 0.5), (15.9, 16.1, 0.49), (700.0, 2.5, 0.99), (1e6, 1e6, 0.4)])
def test_the_power_term_is_the_power_term(a, b, x):
    with mpmath.workdps(40):
        exact = a * mpmath.log(x) + b * mpmath.log(1 - mpmath.mpf(x)) - mpmath.log(mpmath.beta(a, b))
    assert log_power_term(a, b, x) == pytest.approx(float(exact), rel=1e-12, abs=1e-12)


@pytest.mark.parametrize(
    ("a", "b", "x"), [(16.0, 16.0, 0.49), (18.0, 16.0, 0.5), (20.0, 16.0, 0.55), (15.0, 17.0, 0.5)]
)
def test_the_power_term_is_right_to_the_last_bits_where_its_series_begins(a, b, x):
    with mpmath.workdps(40):
        exact = a * mpmath.log(x) + b * mpmath.log(1 - mpmath.mpf(x)) - mpmath.log(mpmath.beta(a, b))
    assert abs(log_power_term(a, b, x) - float(exact)) < (1e-15 if min(a, b) >= 16 else 1e-13)


@pytest.mark.parametrize(("a", "b", "x"), [(11.0, 3.0, 0.3), (40.0, 300.0, 0.5), (2.0, 80.0, 0.6), (500.0, 900.0, 0.7)])
def test_the_survival_ratio_holds_on_both_sides_of_underflow(a, b, x):
    with mpmath.workdps(60):
        tail = mpmath.quad(
            lambda p: (p / x) ** (a - 1) * ((1 - p) / (1 - mpmath.mpf(x))) ** (b - 1), mpmath.linspace(x, 1, 80)
        )
        exact = mpmath.log(tail / (mpmath.mpf(x) * (1 - mpmath.mpf(x))))
    assert log_survival_ratio(a, b, x) == pytest.approx(float(exact), rel=1e-11)


@given(successes, failures, alphas)
def test_the_bounds_enclose_what_was_seen(s, f, alpha):
    assume(s + f)
    assert cs_lower(s, f, alpha) <= s / (s + f) <= cs_upper(s, f, alpha)
    assert cs_upper(s, f, alpha) == 1 - cs_lower(f, s, alpha)


def test_without_items_the_bounds_are_the_whole_range_at_the_usual_alpha():
    assert (cs_lower(0, 0), cs_upper(0, 0)) == (0.0, 1.0)
    assert (cs_lower(995, 5), cs_upper(995, 5)) == (cs_lower(995, 5, 0.05), cs_upper(995, 5, 0.05))


@given(successes, failures, rates, alphas)
def test_the_bound_exceeds_a_rate_exactly_when_the_stream_passes_there(s, f, p0, alpha):
    bound = cs_lower(s, f, alpha)
    assume(abs(bound - p0) > 1e-9)
    assert (bound > p0) == stream_passes(s, f, p0, alpha)


@pytest.mark.parametrize(("alpha", "enough"), [(0.05, 4), (0.01, 5), (0.5, 2), (0.7, 1)])
def test_the_lower_bound_needs_as_many_successes_as_the_supremum_says(alpha, enough):
    supremum = [sum(factorial(s) / factorial(j) for j in range(s + 1)) for s in range(enough + 1)]
    assert supremum[enough] > 1 / alpha >= supremum[enough - 1]
    assert cs_lower(enough, 3, alpha) > 0 == cs_lower(enough - 1, 0, alpha)


def test_the_lower_bound_is_found_where_it_is_tiny():
    bound = cs_lower(4, 5_000_000)
    assert 0 < bound < 8e-7
    assert log_e_above(4, 5_000_000, bound) == pytest.approx(log(20), rel=1e-6)


@given(st.integers(0, 2_000), st.integers(0, 60), st.sampled_from([0.5, 0.9, 0.95, 0.99, 0.999]), alphas)
def test_the_items_needed_are_just_enough(s, f, p0, alpha):
    more = items_to_pass(s, f, p0, alpha)
    assert stream_passes(s + more, f, p0, alpha)
    assert more == 0 or not stream_passes(s + more - 1, f, p0, alpha)


def test_evidence_that_just_reaches_its_limit_passes():
    just = next(s for s in range(20, 99) if log_e_above(s, 0, 0.9) == -log(exp(-log_e_above(s, 0, 0.9))))
    alpha = exp(-log_e_above(just, 0, 0.9))
    assert stream_passes(just, 0, 0.9, alpha)
    assert items_to_pass(just - 5, 0, 0.9, alpha) == 5


@given(st.integers(0, 40), st.sampled_from([0.5, 0.9, 0.95, 0.99]), alphas)
def test_the_items_for_failures_are_just_enough(missed, p0, alpha):
    n = items_for_failures(missed, p0, alpha)
    assert stream_passes(n - missed, missed, p0, alpha)
    assert not stream_passes(n - missed - 1, missed, p0, alpha)


@given(st.integers(0, 3_000), st.sampled_from([0.02, 0.5, 0.9, 0.95, 0.99]), alphas)
def test_the_failures_allowed_are_the_most_that_pass(n, p0, alpha):
    most = max_failures(n, p0, alpha)
    assert most == -1 or stream_passes(n - most, most, p0, alpha)
    assert most == n or not stream_passes(n - most - 1, most + 1, p0, alpha)


def test_numpy_counts_are_counts():
    assert log_e_above(np.int64(490), np.int32(10), np.float64(0.95)) == log_e_above(490, 10, 0.95)
    assert counts(np.array([True, True, False])) == Counts(2, 1)


@pytest.mark.parametrize(
    ("outcomes", "rule", "expected"),
    [
        ([True, True, None, True, False], "open_as_failure", (3, 2)),
        ([True, True, None, True, False], "watermark", (2, 0)),
        ([False, 1, 0], "watermark", (1, 2)),
        ([None], "watermark", (0, 0)),
        ([], "open_as_failure", (0, 0)),
    ],
)
def test_counting_open_items(outcomes, rule, expected):
    assert counts(outcomes, rule) == expected


def test_an_open_item_is_a_failure_unless_said_otherwise():
    assert counts([None, True]) == (1, 1)


@given(st.lists(st.floats(0, 1e6), min_size=1, max_size=20), st.floats(0.01, 0.5))
def test_e_bh_rejects_the_most_its_rule_allows(es, q):
    rejected = e_bh(es, q)
    ranked = sorted(es, reverse=True)
    allowed = [k for k in range(1, len(es) + 1) if ranked[k - 1] >= len(es) / (k * q)]
    assert len(rejected) == max(allowed, default=0)
    assert sorted(es[index] for index in rejected) == sorted(ranked[: len(rejected)])
    assert rejected == sorted(set(rejected))


def test_e_bh_meets_its_limit_from_both_sides():
    assert e_bh([20.0, 0.0], 0.1) == [0]
    assert e_bh([19.99, 0.0], 0.1) == []
    assert e_bh([10.0, 10.0]) == [0, 1]


def test_the_mean_of_e_values_is_their_mean():
    assert e_mean(np.array([1.0, 0.0, 5.0])) == 2.0


@pytest.mark.parametrize(
    ("log_e", "expected"), [(0.0, 1.0), (log(10_000) + 1e-9, 10_000.0), (1e9, 10_000.0), (-1e9, 0.0)]
)
def test_odds_stop_at_their_cap(log_e, expected):
    assert evidence_ratio(log_e) == pytest.approx(expected)
    assert evidence_ratio(3.0, cap=5) == 5


@given(st.floats(1, 1e6))
def test_odds_never_exceed_their_cap_by_a_rounding(cap):
    assert evidence_ratio(log(cap), cap) == cap


def test_retries_share_one_alpha():
    assert [round(retry_alpha(0.05, m), 4) for m in (1, 2, 3, 4, 5)] == [0.0304, 0.0076, 0.0034, 0.0019, 0.0012]
    assert sum(retry_alpha(0.05, m) for m in range(1, 20_000)) == pytest.approx(0.05, abs=1e-5)


@given(st.integers(1, 10_000))
def test_the_first_number_that_reaches_is_found(goal):
    assert first_reaching(lambda n: n >= goal) == goal


def test_a_crossing_is_found_from_either_side():
    assert crossing(lambda x: 2 - x * x, 0.0, 3.0) == pytest.approx(2**0.5, rel=1e-15)
    assert crossing(lambda x: x - 0.25, 1.0, 0.0) == 0.25
