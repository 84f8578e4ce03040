"""Charts as plain geometry, drawn by SVG templates: the page needs no script to show them."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

HEIGHT, TOP, BOTTOM = 260, 10, 30
FOOT = HEIGHT - BOTTOM
LABEL_GAP = 18


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
    """Everything the template needs: x in percent of the plot, y in pixels, so that no text grows with the card."""

    series: str
    band: str
    bound: str
    target_y: float
    y_ticks: list[Tick]
    x_ticks: list[Tick]
    events: list[Tick]
    end_y: float
    end_value: float
    end_low: float | None
    target: float
    labels: dict[str, float]
    points: list[Point] = field(default_factory=list)
    height: int = HEIGHT
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
            Tick(_y(floor + (1 - floor) * n / 4, floor), f"{100 * (floor + (1 - floor) * n / 4):.4g}") for n in range(5)
        ],
        x_ticks=_x_ticks(points, xs),
        events=[Tick(xs[at], word) for at, word in events],
        end_y=ys[-1],
        end_value=last.value,
        end_low=last.low,
        labels=_labels(last, target, floor),
        points=list(points),
    )


class Spot(NamedTuple):
    """One bin of a reliability diagram: mean probability, share of defects with its interval, counts."""

    at: float
    share: float
    low: float
    high: float
    k: int
    n: int


class Drawn(NamedTuple):
    """A bin in the picture: x in percent of the plot, y in pixels, the radius by its weight."""

    x: float
    y: float
    low_y: float
    high_y: float
    radius: float


@dataclass(frozen=True, kw_only=True)
class ReliabilityChart:
    """A diagram of 0 to 1 both ways; on the diagonal a probability means what it says."""

    drawn: list[Drawn]
    ticks: list[Tick]
    x_ticks: list[Tick]
    spots: list[Spot]
    height: int = HEIGHT
    top: int = TOP
    foot: int = FOOT


def reliability_chart(spots: Sequence[Spot]) -> ReliabilityChart | None:
    """Lay out a reliability diagram; None without bins. Bins with more parts are drawn larger."""
    if not spots:
        return None
    most = max(spot.n for spot in spots) or 1
    return ReliabilityChart(
        drawn=[
            Drawn(
                x=round(100 * spot.at, 2),
                y=_y(spot.share, 0.0),
                low_y=_y(spot.low, 0.0),
                high_y=_y(spot.high, 0.0),
                radius=round(3 + 5 * (spot.n / most) ** 0.5, 1),
            )
            for spot in spots
        ],
        ticks=[Tick(_y(n / 4, 0.0), f"{25 * n}") for n in range(5)],
        x_ticks=[Tick(25.0 * n, f"{25 * n}") for n in range(5)],
        spots=list(spots),
    )


class Column(NamedTuple):
    """One column: x and width in percent of the plot, y and height in pixels; `is_last` is the one still growing."""

    x: float
    width: float
    y: float
    height: float
    is_last: bool


@dataclass(frozen=True, kw_only=True)
class ColumnChart:
    """Shares as columns over time against a promise. A day without anything has no column."""

    columns: list[Column]
    y_ticks: list[Tick]
    x_ticks: list[Tick]
    promise_y: float | None
    promise: float | None
    height: int = HEIGHT
    top: int = TOP
    foot: int = FOOT


def column_chart(values: Sequence[tuple[str, float | None]], *, promise: float | None) -> ColumnChart | None:
    """Lay out shares as columns from 0 to 100 %; None where no day has one."""
    if all(share is None for _, share in values):
        return None
    step = 100 / len(values)
    return ColumnChart(
        columns=[
            Column(
                x=round(n * step + 0.15 * step, 2),
                width=round(0.7 * step, 2),
                y=_y(share, 0.0),
                height=round(FOOT - _y(share, 0.0), 1),
                is_last=n == len(values) - 1,
            )
            for n, (_, share) in enumerate(values)
            if share is not None
        ],
        y_ticks=[Tick(_y(n / 4, 0.0), f"{25 * n}") for n in range(5)],
        x_ticks=[Tick(round((n + 0.5) * step, 2), values[n][0]) for n in range(0, len(values), 3)],
        promise_y=None if promise is None else _y(promise, 0.0),
        promise=promise,
    )


def spark(values: Sequence[float | None], width: int = 60, height: int = 18) -> list[str]:
    """Points of a line without axes, filling its box; flat in the middle when nothing varies.

    A list for each stretch without a None; a value that stands alone is a line to itself, which a round cap shows.
    """
    known = [value for value in values if value is not None]
    if not known:
        return []
    low, high = min(known), max(known)
    spread = (high - low) or 1.0
    base = height / 2 if high == low else height - 2.0
    step = width / max(len(values) - 1, 1)
    stretches: list[list[str]] = [[]]
    for n, value in enumerate(values):
        if value is None:
            stretches.append([])
        else:
            stretches[-1].append(f"{n * step:.1f},{base - (value - low) / spread * (height - 4):.1f}")
    return [" ".join(points if len(points) > 1 else points * 2) for points in stretches if points]


def apart(wanted: Sequence[float], least: float) -> list[float]:
    """Return places at least so far apart, in the same order and as near as may be to where they were wanted."""
    order = sorted(range(len(wanted)), key=wanted.__getitem__)
    pools: list[tuple[float, int]] = []
    for rank, at in enumerate(order):
        total, size = wanted[at] - rank * least, 1
        while pools and pools[-1][0] / pools[-1][1] > total / size:
            before = pools.pop()
            total, size = total + before[0], size + before[1]
        pools.append((total, size))
    shifts = [total / size for total, size in pools for _ in range(size)]
    places = {at: shifts[rank] + rank * least for rank, at in enumerate(order)}
    return [places[at] for at in range(len(wanted))]


def _labels(last: Point, target: float, floor: float) -> dict[str, float]:
    """Place the words at the right end by what they say, none on another and none above the plot."""
    said = {"value": last.value, "target": target, "low": last.low}
    known = {name: _y(share, floor) for name, share in said.items() if share is not None}
    places = apart(list(known.values()), LABEL_GAP)
    down = max(0.0, TOP - min(places))
    return {name: round(place + down, 1) for name, place in zip(known, places, strict=True)}


def _x(n: int, length: int) -> float:
    return round(100 * n / max(length - 1, 1), 2)


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
