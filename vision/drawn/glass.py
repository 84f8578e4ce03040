"""The front glass of a handset lying on a mat, lit by a ring light and a bar: as the first camera sees it."""

from dataclasses import dataclass

import numpy as np

from vision.drawn import flaws
from vision.drawn.canvas import Canvas, Pose, profile
from vision.drawn.dirt import Soil
from vision.drawn.optics import Optics
from vision.drawn.product import Product
from vision.drawn.slab import METALS, outline
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


GLASSES = ((0.92, 0.97, 1.08), (0.95, 0.98, 1.05), (1.0, 1.0, 1.02), (0.9, 0.99, 1.04), (0.98, 0.96, 1.06))
LEFT = -278.0
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
    rim = outline(x - np.float32(LEFT + 500), y, half=(500.0, 182.0), corner=model.corner)
    light = sweep(rng, x, y, optics)
    body, metal = _BODY(rim.depth), _METAL(rim.depth)
    lit, cover = rim.lit() * metal, rim.cover(pose.scale)
    behind = mat(rng, x, y) * (1 - rim.shadow())
    planes = np.empty((3, *light.shape), np.float32)
    for plane, frame_hue, glass_hue in zip(planes, model.metal, model.glass, strict=True):
        part = body * (lit * np.float32(frame_hue) + (1 - metal) * light * np.float32(glass_hue))
        plane[:] = behind + cover * (part - behind)
    surface = rim.cover(pose.scale, inset=8.2)
    canvas = Canvas(pose=pose, x=x, y=y, planes=planes, surface=surface, sheen=light)
    _slit(canvas.around((LEFT + 12.6, 0), (4, model.slit + 4)), model.slit)
    _hole(canvas.around((LEFT + model.hole[0], model.hole[1]), (20, 20)), np.float32(model.hole_radius))
    return canvas


def _slit(canvas: Canvas, half: float) -> None:
    """The slit of the earpiece."""
    away = np.hypot(np.maximum(np.abs(canvas.y) - np.float32(half), 0), canvas.x)
    canvas.planes *= 1 - np.float32(0.84) * np.clip((np.float32(1.6) - away) * np.float32(canvas.scale) + 0.5, 0, 1)


def _hole(canvas: Canvas, radius: np.float32) -> None:
    """The selfie camera behind its hole."""
    distance = np.hypot(canvas.x, canvas.y)
    inside = np.clip((radius - distance) * np.float32(canvas.scale) + 0.5, 0, 1)
    canvas.planes *= 1 - np.float32(0.9) * inside
    ring = np.exp(-(((distance - radius * np.float32(0.72)) / np.float32(0.9)) ** 2)) * np.float32(0.05)
    glint = np.hypot(canvas.x + np.float32(2.4), canvas.y + np.float32(2.6)) / np.float32(1.5)
    canvas.planes += ring + np.exp(-glint * glint) * np.float32(0.55)
    canvas.surface *= 1 - inside


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
