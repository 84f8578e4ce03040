"""What lies on every part and is no defect: dust, lint, oil, fingerprints, the trace of a cloth."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vision.drawn.canvas import Canvas, Plane, cut_noise, noise_tile, sample_tile
from vision.drawn.optics import Optics
from vision.drawn.strokes import Ink, soften, taper, wander

Generator = np.random.Generator
OIL_HUE = (1.0, 1.0, 1.03)


@dataclass(frozen=True, kw_only=True)
class Soil:
    """Mean numbers of each kind of dirt on one part, at the station's usual cleanliness."""

    specks: float = 120.0
    lint: float = 0.6
    smears: float = 1.9
    fingerprints: float = 0.6
    streaks: float = 0.8
    wipes: float = 0.35
    strength: float = 1.0  # how clearly oil shows on this surface


def soil(canvas: Canvas, rng: Generator, dirt: Soil, optics: Optics) -> None:
    """Dirty the part. Good and bad parts alike."""
    for _ in range(rng.poisson(dirt.wipes * optics.oil)):
        wipe(canvas, rng, dirt.strength)
    for _ in range(rng.poisson(dirt.smears * optics.oil)):
        smear(canvas, rng, dirt.strength)
    for _ in range(rng.poisson(dirt.fingerprints * optics.oil)):
        fingerprint(canvas, rng, dirt.strength)
    fine, soft = Ink(), Ink()
    for _ in range(rng.poisson(dirt.streaks * optics.oil)):
        streak(canvas, rng, soft, dirt.strength)
    for _ in range(rng.poisson(dirt.lint * optics.dust)):
        lint(canvas, rng, soft)
    specks(canvas, rng, fine, count=rng.poisson(dirt.specks * optics.dust))
    canvas.add(soften(soft.layer(canvas.shape), 0.7) + fine.layer(canvas.shape))


def specks(canvas: Canvas, rng: Generator, ink: Ink, *, count: int) -> None:
    """Dust: many faint points, a few bright ones some pixels wide."""
    height, width = canvas.shape
    x, y = rng.uniform(0, width, count), rng.uniform(0, height, count)
    size = rng.lognormal(-0.9, 0.55, count).clip(0, 1.2) * canvas.scale
    light = rng.lognormal(-1.85, 0.55, count).clip(0, 0.45)
    grains = int(12 * max(canvas.scale, 1) ** 2)
    around = rng.normal(0, 1, (2, count, grains)) * size[:, None] * 0.45
    weight = np.repeat(light * np.maximum(size, 0.5) ** 1.5 / grains * 1.6, grains)
    ink.dots((x[:, None] + around[0]).ravel(), (y[:, None] + around[1]).ravel(), weight)


def lint(canvas: Canvas, rng: Generator, ink: Ink) -> None:
    """A fibre: even, soft, curled as no scratch is (mostly)."""
    scale = canvas.scale
    length = rng.uniform(14, 48) * scale
    path = wander(
        rng,
        canvas.spot(rng),
        length=length,
        heading=rng.uniform(0, 2 * np.pi),
        bend=rng.normal(0, 1.6),
        wobble=rng.uniform(0.02, 0.16) / np.sqrt(scale),
    )
    strength = rng.uniform(0.03, 0.09) * rng.choice([1.0, 1.0, 1.0, -0.55])
    ink.line(path, strength * taper(len(path), power=0.25), width=rng.uniform(0.9, 1.7) * scale)


def streak(canvas: Canvas, rng: Generator, ink: Ink, strength: float) -> None:
    """A single line of oil, long, straight and soft: the look-alike of a scratch."""
    scale = canvas.scale
    path = wander(
        rng,
        canvas.spot(rng),
        length=rng.uniform(45, 190) * scale,
        heading=rng.uniform(0, 2 * np.pi),
        bend=rng.normal(0, 0.35),
        wobble=0.004,
    )
    light = rng.uniform(0.012, 0.035) * strength * taper(len(path), power=0.9)
    ink.line(path, light, width=rng.uniform(1.8, 5.0) * scale)


def smear(canvas: Canvas, rng: Generator, strength: float) -> None:
    """A drawn-out patch of oil: a haze with fine parallel threads, thin and thick by turns."""
    long, wide = rng.uniform(55, 150), rng.uniform(16, 46)
    along, across, at = _patch(canvas, rng, long, wide)
    bent = across + np.float32(rng.normal(0, 0.0016)) * along * along
    start = np.float32(rng.uniform(0, 700))
    threads = sample_tile(_threads(), along + start, bent * np.float32(2.2) + start)
    # A whole number: every other sigma would have a tile of its own made.
    haze = cut_noise(rng, along.shape, max(round(9.0 * canvas.scale), 1))
    cover = np.exp(-((along / (long * 0.5)) ** 2) - (bent / (wide * 0.5)) ** 2)
    film = np.maximum(np.float32(0.6) + np.float32(0.24) * threads + np.float32(0.35) * haze, 0)
    canvas.add(cover * film * np.float32(rng.uniform(0.018, 0.05) * strength), at=at, hue=OIL_HUE)


def wipe(canvas: Canvas, rng: Generator, strength: float) -> None:
    """The wide arc a cloth leaves, barely seen."""
    long, wide = rng.uniform(220, 420), rng.uniform(40, 90)
    along, across, at = _patch(canvas, rng, long, wide, reach=0.65)
    bent = across + np.float32(rng.normal(0, 0.0009)) * along * along
    threads = sample_tile(_threads(), along * np.float32(0.6), bent * np.float32(1.6) + np.float32(rng.uniform(0, 700)))
    cover = np.exp(-np.square((along / (long * 0.45)) ** 2) - np.square((bent / (wide * 0.45)) ** 2))
    canvas.add(cover * threads * np.float32(rng.uniform(0.006, 0.016) * strength), at=at, hue=OIL_HUE)


def fingerprint(canvas: Canvas, rng: Generator, strength: float) -> None:
    """Ridges of a whorl, a loop or an arch, pressed unevenly."""
    long, wide = rng.uniform(44, 62), rng.uniform(32, 44)
    along, across, at = _patch(canvas, rng, long, wide, reach=1.25)
    bend = cut_noise(rng, along.shape, 14.0)
    ridges = _ridges(rng, along, across, bend)
    pressed = np.clip(0.75 + 0.55 * cut_noise(rng, along.shape, 9.0), 0, 1.2)
    broken = np.clip(1.1 + 0.7 * cut_noise(rng, along.shape, 1.3, "pores"), 0, 1)
    reach = (along / long) ** 2 + (across / wide) ** 2 + np.float32(0.12) * bend
    cover = np.clip((1 - reach) * 2.2, 0, 1)
    light = rng.uniform(0.025, 0.065) * strength
    canvas.add(cover * pressed * (0.22 + ridges * broken) * np.float32(light), at=at, hue=OIL_HUE)


def _ridges(rng: Generator, along: Plane, across: Plane, bend: Plane) -> Plane:
    kind = rng.choice(["whorl", "loop", "arch"], p=[0.4, 0.45, 0.15])
    if kind == "whorl":
        around = np.arctan2(across, along) * np.float32(rng.choice([-1, 1]) * 0.7)
        distance = np.hypot(along * np.float32(0.8), across) + around
    elif kind == "loop":
        distance = np.hypot(np.maximum(along + 8, 0) * np.float32(0.85), across)
    else:
        distance = along + 16 * np.exp(-((across / 18) ** 2))
    pitch = rng.uniform(3.3, 4.6)
    phase = (distance + np.float32(1.5) * bend) * np.float32(2 * np.pi / pitch)
    return np.clip(0.5 + 0.85 * np.cos(phase), 0, 1)


def _patch(
    canvas: Canvas, rng: Generator, long: float, wide: float, *, reach: float = 1.0
) -> tuple[Plane, Plane, tuple[int, int]]:
    """A turned patch somewhere on the surface: its own coordinates in units, and its corner in pixels."""
    x, y = canvas.spot(rng, margin=4)
    angle = rng.uniform(0, np.pi)
    turn_x, turn_y = np.cos(angle), np.sin(angle)
    height, width = canvas.shape
    across = _span(x, (abs(turn_x) * long + abs(turn_y) * wide) * reach * canvas.scale, width)
    down = _span(y, (abs(turn_y) * long + abs(turn_x) * wide) * reach * canvas.scale, height)
    right = ((across - x) / canvas.scale).astype(np.float32)[None, :]
    below = ((down - y) / canvas.scale).astype(np.float32)[:, None]
    along = right * np.float32(turn_x) + below * np.float32(turn_y)
    aside = below * np.float32(turn_x) - right * np.float32(turn_y)
    return along, aside, (int(across[0]), int(down[0]))


def _span(middle: float, half: float, end: int) -> NDArray[np.int64]:
    """Pixels within half of the middle that lie in the picture."""
    return np.arange(max(int(middle - half), 0), min(int(middle + half) + 2, end))


def _threads() -> Plane:
    return noise_tile("threads", (1.1, 22.0))
