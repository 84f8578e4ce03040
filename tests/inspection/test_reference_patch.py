"""Where a line's reference patch may lie."""

import pytest
from django.core.exceptions import ValidationError

from inspection.models.line import place_in_picture


@pytest.mark.parametrize("place", [[0, 0, 1, 1], [0.9, 0.9, 0.1, 0.1]])
def test_a_patch_lies_within_the_picture(place):
    place_in_picture(place)


@pytest.mark.parametrize(
    "place", [[0, 0, 0, 1], [0.5, 0, 0.6, 1], [-0.1, 0, 0.5, 0.5], [0, 0, 1], "left", {"x": 0}, [0, 0, "1", 1]]
)
def test_any_other_place_is_refused(place):
    with pytest.raises(ValidationError):
        place_in_picture(place)
