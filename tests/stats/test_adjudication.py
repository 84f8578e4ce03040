"""Truth from noisy people: unbiased by design, and undefined where there is nothing to say."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stats.adjudication import dawid_skene, rogan_gladen, two_phase, two_phase_pessimistic, visible_detection
from stats.agreement import rates
from stats.proportions import cp_upper

TOTAL, SAMPLED, DEFECTIVE = [[8900, 300], [150, 650]], [[890, 300], [150, 65]], [[2, 120], [60, 63]]


@given(st.lists(st.integers(1, 300), min_size=8, max_size=8))
def test_adjudicating_everything_counts_the_truth(cells):
    good, bad = np.array(cells[:4]).reshape(2, 2), np.array(cells[4:]).reshape(2, 2)
    found = two_phase(good + bad, good + bad, bad)
    table = [[int(good[0].sum()), int(bad[0].sum())], [int(good[1].sum()), int(bad[1].sum())]]
    assert found.escape == pytest.approx(rates(table).escape)
    assert found.overkill == pytest.approx(rates(table).overkill)
    assert found.prevalence == pytest.approx(bad.sum() / (good + bad).sum())
    assert found.escape_se == pytest.approx((found.escape * (1 - found.escape) / bad.sum()) ** 0.5)
    assert found.overkill_se == pytest.approx((found.overkill * (1 - found.overkill) / good.sum()) ** 0.5)


def test_the_estimate_is_unbiased_and_its_error_is_honest_when_both_find_the_same_items_hard():
    rng, estimates, errors = np.random.default_rng(9), [], []
    defect = rng.random(20_000) < 0.05
    hard = rng.random(20_000) < 0.15
    model = np.where(rng.random(20_000) < np.where(hard, 0.2, 0.02), ~defect, defect)
    human = np.where(rng.random(20_000) < np.where(hard, 0.3, 0.03), ~defect, defect)
    truth = (~model[defect]).mean()
    for _ in range(200):
        drawn = rng.random(20_000) < np.where(model != human, 1.0, np.where(model, 0.25, 0.05))
        found = two_phase(*(_table(model[kept], human[kept]) for kept in (slice(None), drawn, drawn & defect)))
        estimates.append(found.escape)
        errors.append(found.escape_se)
    assert np.mean(estimates) == pytest.approx(truth, abs=3 * np.std(estimates) / 200**0.5)
    # The stated error also covers which defects came along, and these parts stay the same.
    assert 0.8 * np.std(estimates) < np.mean(errors) < 1.5 * np.std(estimates)


def _table(model, human):
    cells = np.bincount(2 * model.astype(int) + human, minlength=4)
    return [[int(cell) for cell in row] for row in cells.reshape(2, 2)]


def test_a_stratum_with_one_adjudicated_item_adds_no_sampling_variance():
    found = two_phase([[100, 10], [10, 50]], [[100, 1], [10, 50]], [[0, 1], [0, 50]])
    assert found.escape == pytest.approx(10 / 60)
    assert found.escape_se == pytest.approx((found.escape * (1 - found.escape) / 60) ** 0.5)


@pytest.mark.parametrize(
    ("total", "sampled", "defective"),
    [
        ([[3, 3], [7, 0]], [[1, 2], [5, 0]], [[1, 2], [2, 0]]),
        ([[1, 113], [113, 10]], [[1, 113], [113, 10]], [[1, 113], [101, 0]]),
        ([[1, 0], [49, 1]], [[1, 0], [23, 1]], [[1, 0], [9, 0]]),
    ],
)
def test_a_share_of_exactly_one_has_an_error_all_the_same(total, sampled, defective):
    found = two_phase(total, sampled, defective)
    assert found.overkill == 1.0
    assert found.overkill_se >= 0.0


def test_empty_strata_need_no_adjudication():
    found = two_phase([[90, 0], [0, 10]], [[9, 0], [0, 10]], [[0, 0], [0, 10]])
    assert found[:4] == (0.1, 0.0, 0.0, 0.0)


@pytest.mark.parametrize(
    ("defective", "prevalence", "defined"),
    [([[0, 0], [0, 0]], 0.0, {"prevalence", "overkill"}), ([[5, 4], [3, 2]], 1.0, {"prevalence", "escape"})],
)
def test_with_one_class_alone_the_other_share_and_both_errors_are_undefined(defective, prevalence, defined):
    found = two_phase([[50, 40], [30, 20]], [[5, 4], [3, 2]], defective)._asdict()
    assert {name for name, value in found.items() if value is not None} == defined
    assert found["prevalence"] == prevalence


def test_the_pessimistic_escape_replaces_only_unsure_model_pass_strata():
    assert two_phase_pessimistic(TOTAL, SAMPLED, DEFECTIVE) == two_phase(TOTAL, SAMPLED, DEFECTIVE).escape
    bound = cp_upper(0, 890, 0.05)
    hidden = 8900 * bound
    found = two_phase_pessimistic(TOTAL, SAMPLED, [[0, 120], [60, 63]])
    assert found == pytest.approx((hidden + 120) / (hidden + 120 + 60 + 630))
    assert two_phase_pessimistic(TOTAL, SAMPLED, [[0, 120], [60, 63]], 0.01) > found
    assert (
        two_phase_pessimistic(TOTAL, SAMPLED, [[2, 0], [0, 63]]) == two_phase(TOTAL, SAMPLED, [[2, 0], [0, 63]]).escape
    )


def test_the_pessimistic_escape_is_undefined_only_when_no_defect_can_be_left():
    assert two_phase_pessimistic([[9, 1], [0, 5]], [[9, 1], [0, 5]], [[0, 0], [0, 0]]) is None
    assert two_phase_pessimistic([[90, 1], [0, 5]], [[9, 1], [0, 5]], [[0, 0], [0, 0]]) == 1.0


@given(st.floats(0.01, 0.3), st.floats(0, 0.4), st.floats(0, 0.3), st.floats(0.05, 0.5), st.floats(0.05, 0.5))
def test_the_gage_correction_undoes_independent_errors(prevalence, miss, false_alarm, escape, overkill):
    n = 10**9
    share = {
        (m, h): prevalence * (escape if m == 0 else 1 - escape) * (miss if h == 0 else 1 - miss)
        + (1 - prevalence) * (1 - overkill if m == 0 else overkill) * (1 - false_alarm if h == 0 else false_alarm)
        for m, h in product((0, 1), repeat=2)
    }
    table = [[round(n * share[m, h]) for h in (0, 1)] for m in (0, 1)]
    found = rogan_gladen(table, miss, false_alarm)
    assert found == pytest.approx((prevalence, escape, overkill, False), abs=1e-5)


@pytest.mark.parametrize(
    ("table", "miss", "false_alarm", "expected"),
    [
        ([[985, 3], [6, 6]], 0.1, 0.01, (0.0, None, 0.0053872, True)),
        ([[1, 3], [6, 990]], 0.01, 0.1, (1.0, 0.0029115, None, True)),
        ([[100, 0], [0, 0]], 0.1, 0.0, (0.0, None, 0.0, False)),
        ([[0, 0], [0, 100]], 0.0, 0.1, (1.0, 0.0, None, False)),
        ([[90, 0], [0, 10]], 0.0, 0.05, (0.0526316, 0.0, 0.0, True)),
    ],
)
def test_the_gage_correction_is_clipped_and_says_so(table, miss, false_alarm, expected):
    found = rogan_gladen(table, miss, false_alarm)
    assert found.clipped is expected[3]
    assert [value is None for value in found] == [value is None for value in expected]
    assert [value or 0 for value in found] == pytest.approx([value or 0 for value in expected], abs=1e-6)


def test_raters_are_ranked_as_they_err():
    rng = np.random.default_rng(13)
    truth = rng.random(3_000) < 0.2
    errors = [(0.02, 0.05), (0.06, 0.15), (0.01, 0.30)]
    labels = np.column_stack(
        [np.where(truth, rng.random(3_000) >= miss, rng.random(3_000) < false) for false, miss in errors]
    )
    found = dawid_skene(labels.astype(int))
    assert found.prior == pytest.approx([0.8, 0.2], abs=0.02)
    for rater, (false, miss) in enumerate(errors):
        assert found.confusion[rater][0][1] == pytest.approx(false, abs=0.02)
        assert found.confusion[rater][1][0] == pytest.approx(miss, abs=0.05)
    assert np.array(found.posterior)[:, 1].mean() == pytest.approx(truth.mean(), abs=0.01)


def test_the_likelihood_is_that_of_the_labels():
    found = dawid_skene([[0, 0, 1], [1, 1, -1], [0, 0, 0], [1, 0, 1], [1, 1, 1]])
    total = 0.0
    for row in ([0, 0, 1], [1, 1, -1], [0, 0, 0], [1, 0, 1], [1, 1, 1]):
        given_class = [
            found.prior[t] * np.prod([found.confusion[r][t][o] for r, o in enumerate(row) if o >= 0]) for t in (0, 1)
        ]
        total += np.log(sum(given_class))
    assert found.loglik == pytest.approx(total, abs=1e-6)


def test_iterations_stop_at_their_limit_and_at_the_tolerance():
    labels = [[0, 0, 1], [1, 1, 0], [0, 0, 0], [1, 0, 1], [1, 1, 1], [0, 1, 0]]
    once, loose = dawid_skene(labels, max_iter=1), dawid_skene(labels, tol=1e9)
    assert once.loglik < dawid_skene(labels, max_iter=2).loglik <= dawid_skene(labels).loglik
    assert loose.loglik == dawid_skene(labels, max_iter=2).loglik


def test_a_rater_without_weight_in_a_class_has_no_rate_there():
    found = dawid_skene([[0, 0, -1], [0, 0, -1]], classes=3)
    assert found.prior == [1.0, 0.0, 0.0]
    assert found.confusion[0] == [[1.0, 0.0, 0.0], [None] * 3, [None] * 3]
    assert found.confusion[2] == [[None] * 3] * 3
    assert found.posterior == [[1.0, 0.0, 0.0]] * 2
    assert found.loglik == 0.0


@pytest.mark.parametrize(
    ("counts", "expected"),
    [
        ((95, 5, 4900, 0, 0), (0.95, None, None)),
        ((10, 0, 0, 0, 0), (1.0, 1.0, 1.0)),
        ((0, 0, 0, 0, 0), (None, None, None)),
        ((0, 0, 100, 10, 0), (None, None, 0.0)),
        ((90, 10, 100, 100, 10), (0.9, 90 / 110, 90 / (100 + 100 * cp_upper(10, 100, 0.05)))),
    ],
)
def test_visible_detection_admits_what_it_cannot_see(counts, expected):
    assert visible_detection(*counts) == pytest.approx(expected)


def test_a_smaller_delta_is_more_pessimistic():
    assert visible_detection(95, 5, 4900, 490, 1, 0.01).pessimistic < visible_detection(95, 5, 4900, 490, 1).pessimistic
