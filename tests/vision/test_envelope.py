"""Sentences about images that leave what a certificate was earned on."""

from math import nan

import pytest

from vision.envelope import WORDS, outside


def test_an_image_on_the_very_edge_is_inside():
    assert outside({"contrast": 10.0}, {"contrast": (10.0, 50.0)}) == ()
    assert outside({"contrast": 50.0}, {"contrast": (10.0, 50.0)}) == ()


@pytest.mark.parametrize("measure", list(WORDS))
def test_each_measure_has_a_word_for_below_and_one_for_above(measure):
    (below,) = outside({measure: 1.0}, {measure: (10.0, 50.0)})
    (above,) = outside({measure: 99.0}, {measure: (10.0, 50.0)})
    assert below.startswith(f"{WORDS[measure].below}: ")
    assert above.startswith(f"{WORDS[measure].above}: ")


@pytest.mark.parametrize("measures", [{}, {"contrast": nan}])
def test_what_was_not_measured_is_outside(measures):
    assert outside(measures, {"contrast": (10.0, 50.0)}) == ("Not measured: contrast, certified 10-50",)


def test_a_measure_of_a_later_release_still_gives_a_sentence():
    assert outside({"glare": 1.0}, {"glare": (2.0, 3.0)}) == ("Too low: glare 1, certified 2-3",)
