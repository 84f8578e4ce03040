"""A picture as a few dozen numbers: parts like the certified ones lie near them, a failing lamp takes them far off."""

import numpy as np
import pytest

from vision import drawn
from vision.drawn import Optics
from vision.embedding import LENGTH, Reference, distance, embed, packed, reference, unpacked

LAMP_FAILS = Optics(light=0.6)


def shot(seed: int, *, optics: Optics | None = None, defect: str | None = None):
    part = drawn.draw(seed, product="back", defect=defect, optics=optics, size=(240, 320))
    return embed(np.asarray(part.image.convert("RGB")))


@pytest.fixture(scope="module")
def certified() -> Reference:
    return reference([shot(seed) for seed in range(12)])


def test_a_picture_of_any_size_gives_as_many_numbers():
    assert {len(embed(np.full(size, 90, np.uint8))) for size in ((480, 640, 3), (40, 30, 3))} == {LENGTH}


def test_every_certified_picture_is_within_the_limit_that_they_set(certified):
    assert max(distance(shot(seed), certified) for seed in range(12)) == pytest.approx(certified.limit)


def test_new_parts_lie_where_the_certified_ones_do(certified):
    assert np.median([distance(shot(seed), certified) for seed in range(100, 105)]) < certified.limit


@pytest.mark.parametrize("defect", [None, "scratch"])
def test_forty_percent_less_light_is_outside_every_time(certified, defect):
    far = [distance(shot(seed, optics=LAMP_FAILS, defect=defect), certified) for seed in range(200, 203)]
    assert min(far) > certified.limit


def test_what_is_kept_beside_an_item_is_nearly_what_was_seen(certified):
    vector = shot(7)
    kept = packed(vector)
    assert len(kept) == 2 * LENGTH
    assert distance(unpacked(kept), certified) == pytest.approx(distance(vector, certified), rel=0.01)


def test_without_pictures_there_is_no_reference():
    assert reference([]) is None


def test_a_certificate_keeps_it_as_plain_values(certified):
    plain = {"mean": list(certified.mean), "spread": list(certified.spread), "limit": certified.limit}
    assert Reference.of_plain(plain) == certified
