"""Nearly the same picture is recognised in other bytes; two parts of one kind are not taken for one."""

import io

import numpy as np
import pytest
from PIL import Image

from vision.drawn.parts import draw
from vision.embedding import embed
from vision.likeness import Print, alike
from vision.measures import fingerprint


def drawn(seed):
    return np.asarray(draw(seed, size=(320, 240)).image.convert("RGB"))


def print_of(pixels, *, is_embedded=True):
    return Print(fingerprint(pixels), embed(pixels) if is_embedded else None)


def coarse(pixels):
    written = io.BytesIO()
    Image.fromarray(pixels).save(written, "JPEG", quality=60)
    return np.asarray(Image.open(written).convert("RGB"))


def relit(pixels):
    return np.clip(pixels * 1.03, 0, 255).astype(np.uint8)


def noisy(pixels):
    return np.clip(pixels + np.random.default_rng(1).normal(0, 2, pixels.shape), 0, 255).astype(np.uint8)


def moved(pixels):
    return np.roll(pixels, 1, axis=1)


@pytest.mark.parametrize("change", [coarse, relit, noisy, moved])
def test_a_picture_is_like_itself_in_other_bytes(change):
    prints = [print_of(drawn(0)), print_of(drawn(1)), print_of(change(drawn(0)))]
    assert list(alike(prints)) == [(0, 2)]


def test_twenty_drawn_parts_are_twenty_pictures():
    assert list(alike([print_of(drawn(seed)) for seed in range(20)])) == []


def test_the_same_outline_in_another_light_is_another_picture():
    pixels = drawn(0)
    assert list(alike([print_of(pixels), print_of((pixels * 0.7).astype(np.uint8))])) == []


def test_pictures_that_were_never_embedded_are_told_apart_by_their_fingerprints():
    prints = [print_of(drawn(seed), is_embedded=False) for seed in (0, 1, 0)]
    assert list(alike(prints)) == [(0, 2)]
    assert list(alike([])) == []
