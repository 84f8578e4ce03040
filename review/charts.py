"""Charts as plain geometry, drawn by SVG templates: the page needs no script to show them."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

WIDTH, HEIGHT = 680, 260
LEFT, RIGHT, TOP, BOTTOM = 44, 100, 10, 30
FOOT = HEIGHT - BOTTOM


class Point(NamedTuple):
    """One moment of a rate with its any-time band. `low` and `high` are None before the band starts."""

    label: str
    value: float
    low: float | None
    high: float | None


class Tick(NamedTuple):
    at: float
    word: str


@dataclass(frozen=True, kw_only=True)
class BandChart:
    """Everything the template needs, in pixels of a box WIDTH x HEIGHT."""

    series: str
    band: str
    bound: str
    target_y: float
    y_ticks: list[Tick]
    x_ticks: list[Tick]
    events: list[Tick]
    end_x: float
    end_y: float
    end_value: float
    end_low: float | None
    end_low_y: float | None
    target: float
    points: list[Point] = field(default_factory=list)
    width: int = WIDTH
    height: int = HEIGHT
    left: int = LEFT
    right: int = WIDTH - RIGHT
    top: int = TOP
    foot: int = FOOT


def band_chart(
    points: Sequence[Point], *, target: float, floor: float, events: Sequence[tuple[int, str]] = ()
) -> BandChart | None:
    """Lay out a rate over time with its band, its target and the events on its way; None without points.

    `floor` is where the y axis starts; `events` are (index of a point, word).
    """
    if not points:
        return None
    xs = [_x(n, len(points)) for n in range(len(points))]
    ys = [_y(point.value, floor) for point in points]
    banded = [(x, point.low, point.high) for x, point in zip(xs, points, strict=True) if point.low is not None]
    lows = [(x, _y(low, floor)) for x, low, _ in banded]
    highs = [(x, _y(1.0 if high is None else high, floor)) for x, _, high in banded]
    last = points[-1]
    return BandChart(
        series=_path(zip(xs, ys, strict=True)),
        band=_path([*highs, *reversed(lows)]),
        bound=_path(lows),
        target=target,
        target_y=_y(target, floor),
        y_ticks=[
            Tick(_y(floor + (1 - floor) * n / 4, floor), f"{100 * (floor + (1 - floor) * n / 4):.0f}") for n in range(5)
        ],
        x_ticks=_x_ticks(points, xs),
        events=[Tick(xs[at], word) for at, word in events],
        end_x=xs[-1],
        end_y=ys[-1],
        end_value=last.value,
        end_low=last.low,
        end_low_y=None if last.low is None else max(_y(last.low, floor), _y(target, floor) + 18),
        points=list(points),
    )


def spark(values: Sequence[float], width: int = 60, height: int = 18) -> str:
    """Points of a line without axes, filling its box; flat in the middle when nothing varies."""
    if not values:
        return ""
    low, high = min(values), max(values)
    spread = (high - low) or 1.0
    base = height / 2 if high == low else height - 2.0
    step = width / max(len(values) - 1, 1)
    return " ".join(
        f"{n * step:.1f},{base - (value - low) / spread * (height - 4):.1f}" for n, value in enumerate(values)
    )


def _x(n: int, length: int) -> float:
    return round(LEFT + (WIDTH - LEFT - RIGHT) * n / max(length - 1, 1), 1)


def _y(share: float, floor: float) -> float:
    """Pixels from the top; what lies below the floor is cut at it."""
    height = (min(max(share, floor), 1.0) - floor) / (1.0 - floor)
    return round(FOOT - (FOOT - TOP) * height, 1)


def _path(places) -> str:
    return " ".join(f"{x},{y}" for x, y in places)


def _x_ticks(points: Sequence[Point], xs: Sequence[float]) -> list[Tick]:
    """At most seven labels, the first and last among them."""
    step = max(1, -(-(len(points) - 1) // 6))
    return [Tick(xs[n], points[n].label) for n in range(0, len(points), step)]
