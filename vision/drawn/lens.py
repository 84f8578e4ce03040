"""A camera ring of a handset's back seen from near: brushed metal around dark glass with coloured reflections."""

from dataclasses import dataclass

import numpy as np

from vision.drawn import flaws
from vision.drawn.canvas import Box, Canvas, Plane, Pose, Profile, noise_tile, union
from vision.drawn.dirt import Soil
from vision.drawn.optics import Optics
from vision.drawn.product import Product
from vision.drawn.strokes import Ink, taper, wander
from vision.drawn.surroundings import mat, sweep

Generator = np.random.Generator
Hue = tuple[float, float, float]


@dataclass(frozen=True, kw_only=True)
class LensModel:
    """What differs from model to model. Radii in units."""

    radius: float
    metal: Hue
    thickness: float
    rings: tuple[tuple[float, float, float], ...]  # radius as a share, width, brightness
    pupil: float
    coatings: tuple[Hue, ...]


RING_METALS = ((1.0, 1.0, 1.03), (0.78, 0.79, 0.82), (1.0, 0.94, 0.86), (0.84, 0.88, 0.95))
VIOLETS = ((0.30, 0.19, 0.52), (0.16, 0.2, 0.52), (0.42, 0.2, 0.42))
GREENS = ((0.09, 0.34, 0.24), (0.1, 0.3, 0.36), (0.34, 0.26, 0.1))


def lens_model(rng: Generator) -> LensModel:
    """One of the models that run on this line."""
    rings = [(share + rng.normal(0, 0.008), rng.uniform(0.7, 1.5), rng.uniform(0.05, 0.15)) for share in _RING_SHARES]
    return LensModel(
        radius=float(rng.uniform(200, 214)),
        metal=RING_METALS[rng.integers(len(RING_METALS))],
        thickness=float(rng.uniform(24, 31)),
        rings=tuple(rings),
        pupil=float(rng.uniform(0.26, 0.33)),
        coatings=(VIOLETS[rng.integers(len(VIOLETS))], GREENS[rng.integers(len(GREENS))]),
    )


_RING_SHARES = (0.88, 0.8, 0.62, 0.5, 0.3)


def scene(model_rng: Generator, pose: Pose, rng: Generator, optics: Optics) -> Canvas:
    """The clean ring under today's light."""
    model = lens_model(model_rng)
    x, y = pose.units()
    radius = np.sqrt(x * x + y * y)
    inner = model.radius - model.thickness
    light = sweep(rng, x, y, optics)
    glow = (light - np.float32(0.2)) * np.float32(0.62)
    side = (x * np.float32(-0.6) + y * np.float32(-0.8)) / np.maximum(radius, 1)
    barrel = _barrel(model)(radius) * (1 + np.float32(0.35) * side)
    metal = _metal(model, rng, x, y, radius)
    on_metal = np.clip((radius - np.float32(inner)) * np.float32(pose.scale) + 0.5, 0, 1)
    cover = np.clip((np.float32(model.radius) - radius) * np.float32(pose.scale) + 0.5, 0, 1)
    behind = mat(rng, x, y) * (1 - _shadow(model, x, y))
    planes = np.empty((3, *radius.shape), np.float32)
    for plane, hue, dark in zip(planes, model.metal, (0.93, 1.0, 1.12), strict=True):
        part = (barrel + glow) * np.float32(dark)
        part += on_metal * (metal * np.float32(hue) - part)
        plane[:] = behind + cover * (part - behind)
    surface = np.clip((np.float32(inner - 3.5) - radius) * np.float32(pose.scale) + 0.5, 0, 1)
    ring = (inner, model.radius)
    canvas = Canvas(pose=pose, x=x, y=y, planes=planes, surface=surface, sheen=light, ring=ring)
    _reflections(canvas, model, rng, optics)
    return canvas


def _barrel(model: LensModel) -> Profile:
    """From the middle outwards: black pupil, steps of the barrel, fine bright edges, the gap before the ring."""
    inner = model.radius - model.thickness
    at = np.arange(0, 330, 0.25)
    share = at / inner
    dark = np.interp(
        share, [0, model.pupil, 0.5, 0.515, 0.62, 0.63, 1.0], [0.012, 0.02, 0.05, 0.06, 0.075, 0.055, 0.06]
    )
    for place, width, brightness in model.rings:
        dark += brightness * np.exp(-(((at - place * inner) / width) ** 2))
    dark[(share > 0.981)] = 0.022
    return Profile(0.0, dark.astype(np.float32), 4.0)


def _metal(model: LensModel, rng: Generator, x: Plane, y: Plane, radius: Plane) -> Plane:
    """Turned metal: bow-tie highlights, tool marks around, a bright outer and a dim inner chamfer."""
    angle = rng.normal(-0.9, 0.25)
    facing, second = _facing(x, y, radius, angle), _facing(x, y, radius, angle + 1.9)
    bow = np.float32(0.46) + np.float32(0.4) * (facing * facing) ** 3 + np.float32(0.14) * (second * second) ** 2
    across = (radius - np.float32(model.radius - model.thickness)) / np.float32(model.thickness)
    return bow * _CHAMFERS(across) * (1 + np.float32(0.018) * _tool_marks()(radius)) - _edge(across) * facing


def _facing(x: Plane, y: Plane, radius: Plane, angle: float) -> Plane:
    along = x * np.float32(np.cos(angle)) + y * np.float32(np.sin(angle))
    return np.divide(along, np.maximum(radius, np.float32(1)), dtype=np.float32)


_CHAMFERS = Profile(
    -0.2,
    np.interp(
        np.arange(-0.2, 1.2, 0.004),
        [-0.2, 0.0, 0.05, 0.07, 0.2, 0.86, 0.9, 0.96, 1.0, 1.2],
        [0.3, 0.34, 0.38, 0.95, 1.0, 1.0, 1.16, 1.22, 0.7, 0.5],
    ).astype(np.float32),
    250.0,
)


def _edge(across: Plane) -> Plane:
    return np.exp(-(((across - np.float32(0.93)) / np.float32(0.03)) ** 2)) * np.float32(0.16)


def _tool_marks() -> Profile:
    return Profile(0.0, noise_tile("turned", (0.0, 0.8))[0], 2.4)


def _shadow(model: LensModel, x: Plane, y: Plane) -> Plane:
    away = np.hypot(x - np.float32(7), y - np.float32(9)) - np.float32(model.radius)
    return np.exp(-np.maximum(away, 0) / np.float32(12)) * np.float32(0.5)


def _reflections(canvas: Canvas, model: LensModel, rng: Generator, optics: Optics) -> None:
    """Lamps mirrored in the elements behind each other: coloured glows, and the ring light as small ovals."""
    inner = model.radius - model.thickness
    turn = rng.normal(-2.5, 0.3)
    axis_x, axis_y = np.cos(turn), np.sin(turn)
    for share, hue in zip((0.26, -0.3), model.coatings, strict=True):
        away, size = share * inner * rng.normal(1, 0.15), inner * rng.uniform(0.14, 0.19)
        _glow(canvas.around((axis_x * away, axis_y * away), (2.6 * size, 2.3 * size)), size, hue, rng.uniform(0.4, 0.6))
    for share, size, strength in ((0.16, 0.075, 0.62), (-0.12, 0.04, 0.3), (0.5, 0.02, 0.13)):
        away, size = share * inner * rng.normal(1, 0.1), inner * size * rng.uniform(0.85, 1.2)
        hue = (0.75, 0.62, 0.78) if share > 0 else (0.4, 0.72, 0.64)
        spot = canvas.around((axis_x * away, axis_y * away), (2 * size, 2 * size))
        _oval(spot, size, hue, strength * rng.uniform(0.75, 1.05) * optics.ring)


def _glow(canvas: Canvas, size: float, hue: Hue, strength: float) -> None:
    distance = (canvas.x * canvas.x + canvas.y * canvas.y * np.float32(1.3)) / np.float32(size * size)
    _tint(canvas, np.exp(-distance) * np.float32(strength), hue)


def _oval(canvas: Canvas, size: float, hue: Hue, strength: float) -> None:
    distance = np.hypot(canvas.x, canvas.y * np.float32(1.15)) / np.float32(size)
    band = np.exp(-(((distance - np.float32(0.75)) / np.float32(0.3)) ** 2))
    _tint(canvas, (band + np.float32(0.35) * np.exp(-distance * distance)) * np.float32(strength), hue)


def _tint(canvas: Canvas, light: Plane, hue: Hue) -> None:
    for plane, weight in zip(canvas.planes, hue, strict=True):
        plane += light * canvas.surface * np.float32(weight)


def ring_dent(canvas: Canvas, rng: Generator, visibility: float) -> list[Box]:
    """A blow on the metal ring."""
    inner, outer = canvas.ring
    angle = rng.uniform(0, 2 * np.pi)
    away = rng.uniform(inner + 5, outer - 4)
    at = canvas.pose.pixel(away * np.cos(angle), away * np.sin(angle))
    return flaws.dent_at(canvas, rng, at, radius=rng.uniform(8, 17), visibility=visibility)


def dust_inside(canvas: Canvas, rng: Generator, visibility: float) -> list[Box]:
    """Dirt behind the cover glass: a clump of flakes with a fibre, within the barrel."""
    inner = canvas.ring[0]
    away, angle = inner * 0.62 * np.sqrt(rng.random()), rng.uniform(0, 2 * np.pi)
    x, y = canvas.pose.pixel(away * np.cos(angle), away * np.sin(angle))
    scale, ink = canvas.scale, Ink()
    count, grains = int(rng.integers(14, 34)), 30
    centres = rng.normal(0, rng.uniform(6, 13) * scale, (2, count, 1))
    flakes = rng.normal(0, 1, (2, count, grains)) * rng.lognormal(0.0, 0.4, (count, 1)) * 0.8 * scale
    light = (0.02 + 3.2 * visibility) * scale**2 / grains * np.repeat(rng.uniform(0.4, 1.4, count), grains)
    ink.dots((x + centres[0] + flakes[0]).ravel(), (y + centres[1] + flakes[1]).ravel(), light)
    fibre = wander(rng, (x, y), length=rng.uniform(16, 45) * scale, heading=angle, bend=rng.normal(0, 2), wobble=0.1)
    ink.line(fibre, (0.01 + 0.5 * visibility) * taper(len(fibre), power=0.3), width=1.2 * scale)
    return union([canvas.add(ink.layer(canvas.shape), hue=(1.0, 0.97, 0.9))])


PRODUCT = Product(
    scene=scene,
    soil=Soil(specks=110, lint=0.8, smears=1.4, fingerprints=0.4, streaks=1.0, wipes=0.25),
    flaws={
        "scratch": flaws.scratch,
        "dust": dust_inside,
        "ring-dent": ring_dent,
        "chip": flaws.chip,
        "crack": flaws.crack,
        "hairline-web": flaws.hairline_web,
    },
    mix={"scratch": 0.5, "dust": 0.18, "ring-dent": 0.1, "chip": 0.12, "crack": 0.1},
    play=(15.0, 11.0, 5.0),
)
