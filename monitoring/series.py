"""A metric over time as plain geometry, drawn by a template without script, and as the table of the same numbers."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from django.utils.translation import gettext_lazy as _

from inspection.models import Line
from monitoring import rollups
from monitoring.alarm_words import number
from monitoring.metric_models import DAY, HOUR, MINUTE
from monitoring.rules.metrics import Fold, Metric
from monitoring.rules.summaries import Summary
from review.charts import Tick

HEIGHT, TOP, FOOT = 240, 10, 210
COLUMNS_MAX = 120
# span -> (how far back, tier of its points)
SPANS = {
    "hour": (timedelta(hours=1), MINUTE),
    "day": (timedelta(days=1), HOUR),
    "month": (timedelta(days=30), HOUR),
    "year": (timedelta(days=365), DAY),
}


# What a chart's line and band are.
LEGENDS = {
    Fold.SPREAD: _("Line: the mean of each window. Band: where 90 % of its values lie."),
    Fold.LEVEL: _("Line: the last value of each window. Band: from its lowest to its highest."),
}


@dataclass(frozen=True, kw_only=True)
class Row:
    """One window in numbers. `low` and `high` are the 5 % and 95 % points of a spread, else its ends."""

    began_at: datetime
    n: int
    value: float
    low: float
    high: float
    value_word: str
    low_word: str
    high_word: str


@dataclass(frozen=True)
class Gap:
    """A stretch between two windows in which nothing was measured."""

    began_at: datetime
    ended_at: datetime


@dataclass(frozen=True)
class Piece:
    """Windows that follow each other, as a line with its band. One that stands alone is a point, with its ends."""

    line: str
    band: str
    lone: tuple[float, float, float, float] | None


@dataclass(frozen=True)
class Column:
    """One window as a strip of the plot to point at, from `left` over `width` percent."""

    left: float
    width: float
    row: Row


@dataclass(frozen=True, kw_only=True)
class SeriesChart:
    """x in percent of the plot, y in pixels. Without columns where they would be too narrow to point at.

    Where windows are missing one piece ends and the next begins: nobody knows what lay between.
    """

    pieces: list[Piece]
    columns: list[Column]
    limits: list[Tick]
    y_ticks: list[Tick]
    x_ticks: list[Tick]
    changes: list[Tick]
    height: int = HEIGHT
    top: int = TOP
    foot: int = FOOT


def rows(line: Line | None, metric: Metric, *, span: str, now: datetime) -> list[Row]:
    """Return a metric's windows over a span, oldest first."""
    back, tier = SPANS[span]
    pk = line.pk if line else None
    found = rollups.read(pk, metric.name, since=rollups.start(now - back, tier), until=now, tier=tier)
    return [_row(metric, began, summary) for began, summary in found]


def with_gaps(found: Sequence[Row], *, span: str) -> list[Row | Gap]:
    """Return rows with the stretches between them in which nothing was measured."""
    length = rollups.LENGTH[SPANS[span][1]]
    told: list[Row | Gap] = []
    for piece in _pieces(found, length):
        if told:
            told.append(Gap(told[-1].began_at + length, piece[0].began_at))
        told.extend(piece)
    return told


def headline(metric: Metric, summary: Summary) -> float:
    """Return the one number that stands for a window: a total, the last level, else the mean."""
    if metric.fold == Fold.COUNT:
        return summary.total
    return summary.last if metric.fold == Fold.LEVEL else summary.mean


def chart(
    found: Sequence[Row],
    *,
    span: str,
    limits: Sequence[tuple[float, str]],
    metric: str,
    zone: str,
    changes: Sequence[tuple[datetime, str]] = (),
) -> SeriesChart | None:
    """Lay out rows with their spread, the limits of alarms, and what was changed meanwhile; None for fewer than two."""
    if len(found) < 2:
        return None
    low = min(row.low for row in found)
    high = max(row.high for row in found)
    near = [(value, word) for value, word in limits if low - (high - low) <= value <= high + (high - low)]
    low, high = min([low, *(value for value, _ in near)]), max([high, *(value for value, _ in near)])
    spread = (high - low) or 1.0

    def y(value: float) -> float:
        return round(FOOT - (FOOT - TOP) * (value - low) / spread, 1)

    first, last, length = found[0].began_at, found[-1].began_at, rollups.LENGTH[SPANS[span][1]]

    def x(at: datetime) -> float:
        return round(100 * min(1.0, max(0.0, (at - first) / (last - first))), 2)

    return SeriesChart(
        pieces=[_piece([(x(row.began_at), row) for row in piece], y) for piece in _pieces(found, length)],
        columns=[
            Column(left := x(row.began_at - length / 2), round(x(row.began_at + length / 2) - left, 2), row)
            for row in found
            if (last - first) / length < COLUMNS_MAX
        ],
        limits=[Tick(y(value), word) for value, word in near],
        y_ticks=[Tick(y(low + spread * n / 4), number(metric, low + spread * n / 4)) for n in range(5)],
        x_ticks=[Tick(x(at), word) for at, word in _x_words(first, last, length, zone)],
        changes=[Tick(x(at), word) for at, word in changes],
    )


def _pieces(found: Sequence[Row], length: timedelta) -> Iterator[Sequence[Row]]:
    """Part rows where a window is missing."""
    began = 0
    for n in range(1, len(found) + 1):
        if n == len(found) or found[n].began_at - found[n - 1].began_at > length:
            yield found[began:n]
            began = n


def _piece(placed: Sequence[tuple[float, Row]], y: Callable[[float], float]) -> Piece:
    if len(placed) == 1:
        ((x, row),) = placed
        return Piece("", "", (x, y(row.value), y(row.low), y(row.high)))
    highs = [(x, y(row.high)) for x, row in placed]
    lows = [(x, y(row.low)) for x, row in placed]
    return Piece(_path((x, y(row.value)) for x, row in placed), _path([*highs, *reversed(lows)]), None)


def _row(metric: Metric, began: datetime, summary: Summary) -> Row:
    # Of fewer than twenty values 5 % and 95 % are the ends; a sketch would name inner ones, beside the mean.
    is_spread = metric.fold == Fold.SPREAD and summary.n >= 20
    value = headline(metric, summary)
    low, high = (summary.quantile(0.05), summary.quantile(0.95)) if is_spread else (summary.low, summary.high)
    if metric.fold in (Fold.SHARE, Fold.COUNT):
        low = high = value
    words = {f"{name}_word": number(metric.name, one) for name, one in (("value", value), ("low", low), ("high", high))}
    return Row(began_at=began, n=summary.n, value=value, low=low, high=high, **words)


def _x_words(first: datetime, last: datetime, length: timedelta, zone: str) -> list[tuple[datetime, str]]:
    """Return at most seven moments with their words, as far apart in time as in the picture."""
    count = round((last - first) / length)
    moments = [first + n * length for n in range(0, count + 1, max(1, -(-count // 6)))]
    shape = "%m-%d" if last - first > timedelta(days=1) else "%H:%M"
    return [(at, at.astimezone(ZoneInfo(zone)).strftime(shape)) for at in moments]


def _path(places) -> str:
    return " ".join(f"{x},{y}" for x, y in places)
