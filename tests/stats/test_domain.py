"""Whether new pictures can be told from the reference by their embeddings."""

import numpy as np
import pytest

from stats.domain import domain_auc

RNG = np.random.default_rng(7)
REFERENCE = RNG.normal(size=(120, 12)).tolist()
ALIKE = RNG.normal(size=(120, 12)).tolist()
ELSEWHERE = (RNG.normal(size=(120, 12)) + 3).tolist()


def test_pictures_from_the_same_place_cannot_be_told_apart():
    assert domain_auc(REFERENCE, ALIKE).auc == pytest.approx(0.5, abs=0.12)


def test_pictures_from_elsewhere_are_told_apart_one_by_one():
    found = domain_auc(REFERENCE, ELSEWHERE)
    assert found.auc > 0.99
    assert len(found.likeness) == len(ELSEWHERE)
    assert min(found.likeness) > 0.5


def test_the_same_pictures_give_the_same_answer():
    assert domain_auc(REFERENCE, ALIKE) == domain_auc(REFERENCE, ALIKE)


@pytest.mark.parametrize(
    ("reference", "current", "complaint"),
    [
        (REFERENCE[:19], ALIKE, "ref has 19 rows"),
        (REFERENCE, ALIKE[:19], "cur has 19 rows"),
        ([*REFERENCE, [1.0]], ALIKE, "unequal length"),
        (REFERENCE, [row[:5] for row in ALIKE], "hold 12 numbers and rows of cur 5"),
        ([*REFERENCE[:-1], [float("nan")] * 12], ALIKE, "A row of ref"),
    ],
)
def test_rows_that_say_nothing_are_refused(reference, current, complaint):
    with pytest.raises(ValueError, match=complaint):
        domain_auc(reference, current)
