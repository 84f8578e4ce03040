"""What every station has: the mat under the part and the lamps above it."""

import numpy as np
from scipy.special import expit

from vision.drawn.canvas import Plane, Profile, noise_tile
from vision.drawn.optics import Optics

Generator = np.random.Generator

# Share of the picture, from its upper left corner, that always shows the mat: its tone follows the lamp alone.
REFERENCE_PATCH = (0.0, 0.0, 0.05, 0.06)
MAT_TONE = 0.40


def mat(rng: Generator, x: Plane, y: Plane) -> Plane:
    """A grey rubber mat, evenly grained, a little brighter towards the lamp (which is never quite still)."""
    tone = np.float32(MAT_TONE * rng.normal(1, 0.012))
    slope_x, slope_y = rng.normal((-0.0002, 0.00022), 0.00009).astype(np.float32)
    falloff = 1 + slope_x * x + slope_y * y
    return tone * falloff + grain(rng, x.shape, 0.9) * np.float32(0.006)


def grain(rng: Generator, shape: tuple[int, ...], sigma: float) -> Plane:
    """A window of fine noise of unit spread."""
    side = max(1024, shape[0] + 128, shape[1] + 128)
    tile = noise_tile("grain", (sigma, sigma), side)
    top, left = rng.integers(side - shape[0] + 1), rng.integers(side - shape[1] + 1)
    return tile[top : top + shape[0], left : left + shape[1]]


def sweep(rng: Generator, x: Plane, y: Plane, optics: Optics) -> Plane:
    """Light the glass throws back: dark room, diagonal bands of the bar lamp, an arc of the ring light."""
    angle = rng.normal(0.6, 0.12)
    along = x * np.float32(np.cos(angle)) + y * np.float32(np.sin(angle))
    aside = y * np.float32(np.cos(angle)) - x * np.float32(np.sin(angle))
    bowed = aside + np.float32(rng.normal(0, 0.00012)) * along * along
    bands = _bands(rng)(bowed)
    ends = 1 + np.float32(rng.normal(0, 0.0006)) * along
    light = np.float32(0.20) + bands * ends
    return light + _ring_arc(rng, x, y) * np.float32(0.035 * optics.ring)


def _bands(rng: Generator) -> Profile:
    places = np.arange(-900, 900, 0.5)
    light = np.zeros_like(places)
    for centre, width, strength in _lamps(rng):
        light += strength * np.exp(-(((places - centre) / width) ** 2))
    if rng.random() < 0.45:
        edge, sharp = rng.uniform(-220, 220), rng.uniform(1.5, 9)
        fade = np.exp(-np.clip(places - edge, 0, None) / rng.uniform(30, 90))
        light += rng.uniform(0.012, 0.035) * fade * expit((places - edge) / sharp)
    return Profile(-900, light.astype(np.float32), 2.0)


def _lamps(rng: Generator) -> list[tuple[float, float, float]]:
    main = (rng.normal(0, 40), rng.uniform(55, 90), rng.uniform(0.17, 0.22))
    others = [
        (rng.uniform(-330, 330), rng.uniform(14, 60), rng.uniform(0.02, 0.09)) for _ in range(int(rng.integers(1, 4)))
    ]
    return [main, *others]


def _ring_arc(rng: Generator, x: Plane, y: Plane) -> Plane:
    """The ring light itself, mirrored far out of focus."""
    centre_x, centre_y = rng.normal(60, 70), rng.normal(0, 60)
    distance = np.hypot(x - np.float32(centre_x), y - np.float32(centre_y))
    radius, thickness = rng.uniform(150, 230), rng.uniform(18, 32)
    return np.exp(-(((distance - np.float32(radius)) / np.float32(thickness)) ** 2))
