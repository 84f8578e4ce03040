"""What an image measures, and which two images are nearly the same."""

import numpy as np
import pytest
from PIL import Image, ImageFilter

from tests.vision import pictures as draw
from vision.measures import Measures, fingerprint, measure, near


def pixels_of(image: Image.Image) -> np.ndarray:
    return np.asarray(image.convert("RGB"))


def flat(level: int) -> np.ndarray:
    return np.full((120, 160, 3), level, np.uint8)


def measured(pixels: np.ndarray) -> Measures:
    return measure(pixels, size_bytes=1_000)


def test_a_flat_image_has_one_brightness_and_nothing_else():
    found = measured(flat(90))
    assert found == Measures(
        brightness=90.0,
        p99_luminance=90.0,
        contrast=0.0,
        sharpness=0.0,
        saturation=0.0,
        entropy=0.0,
        width=160,
        height=120,
        size_bytes=1_000,
        blank=True,
    )


def test_half_black_half_white_by_hand():
    pixels = flat(0).copy()
    pixels[:, 80:] = 255
    found = measured(pixels)
    assert found.brightness == pytest.approx(127.5)
    assert found.contrast == pytest.approx(127.5)
    assert found.entropy == pytest.approx(1.0)
    assert found.p99_luminance == 255.0
    # One column of +255 and one of -255 among 158 inner columns.
    assert found.sharpness == pytest.approx(2 * 255**2 / 158)


def test_luminance_weighs_green_most():
    red, green, blue = (measured(np.eye(3, dtype=np.uint8)[n] * flat(255)).brightness for n in range(3))
    assert (red, green, blue) == pytest.approx((76, 150, 29), abs=1)


def test_saturation_is_the_mean_spread_over_the_brightest_channel():
    pixels = flat(0).copy()
    pixels[:, :80] = (200, 100, 50)
    assert measured(pixels).saturation == pytest.approx(0.75 / 2)


def test_one_percent_of_glare_moves_the_99th_percentile_not_the_mean():
    calm, glaring = flat(90), flat(90).copy()
    glaring[:3] = 255
    assert measured(glaring).p99_luminance == 255.0
    assert measured(glaring).brightness == pytest.approx(measured(calm).brightness, abs=5)


def test_the_lamp_dims_and_the_lens_blurs():
    part = draw.part()
    dark = pixels_of(part.point(lambda value: value * 0.6))
    blurred = pixels_of(part.filter(ImageFilter.GaussianBlur(2)))
    good = measured(pixels_of(part))
    assert measured(dark).brightness < 0.65 * good.brightness
    assert measured(dark).p99_luminance < 0.65 * good.p99_luminance
    assert measured(blurred).sharpness < 0.3 * good.sharpness


@pytest.mark.parametrize("level", [0, 128, 255])
def test_a_capped_lens_with_sensor_noise_is_blank(level):
    noise = np.random.default_rng(1).normal(0, 1.2, (120, 160, 1))
    assert measured(np.clip(flat(level) + noise, 0, 255).astype(np.uint8)).blank


def test_a_part_is_not_blank_even_in_poor_light():
    assert not measured(pixels_of(draw.part().point(lambda value: value * 0.15))).blank


def test_an_image_of_one_row_can_be_measured():
    assert measured(flat(90)[:1]).sharpness == 0.0


def test_a_second_shot_of_the_same_scene_is_near():
    part = pixels_of(draw.part(640, 480))
    noise = np.random.default_rng(1).normal(0, 3, part.shape)
    shot = np.clip(part * 0.9 + noise, 0, 255).astype(np.uint8)
    assert near(fingerprint(part), fingerprint(shot))


def test_other_parts_are_not_near():
    rng = np.random.default_rng(7)
    hashes = []
    for _ in range(40):
        blobs = rng.uniform(40, 200, (6, 8)).astype(np.uint8)
        hashes.append(fingerprint(pixels_of(Image.fromarray(blobs).resize((320, 240), Image.Resampling.BICUBIC))))
    pairs = [(a, b) for n, a in enumerate(hashes) for b in hashes[:n]]
    assert not any(near(a, b) for a, b in pairs)


def test_a_fingerprint_has_64_bits():
    rising = np.broadcast_to(np.arange(160, dtype=np.uint8)[None, :, None], (120, 160, 3))
    assert fingerprint(rising.copy()) == 2**64 - 1
    assert fingerprint(rising[:, ::-1].copy()) == 0


def test_the_reference_patch_follows_the_lamp_and_not_the_part():
    pixels = flat(100)
    pixels[:30, :40] = 60
    bare = measure(pixels, size_bytes=1)
    patch = (0.0, 0.0, 0.25, 0.25)
    assert (bare.patch_luminance, measure(pixels, size_bytes=1, patch=patch).patch_luminance) == (None, 60.0)
    pixels[60:] = 0
    assert measure(pixels, size_bytes=1, patch=patch).patch_luminance == 60.0
    assert measure(pixels // 2, size_bytes=1, patch=patch).patch_luminance == 30.0
