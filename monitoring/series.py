"""A metric over time as plain geometry, drawn by a template without script, and as the table of the same numbers."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
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
class Column:
    """One window as a strip of the plot to point at, from `left` over `width` percent."""

    left: float
    width: float
    row: Row


@dataclass(frozen=True, kw_only=True)
class SeriesChart:
    """x in percent of the plot, y in pixels. Without columns where they would be too narrow to point at."""

    line: str
    band: str
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


def headline(metric: Metric, summary: Summary) -> float:
    """Return the one number that stands for a window: a total, the last level, else the mean."""
    if metric.fold == Fold.COUNT:
        return summary.total
    return summary.last if metric.fold == Fold.LEVEL else summary.mean


def chart(
    found: Sequence[Row],
    *,
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

    began = [row.began_at.timestamp() for row in found]

    def x(at: float) -> float:
        return round(100 * (at - began[0]) / ((began[-1] - began[0]) or 1.0), 2)

    xs = [x(at) for at in began]
    highs = [(at, y(row.high)) for at, row in zip(xs, found, strict=True)]
    lows = [(at, y(row.low)) for at, row in zip(xs, found, strict=True)]
    return SeriesChart(
        line=_path((at, y(row.value)) for at, row in zip(xs, found, strict=True)),
        band=_path([*highs, *reversed(lows)]),
        columns=_columns(found, xs),
        limits=[Tick(y(value), word) for value, word in near],
        y_ticks=[Tick(y(low + spread * n / 4), number(metric, low + spread * n / 4)) for n in range(5)],
        x_ticks=_x_ticks(found, xs, zone),
        changes=[Tick(min(100.0, max(0.0, x(at.timestamp()))), word) for at, word in changes],
    )


def _columns(found: Sequence[Row], xs: Sequence[float]) -> list[Column]:
    if len(found) > COLUMNS_MAX:
        return []
    edges = [0.0, *((one + next_) / 2 for one, next_ in pairwise(xs)), 100.0]
    return [
        Column(round(left, 2), round(right - left, 2), row)
        for row, (left, right) in zip(found, pairwise(edges), strict=True)
    ]


def _row(metric: Metric, began: datetime, summary: Summary) -> Row:
    # Of fewer than twenty values 5 % and 95 % are the ends; a sketch would name inner ones, beside the mean.
    is_spread = metric.fold == Fold.SPREAD and summary.n >= 20
    value = headline(metric, summary)
    low, high = (summary.quantile(0.05), summary.quantile(0.95)) if is_spread else (summary.low, summary.high)
    if metric.fold in (Fold.SHARE, Fold.COUNT):
        low = high = value
    words = {f"{name}_word": number(metric.name, one) for name, one in (("value", value), ("low", low), ("high", high))}
    return Row(began_at=began, n=summary.n, value=value, low=low, high=high, **words)


def _x_ticks(found: Sequence[Row], xs: Sequence[float], zone: str) -> list[Tick]:
    step = max(1, -(-(len(found) - 1) // 6))
    far = found[-1].began_at - found[0].began_at > timedelta(days=1)
    shape = "%m-%d" if far else "%H:%M"
    return [
        Tick(xs[n], found[n].began_at.astimezone(ZoneInfo(zone)).strftime(shape)) for n in range(0, len(found), step)
    ]


def _path(places) -> str:
    return " ".join(f"{x},{y}" for x, y in places)
