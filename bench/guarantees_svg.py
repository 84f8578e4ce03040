"""Small charts as SVG text: lines or bars, end labels instead of a legend, no frame."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from math import log

WIDTH, HEIGHT = 880, 380
LEFT, RIGHT, TOP, BOTTOM = 74, 276, 56, 58
INK, QUIET, GRID, GROUND = "#161616", "#525252", "#e6e6e6", "#ffffff"
COLOURS = ("#6929c4", "#1192e8", "#005d5d", "#9f1853")
DASHES = ("none", "6 4", "10 4", "3 3")
_LABEL_GAP = 18


@dataclass(frozen=True)
class Axis:
    """From low to high, linear or logarithmic, with the values and words at its ticks."""

    label: str
    low: float
    high: float
    ticks: Sequence[tuple[float, str]]
    logarithmic: bool = False

    def place(self, value: float) -> float:
        """Where a value lies between the ends, 0 to 1; values outside stay at the end."""
        held = min(max(value, self.low), self.high)
        if self.logarithmic:
            return log(held / self.low) / log(self.high / self.low)
        return (held - self.low) / (self.high - self.low)


@dataclass(frozen=True)
class Series:
    """One line with the words at its end."""

    label: str
    points: Sequence[tuple[float, float]]


def lines(title: str, across: Axis, up: Axis, series: Sequence[Series], target: tuple[float, str] | None = None) -> str:
    """A line chart of at most four series and a dashed target."""
    ends, parts = _label_rows(up, series, target), []
    if target:
        y = _y(up, target[0])
        parts.append(f'<path d="M{LEFT} {y:.1f}H{WIDTH - RIGHT}" stroke="{INK}" stroke-dasharray="7 5"/>')
        parts.append(_text(WIDTH - RIGHT + 8, ends[-1], target[1], INK))
    for index, line in enumerate(series):
        path = "M" + "L".join(f"{_x(across, x):.1f} {_y(up, y):.1f}" for x, y in line.points)
        stroke = f'stroke="{COLOURS[index]}" stroke-width="2.5" stroke-dasharray="{DASHES[index]}"'
        parts.append(f'<path d="{path}" fill="none" {stroke}/>')
        parts.append(_text(WIDTH - RIGHT + 8, ends[index], line.label, COLOURS[index]))
    return _page(title, [*_grid(across, up), *parts])


def bars(
    title: str,
    up: Axis,
    groups: Sequence[tuple[str, Sequence[float]]],
    names: Sequence[str],
    values: Sequence[Sequence[str]],
    target: tuple[float, str] | None = None,
) -> str:
    """Groups of bars with their values on top; the names of the bars stand at the right."""
    parts, room = [], (WIDTH - LEFT - RIGHT) / len(groups)
    width = min(46.0, room * 0.8 / len(names))
    for place, (label, heights) in enumerate(groups):
        centre = LEFT + room * (place + 0.5)
        parts.append(_text(centre, HEIGHT - BOTTOM + 20, label, QUIET, "middle"))
        for index, height in enumerate(heights):
            x, y = centre + width * (index - len(heights) / 2), _y(up, height)
            size = f'width="{width - 4:.1f}" height="{HEIGHT - BOTTOM - y:.1f}"'
            parts.append(f'<rect x="{x + 2:.1f}" y="{y:.1f}" {size} fill="{COLOURS[index]}"/>')
            parts.append(_text(x + width / 2, y - 5, values[place][index], INK, "middle", 12))
    for index, name in enumerate(names):
        y = TOP + 24 * index
        parts.append(f'<rect x="{WIDTH - RIGHT + 8}" y="{y}" width="14" height="14" fill="{COLOURS[index]}"/>')
        parts.append(_text(WIDTH - RIGHT + 30, y + 12, name, COLOURS[index]))
    if target:
        y = _y(up, target[0])
        parts.append(f'<path d="M{LEFT} {y:.1f}H{WIDTH - RIGHT}" stroke="{INK}" stroke-dasharray="7 5"/>')
        parts.append(_text(WIDTH - RIGHT + 8, y + 5, target[1], INK))
    return _page(title, [*_rows(up), *parts])


def _label_rows(up: Axis, series: Sequence[Series], target: tuple[float, str] | None) -> list[float]:
    """Heights of the end labels, moved apart where lines end close together."""
    heights = [_y(up, line.points[-1][1]) + 5 for line in series] + ([_y(up, target[0]) + 5] if target else [])
    order = sorted(range(len(heights)), key=lambda index: heights[index])
    free = TOP + 5.0
    for index in order:
        heights[index] = max(heights[index], free)
        free = heights[index] + _LABEL_GAP
    free = HEIGHT - BOTTOM - 4.0
    for index in reversed(order):
        heights[index] = min(heights[index], free)
        free = heights[index] - _LABEL_GAP
    return heights


def _grid(across: Axis, up: Axis) -> list[str]:
    marks = [_text(_x(across, value), HEIGHT - BOTTOM + 20, word, QUIET, "middle") for value, word in across.ticks]
    return [*_rows(up), *marks, _text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 12, across.label, QUIET, "middle")]


def _rows(up: Axis) -> list[str]:
    parts = [_text(LEFT - 8, TOP - 12, up.label, QUIET)]
    for value, word in up.ticks:
        y = _y(up, value)
        parts.append(f'<path d="M{LEFT} {y:.1f}H{WIDTH - RIGHT}" stroke="{GRID}"/>')
        parts.append(_text(LEFT - 8, y + 5, word, QUIET, "end"))
    return parts


def _page(title: str, parts: Sequence[str]) -> str:
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" '
        f'font-family="system-ui, sans-serif"><title>{escape(title)}</title>'
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="{GROUND}"/>'
    )
    return "\n".join([head, _text(LEFT - 8, 22, title, INK, "start", 16), *parts, "</svg>"]) + "\n"


def _text(x: float, y: float, words: str, colour: str, anchor: str = "start", size: int = 14) -> str:
    place = f'x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"'
    return f'<text {place} fill="{colour}" font-size="{size}">{escape(words)}</text>'


def _x(axis: Axis, value: float) -> float:
    return LEFT + axis.place(value) * (WIDTH - LEFT - RIGHT)


def _y(axis: Axis, value: float) -> float:
    return HEIGHT - BOTTOM - axis.place(value) * (HEIGHT - TOP - BOTTOM)
