"""The front glass of a handset lying on a mat, lit by a ring light and a bar: as the first camera sees it."""

from dataclasses import dataclass

import numpy as np

from vision.drawn import flaws
from vision.drawn.canvas import Canvas, Plane, Pose, profile
from vision.drawn.dirt import Soil
from vision.drawn.optics import Optics
from vision.drawn.product import Product
from vision.drawn.surroundings import mat, sweep

Generator = np.random.Generator


@dataclass(frozen=True, kw_only=True)
class Handset:
    """What differs from model to model, not from part to part. Lengths in units."""

    metal: tuple[float, float, float]
    glass: tuple[float, float, float]
    corner: float
    hole: tuple[float, float]  # from the left edge, and from the middle
    hole_radius: float
    slit: float


METALS = ((1.0, 1.0, 1.01), (0.55, 0.56, 0.58), (1.02, 0.93, 0.82), (0.72, 0.78, 0.88), (0.9, 0.9, 0.94))
GLASSES = ((0.92, 0.97, 1.08), (0.95, 0.98, 1.05), (1.0, 1.0, 1.02), (0.9, 0.99, 1.04), (0.98, 0.96, 1.06))
HOLES = ((36.0, 0.0), (36.0, 120.0), (36.0, -122.0), (40.0, 0.0), (33.0, 0.0))

# Cross-section from outside (0) to the display: rounded metal, gap, the lip of the glass, black mask.
_BODY = profile(
    [
        *((-30, 1), (-17.2, 1), (-16.6, 0.93), (-16, 0.72)),
        *((-9.3, 0.74), (-9.0, 1.15), (-8.3, 1.0), (-8.0, 0.12), (-6.2, 0.1)),
        *((-5.8, 0.62), (-4.4, 0.85), (-2.6, 1.0), (-0.8, 0.72), (0, 0.5)),
    ],
    soften=0.25,
)
_METAL = profile([(-30, 0), (-6.4, 0), (-5.8, 1), (0, 1)])


def handset(rng: Generator) -> Handset:
    """One of the models that run on this line."""
    return Handset(
        metal=METALS[rng.integers(len(METALS))],
        glass=GLASSES[rng.integers(len(GLASSES))],
        corner=float(rng.choice([46, 52, 58])),
        hole=HOLES[rng.integers(len(HOLES))],
        hole_radius=float(rng.uniform(9.0, 12.5)),
        slit=float(rng.uniform(24, 34)),
    )


def scene(model_rng: Generator, pose: Pose, rng: Generator, optics: Optics) -> Canvas:
    """The clean part under today's light."""
    model = handset(model_rng)
    x, y = pose.units()
    half_x, half_y, centre_x = 500.0, 182.0, 222.0
    px, py = x - np.float32(centre_x), y
    out_x = np.abs(px) - np.float32(half_x - model.corner)
    out_y = np.abs(py) - np.float32(half_y - model.corner)
    round_x, round_y = np.maximum(out_x, 0), np.maximum(out_y, 0)
    reach = np.sqrt(round_x * round_x + round_y * round_y)
    depth = reach + np.minimum(np.maximum(out_x, out_y), 0) - np.float32(model.corner)

    light = sweep(rng, x, y, optics)
    facing = -(round_y * np.sign(py)) / np.maximum(reach, 1)
    lit = np.float32(0.6) + np.float32(0.34) * facing + np.float32(0.05) * round_x / np.maximum(reach, 1)
    body, metal = _BODY(depth), _METAL(depth)
    cover = np.clip(np.float32(0.5) - depth * np.float32(pose.scale), 0, 1)
    background = mat(rng, x, y) * (1 - _shadow(depth, facing))
    planes = np.empty((3, *depth.shape), np.float32)
    for index in range(3):
        part = body * (
            metal * lit * np.float32(model.metal[index]) + (1 - metal) * light * np.float32(model.glass[index])
        )
        planes[index] = background + cover * (part - background)
    canvas = Canvas(
        pose=pose,
        planes=planes,
        surface=np.clip((-8.2 - depth) * np.float32(pose.scale), 0, 1),
        sheen=light,
        anchors={},
    )
    _openings(canvas, model, x - np.float32(centre_x - half_x), y)
    return canvas


def _shadow(depth: Plane, facing: Plane) -> Plane:
    """The part's shadow on the mat, heavier below."""
    near = np.exp(-np.maximum(depth, 0) / np.float32(11))
    return near * (np.float32(0.42) - np.float32(0.18) * facing)


def _openings(canvas: Canvas, model: Handset, from_left: Plane, y: Plane) -> None:
    """The selfie camera behind its hole and the slit of the earpiece."""
    scale = np.float32(canvas.scale)
    slit = np.hypot(np.maximum(np.abs(y) - np.float32(model.slit), 0), from_left - np.float32(12.6))
    _darken(canvas, np.clip((1.6 - slit) * scale + 0.5, 0, 1), 0.16)
    distance = np.hypot(from_left - np.float32(model.hole[0]), y - np.float32(model.hole[1]))
    radius = np.float32(model.hole_radius)
    _darken(canvas, np.clip((radius - distance) * scale + 0.5, 0, 1), 0.1)
    ring = np.exp(-(((distance - radius * 0.72) / 0.9) ** 2)) * np.float32(0.05)
    glint = np.hypot(from_left - np.float32(model.hole[0] - 2.4), y - np.float32(model.hole[1] - 2.6))
    canvas.planes += ring + np.exp(-((glint / 1.5) ** 2)) * np.float32(0.55)
    canvas.surface *= np.clip((distance - radius) * scale + 0.5, 0, 1)


def _darken(canvas: Canvas, cover: Plane, left: float) -> None:
    canvas.planes *= 1 - cover * np.float32(1 - left)


PRODUCT = Product(
    scene=scene,
    soil=Soil(),
    flaws={
        "scratch": flaws.scratch,
        "chip": flaws.chip,
        "crack": flaws.crack,
        "stain": flaws.stain,
        "hairline-web": flaws.hairline_web,
    },
    mix={"scratch": 0.6, "chip": 0.14, "crack": 0.12, "stain": 0.14},
)
