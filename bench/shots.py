"""Pictures for the benchmarks: drawn phones as JPEG files, each with bytes of its own."""

import io
from collections.abc import Iterator
from itertools import cycle

import numpy as np
from PIL import Image

from vision.drawn.parts import draw

DRAWN = 24
SIZE = (640, 480)


def shots(count: int, *, size: tuple[int, int] = SIZE) -> list[bytes]:
    """Return JPEGs of drawn phones. Beyond the first few they are moved copies: drawing takes longer than serving."""
    scenes = [np.asarray(draw(seed, size=size).image.convert("RGB")) for seed in range(min(count, DRAWN))]
    return [_encoded(np.roll(scene, n, axis=1)) for n, scene in zip(range(count), _again(scenes), strict=False)]


def _again(scenes: list[np.ndarray]) -> Iterator[np.ndarray]:
    return cycle(scenes)


def _encoded(pixels: np.ndarray) -> bytes:
    written = io.BytesIO()
    Image.fromarray(pixels).save(written, "JPEG", quality=90)
    return written.getvalue()
