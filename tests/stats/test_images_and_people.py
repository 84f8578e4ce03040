"""Drift, calibration and inspectors against scipy, scikit-learn, statsmodels and river."""

from math import log

import numpy as np
import pytest
import statsmodels.api as sm
from hypothesis import assume, given
from hypothesis import strategies as st
from river.drift import ADWIN
from scipy.optimize import brentq
from scipy.special import expit
from scipy.stats import ks_2samp, norm, wasserstein_distance
from sklearn.calibration import _sigmoid_calibration
from sklearn.isotonic import isotonic_regression
from sklearn.metrics import brier_score_loss
from statsmodels.stats.contingency_tables import Table

from stats.adwin import change_points
from stats.calibration import brier, ece, isotonic, platt, temperature
from stats.drift import bbse, block_threshold, cbpe_accuracy, cbpe_escape, ks, psi, two_of_three, w1
from stats.inspectors import effectiveness, gage, gold_rate, sdt, trend
from stats.proportions import clopper_pearson

numbers = st.lists(st.floats(-100, 100), min_size=1, max_size=60)


def scored(seed, items=400, slope=1.5, shift=-1.0):
    rng = np.random.default_rng(seed)
    scores = rng.normal(0, 2, items)
    return scores, (rng.random(items) < 1 / (1 + np.exp(-(slope * scores + shift)))).astype(int)


@pytest.mark.parametrize("seed", range(3))
def test_platt_agrees_with_scikit_learn_and_a_weighted_fit(seed):
    scores, y = scored(seed)
    found = platt(scores, y)
    assert found == pytest.approx(_sigmoid_calibration(scores, y), abs=1e-3)
    bad = int(y.sum())
    target = np.where(y == 1, (bad + 1) / (bad + 2), 1 / (len(y) - bad + 2))
    fit = sm.GLM(target, sm.add_constant(-scores), family=sm.families.Binomial()).fit()
    assert (found.a, -found.b) == pytest.approx((fit.params[1], fit.params[0]), abs=1e-6)


def test_platt_does_not_care_about_the_unit_of_the_scores():
    scores, y = scored(7)
    a, b = platt(scores, y)
    assert platt(1e6 * scores + 5e6, y) == pytest.approx((a / 1e6, b - 5 * a), rel=1e-6)


@pytest.mark.parametrize("score", [3.0, 0.1])  # the mean of many 0.1 is not 0.1
def test_platt_of_equal_scores_is_the_softened_share_of_defects(score):
    assert platt([score] * 12, [1, 0, 0, 0] * 3) == platt([0.0] * 12, [1, 0, 0, 0] * 3)
    a, b = platt([score] * 4, [1, 0, 0, 0])
    assert a == 0.0
    assert 1 / (1 + np.exp(b)) == pytest.approx((2 / 3 + 3 * 1 / 5) / 4)


def test_platt_is_finite_where_the_classes_separate():
    a, b = platt([-2.0, -1.0, 1.0, 2.0], [0, 0, 1, 1])
    assert (1 / (1 + np.exp(a * 9 + b))) < 1.0


@pytest.mark.parametrize("seed", range(3))
def test_temperature_is_the_best_one(seed):
    logits, y = scored(seed, shift=0.0)

    margins = (1 - 2 * y) * logits

    def slope(log_t):
        scaled = margins / np.exp(log_t)
        return float((scaled * expit(scaled)).mean())

    t, reached = temperature(logits, y)
    assert log(t) == pytest.approx(brentq(slope, -5, 5), abs=3e-8)
    assert reached == pytest.approx(float(np.logaddexp(0, margins / t).mean()), rel=1e-12)


def test_temperature_stays_within_its_range():
    assert temperature([-5.0, 5.0], [0, 1]).t == pytest.approx(np.exp(-5), rel=1e-4)
    assert temperature([-5.0, 5.0], [1, 0]).t == pytest.approx(np.exp(5), rel=1e-4)


@given(st.lists(st.tuples(st.integers(0, 30), st.integers(0, 1)), min_size=1, max_size=60))
def test_isotonic_agrees_with_scikit_learn_and_never_falls(pairs):
    scores, y = [pair[0] for pair in pairs], [pair[1] for pair in pairs]
    fitted = isotonic(scores, y)
    distinct = sorted(set(scores))
    weights = [scores.count(score) for score in distinct]
    means = [np.mean([label for score, label in pairs if score == one]) for one in distinct]
    expected = dict(zip(distinct, isotonic_regression(means, sample_weight=weights, y_min=0, y_max=1), strict=True))
    assert fitted == pytest.approx([expected[score] for score in scores])


@given(st.lists(st.tuples(st.floats(0, 1), st.integers(0, 1)), min_size=1, max_size=60))
def test_brier_agrees_with_scikit_learn(pairs):
    p, y = [pair[0] for pair in pairs], [pair[1] for pair in pairs]
    expected = brier_score_loss(y, p, labels=[0, 1])
    assert brier(p, y) == pytest.approx(expected)


P, Y = [0.02, 0.05, 0.1, 0.2, 0.3, 0.4, 0.6, 0.7, 0.9, 0.97], [0, 0, 0, 1, 0, 1, 0, 1, 1, 1]


def test_calibration_error_by_mass_gives_earlier_bins_the_remainder():
    parts = [range(4), range(4, 7), range(7, 10)]
    expected = sum(abs(sum(P[i] - Y[i] for i in part)) for part in parts) / 10
    assert ece(P, Y, 3) == pytest.approx(expected)
    assert ece(P, Y, 5) == pytest.approx(0.15)
    assert ece(P[::-1], Y[::-1], 3) == pytest.approx(expected)
    assert ece(P, Y) == ece(P, Y, 15, True) == pytest.approx(sum(abs(p - y) for p, y in zip(P, Y, strict=True)) / 10)


def test_calibration_error_has_fifteen_bins_unless_said_otherwise():
    p, y = [i / 16 for i in range(16)], [1 - i % 2 for i in range(16)]
    assert ece(p, y) == ece(p, y, 15) != ece(p, y, 16)


def test_calibration_error_by_width_puts_one_into_the_last_bin():
    p, y = [0.0, 0.24, 0.25, 0.6, 0.99, 1.0], [0, 1, 0, 1, 1, 0]
    assert ece(p, y, 4, mass=False) == pytest.approx((0.76 + 0.25 + 0.4 + 0.99) / 6)


def test_ties_keep_their_order_when_bins_are_cut():
    assert ece([0.5, 0.25] * 400, [0] * 400 + [1] * 400, 4) == pytest.approx((0.25 + 0.75 + 0.5 + 0.5) / 4)


@given(numbers, numbers)
def test_distances_agree_with_scipy(ref, cur):
    assert w1(ref, cur) == pytest.approx(wasserstein_distance(ref, cur), abs=1e-9)
    assert w1(ref, cur, 4.0) == pytest.approx(w1(ref, cur) / 4)
    assert w1(ref, ref) == 0
    assert w1(ref, cur) == pytest.approx(w1(cur, ref), abs=1e-9)
    assume(len(ref) + len(cur) > 2)
    expected = ks_2samp(ref, cur, method="asymp")
    assert ks(ref, cur) == pytest.approx((expected.statistic, expected.pvalue))


def test_one_value_on_each_side_proves_nothing():
    assert ks([1.0], [1.0]) == (0.0, 1.0)
    assert ks([1.0], [2.0]) == (1.0, 1.0)


def test_psi_counts_by_the_quantiles_of_the_reference():
    ref, cur = [1.0, 2.0, 3.0, 4.0], [2.5, 2.5, 2.5, 1.0]
    # The edge 2.5 belongs to the upper bin.
    assert psi(ref, cur, bins=2) == pytest.approx(0.25 * log(0.75 / 0.5) - 0.25 * log(0.25 / 0.5))
    assert psi(ref, [9.0], bins=2) == pytest.approx((1 - 0.5) * log(1 / 0.5) + (1e-4 - 0.5) * log(1e-4 / 0.5))
    assert psi(ref, [9.0], bins=2, eps=0.1) == pytest.approx(0.5 * log(2) + (0.1 - 0.5) * log(0.1 / 0.5))
    assert psi(ref, [0.0], bins=2) == pytest.approx(psi(ref, [9.0], bins=2))
    assert psi(ref, cur) == psi(ref, cur, 10, 1e-4)
    assert psi([1.0] * 5, [1.0] * 9) == 0.0


def blocks(count=20, between=0.35, seed=3):
    rng = np.random.default_rng(seed)
    return [rng.normal(rng.normal(0, between), 1, 60) for _ in range(count)]


def test_the_block_threshold_compares_each_shift_with_all_others():
    shifts = blocks()
    spread = np.concatenate(shifts).std()
    distances = [
        wasserstein_distance(np.concatenate(shifts[:i] + shifts[i + 1 :]), shift[:40]) / spread
        for i, shift in enumerate(shifts)
    ]
    assert block_threshold(shifts, window=40) == pytest.approx(np.mean(distances) + 3 * np.std(distances))
    assert block_threshold(shifts) == block_threshold(shifts, 500, 0.25, 0.5)
    assert block_threshold(shifts, window=1) > block_threshold(shifts)


def test_too_few_shifts_and_quiet_ones_have_their_own_thresholds():
    assert block_threshold(blocks(19)) == 0.5
    assert block_threshold(blocks(19), fallback=0.7) == 0.7
    assert block_threshold([]) == 0.5
    assert block_threshold([[0.0, 1.0]] * 20) == 0.25
    assert block_threshold([[0.0, 1.0]] * 20, floor=0.0) == 0.0


@pytest.mark.parametrize(
    ("distances", "alarm"),
    [
        ([], False),
        ([9], False),
        ([9, 9], True),
        ([9, 0, 9], True),
        ([9, 9, 0, 0], False),
        ([0, 9, 0.3, 0], False),
        ([0.3, 0.3], False),
    ],
)
def test_an_alarm_waits_for_two_of_three(distances, alarm):
    assert two_of_three(distances, 0.3) is alarm


def test_estimates_without_labels():
    assert cbpe_accuracy([0.0, 0.5, 1.0]) == pytest.approx(2.5 / 3)
    assert cbpe_escape([0.5, 0.6]) == pytest.approx(0.5 / 1.1)
    assert cbpe_escape([0.0, 0.0]) is None


@given(st.floats(0.05, 0.95), st.floats(0.05, 0.95))
def test_the_mix_of_classes_is_recovered_when_only_the_mix_changed(before, after):
    given_truth = np.array([[0.97, 0.1], [0.03, 0.9]])
    joint = given_truth * [1 - before, before]
    assert bbse(joint, given_truth @ [1 - after, after]) == pytest.approx([1 - after, after], abs=1e-9)


def test_the_mix_is_not_clipped():
    assert min(bbse([[0.9, 0.01], [0.05, 0.04]], [1.0, 0.0])) < 0


def test_change_points_are_those_of_adwin():
    rng = np.random.default_rng(21)
    z = np.concatenate([rng.normal(0, 1, 800), rng.normal(-1.7, 1, 300)])
    detector, expected = ADWIN(delta=0.002), []
    for index, value in enumerate(z):
        detector.update(value)
        expected += [index] if detector.drift_detected else []
    assert change_points(z) == expected
    assert 800 < expected[0] < 900
    assert change_points([]) == []
    assert len(change_points(z, delta=0.5)) > len(expected)


def test_gage_figures_and_their_gaps():
    assert gage(45, 5, 12, 438) == pytest.approx((0.966, 0.1, 12 / 450))
    assert gage(9, 1, 0, 0) == (0.9, 0.1, None)
    assert gage(0, 0, 1, 3) == (0.75, None, 0.25)
    assert gage(0, 0, 0, 0) == (None, None, None)
    assert gage(2, 2, 3, 3) == (0.5, 0.5, 0.5)
    assert effectiveness(42, 50) == (0.84, *clopper_pearson(42, 50))
    assert effectiveness(0, 0) == (None, 0.0, 1.0)
    assert effectiveness(42, 50, 0.2)[1:] == clopper_pearson(42, 50, 0.2)


@given(st.lists(st.integers(0, 200), min_size=4, max_size=4))
def test_detection_theory_agrees_with_its_definition(cells):
    hits, misses, alarms, passes = (cells[0] + 1, cells[1], cells[2] + 1, cells[3])
    h, fa = (hits + 0.5) / (hits + misses + 1), (alarms + 0.5) / (alarms + passes + 1)
    z_h, z_fa = norm.ppf([h, fa])
    variance = h * (1 - h) / ((hits + misses) * norm.pdf(z_h) ** 2) + fa * (1 - fa) / (
        (alarms + passes) * norm.pdf(z_fa) ** 2
    )
    expected = (z_h - z_fa, -(z_h + z_fa) / 2, (z_h - z_fa) * -(z_h + z_fa) / 2, variance**0.5)
    assert sdt(hits, misses, alarms, passes) == pytest.approx(expected, rel=1e-9, abs=1e-9)


@pytest.mark.parametrize(
    ("library", "expected"),
    [(200, (200 / 33_000, 200 / 22, 660)), (660, (0.02, 30.0, 660)), (5_000, (0.02, 30.0, 660)), (0, (0.0, 0.0, 660))],
)
def test_the_library_sets_the_gold_rate(library, expected):
    assert gold_rate(library, 1_500) == pytest.approx(expected)
    assert gold_rate(100, 100, 0.5, 3) == pytest.approx((100 / 300, 100 / 3, 150))


@given(st.lists(st.tuples(st.integers(1, 40), st.floats(0.1, 0.9)), min_size=3, max_size=8))
def test_the_trend_agrees_with_statsmodels(rows):
    n = [size + 2 for size, _ in rows]
    hits = [max(1, round(part * size)) for size, (_, part) in zip(n, rows, strict=True)]
    table = Table(np.array([hits, [size - hit for size, hit in zip(n, hits, strict=True)]]), shift_zeros=False)
    times = list(range(len(n)))
    expected = table.test_ordinal_association(row_scores=np.array([1, 0]), col_scores=np.array(times))
    z, p = trend(hits, n, times)
    total = sum(n)
    assert z * ((total - 1) / total) ** 0.5 == pytest.approx(expected.zscore, abs=1e-9)
    assert p == pytest.approx(norm.cdf(z), rel=1e-9)


def test_a_steep_decline_has_a_tiny_chance_not_none():
    z, p = trend([500, 400, 300, 200, 100], [500] * 5, range(5))
    assert z < -25
    assert p == pytest.approx(norm.cdf(z), rel=1e-9)
    assert 0 < p < 1e-150


@pytest.mark.parametrize(
    ("hits", "n", "t"),
    [
        ([5, 5], [5, 5], [0, 1]),
        ([0, 0], [5, 5], [0, 1]),
        ([3, 4], [5, 5], [2, 2]),
        ([3, 0], [5, 0], [1, 2]),
        ([3], [5], [1]),
        ([2, 2, 2], [7, 3, 9], [0.1, 0.1, 0.1]),
    ],
)
def test_no_trend_without_both_outcomes_and_two_times(hits, n, t):
    assert trend(hits, n, t) == (None, None)
