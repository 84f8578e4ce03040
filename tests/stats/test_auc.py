"""The area under the ROC curve and its interval."""

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from stats.auc import area, auc_interval


def test_the_area_is_that_of_the_usual_library_ties_included():
    random = np.random.default_rng(5)
    bad, good = random.integers(3, 9, 40) / 10, random.integers(0, 7, 60) / 10
    expected = roc_auc_score([1] * 40 + [0] * 60, [*bad, *good])
    assert area(list(bad), list(good)) == pytest.approx(expected)


@pytest.mark.parametrize(("positives", "negatives"), [([], [0.1]), ([0.1], []), ([], [])])
def test_without_pairs_there_is_no_area(positives, negatives):
    assert area(positives, negatives) is None


@pytest.mark.parametrize("auc", [0.0, 0.3, 0.5, 0.9, 1.0])
def test_the_interval_holds_the_area_and_turns_with_it(auc):
    low, high = auc_interval(auc, 30, 50)
    assert 0 <= low <= auc <= high <= 1
    assert auc_interval(1 - auc, 30, 50) == pytest.approx((1 - high, 1 - low))


def test_a_perfect_area_of_few_images_is_not_sure():
    few, many = auc_interval(1.0, 5, 5)[0], auc_interval(1.0, 500, 500)[0]
    assert few < 0.8 < 0.99 < many < 1


def test_the_interval_covers_the_true_area_about_as_often_as_it_says():
    random = np.random.default_rng(7)
    # Two normal scores one spread apart: the true area is 0.7602.
    held = 0
    for _ in range(400):
        found = area(list(random.normal(1, 1, 25)), list(random.normal(0, 1, 25)))
        low, high = auc_interval(found, 25, 25)
        held += low <= 0.7602 <= high
    assert held / 400 > 0.92


def test_images_of_one_kind_say_nothing():
    assert auc_interval(0.9, 0, 10) == auc_interval(0.9, 10, 0) == (0.0, 1.0)


def test_an_area_outside_its_range_is_an_error():
    with pytest.raises(ValueError, match="must lie between"):
        auc_interval(1.2, 10, 10)
