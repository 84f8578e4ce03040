"""From light to pixels: lens falloff, focus, colour of the lamp, exposure, sensor noise, eight bits."""

from functools import lru_cache

import numpy as np
from PIL import Image
from scipy.ndimage import gaussian_filter

from vision.drawn.canvas import Canvas, Plane, noise_tile, pixel_grid
from vision.drawn.optics import Optics
from vision.drawn.strokes import soften

SHOT_NOISE = 0.0065  # spread at full scale, one sigma
READ_NOISE = 0.0022
BLUR_AT_ZERO_FOCUS = 8.0  # pixels at 640 x 480


def expose(canvas: Canvas, optics: Optics, rng: np.random.Generator) -> Image.Image:
    """Take the picture."""
    height, width = canvas.shape
    planes = focus(canvas.planes, optics, canvas.pose.size, play=rng.uniform(0.42, 0.6))
    falloff = vignette((width, height)) * np.float32(optics.light)
    spread = _spread(planes[1] * falloff, optics.noise)
    grain = rng.standard_normal((height, width), dtype=np.float32) * spread * np.float32(0.85)
    pixels = np.empty((height, width, 3), np.uint8)
    for index, gain in enumerate(colour_gains(optics.tint)):
        light = planes[index] * falloff
        light *= np.float32(gain)
        light += grain
        light += _chroma(rng, (height, width)) * spread
        light *= 255
        pixels[..., index] = np.clip(light, 0, 254.5) + np.float32(0.5)
    return Image.fromarray(pixels)


def _spread(light: Plane, factor: float) -> Plane:
    """Sensor noise at each pixel: photons and read-out. A channel's own share is half of it."""
    shot, read = np.float32((SHOT_NOISE * factor) ** 2), np.float32((READ_NOISE * factor) ** 2)
    return np.sqrt(np.maximum(light, 0) * shot + read)


def focus(planes: Plane, optics: Optics, size: tuple[int, int], *, play: float) -> Plane:
    """Blur as the lens does: a touch even when sharp (`play`, in pixels), much when out of focus."""
    blur = (1 - optics.focus) * BLUR_AT_ZERO_FOCUS * min(size[0] / 640, size[1] / 480)
    sigma = float(np.hypot(play, blur))
    if sigma <= 0.7:
        return np.stack([soften(plane, sigma) for plane in planes])
    return np.stack([gaussian_filter(plane, sigma, truncate=3.0) for plane in planes])


def colour_gains(tint: float) -> tuple[float, float, float]:
    """Gains of red, green and blue for light from cold (-1) to warm (1)."""
    return 1 + 0.14 * tint, 1.0, 1 - 0.18 * tint


@lru_cache(maxsize=4)
def vignette(size: tuple[int, int]) -> Plane:
    """Falloff of the lens towards the corners."""
    across, down = pixel_grid(size)
    reach = (across / (size[0] / 2)) ** 2 + (down / (size[1] / 2)) ** 2
    return (1 - 0.07 * reach).astype(np.float32)


def _chroma(rng: np.random.Generator, shape: tuple[int, int]) -> Plane:
    side = max(1024, shape[0] + 256, shape[1] + 256)
    tile = noise_tile("chroma", (0.0, 0.0), side, 0.5)
    top, left = rng.integers(side - shape[0] + 1), rng.integers(side - shape[1] + 1)
    return tile[top : top + shape[0], left : left + shape[1]]
