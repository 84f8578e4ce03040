"""Thin things: grooves, hairs, specks. Points are shared among pixels, so lines finer than a pixel stay fine."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from vision.drawn.canvas import Plane

Path = NDArray[np.float64]

STEP = 0.35  # pixels between two points of a line


def wander(
    rng: np.random.Generator,
    middle: tuple[float, float],
    *,
    length: float,
    heading: float,
    bend: float = 0.0,
    wobble: float = 0.0,
) -> Path:
    """A curve through its middle: it turns by `bend` over its length and strays by `wobble` a root pixel."""
    count = max(int(length / STEP), 8)
    headings = heading + np.linspace(-bend / 2, bend / 2, count)
    headings += np.cumsum(rng.normal(0, wobble * np.sqrt(STEP), count)) if wobble else 0
    path = np.cumsum(np.column_stack([np.cos(headings), np.sin(headings)]) * STEP, axis=0)
    return path - path[count // 2] + np.asarray(middle)


def polyline(corners: NDArray[np.float64]) -> Path:
    """Points along straight pieces, evenly spaced."""
    reach = np.concatenate([[0], np.cumsum(np.hypot(*np.diff(corners, axis=0).T))])
    along = np.linspace(0, reach[-1], max(int(reach[-1] / STEP), 2))
    return np.column_stack([np.interp(along, reach, corners[:, 0]), np.interp(along, reach, corners[:, 1])])


def taper(count: int, *, power: float = 0.6) -> NDArray[np.float64]:
    """Strength that swells from nothing and fades again."""
    return np.sin(np.linspace(0, np.pi, count)).clip(0) ** power


def flicker(rng: np.random.Generator, count: int, *, depth: float, knots: int) -> NDArray[np.float64]:
    """Strength that comes and goes along a line, mean near one."""
    values = 1 + depth * rng.uniform(-1, 1, max(knots, 2))
    return np.interp(np.linspace(0, 1, count), np.linspace(0, 1, len(values)), values).clip(0)


@dataclass
class Ink:
    """Points waiting to be laid on a picture in one go."""

    xs: list[NDArray[np.float64]] = field(default_factory=list)
    ys: list[NDArray[np.float64]] = field(default_factory=list)
    weights: list[NDArray[np.float64]] = field(default_factory=list)

    def line(
        self, path: Path, strength: NDArray[np.float64] | float, *, width: float = 1.0, aside: float = 0.0
    ) -> None:
        """A line whose brightest value is its strength; `aside` moves it across its own direction."""
        strands = max(round(width), 1)
        weight = np.broadcast_to(np.asarray(strength) * STEP * min(width, 1.0), (len(path),))
        tangent = np.gradient(path, axis=0)
        across = np.column_stack([-tangent[:, 1], tangent[:, 0]]) / STEP
        for offset in np.linspace(-(strands - 1) / 2, (strands - 1) / 2, strands) * width / strands + aside:
            moved = path + across * offset
            self.dots(moved[:, 0], moved[:, 1], weight)

    def dots(self, x: NDArray[np.float64], y: NDArray[np.float64], weight: NDArray[np.float64]) -> None:
        """Specks of light; a weight of 1 fills one pixel."""
        self.xs.append(x)
        self.ys.append(y)
        self.weights.append(np.broadcast_to(weight, x.shape))

    def layer(self, shape: tuple[int, int]) -> Plane:
        """All points, each shared among its four nearest pixels."""
        height, width = shape
        if not self.xs:
            return np.zeros(shape, np.float32)
        x, y, weight = np.concatenate(self.xs), np.concatenate(self.ys), np.concatenate(self.weights)
        inside = (x >= 0) & (x < width - 1) & (y >= 0) & (y < height - 1)
        x, y, weight = x[inside], y[inside], weight[inside]
        left, top = x.astype(np.int64), y.astype(np.int64)
        part_x, part_y = x - left, y - top
        corner = top * width + left
        index = np.concatenate([corner, corner + 1, corner + width, corner + width + 1])
        shares = [(1 - part_x) * (1 - part_y), part_x * (1 - part_y), (1 - part_x) * part_y, part_x * part_y]
        values = np.concatenate([share * weight for share in shares])
        return np.bincount(index, values, minlength=height * width).reshape(shape).astype(np.float32)


def soften(layer: Plane, sigma: float) -> Plane:
    """A blur of less than a pixel: three taps each way, the border repeated."""
    side = np.float32(min(sigma * sigma / 2, 0.25))
    return _mix_rows(_mix_rows(layer, side).T, side).T


def _mix_rows(rows: Plane, side: np.float32) -> Plane:
    mixed = rows * (1 - 2 * side)
    mixed[1:] += side * rows[:-1]
    mixed[:-1] += side * rows[1:]
    mixed[0] += side * rows[0]
    mixed[-1] += side * rows[-1]
    return mixed
