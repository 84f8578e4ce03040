"""Bands and certificates: exact tests, honest refusals, and guarantees that hold in simulation."""

from statistics import NormalDist

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from mapie.risk_control.methods import compute_hoeffding_bentkus_p_value
from scipy.stats import binom

from bench.comparators import hoeffding_bentkus_p, sgr
from stats.bands import (
    binom_p,
    defects_to_certify,
    items_to_certify,
    ltt_certified,
    ltt_fixed_sequence,
    ltt_learned_start,
)
from stats.ltt import Curve, first_level, quantile_grid
from stats.proportions import cp_upper

GOOD, BAD = NormalDist(-2.5, 1.3), NormalDist(2.0, 1.6)


def drawn(seed, items, prevalence=0.05):
    """Scores and labels of the Gaussian model of the statistics page."""
    rng = np.random.default_rng(seed)
    labels = (rng.random(items) < prevalence).astype(int)
    return np.where(labels == 1, rng.normal(2.0, 1.6, items), rng.normal(-2.5, 1.3, items)), labels


def held_out(seed, items):
    return np.random.default_rng([seed, 1]).normal(2.0, 1.6, items)


@given(st.integers(0, 50), st.integers(0, 2_000), st.floats(0.001, 0.5))
def test_the_p_value_agrees_with_scipy_and_mapie(k, more, risk):
    n = k + more
    assert binom_p(k, n, risk) == pytest.approx(binom.cdf(k, n, risk) if n else 1.0, rel=1e-9)
    if n:
        expected = compute_hoeffding_bentkus_p_value(np.array([k / n * (1 - 1e-12)]), n, risk)[0, 0]
        assert hoeffding_bentkus_p(k, n, risk) == pytest.approx(min(1, expected), rel=1e-4)


def test_without_items_nothing_is_proven():
    assert binom_p(0, 0, 0.01) == hoeffding_bentkus_p(0, 0, 0.01) == 1.0


@pytest.mark.parametrize(
    ("miss", "needed"),
    [
        (0.10, (29, 46, 61, 103)),
        (0.05, (59, 93, 124, 208)),
        (0.02, (149, 236, 313, 523)),
        (0.01, (299, 473, 628, 1049)),
    ],
)
def test_distinct_defects_needed(miss, needed):
    assert tuple(defects_to_certify(miss, 0.05, misses) for misses in (0, 1, 2, 5)) == needed
    for misses, found in zip((0, 1, 2, 5), needed, strict=True):
        assert binom_p(misses, found, miss) <= 0.05 < binom_p(misses, found - 1, miss)


def test_a_closed_list_may_meet_its_limit_exactly():
    assert binom_p(0, 2, 0.5) == 0.25
    assert defects_to_certify(0.5, 0.25) == 2


@pytest.mark.parametrize(("risk", "delta", "safety"), [(0.01, 0.05, 1.3), (0.005, 0.05, 1.3), (0.002, 0.01, 1.0)])
def test_the_smallest_certifying_half_is_just_not_refused(risk, delta, safety):
    items = items_to_certify(risk, delta, safety)
    assert first_level(risk, delta, safety, items) < 0.98 <= first_level(risk, delta, safety, items - 1)


@given(st.lists(st.tuples(st.integers(0, 20), st.integers(0, 1)), min_size=1, max_size=60), st.integers(-1, 21))
def test_the_curve_counts_tied_scores_together(pairs, threshold):
    scores, errors = [pair[0] / 4 for pair in pairs], [pair[1] for pair in pairs]
    within = [error for score, error in zip(scores, errors, strict=True) if score <= threshold / 4]
    assert Curve(scores, errors).at(threshold / 4) == (len(within), sum(within))


def test_the_walk_ends_with_its_first_failure():
    scores, errors = [0.1] * 400 + [0.2] * 100 + [0.3] * 500, [0] * 400 + [1] * 100 + [0] * 500
    threshold, trace, refused = ltt_fixed_sequence(scores, errors, [0.1, 0.2, 0.3], 0.01, 0.05)
    assert (threshold, refused) == (0.1, False)
    assert [row[:3] for row in trace] == [[0.1, 400, 0], [0.2, 500, 100]]
    assert trace[0][3] == binom_p(0, 400, 0.01)
    assert ltt_fixed_sequence(scores, errors, [0.2], 0.01, 0.05).threshold is None


def test_a_p_value_at_delta_passes():
    delta = binom_p(0, 300, 0.01)
    assert ltt_fixed_sequence([0.1] * 300, [0] * 300, [0.1, 0.1], 0.01, delta).threshold == 0.1
    assert ltt_fixed_sequence([0.1] * 300, [0] * 300, [0.1], 0.01, delta * 0.999).threshold is None


@pytest.mark.parametrize("side", ["pass", "reject"])
def test_the_learned_start_follows_its_recipe(side):
    (scores_a, y_a), (scores_b, y_b) = drawn(1, 1_500), drawn(2, 3_000)
    if side == "reject":
        y_a, y_b = 1 - y_a, 1 - y_b
        scores_a, scores_b = -scores_a, -scores_b
    threshold, trace, refused = ltt_learned_start(scores_a, y_a, scores_b, y_b, 0.01, 0.05, side)
    sign = 1 if side == "pass" else -1
    errors_a, errors_b = (y_a, y_b) if side == "pass" else (1 - y_a, 1 - y_b)
    steps = np.unique(np.quantile(sign * scores_a, np.linspace(1.3 * 299 / 3_000, 1, 40)))
    tuned = [binom.cdf(errors_a[sign * scores_a <= t].sum(), (sign * scores_a <= t).sum(), 0.01) for t in steps]
    walked = steps[int(np.argmin(tuned)) :]
    expected = [
        [sign * t, (sign * scores_b <= t).sum(), errors_b[sign * scores_b <= t].sum()] for t in walked[: len(trace)]
    ]
    assert np.allclose([row[:3] for row in trace], expected)
    assert [row[3] <= 0.05 for row in trace] == [True] * (len(trace) - 1) + [False]
    assert threshold == trace[-2][0]
    assert refused is False


def test_too_few_items_are_refused_and_just_enough_are_not():
    scores, labels = drawn(3, 1_000)
    few, enough = 396, 397
    assert ltt_learned_start(scores, labels, scores[:few], labels[:few], 0.01, 0.05) == (None, [], True)
    assert ltt_learned_start(scores, labels, scores[:enough], labels[:enough], 0.01, 0.05).refused is False


def test_no_band_when_the_first_step_fails():
    scores, labels = np.zeros(2_000), np.arange(2_000) % 20 == 0
    threshold, trace, refused = ltt_learned_start(scores, labels, scores, labels, 0.01, 0.05)
    assert (threshold, len(trace), refused) == (None, 1, False)


def test_the_grid_holds_unique_quantiles():
    assert quantile_grid([1.0] * 50 + [2.0] * 50, 0.2, 40) == pytest.approx(
        np.unique(np.quantile([1.0] * 50 + [2.0] * 50, np.linspace(0.2, 1, 40)))
    )
    assert quantile_grid([1.0, 3.0], 0.5, 1) == [2.0]


def test_a_grid_may_be_as_coarse_as_one_step():
    scores, labels = drawn(5, 2_000)
    assert len(ltt_learned_start(scores, labels, scores, labels, 0.01, 0.05, grid=1).trace) == 1


def certify(seed=1, prevalence=0.01, defects=100, **changed):
    half = {"risk": 0.005, "miss": 0.05, "delta": 0.05, "label_cut": 0.0} | changed
    return ltt_certified(
        *drawn([seed, 1], 1_000, prevalence), *drawn([seed, 2], 2_000, prevalence), held_out(seed, defects), **half
    )


def test_a_certificate_meets_both_limits_where_it_was_measured():
    found = certify()
    scores, labels = drawn([1, 2], 2_000, 0.01)
    t, n, k, p, missed, p_miss = next(row for row in found.trace if row[0] == found.threshold)
    assert found.reason == "certified"
    assert (n, k) == ((scores <= t).sum(), labels[scores <= t].sum())
    assert (missed, p_miss) == ((held_out(1, 100) <= t).sum(), pytest.approx(binom.cdf(missed, 100, 0.05)))
    assert p == pytest.approx(binom.cdf(k, n, 0.005))
    assert max(p, p_miss) <= 0.05


def test_the_certificate_is_the_walk_within_the_misses_allowed():
    found = certify()
    scores_a, labels_a = drawn([1, 1], 1_000, 0.01)
    steps = np.unique(np.quantile(scores_a, np.linspace(1.3 * 598 / 2_000, 1, 40)))
    held = held_out(1, 100)
    kept = [t for t in steps if t <= 0.0 and binom.cdf((held <= t).sum(), 100, 0.05) <= 0.05]
    tuned = [binom.cdf(labels_a[scores_a <= t].sum(), (scores_a <= t).sum(), 0.005) for t in kept]
    assert [row[0] for row in found.trace] == pytest.approx(kept[int(np.argmin(tuned)) :][: len(found.trace)])


@pytest.mark.parametrize(
    ("changed", "reason", "vacuous"),
    [
        ({"risk": 0.001}, "too_few_items", False),
        ({"defects": 58}, "too_few_defects", False),
        ({"defects": 0}, "too_few_defects", False),
        ({"defects": 58, "prevalence": 0.0005}, "always_pass", True),
        ({"label_cut": -9.0}, "above_cut", False),
        ({"defects": 59, "miss": 0.049}, "too_few_defects", False),
        ({"prevalence": 0.0005}, "certified", True),
    ],
)
def test_every_refusal_has_its_reason(changed, reason, vacuous):
    found = certify(**changed)
    assert (found.reason, found.risk_vacuous) == (reason, vacuous)
    assert (found.threshold is None) == (reason != "certified")
    assert bool(found.trace) == (reason == "certified")


def at_the_limits(b=3, cut=0.5, held=(9.0, 9.0), safety=1.3):
    """A case in which every test meets its limit of a quarter exactly: nothing wrong among two at a limit of a half."""
    a = [0.0] * 10, [0] * 10
    return ltt_certified(*a, [0.0] * b, [0] * b, held, 0.5, 0.5, 0.25, label_cut=cut, grid=4, safety=safety, lift=1.0)


def test_a_limit_that_is_met_exactly_is_met():
    assert at_the_limits().reason == "certified"
    assert at_the_limits(cut=0.0).reason == "certified"  # a threshold at the label's cut still lies within it
    assert at_the_limits(held=[9.0]).reason == "always_pass"
    assert at_the_limits(held=[9.0, 0.0]).reason == "misses"  # a defect scored just at the threshold is passed
    assert at_the_limits(b=2) == (None, "too_few_items", [], True)
    assert at_the_limits(b=2, safety=0.98).reason == "too_few_items"
    halves = [0.0] * 10, [0] * 10, [0.0] * 2, [0] * 2
    assert ltt_learned_start(*halves, 0.5, 0.25, safety=0.98).refused
    assert not ltt_learned_start(*halves, 0.5, 0.25, safety=0.97).refused


def test_misses_and_risk_each_refuse_on_their_own():
    a, b = drawn(7, 1_000), drawn(8, 2_000)
    blind = np.random.default_rng(9).normal(-2.5, 1.3, 100)
    assert ltt_certified(*a, *b, blind, label_cut=0.0).reason == "misses"
    noisy = (b[0], (np.random.default_rng(3).random(2_000) < 0.1).astype(int))
    found = ltt_certified(*a, *noisy, held_out(1, 100), label_cut=0.0)
    assert (found.threshold, found.reason, len(found.trace)) == (None, "risk", 1)


def test_the_band_must_pass_at_least_the_lift():
    scores_a, labels_a = np.arange(1_000) / 1_000, np.zeros(1_000, dtype=int)
    lowest = [
        ltt_certified(
            scores_a, labels_a, scores_a, labels_a, [9.0] * 100, 0.005, 0.05, label_cut=1.0, lift=lift, grid=7
        )
        for lift in (1.0, 16.0)
    ]
    assert lowest[0].reason == lowest[1].reason == "certified"
    assert (
        ltt_certified(scores_a, labels_a, scores_a, labels_a, [9.0] * 100, label_cut=0.79, lift=16.0).reason
        == "above_cut"
    )
    assert (
        ltt_certified(scores_a, labels_a, scores_a, labels_a, [9.0] * 100, label_cut=0.79, lift=15.0).reason
        == "certified"
    )
    assert (
        ltt_certified(scores_a, labels_a, scores_a, labels_a, [9.0] * 100, label_cut=0.77, lift=1.0).reason
        == "above_cut"
    )
    assert (
        ltt_certified(scores_a, labels_a, scores_a, labels_a, [9.0] * 100, label_cut=0.78, lift=1.0).reason
        == "certified"
    )


def test_without_words_the_usual_limits_hold():
    a, b, held = drawn(1, 1_000), drawn(2, 2_000), held_out(1, 100)
    assert ltt_certified(*a, *b, held) == ltt_certified(*a, *b, held, 0.005, 0.05, 0.05, 0.5, 40, 1.3, 4.0, None, None)


def test_every_group_must_hold_its_own_limit():
    names = ["scratch", "stain"] * 50
    grouped = certify(groups=names, group_miss={"scratch": 0.2, "stain": 0.2})
    assert grouped.reason == "certified"
    assert grouped.trace == certify().trace  # the misses shown are those of all defects
    assert certify(groups=names, group_miss={"scratch": 0.2, "stain": 0.01}).reason == "too_few_defects"
    assert certify(groups=names, group_miss={"scratch": 0.2, "stain": 0.2, "crack": 0.2}).reason == "too_few_defects"
    hidden = np.where(np.arange(100) < 8, -3.0, 5.0)
    a, b, apart = drawn([1, 1], 1_000, 0.01), drawn([1, 2], 2_000, 0.01), ["hard"] * 40 + ["easy"] * 60
    limits = {"hard": 0.1, "easy": 0.1}
    alone = ltt_certified(*a, *b, hidden, miss=0.2, label_cut=0.0)
    grouped = ltt_certified(*a, *b, hidden, miss=0.2, label_cut=0.0, groups=apart, group_miss=limits)
    assert alone.reason == "certified"
    assert grouped.reason == "misses"


def test_sgr_finds_the_highest_threshold_its_bound_allows():
    scores, errors = [0.1] * 600 + [0.2] * 300 + [0.3] * 100, [0] * 600 + [0] * 300 + [1] * 100
    found = sgr(scores, errors, 0.01, 0.05)
    assert found.threshold == 0.2
    assert found.coverage == 0.9
    assert found.bound == pytest.approx(cp_upper(0, 900, 0.05 / 2))
    assert sgr(scores, [1] * 1_000, 0.01, 0.05) is None
