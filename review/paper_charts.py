"""The charts of the agreement page on paper: the same points, targets and axes, drawn for print."""

from collections.abc import Sequence

from django.utils.translation import gettext as _
from reportlab.graphics.shapes import Circle, Drawing, Line, Polygon, PolyLine, String
from reportlab.lib import colors

from review import sentences
from review.agreement_boards import floor_of
from review.figures import Bin, Point
from review.papers import FAINT, HAIR, INK, PLAIN, WIDTH

HEIGHT, LEFT, FOOT, RIGHT, TOP = 110.0, 28.0, 14.0, 70.0, 4.0
END = WIDTH - RIGHT
MODEL = colors.HexColor("#6929c4")
BAND = colors.HexColor("#e4d9f4")
DASH = (4, 3)
# Words at the right end stand at least so far apart.
GAP = 9.0


def trend(days: Sequence[Point], *, target: float) -> Drawing:
    """Draw the running agreement with its band and its target, from a stated floor."""
    floor, last = floor_of([day.share for day in days]), days[-1]
    drawing = _plot(floor)
    low = [_place(n, day.low, len(days), floor) for n, day in enumerate(days)]
    high = [_place(n, day.high, len(days), floor) for n, day in enumerate(days)]
    line = [_place(n, day.share, len(days), floor) for n, day in enumerate(days)]
    drawing.add(Polygon(_flat([*high, *reversed(low)]), fillColor=BAND, strokeColor=None))
    drawing.add(PolyLine(_flat(line), strokeColor=MODEL, strokeWidth=1.6))
    asked = _y(target, floor)
    drawing.add(Line(LEFT, asked, END, asked, strokeColor=INK, strokeWidth=0.8, strokeDashArray=DASH))
    said = {
        sentences.percent(last.share): line[-1][1],
        _("target %(share)s") % {"share": sentences.percent(target)}: asked,
    }
    for word, y in _apart(said):
        drawing.add(_word(END + 5, y - 2.5, word))
    drawing.add(_word(LEFT, 2, f"{days[0].day:%m-%d}"))
    drawing.add(_word(END, 2, f"{last.day:%m-%d}", anchor="end"))
    return drawing


def calibration(bins: Sequence[Bin]) -> Drawing:
    """Draw the share of defects over the probability given, bin by bin; on the dashed line it means what it says."""
    drawing = _plot(0.0)
    drawing.add(Line(LEFT, FOOT, END, FOOT + HEIGHT, strokeColor=INK, strokeWidth=0.8, strokeDashArray=DASH))
    drawing.add(_word(END + 5, FOOT + HEIGHT - 2.5, _("as said")))
    for one in bins:
        x = LEFT + (END - LEFT) * one.mean
        low, high = _y(one.defects.low, 0.0), _y(one.defects.high, 0.0)
        drawing.add(Line(x, low, x, high, strokeColor=MODEL, strokeWidth=0.8))
        drawing.add(Circle(x, _y(one.defects.share or 0.0, 0.0), 2.4, fillColor=MODEL, strokeColor=None))
    for n in range(5):
        drawing.add(_word(LEFT + (END - LEFT) * n / 4, 2, f"{25 * n}", anchor="middle"))
    return drawing


def _plot(floor: float) -> Drawing:
    """Return an empty plot from the floor to 100 %, with four steps named at the left."""
    drawing = Drawing(WIDTH, FOOT + HEIGHT + TOP)
    for n in range(5):
        share = floor + (1 - floor) * n / 4
        y = _y(share, floor)
        drawing.add(Line(LEFT, y, END, y, strokeColor=HAIR, strokeWidth=0.5))
        drawing.add(_word(LEFT - 4, y - 2.5, f"{100 * share:.0f}", anchor="end"))
    return drawing


def _apart(said: dict[str, float]) -> list[tuple[str, float]]:
    """Return the words from the top down, none on another."""
    placed: list[tuple[str, float]] = []
    for word, y in sorted(said.items(), key=lambda one: -one[1]):
        placed.append((word, min(y, placed[-1][1] - GAP) if placed else y))
    return placed


def _place(n: int, share: float, length: int, floor: float) -> tuple[float, float]:
    return LEFT + (END - LEFT) * n / max(length - 1, 1), _y(share, floor)


def _y(share: float, floor: float) -> float:
    return FOOT + HEIGHT * (min(max(share, floor), 1.0) - floor) / (1 - floor)


def _flat(places: Sequence[tuple[float, float]]) -> list[float]:
    return [number for place in places for number in place]


def _word(x: float, y: float, text: str, *, anchor: str = "start") -> String:
    return String(x, y, text, fontName=PLAIN, fontSize=7.5, fillColor=FAINT, textAnchor=anchor)
