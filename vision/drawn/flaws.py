"""Defects. Each draws itself on a canvas for a visibility of 0-1 and says which box it changed."""

from collections.abc import Callable

import numpy as np
from scipy.ndimage import map_coordinates
from scipy.spatial import Voronoi

from vision.drawn.canvas import SEEN, Box, Canvas, Plane, bounds, cut_noise, union
from vision.drawn.strokes import Ink, Path, flicker, polyline, taper, wander

Generator = np.random.Generator
Flaw = Callable[[Canvas, Generator, float], list[Box]]


def scratch(canvas: Canvas, rng: Generator, visibility: float) -> list[Box]:
    """One groove, slightly bent, glinting unevenly; often a short sister beside it."""
    scale = canvas.scale
    length = (55 + 130 * rng.beta(1.4, 2.0) + 80 * visibility) * scale
    heading, bend = rng.uniform(0, 2 * np.pi), rng.normal(0, 0.45)
    middle = canvas.spot(rng)
    light, shade = Ink(), Ink()
    path = wander(rng, middle, length=length, heading=heading, bend=bend, wobble=0.006)
    _groove(canvas, rng, path, light, shade, visibility)
    if rng.random() < 0.4:
        near = (middle[0] + rng.normal(0, 9) * scale, middle[1] + rng.normal(0, 9) * scale)
        turn = heading + rng.normal(0, 0.12)
        sister = wander(rng, near, length=length * rng.uniform(0.15, 0.4), heading=turn, bend=bend, wobble=0.006)
        _groove(canvas, rng, sister, light, shade, visibility * 0.45)
    return _lay(canvas, light, shade)


def crack(canvas: Canvas, rng: Generator, visibility: float) -> list[Box]:
    """Broken from a point at the rim or within: jagged arms that fork, bright on one side, dark on the other."""
    scale = canvas.scale
    if rng.random() < 0.65:
        x, y, inward = canvas.edge(rng)
        headings = np.asarray(inward + rng.normal(0, 0.55, rng.integers(1, 4)), np.float64)
    else:
        x, y = canvas.spot(rng, margin=40)
        headings = np.asarray(rng.uniform(0, 6.28) + np.arange(rng.integers(3, 7)) * rng.uniform(1.0, 1.6), np.float64)
    light, shade = Ink(), Ink()
    for heading in headings:
        _arm(rng, (x, y), heading, rng.uniform(45, 190) * scale, scale, visibility, (light, shade), forks=2)
    _star(rng, (x, y), scale, visibility, light)
    return _lay(canvas, light, shade)


def chip(canvas: Canvas, rng: Generator, visibility: float) -> list[Box]:
    """A shell broken out of the rim: rippled bright and dark facets inside a sharp outline."""
    x, y, inward = canvas.edge(rng)
    radius = rng.uniform(7.0, 11.0) + visibility * rng.uniform(5, 17)
    across, down, at = _window(canvas, (x, y), radius * 2.2)
    distance, angle = np.hypot(across, down), np.arctan2(down, across)
    outline = radius * (1 + _lobes(rng, angle, 0.28))
    cover = np.clip((outline - distance) * np.float32(canvas.scale), 0, 1)
    ripples = np.cos(distance * np.float32(2 * np.pi / rng.uniform(3.0, 5.0)) + _lobes(rng, angle, 2.0))
    facing = np.cos(angle - np.float32(inward + rng.normal(0, 0.5)))
    rim = np.exp(-((distance - outline) ** 2) / np.float32(1.1))
    facets = 0.34 * facing * (distance / radius) + 0.16 * ripples + 0.12 * cut_noise(rng, cover.shape, 0.8, "pores")
    depth = np.float32(0.03 + 1.3 * visibility)
    box = canvas.add(depth * (cover * facets + 0.55 * rim * np.clip(facing + 0.6, 0, 1)), at=at)
    return union([box])


def stain(canvas: Canvas, rng: Generator, visibility: float) -> list[Box]:
    """A dried drop: a patch a little off in tone with a darker, crisper edge."""
    radius = rng.uniform(12, 24) + 18 * visibility * rng.random()
    across, down, at = _window(canvas, canvas.spot(rng, margin=20), radius * 1.9)
    angle = np.arctan2(down, across * np.float32(rng.uniform(0.6, 1.0)))
    distance = np.hypot(across * np.float32(rng.uniform(0.6, 1.0)), down) + 1.2 * cut_noise(rng, angle.shape, 5.0)
    outline = radius * (1 + _lobes(rng, angle, 0.22))
    cover = np.clip((outline - distance) * np.float32(0.5) + 0.5, 0, 1)
    ring = np.exp(-(((distance - outline) / np.float32(1.7)) ** 2))
    inner = cover * (0.5 + 0.3 * cut_noise(rng, cover.shape, 4.0))
    # Residue is yellowish: it adds little blue where it scatters light and takes most blue where it swallows it.
    share, hue = (1.0, (1.12, 1.0, 0.72)) if rng.random() < 0.67 else (-0.7, (0.85, 1.0, 1.12))
    tone = np.float32(share * (0.014 + 0.32 * visibility))
    box = canvas.add(tone * (0.55 * inner + 0.8 * ring), at=at, hue=hue)
    return union([box])


def dent_at(canvas: Canvas, rng: Generator, at: tuple[float, float], *, radius: float, visibility: float) -> list[Box]:
    """A hollow in metal around a pixel: it bends the reflections; one flank is dark, on the other bare metal glints."""
    across, down, corner = _window(canvas, at, radius * 2.6)
    place = canvas.window(across.shape, corner)
    if place is None:
        return []
    rows, columns, part = place
    across, down = across[part], down[part] * np.float32(rng.uniform(0.8, 1.3))
    hollow = np.exp(-(across**2 + down**2) / np.float32(radius * radius)) * np.float32(visibility)
    before = canvas.planes[:, rows, columns].copy()
    grid = np.mgrid[rows, columns].astype(np.float32)
    pull = np.float32(0.55 * canvas.scale) * hollow
    bent = [grid[0] - down * pull, grid[1] - across * pull]
    lean = rng.normal(0.9, 0.3)
    flank = (across * np.float32(np.cos(lean)) + down * np.float32(np.sin(lean))) / np.float32(radius)
    shade = 1 + hollow * (np.float32(1.5) * flank - np.float32(0.35))
    glint = hollow * np.exp(-(((flank - np.float32(0.55)) / np.float32(0.22)) ** 2)) * np.float32(0.3)
    for plane in canvas.planes:
        plane[rows, columns] = map_coordinates(plane, bent, order=1, mode="nearest") * shade + glint
    changed = np.abs(canvas.planes[:, rows, columns] - before).max(axis=0) > SEEN
    return union([bounds(changed, at=(columns.start, rows.start))])


def hairline_web(canvas: Canvas, rng: Generator, visibility: float) -> list[Box]:
    """Crazing: a net of hairlines finer than any scratch, over a palm's breadth. In no mix, only when asked for."""
    scale = canvas.scale
    radius = rng.uniform(50, 95) * scale
    centre = np.array(canvas.spot(rng, margin=40))
    net = Voronoi(centre + rng.normal(0, 0.55, (int(rng.integers(60, 110)), 2)) * radius)
    light = Ink()
    for pair in net.ridge_vertices:
        ends = net.vertices[pair]
        if -1 in pair or np.hypot(*(ends - centre).T).max() > 1.2 * radius or rng.random() < 0.2:
            continue
        path = polyline(np.array([ends[0], ends.mean(axis=0) + rng.normal(0, 1.0, 2) * scale, ends[1]]))
        glint = flicker(rng, len(path), depth=0.9, knots=4)
        light.line(path, (0.012 + 0.2 * visibility) * glint, width=0.6 * scale)
    return _lay(canvas, light, Ink())


def _groove(canvas: Canvas, rng: Generator, path: Path, light: Ink, shade: Ink, visibility: float) -> None:
    scale = canvas.scale
    swell = taper(len(path)) * flicker(rng, len(path), depth=0.45, knots=int(rng.integers(5, 12)))
    strength = (0.02 + visibility**1.15) * swell
    width = (0.9 + visibility * rng.uniform(0.6, 2.2)) * scale
    light.line(path, strength, width=width)
    shade.line(path, -0.22 * strength, width=width, aside=1.3 * scale)
    if visibility > 0.35:
        thread = path + rng.normal(0, 0.9, 2) * scale
        light.line(thread, 0.35 * strength * flicker(rng, len(path), depth=1.0, knots=9), width=0.6 * scale)


def _arm(
    rng: Generator,
    start: tuple[float, float],
    heading: float,
    length: float,
    scale: float,
    visibility: float,
    inks: tuple[Ink, Ink],
    *,
    forks: int,
) -> None:
    pieces = max(int(length / (9 * scale)), 3)
    turns = heading + np.cumsum(rng.normal(0, 0.16, pieces))
    steps = length / pieces * rng.uniform(0.6, 1.4, pieces)
    legs = np.column_stack([np.cos(turns), np.sin(turns)]) * steps[:, None]
    corners = np.vstack([start, np.asarray(start) + np.cumsum(legs, axis=0)])
    path = polyline(corners)
    fade = np.linspace(1, 0.25, len(path)) * flicker(rng, len(path), depth=0.5, knots=pieces)
    strength = (0.02 + 0.75 * visibility**1.1) * fade
    light, shade = inks
    light.line(path, strength, width=(0.9 + 0.6 * visibility) * scale)
    shade.line(path, -0.45 * strength, width=1.0 * scale, aside=1.4 * scale)
    for at in rng.integers(1, pieces, forks):
        turn = turns[at] + rng.choice([-1, 1]) * rng.uniform(0.4, 0.9)
        branch = length * rng.uniform(0.25, 0.5)
        _arm(rng, tuple(corners[at]), turn, branch, scale, visibility * 0.7, inks, forks=max(forks - 2, 0))


def _star(rng: Generator, at: tuple[float, float], scale: float, visibility: float, ink: Ink) -> None:
    """Crushed glass where the blow fell."""
    count = 160
    away = np.abs(rng.normal(0, 3.2, count)) * scale
    angle = rng.uniform(0, 2 * np.pi, count)
    weight = rng.uniform(0, 0.5, count) * visibility
    ink.dots(at[0] + away * np.cos(angle), at[1] + away * np.sin(angle), weight)


def _lay(canvas: Canvas, light: Ink, shade: Ink) -> list[Box]:
    """Grooves light up where the lamp's reflection is, and stay dim where it is not."""
    glow = light.layer(canvas.shape) * (np.float32(0.7) + np.float32(0.7) * canvas.sheen)
    return union([canvas.add(glow + shade.layer(canvas.shape))])


def _window(canvas: Canvas, centre: tuple[float, float], reach: float) -> tuple[Plane, Plane, tuple[int, int]]:
    """Offsets from a centre, in units, for the pixels within reach; and the window's corner."""
    half = int(reach * canvas.scale) + 1
    left, top = int(centre[0]) - half, int(centre[1]) - half
    span = np.arange(2 * half + 1, dtype=np.float32)
    across = (span[None, :] + np.float32(left - centre[0])) / np.float32(canvas.scale)
    down = (span[:, None] + np.float32(top - centre[1])) / np.float32(canvas.scale)
    across, down = np.broadcast_arrays(across, down)
    return across, down, (left, top)


def _lobes(rng: Generator, angle: Plane, depth: float) -> Plane:
    """A random outline: a few harmonics around the circle."""
    total = np.zeros_like(angle)
    for order in range(2, 7):
        total += np.float32(rng.normal(0, depth / order)) * np.cos(order * angle + np.float32(rng.uniform(0, 6.28)))
    return total
