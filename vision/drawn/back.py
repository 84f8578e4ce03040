"""The back of a handset: coloured glass, matte or glossy, with the camera island."""

from dataclasses import dataclass

import numpy as np

from vision.drawn import flaws
from vision.drawn.canvas import Canvas, Plane, Pose, profile
from vision.drawn.dirt import Soil
from vision.drawn.optics import Optics
from vision.drawn.product import Product
from vision.drawn.slab import METALS, Outline, outline
from vision.drawn.surroundings import grain, mat, sweep

Generator = np.random.Generator
Hue = tuple[float, float, float]


@dataclass(frozen=True, kw_only=True)
class BackModel:
    """What differs from model to model. Lengths in units."""

    metal: Hue
    colour: Hue
    matte: bool
    corner: float
    eyes: tuple[tuple[float, float, float], ...]  # lenses on the island: x, y, radius
    flash: tuple[float, float]
    island: tuple[float, float]


COLOURS: tuple[Hue, ...] = (
    *((0.30, 0.31, 0.33), (0.34, 0.43, 0.56), (0.34, 0.46, 0.40), (0.50, 0.46, 0.58), (0.60, 0.60, 0.59)),
    *((0.56, 0.48, 0.41), (0.24, 0.29, 0.40)),
)
THREE_EYES = ((-32.0, -34.0, 29.0), (-32.0, 36.0, 29.0), (36.0, 1.0, 29.0))
TWO_EYES = ((-12.0, -38.0, 32.0), (-12.0, 38.0, 32.0))
LEFT, TOP = -262.0, -190.0

# Cross-section from outside (0) inwards: metal, gap, ground edge of the pane, the pane curving away.
_BODY = profile(
    [
        *((-60, 1), (-34, 1), (-12, 0.93), (-10, 1.2), (-8.8, 1.3), (-8.3, 0.2), (-6.4, 0.14)),
        *((-6, 0.62), (-4.4, 0.85), (-2.6, 1.0), (-0.8, 0.72), (0, 0.5)),
    ],
    soften=0.25,
)
_METAL = profile([(-60, 0), (-6.6, 0), (-6, 1), (0, 1)])


def back_model(rng: Generator) -> BackModel:
    """One of the models that run on this line."""
    three = bool(rng.random() < 0.6)
    return BackModel(
        metal=METALS[rng.integers(len(METALS))],
        colour=COLOURS[rng.integers(len(COLOURS))],
        matte=bool(rng.random() < 0.5),
        corner=float(rng.choice([50, 58, 66])),
        eyes=THREE_EYES if three else TWO_EYES,
        flash=(36.0, -46.0) if three else (38.0, 0.0),
        island=(76.0, 78.0) if three else (60.0, 86.0),
    )


def scene(model_rng: Generator, pose: Pose, rng: Generator, optics: Optics) -> Canvas:
    """The clean back under today's light."""
    model = back_model(model_rng)
    x, y = pose.units()
    rim = outline(x - np.float32(LEFT + 500), y - np.float32(TOP + 300), half=(500.0, 300.0), corner=model.corner)
    light = sweep(rng, x, y, optics)
    pane = _finish(model, rng, light)
    body, metal = _BODY(rim.depth), _METAL(rim.depth)
    lit, cover = rim.lit() * metal, rim.cover(pose.scale)
    behind = mat(rng, x, y) * (1 - rim.shadow())
    film = (light - np.float32(0.2)) * np.float32(0.1 if model.matte else 0.5)
    planes = np.empty((3, *light.shape), np.float32)
    for plane, frame_hue, hue in zip(planes, model.metal, model.colour, strict=True):
        part = body * (lit * np.float32(frame_hue) + (1 - metal) * (pane * np.float32(hue) + film))
        plane[:] = behind + cover * (part - behind)
    surface = rim.cover(pose.scale, inset=8.6)
    canvas = Canvas(pose=pose, x=x, y=y, planes=planes, surface=surface, sheen=light)
    _logo(canvas.around((190, 40), (27, 27)))
    _island(canvas, model)
    return canvas


def _finish(model: BackModel, rng: Generator, light: Plane) -> Plane:
    """How much of its colour the pane shows: matte glass spreads the lamp and sparkles, glossy glass stays dark."""
    if model.matte:
        return (
            np.float32(0.62)
            + np.float32(0.75) * (light - np.float32(0.2))
            + grain(rng, light.shape, 0.7) * np.float32(0.009)
        )
    return np.float32(0.52) + np.float32(0.25) * (light - np.float32(0.2))


def _logo(canvas: Canvas) -> None:
    """A maker's mark of no maker, printed in the pane: an open ring around a dot."""
    distance = np.hypot(canvas.x, canvas.y)
    opening = np.float32(0.7) * (canvas.x - canvas.y) - np.float32(12)
    ring = np.maximum(np.abs(distance - np.float32(22)) - np.float32(3.2), opening)
    mark = np.clip(-np.minimum(ring, distance - np.float32(6)) * np.float32(canvas.scale) + 0.5, 0, 1)
    canvas.planes += mark * canvas.sheen * np.float32(0.16)


def _island(canvas: Canvas, model: BackModel) -> None:
    """The raised plate with its lenses and flash: bright rim, shadow below, glass of its own."""
    middle_x, middle_y = LEFT + 30 + model.island[0], TOP + 28 + model.island[1]
    around = canvas.around((middle_x, middle_y), (model.island[0] + 40, model.island[1] + 40))
    plate = outline(around.x, around.y, half=model.island, corner=34.0)
    inside = plate.cover(canvas.scale)
    rim = np.exp(-(((plate.depth + np.float32(2.2)) / np.float32(1.7)) ** 2))
    around.planes *= (1 - _fallen(plate) * (1 - inside)) * (1 - np.float32(0.16) * inside)
    around.planes += rim * (np.float32(0.1) + np.float32(0.26) * plate.up + np.float32(0.12) * plate.left)
    around.surface *= 1 - plate.cover(canvas.scale, inset=-4.0)
    for at_x, at_y, radius in model.eyes:
        _eye(canvas.around((middle_x + at_x, middle_y + at_y), (radius, radius)), radius)
    _flash(canvas.around((middle_x + model.flash[0], middle_y + model.flash[1]), (11, 11)))


def _fallen(plate: Outline) -> Plane:
    near = np.exp(-np.maximum(plate.depth, 0) / np.float32(8))
    return near * np.clip(np.float32(0.3) - np.float32(0.25) * (plate.up + plate.left), 0, 0.7)


_EYE_TONE = profile(
    [
        *((0, 0.015), (0.3, 0.02), (0.34, 0.09), (0.38, 0.035), (0.58, 0.05), (0.6, 0.13), (0.63, 0.05), (0.8, 0.04)),
        *((0.83, 0.7), (0.88, 0.95), (0.95, 0.8), (1.0, 0.35), (1.02, 0.3)),
    ],
    per_unit=300.0,
)
# Place and size as shares of the radius, and colour.
_GLINTS = (
    (-0.2, -0.22, 0.2, (0.2, 0.16, 0.34)),
    (0.2, 0.24, 0.17, (0.05, 0.2, 0.16)),
    (-0.12, -0.14, 0.07, (0.6, 0.6, 0.65)),
)


def _eye(canvas: Canvas, radius: float) -> None:
    """One lens: its metal ring, dark barrel and coloured reflections."""
    x, y = canvas.x / np.float32(radius), canvas.y / np.float32(radius)
    share = np.sqrt(x * x + y * y)
    cover = np.clip((1 - share) * np.float32(radius * canvas.scale) + 0.5, 0, 1)
    facing = y * np.float32(-0.8) + x * np.float32(-0.45)
    tone = _EYE_TONE(share) * (np.float32(0.62) + np.float32(0.4) * facing * facing + np.float32(0.22) * facing)
    spots = [
        np.exp(-((x - np.float32(a)) ** 2 + (y - np.float32(b)) ** 2) / np.float32(c * c)) for a, b, c, _ in _GLINTS
    ]
    for index, plane in enumerate(canvas.planes):
        light = tone + sum(np.float32(glint[3][index]) * spot for glint, spot in zip(_GLINTS, spots, strict=True))
        plane += cover * (light - plane)


def _flash(canvas: Canvas) -> None:
    distance = np.sqrt(canvas.x * canvas.x + canvas.y * canvas.y)
    cover = np.clip((np.float32(10.5) - distance) * np.float32(canvas.scale) + 0.5, 0, 1)
    steps = np.float32(0.56) + np.float32(0.1) * np.cos(distance * np.float32(1.7)) - np.float32(0.012) * canvas.y
    for plane, hue in zip(canvas.planes, (1.0, 0.95, 0.78), strict=True):
        plane += cover * (steps * np.float32(hue) - plane)


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
