"""The metal edge of a handset seen from its side: blasted aluminium between two panes of glass."""

from dataclasses import dataclass

import numpy as np

from vision.drawn import flaws
from vision.drawn.canvas import Box, Canvas, Plane, Pose, Profile, noise_tile, profile, sample_tile
from vision.drawn.dirt import Soil
from vision.drawn.optics import Optics
from vision.drawn.product import Product
from vision.drawn.slab import outline
from vision.drawn.surroundings import grain, mat

Generator = np.random.Generator


@dataclass(frozen=True, kw_only=True)
class FrameModel:
    """What differs from model to model. Lengths in units."""

    metal: tuple[float, float, float]
    half: float
    bands: tuple[float, ...]  # antenna bands, where along the edge
    buttons: tuple[tuple[float, float], ...]  # middle and half length
    port: float | None
    brushed: bool


METALS = ((1.0, 1.0, 1.02), (0.76, 0.77, 0.79), (1.03, 0.93, 0.8), (0.78, 0.86, 0.97), (0.92, 0.92, 0.97))

# Cross-section from the middle of the edge (0) to the air: flat, chamfer, gasket, pane.
_TONE = profile(
    [
        *((0, 1.0), (62, 0.97), (76, 0.86), (78, 0.9), (79, 1.3), (85, 1.22), (86.5, 0.8)),
        *(
            (87.2, 0.12),
            (90.5, 0.1),
            (91, 0.3),
            (93, 0.22),
            (99, 0.14),
            (103, 0.3),
            (104.5, 0.55),
            (106, 0.2),
            (140, 0.2),
        ),
    ],
    soften=0.3,
)
_IS_METAL = profile([(0, 1), (86.5, 1), (87.5, 0), (140, 0)])
_CHAMFER = profile([(0, 0), (77, 0), (79.5, 1), (140, 1)])
OUTER = 105.5


def frame_model(rng: Generator) -> FrameModel:
    """One of the models that run on this line."""
    has_port = bool(rng.random() < 0.35)
    place = float(rng.uniform(-60, 20))
    buttons = ((place - 90, 62.0), (place + 78, 40.0)) if rng.random() < 0.6 else ((place, 46.0),)
    band = 262.0 if has_port else float(rng.uniform(205, 255))
    return FrameModel(
        metal=METALS[rng.integers(len(METALS))],
        half=float(rng.uniform(80, 87)),
        bands=(band,) if rng.random() < 0.6 else (-262.0, band),
        buttons=() if has_port else buttons,
        port=place if has_port else None,
        brushed=bool(rng.random() < 0.35),
    )


def scene(model_rng: Generator, pose: Pose, rng: Generator, optics: Optics) -> Canvas:
    """The clean edge under today's light."""
    model = frame_model(model_rng)
    x, y = pose.units()
    across = y * np.float32(87 / model.half)
    away = np.abs(across)
    light = _lamp(rng, x, across, optics)
    upper = np.clip(np.float32(0.5) - across * np.float32(0.02), 0, 1)
    tone, metal = _TONE(away), _IS_METAL(away)
    chamfer = 1 + _CHAMFER(away) * (np.float32(0.75) * upper - np.float32(0.45))
    texture = 1 + _texture(model, rng, x, y) * metal
    lit = tone * (light * chamfer * texture * metal + (1 - metal) * (np.float32(0.5) + np.float32(0.9) * upper))
    cover = np.clip((np.float32(OUTER) - away) * np.float32(pose.scale) + 0.5, 0, 1)
    shadow = np.exp(-np.maximum(away - OUTER, 0) / np.float32(26)) * (np.float32(0.75) - np.float32(0.4) * upper)
    behind = mat(rng, x, y) * (1 - shadow)
    planes = np.empty((3, *x.shape), np.float32)
    for plane, hue in zip(planes, model.metal, strict=True):
        part = lit * (metal * np.float32(hue) + (1 - metal))
        plane[:] = behind + cover * (part - behind)
    surface = np.clip((np.float32(86.0) - away) * np.float32(pose.scale) + 0.5, 0, 1)
    canvas = Canvas(pose=pose, x=x, y=y, planes=planes, surface=surface, sheen=light)
    _fittings(canvas, model)
    return canvas


def _lamp(rng: Generator, x: Plane, across: Plane, optics: Optics) -> Plane:
    """The lamps on blasted metal: soft bands along the edge, a broad gloss across it."""
    places = np.arange(-700, 700, 1.0)
    along = np.full_like(places, 0.40)
    for _ in range(int(rng.integers(2, 5))):
        centre, width = rng.uniform(-380, 380), rng.uniform(30, 130)
        along += rng.uniform(-0.08, 0.12) * np.exp(-(((places - centre) / width) ** 2))
    main = rng.normal(-40, 70)
    along += 0.17 * optics.ring * np.exp(-(((places - main) / rng.uniform(110, 170)) ** 2))
    slant = np.float32(rng.normal(0, 0.35))
    gloss_at, gloss_wide = rng.normal(-26, 5), rng.uniform(24, 34)
    gloss = Profile(-160.0, _gloss(gloss_at, gloss_wide, rng.uniform(0.16, 0.24)), 1.0)
    return Profile(-700.0, along.astype(np.float32), 1.0)(x + slant * across) * (1 + gloss(across))


def _gloss(at: float, wide: float, strength: float) -> Plane:
    places = np.arange(-160, 160, 1.0)
    upper = strength * np.exp(-(((places - at) / wide) ** 2))
    lower = 0.35 * strength * np.exp(-(((places - at - 86) / (wide * 0.6)) ** 2))
    return (upper + lower - 0.0013 * (places + 30)).astype(np.float32)


def _texture(model: FrameModel, rng: Generator, x: Plane, y: Plane) -> Plane:
    if not model.brushed:
        return grain(rng, x.shape, 0.6) * np.float32(0.014)
    start = np.float32(rng.uniform(0, 700))
    return sample_tile(noise_tile("brushed", (0.7, 26.0)), x + start, y * np.float32(1.3) + start) * np.float32(0.022)


def _fittings(canvas: Canvas, model: FrameModel) -> None:
    for place in model.bands:
        _antenna_band(canvas.around((place, 0), (10, 110)))
    for place, half in model.buttons:
        _button(canvas.around((place, 0), (half + 24, 50)), half)
    if model.port is not None:
        _port(canvas, model.port)


def _antenna_band(canvas: Canvas) -> None:
    """A strip of plastic flush with the metal, a shade darker, with hairline joints."""
    away = np.abs(canvas.x)
    strip = np.clip((np.float32(5.5) - away) * np.float32(canvas.scale) + 0.5, 0, 1) * np.float32(0.2)
    joint = np.exp(-(((away - np.float32(5.5)) / np.float32(0.8)) ** 2)) * np.float32(0.22)
    canvas.planes *= 1 - (strip + joint) * canvas.surface


def _button(canvas: Canvas, half: float) -> None:
    """A raised key in its slot: dark gap, bright upper and dim lower edge, its own shadow."""
    key = outline(canvas.x, canvas.y, half=(half, 23.0), corner=22.5)
    inside = key.cover(canvas.scale)
    gap = np.exp(-(((key.depth - np.float32(1.2)) / np.float32(1.5)) ** 2))
    edge = np.exp(-(((key.depth + np.float32(3.2)) / np.float32(2.0)) ** 2)) * (key.up + np.float32(0.1))
    near = np.exp(-np.maximum(key.depth, 0) / np.float32(7)) * (1 - inside)
    fallen = near * np.clip(np.float32(0.12) - np.float32(0.2) * key.up, 0, 1)
    lifted = 1 + np.float32(0.07) * inside + np.float32(0.42) * edge
    canvas.planes *= (1 - np.float32(0.82) * gap) * lifted * (1 - fallen)
    canvas.surface *= 1 - np.clip(gap * np.float32(1.3), 0, 1)


def _port(canvas: Canvas, place: float) -> None:
    """The socket with its tongue, two screws and a row of holes for the loudspeaker."""
    socket = canvas.around((place, 0), (84, 37))
    _hole(socket, (74.0, 27.0))
    tongue = outline(socket.x, socket.y, half=(58.0, 8.0), corner=4.0).cover(canvas.scale)
    contacts = (np.abs(socket.x % 9 - np.float32(4.5)) < 2.2).astype(np.float32)
    socket.planes += tongue * (np.float32(0.17) + np.float32(0.1) * contacts)
    for away in (150.0, 178.0, 206.0, -150.0, -178.0):
        _hole(canvas.around((place + away, 0), (18, 18)), (8.5, 8.5))


def _hole(canvas: Canvas, half: tuple[float, float]) -> None:
    """A hole bored through the metal, its lower lip catching the lamp."""
    hole = outline(canvas.x, canvas.y, half=half, corner=half[1] - 0.5)
    inside = hole.cover(canvas.scale)
    lip = np.exp(-(((hole.depth - np.float32(1.0)) / np.float32(1.3)) ** 2))
    lip *= (np.float32(0.12) - np.float32(0.5) * hole.up) * (1 - inside)
    canvas.planes *= (1 - np.float32(0.93) * inside) * (1 + lip)
    canvas.surface *= 1 - hole.cover(canvas.scale, inset=-2.0)


def dent(canvas: Canvas, rng: Generator, visibility: float) -> list[Box]:
    """A blow on the flat of the metal."""
    return flaws.dent_at(canvas, rng, canvas.spot(rng), radius=rng.uniform(8, 18), visibility=visibility)


PRODUCT = Product(
    scene=scene,
    soil=Soil(specks=90, lint=0.8, smears=1.0, fingerprints=0.4, streaks=0.8, wipes=0.2, strength=0.8),
    flaws={
        "scratch": flaws.scratch,
        "dent": dent,
        "nick": flaws.chip,
        "stain": flaws.stain,
        "hairline-web": flaws.hairline_web,
    },
    mix={"scratch": 0.55, "dent": 0.2, "nick": 0.12, "stain": 0.13},
    play=(20.0, 9.0, 0.9),
)
