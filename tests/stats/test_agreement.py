"""Agreement against scikit-learn, statsmodels and the definitions."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import cohen_kappa_score, matthews_corrcoef
from statsmodels.stats.inter_rater import cohens_kappa

from stats.agreement import (
    ac1,
    bias_index,
    class_escape,
    kappa,
    krippendorff_alpha,
    mcc,
    pabak,
    prevalence_index,
    rates,
)

RARE, COMMON = [[980, 9], [10, 1]], [[450, 10], [9, 531]]


@st.composite
def tables(draw):
    q = draw(st.integers(2, 4))
    return draw(st.lists(st.lists(st.integers(1, 200), min_size=q, max_size=q), min_size=q, max_size=q))


def labels(table):
    pairs = [(i, j) for i, j in product(range(len(table)), repeat=2) for _ in range(table[i][j])]
    return [pair[0] for pair in pairs], [pair[1] for pair in pairs]


@given(tables())
def test_kappa_agrees_with_statsmodels(table):
    found, expected = kappa(table), cohens_kappa(np.array(table))
    assert found.kappa == pytest.approx(expected.kappa, abs=1e-12)
    assert found.se == pytest.approx(expected.std_kappa, abs=1e-9)
    assert (found.low, found.high) == pytest.approx((expected.kappa_low, expected.kappa_upp), abs=1e-5)


@given(tables())
def test_kappa_agrees_with_scikit_learn_label_by_label(table):
    assert kappa(table).kappa == pytest.approx(cohen_kappa_score(*labels(table)), abs=1e-12)


@pytest.mark.parametrize("measure", [kappa, ac1, krippendorff_alpha, pabak])
def test_it_does_not_matter_who_rates_first(measure):
    table = [[50, 3, 1], [7, 20, 2], [0, 4, 9]]
    assert measure(table) == pytest.approx(measure(np.array(table).T))


@pytest.mark.parametrize("table", [[[100, 0], [0, 0]], [[0, 0], [0, 7]], [[0, 0, 0], [0, 5, 0], [0, 0, 0]]])
def test_one_class_alone_leaves_kappa_and_alpha_undefined(table):
    assert kappa(table) == (1.0, 1.0, None, None, None, None)
    assert krippendorff_alpha(table) is None
    assert ac1(table).ac1 == 1.0


def test_perfect_and_reversed_agreement():
    assert kappa([[5, 0], [0, 5]])[:4] == (1.0, 0.5, 1.0, 0.0)
    assert kappa([[0, 5], [5, 0]]).kappa == -1.0
    assert ac1([[0, 5], [5, 0]]).ac1 == -1.0
    assert pabak([[0, 5], [5, 0]]) == -1.0


def test_kappa_loses_nothing_where_defects_are_one_in_millions():
    assert kappa([[8_142_555, 0], [2, 0]])[2:] == (0.0, 0.0, 0.0, 0.0)
    found = kappa([[10**9, 1], [0, 1]])
    assert found.kappa == pytest.approx(2 * 10**9 / (3 * 10**9 + 2), rel=1e-15)
    assert found.agreement == (10**9 + 1) / (10**9 + 2)
    assert found.se == pytest.approx(0.314269680736, rel=1e-9)


def test_each_rater_with_one_class_of_his_own_has_kappa_zero():
    assert kappa([[0, 9], [0, 0]])[:3] == (0.0, 0.0, 0.0)


@pytest.mark.parametrize(
    ("table", "agreement", "k", "gwet", "alpha", "phi"),
    [(RARE, 0.981, 0.085659, 0.980597, 0.086094, 0.085759), (COMMON, 0.981, 0.961749, 0.962248, 0.961768, 0.961751)],
)
def test_the_prevalence_paradox(table, agreement, k, gwet, alpha, phi):
    (tn, fn), (fp, tp) = table
    found = (kappa(table).agreement, kappa(table).kappa, ac1(table).ac1, krippendorff_alpha(table), mcc(tp, fp, fn, tn))
    assert found == pytest.approx((agreement, k, gwet, alpha, phi), abs=1e-6)


@given(tables())
def test_alpha_agrees_with_counting_pairs_of_labels(table):
    first, second = labels(table)
    pooled = first + second
    n, seen = len(pooled), np.bincount(pooled)
    observed = sum(a != b for a, b in zip(first, second, strict=True)) / len(first)
    expected = 1 - sum(count * (count - 1) for count in seen.tolist()) / (n * (n - 1))
    assert krippendorff_alpha(table) == pytest.approx(1 - observed / expected, abs=1e-12)


@given(tables())
def test_the_error_of_ac1_is_that_of_its_definition_by_items(table):
    # Gwet's item-by-item form: the variance of the linearised values.
    first, second = labels(table)
    n, q = len(first), len(table)
    pi = (np.bincount(first, minlength=q) + np.bincount(second, minlength=q)) / (2 * n)
    chance = float((pi * (1 - pi)).sum() / (q - 1))
    value = ac1(table).ac1
    agreed = np.array(first) == np.array(second)
    own = (1 - pi[first] + 1 - pi[second]) / 2 / (q - 1)
    linear = (agreed - 2 * (1 - value) * own) / (1 - chance)
    assert ac1(table).se == pytest.approx(float(linear.std() / n**0.5), abs=1e-9)


@given(st.lists(st.integers(1, 300), min_size=4, max_size=4))
def test_mcc_agrees_with_scikit_learn(cells):
    tp, fp, fn, tn = cells
    assert mcc(tp, fp, fn, tn) == pytest.approx(matthews_corrcoef(*labels([[tn, fn], [fp, tp]])), abs=1e-12)


@pytest.mark.parametrize("cells", [(0, 0, 5, 95), (5, 0, 0, 0), (0, 7, 0, 9), (0, 0, 0, 0), (3, 4, 0, 0)])
def test_mcc_is_undefined_with_an_empty_margin(cells):
    assert mcc(*cells) is None


def test_the_indices_of_a_table():
    assert prevalence_index([[10, 0], [0, 40]]) == 0.6
    assert bias_index([[10, 15], [5, 20]]) == 0.2


def test_rates_separate_safety_from_cost():
    found = rates([[890, 30], [15, 65]])
    assert found == pytest.approx((0.955, 30 / 95, 15 / 905, 30_000.0, 30 / 920), rel=1e-12)


@pytest.mark.parametrize(
    ("table", "undefined"),
    [
        ([[98, 0], [2, 0]], {"escape"}),
        ([[0, 3], [0, 9]], {"overkill"}),
        ([[0, 0], [2, 9]], {"false_omission"}),
        ([[0, 0], [2, 0]], {"escape", "false_omission"}),
    ],
)
def test_a_rate_without_anything_to_count_is_undefined_not_zero(table, undefined):
    assert {name for name, value in rates(table)._asdict().items() if value is None} == undefined


def test_class_escape_is_per_class_and_undefined_for_a_class_never_seen():
    assert class_escape([[5, 1, 0], [2, 3, 0], [1, 0, 0]]) == [0.25, None]
    assert class_escape(np.array([[9, 1], [0, 3]])) == [0.25]
