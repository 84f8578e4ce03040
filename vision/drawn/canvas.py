"""The picture while it is drawn: linear light in float32, one plane a colour, and where the part lies in it."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import cos, radians, sin

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

Plane = NDArray[np.float32]
Box = tuple[int, int, int, int]

BASE_SIZE = (640, 480)
# A change below half a grey level of 255 is no part of a defect's box.
SEEN = 0.5 / 255


@dataclass(frozen=True, kw_only=True)
class Pose:
    """How the part lies under the camera. A unit is a pixel at 640 x 480; the origin is the picture's centre."""

    size: tuple[int, int]
    shift_x: float = 0.0
    shift_y: float = 0.0
    angle: float = 0.0
    zoom: float = 1.0

    @property
    def scale(self) -> float:
        """Pixels a unit."""
        return min(self.size[0] / BASE_SIZE[0], self.size[1] / BASE_SIZE[1]) * self.zoom

    def units(self) -> tuple[Plane, Plane]:
        """Part coordinates of every pixel."""
        across, down = pixel_grid(self.size)
        turn_x, turn_y = cos(radians(self.angle)) / self.scale, sin(radians(self.angle)) / self.scale
        x = across * np.float32(turn_x) + down * np.float32(turn_y) - np.float32(self.shift_x)
        y = down * np.float32(turn_x) - across * np.float32(turn_y) - np.float32(self.shift_y)
        return x, y

    def pixel(self, x: float, y: float) -> tuple[float, float]:
        """Pixel of a point in part coordinates."""
        x, y = (x + self.shift_x) * self.scale, (y + self.shift_y) * self.scale
        turn_x, turn_y = cos(radians(self.angle)), sin(radians(self.angle))
        return x * turn_x - y * turn_y + self.size[0] / 2, y * turn_x + x * turn_y + self.size[1] / 2


@lru_cache(maxsize=4)
def pixel_grid(size: tuple[int, int]) -> tuple[Plane, Plane]:
    """Pixel offsets from the centre, across (1, W) and down (H, 1)."""
    width, height = size
    across = np.arange(width, dtype=np.float32)[None, :] - width / 2
    down = np.arange(height, dtype=np.float32)[:, None] - height / 2
    return across.astype(np.float32), down.astype(np.float32)


@dataclass(kw_only=True)
class Canvas:
    """A part being drawn.

    x and y are part coordinates; surface says where the inspected surface is (0-1), sheen how much light
    each place throws into the camera, which is also how brightly a groove lights up there.
    """

    pose: Pose
    x: Plane
    y: Plane
    planes: Plane
    surface: Plane
    sheen: Plane
    ring: tuple[float, float] = (0.0, 0.0)  # inner and outer radius of the metal around a lens, in units

    @property
    def shape(self) -> tuple[int, int]:
        return self.surface.shape[0], self.surface.shape[1]

    @property
    def scale(self) -> float:
        return self.pose.scale

    def around(self, middle: tuple[float, float], reach: tuple[float, float]) -> "Canvas":
        """The same canvas seen through a window around a point of the part: what is drawn there shows here."""
        at_x, at_y = self.pose.pixel(*middle)
        wide, high = (reach[0] + 0.1 * reach[1]) * self.scale + 2, (reach[1] + 0.1 * reach[0]) * self.scale + 2
        rows = slice(max(int(at_y - high), 0), max(int(at_y + high) + 1, 0))
        columns = slice(max(int(at_x - wide), 0), max(int(at_x + wide) + 1, 0))
        views = {name: getattr(self, name)[rows, columns] for name in ("surface", "sheen")}
        x, y = self.x[rows, columns] - np.float32(middle[0]), self.y[rows, columns] - np.float32(middle[1])
        return Canvas(pose=self.pose, x=x, y=y, planes=self.planes[:, rows, columns], ring=self.ring, **views)

    def add(self, layer: Plane, *, at: tuple[int, int] = (0, 0), hue: Sequence[float] = (1, 1, 1)) -> Box | None:
        """Lay light (or, negative, shade) on the surface; says which box it changed."""
        window = self.window(layer.shape, at)
        if window is None:
            return None
        rows, columns, part = window
        shown = layer[part] * self.surface[rows, columns]
        for plane, weight in zip(self.planes, hue, strict=True):
            plane[rows, columns] += shown if weight == 1 else shown * np.float32(weight)
        return bounds(np.abs(shown) > SEEN, at=(columns.start, rows.start))

    def window(self, shape: tuple[int, ...], at: tuple[int, int]) -> tuple[slice, slice, tuple[slice, slice]] | None:
        """Rows and columns of the picture under a patch, and the part of the patch that lies inside."""
        height, width = self.shape
        left, top = max(at[0], 0), max(at[1], 0)
        right, bottom = min(at[0] + shape[1], width), min(at[1] + shape[0], height)
        if left >= right or top >= bottom:
            return None
        inside = (slice(top - at[1], bottom - at[1]), slice(left - at[0], right - at[0]))
        return slice(top, bottom), slice(left, right), inside

    def spot(self, rng: np.random.Generator, *, margin: float = 12.0) -> tuple[float, float]:
        """A random pixel well inside the surface."""
        height, width = self.shape
        edge = margin * self.scale
        x, y = width / 2, height / 2
        for _ in range(200):
            x, y = rng.uniform(edge, width - edge), rng.uniform(edge, height - edge)
            around = [(x, y), (x - edge, y), (x + edge, y), (x, y - edge), (x, y + edge)]
            if all(self.surface[int(py), int(px)] > 0.9 for px, py in around):
                break
        return x, y

    def edge(self, rng: np.random.Generator) -> tuple[float, float, float]:
        """A random pixel on the surface's rim, and the direction that leads inwards."""
        x, y, angle = 0.0, 0.0, 0.0
        for _ in range(200):
            from_x, from_y = self.spot(rng)
            angle = rng.uniform(0, 2 * np.pi)
            found = self._march(from_x, from_y, angle)
            if found is not None:
                x, y = found
                break
        return x, y, self._inward(x, y, fallback=angle + np.pi)

    def _march(self, x: float, y: float, angle: float) -> tuple[float, float] | None:
        height, width = self.shape
        steps = np.arange(0, width, 0.5)
        xs, ys = x + steps * cos(angle), y + steps * sin(angle)
        edge = 10 * self.scale
        inside = (xs > edge) & (xs < width - edge) & (ys > edge) & (ys < height - edge)
        reach = len(xs) if inside.all() else int(np.argmin(inside))
        values = self.surface[ys[:reach].astype(int), xs[:reach].astype(int)]
        off = np.flatnonzero(values < 0.5)
        return (float(xs[off[0]]), float(ys[off[0]])) if len(off) else None

    def _inward(self, x: float, y: float, *, fallback: float) -> float:
        reach = max(int(4 * self.scale), 2)
        px, py = int(x), int(y)
        patch = self.surface[max(py - reach, 0) : py + reach + 1, max(px - reach, 0) : px + reach + 1]
        down, across = np.gradient(patch)
        slope_x, slope_y = float(across.sum()), float(down.sum())
        return float(np.arctan2(slope_y, slope_x)) if slope_x or slope_y else fallback


def bounds(seen: NDArray[np.bool_], *, at: tuple[int, int] = (0, 0)) -> Box | None:
    """The smallest box around what is seen, or None."""
    rows, columns = np.flatnonzero(seen.any(axis=1)), np.flatnonzero(seen.any(axis=0))
    if not len(rows):
        return None
    left, top = int(columns[0]), int(rows[0])
    return at[0] + left, at[1] + top, int(columns[-1]) - left + 1, int(rows[-1]) - top + 1


def union(boxes: Sequence[Box | None]) -> list[Box]:
    """One box around all that was changed; empty if nothing was."""
    known = [box for box in boxes if box is not None]
    if not known:
        return []
    left, top = min(b[0] for b in known), min(b[1] for b in known)
    right, bottom = max(b[0] + b[2] for b in known), max(b[1] + b[3] for b in known)
    return [(left, top, right - left, bottom - top)]


@lru_cache(maxsize=16)
def noise_tile(name: str, sigma: tuple[float, float], side: int = 768, spread: float = 1.0) -> Plane:
    """Smooth noise of a given spread on a torus, the same for everybody: windows of it are cut, never the whole."""
    rng = np.random.default_rng(list(name.encode()))
    tile = gaussian_filter(rng.standard_normal((side, side), dtype=np.float32), sigma, mode="wrap")
    return (tile * (spread / tile.std())).astype(np.float32)


def cut_noise(rng: np.random.Generator, shape: tuple[int, int], sigma: float, name: str = "cloud") -> Plane:
    """A random window of smooth noise."""
    side = max(768, shape[0] + 64, shape[1] + 64)
    tile = noise_tile(name, (sigma, sigma), side)
    top, left = rng.integers(side - shape[0] + 1), rng.integers(side - shape[1] + 1)
    return tile[top : top + shape[0], left : left + shape[1]]


def sample_tile(tile: Plane, x: Plane, y: Plane) -> Plane:
    """Values of a torus tile at fractional places, bilinear."""
    side = tile.shape[0]
    left, top = np.floor(x), np.floor(y)
    part_x, part_y = x - left, y - top
    i, j = left.astype(np.int32) % side, top.astype(np.int32) % side
    right, below = (i + 1) % side, (j + 1) % side
    upper = tile[j, i] * (1 - part_x) + tile[j, right] * part_x
    lower = tile[below, i] * (1 - part_x) + tile[below, right] * part_x
    return (upper * (1 - part_y) + lower * part_y).astype(np.float32)


@dataclass(frozen=True)
class Profile:
    """A cross-section: values along one coordinate, looked up for whole planes at once."""

    start: float
    values: Plane
    per_unit: float = 8.0

    def __call__(self, coordinate: Plane) -> Plane:
        index = (coordinate - np.float32(self.start)) * np.float32(self.per_unit)
        np.clip(index, 0, len(self.values) - 1, out=index)
        return self.values[index.astype(np.int32)]


def profile(knots: Sequence[tuple[float, float]], *, per_unit: float = 8.0, soften: float = 0.0) -> Profile:
    """A cross-section through (coordinate, value) knots, straight between them, optionally rounded."""
    places, values = np.array(knots, dtype=np.float64).T
    grid = np.arange(places[0], places[-1] + 1 / per_unit, 1 / per_unit)
    table = np.interp(grid, places, values)
    if soften:
        table = gaussian_filter(table, soften * per_unit, mode="nearest")
    return Profile(float(places[0]), table.astype(np.float32), per_unit)
