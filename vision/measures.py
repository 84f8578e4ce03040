"""What an image is like before any model looks at it, and whether two images are nearly the same.

All measures are taken on the decoder's working copy (long edge at most 1024), so that
a line's figures stay comparable when its camera changes resolution.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

BLANK_CONTRAST = 2.0
"""Below this spread (8-bit units) there is no picture: lens cap, dead lamp, saturated sensor."""

NEAR_BITS = 2
"""Fingerprints at most this many bits apart belong to nearly the same image."""

_HASH_ROWS, _HASH_COLUMNS = 8, 8


@dataclass(frozen=True, kw_only=True)
class Measures:
    """One image's measures. Luminance Y is the 8-bit ITU-R 601 grey value, 0 to 255."""

    brightness: float
    """Mean of Y."""
    p99_luminance: float
    """99th percentile of Y: it varies little between good parts, so a failing lamp shows at once."""
    contrast: float
    """Standard deviation of Y."""
    sharpness: float
    """Variance of the 4-neighbour Laplacian of Y."""
    saturation: float
    """Mean of (max - min) / max over the channels, 0 to 1; black counts as 0."""
    entropy: float
    """Of the histogram of Y, in bits, 0 to 8."""
    width: int
    height: int
    size_bytes: int
    blank: bool
    """No picture on it; such an image goes to a person and is never decided automatically."""
    patch_luminance: float | None = None
    """Mean of Y on the reference patch, which shows no part: it follows the lamp alone."""


def measure(
    pixels: NDArray[np.uint8], *, size_bytes: int, patch: tuple[float, float, float, float] | None = None
) -> Measures:
    """Measure a height x width x 3 array; `size_bytes` is the stored file's.

    `patch` is x, y, width and height of the reference patch in shares of the picture.
    """
    grey = _grey(pixels)
    shares = np.bincount(grey.ravel(), minlength=256) / grey.size
    levels = np.arange(256)
    mean = float(shares @ levels)
    contrast = math.sqrt(float(shares @ (levels - mean) ** 2))
    present: NDArray[np.float64] = shares[shares > 0]
    return Measures(
        brightness=mean,
        p99_luminance=float(np.searchsorted(np.cumsum(shares), 0.99)),
        contrast=contrast,
        sharpness=_sharpness(grey),
        saturation=_saturation(pixels),
        entropy=max(0.0, float(-(present * np.log2(present)).sum())),
        width=pixels.shape[1],
        height=pixels.shape[0],
        size_bytes=size_bytes,
        blank=contrast < BLANK_CONTRAST,
        patch_luminance=None if patch is None else _on_patch(grey, patch),
    )


def fingerprint(pixels: NDArray[np.uint8]) -> int:
    """A 64-bit difference hash: which of two neighbouring cells of a coarse grid is the brighter.

    Two shots of one scene agree in nearly all bits, whatever the exposure or compression.
    """
    grid = Image.fromarray(_grey(pixels)).resize((_HASH_COLUMNS + 1, _HASH_ROWS), Image.Resampling.BOX)
    cells = np.asarray(grid, dtype=np.int16)
    return int.from_bytes(np.packbits(cells[:, 1:] > cells[:, :-1]).tobytes())


def near(first: int, second: int) -> bool:
    """Say whether two fingerprints belong to nearly the same image.

    >>> near(0b1011, 0b1000), near(0b1111, 0b1000)
    (True, False)
    """
    return (first ^ second).bit_count() <= NEAR_BITS


def _grey(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return np.asarray(Image.fromarray(pixels).convert("L"))


def _on_patch(grey: NDArray[np.uint8], patch: tuple[float, float, float, float]) -> float:
    height, width = grey.shape
    x, y, wide, high = patch
    top, left = min(int(y * height), height - 1), min(int(x * width), width - 1)
    return float(grey[top : top + max(1, round(high * height)), left : left + max(1, round(wide * width))].mean())


def _sharpness(grey: NDArray[np.uint8]) -> float:
    y = grey.astype(np.int16)
    if min(y.shape) < 3:
        return 0.0
    laplacian = y[:-2, 1:-1] + y[2:, 1:-1] + y[1:-1, :-2] + y[1:-1, 2:] - 4 * y[1:-1, 1:-1]
    return float(laplacian.astype(np.float32).var())


def _saturation(pixels: NDArray[np.uint8]) -> float:
    red, green, blue = (pixels[..., channel] for channel in range(3))
    most = np.maximum(np.maximum(red, green), blue)
    least = np.minimum(np.minimum(red, green), blue)
    return float(np.mean((most - least) / np.maximum(most, 1).astype(np.float32)))
