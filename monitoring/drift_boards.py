"""What the drift page shows: distances over time as charts whose points open their images, and pictures of each end."""

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.urls import reverse

from inspection.models import Item, Line
from monitoring import baselines, sightings
from monitoring.alarm_words import number
from monitoring.metric_words import METRIC_OF
from monitoring.models import Baseline, DriftMark, DriftWindow, EmbeddingTest
from monitoring.rules import drift as rules
from monitoring.rules.drift import IMAGE_METRICS, METRICS, Reference
from monitoring.upstream import Change, changes
from review.charts import Tick

HEIGHT, TOP, FOOT = 132, 10, 120
SHOWN_WINDOWS, SHOWN_TESTS, SHOWN_PICTURES = 40, 30, 24


@dataclass(frozen=True, kw_only=True)
class Dot:
    """One point: x in percent, y in pixels, what it is and says, and where its images are; not all are drawn."""

    x: float
    y: float
    is_over: bool
    is_drawn: bool
    word: str
    value: str
    address: str


@dataclass(frozen=True, kw_only=True)
class DotChart:
    """One row of points against a limit."""

    name: str
    dots: list[Dot]
    path: str
    limit_y: float
    limit_word: str
    last: float
    is_over: bool
    changes: list[Tick] = field(default_factory=list)
    height: int = HEIGHT
    top: int = TOP
    foot: int = FOOT


@dataclass(frozen=True, kw_only=True)
class Picture:
    """One image with the value that is compared."""

    item: Item
    value: str


@dataclass(frozen=True, kw_only=True)
class Estimates:
    """What the model's own scores would say of it, in the reference and in the last window: never evidence."""

    accuracy_before: float | None
    accuracy_now: float | None
    escape_before: float | None
    escape_now: float | None


def distances(line: Line, baseline: Baseline) -> tuple[list[DotChart], list[Change]]:
    """Return a chart for each metric: how far each window lay from its reference; and what was changed meanwhile.

    A new level or model begins a new reference: the windows before it stand before its mark.
    """
    windows = list(DriftWindow.objects.filter(baseline__line=line).order_by("-pk")[:SHOWN_WINDOWS])[::-1]
    if not windows:
        return [], []
    changed = changes(line, since=windows[0].closed_at, until=windows[-1].closed_at)
    charts = [_distance_chart(line, baseline, name, windows, changed) for name in METRICS if name in baseline.metrics]
    return [chart for chart in charts if chart is not None], changed


def tests(line: Line, baseline: Baseline) -> DotChart | None:
    """Return the chart of the daily test of embeddings; None before the first."""
    found = list(baseline.embedding_tests.order_by("-pk")[:SHOWN_TESTS])[::-1]
    values = [
        (
            test.auc,
            _moment(line, test.tested_at),
            reverse("drift-embedding", args=[line.slug, test.pk]),
        )
        for test in found
    ]
    return dot_chart(rules.EMBEDDING, values, limit=rules.APART_ALARM, floor=0.4)


def dot_chart(
    name: str,
    values: Sequence[tuple[float, str, str]],
    *,
    limit: float,
    floor: float = 0.0,
    drawn: Sequence[bool] | None = None,
) -> DotChart | None:
    """Lay out (value, word, address) in order against a limit; None for none. `drawn` are the points that are dots."""
    if not values:
        return None
    top = max(1.4 * limit, max(value for value, _word, _address in values))

    def y(value: float) -> float:
        return round(FOOT - (FOOT - TOP) * (max(value, floor) - floor) / (top - floor), 1)

    xs = [round(100 * n / max(1, len(values) - 1), 2) for n in range(len(values))]
    dots = [
        Dot(
            x=x,
            y=y(value),
            is_over=value > limit,
            is_drawn=is_drawn,
            word=word,
            value=f"{value:.2f}",
            address=address,
        )
        for x, is_drawn, (value, word, address) in zip(xs, drawn or [True] * len(values), values, strict=True)
    ]
    return DotChart(
        name=name,
        dots=dots,
        path=" ".join(f"{dot.x},{dot.y}" for dot in dots),
        limit_y=y(limit),
        limit_word=f"{limit:.2f}",
        last=values[-1][0],
        is_over=values[-1][0] > limit,
    )


def estimates(baseline: Baseline) -> Estimates | None:
    """Return what scores alone say; None where the model's scores are not known on both sides."""
    before = baseline.metrics.get(rules.SCORE)
    last = baseline.windows.order_by("-pk").values_list("estimates", flat=True).first()
    if before is None or not last:
        return None
    of_reference = rules.estimates(before["values"])
    return Estimates(
        accuracy_before=of_reference["accuracy"],
        accuracy_now=last["accuracy"],
        escape_before=of_reference["escape"],
        escape_now=last["escape"],
    )


def is_due(baseline: Baseline, *, today: date) -> bool:
    """Say whether the reference has reached the day by which it is certified again."""
    return baseline.certify_again_by is not None and baseline.certify_again_by <= today


def of_reference(line: Line, baseline: Baseline, metric: str) -> list[Picture]:
    """Return the pictures that stand for the reference, as far as they are still kept."""
    return _pictures(line, baseline.shown, metric)


def of_window(line: Line, window: DriftWindow, metric: str) -> list[Picture]:
    """Return the pictures of a window, those that lie farthest from the reference's mean first.

    Without a metric, or with one that the reference lacks, the newest first.
    """
    if window.after is None or window.until is None:
        return []
    rows = sightings.between(line, window.after, window.until)
    before = baselines.references(window.baseline).get(metric)
    chosen = _farthest(rows, metric, before) if before else [row.item for row in rows[::-1][:SHOWN_PICTURES]]
    return _pictures(line, chosen, metric)


def farthest_metric(window: DriftWindow) -> str:
    """Return what of a window lay farthest from the reference, in its own thresholds; empty where nothing is told."""
    before = baselines.references(window.baseline)
    far = {name: window.distances[name] / before[name].threshold for name in METRICS if name in window.distances}
    return max(far, key=far.__getitem__, default="")


def of_test(line: Line, test: EmbeddingTest) -> list[Picture]:
    """Return the pictures that looked most like drift, the farthest first."""
    return _pictures(line, test.alike, "")


def of_mark(line: Line, mark: DriftMark) -> list[Picture]:
    """Return the newest pictures when a mark was made."""
    rows = sightings.up_to(line, mark.item, limit=SHOWN_PICTURES)
    return _pictures(line, [row.item for row in rows[::-1]], mark.metric)


def _farthest(rows: Iterable[sightings.Sighting], metric: str, before: Reference) -> list[UUID]:
    known = [row for row in rows if metric in row.values]
    return [row.item for row in sorted(known, key=lambda row: -abs(row.values[metric] - before.mean))][:SHOWN_PICTURES]


def _distance_chart(
    line: Line, baseline: Baseline, name: str, windows: Sequence[DriftWindow], changed: Sequence[Change]
) -> DotChart | None:
    shown = [window for window in windows if name in window.distances]
    values = [
        (
            window.distances[name],
            _moment(line, window.closed_at),
            f"{reverse('drift-window', args=[line.slug, window.pk])}?metric={name}",
        )
        for window in shown
    ]
    chart = dot_chart(name, values, limit=baseline.metrics[name]["threshold"])
    closed = [window.closed_at for window in shown]
    return chart and replace(chart, changes=[Tick(_place(one.at, closed), one.word) for one in changed])


def _place(at: datetime, closed: Sequence[datetime]) -> float:
    """Return where a moment lies among windows drawn at equal distances, in percent: before the window it fell into.

    >>> [_place(datetime(2026, 1, 1, n), [datetime(2026, 1, 1, closed) for closed in (0, 2, 8)]) for n in (0, 1, 5)]
    [0.0, 25.0, 75.0]
    """
    after = bisect_left(closed, at)
    if after == 0 or len(closed) < 2:
        return 0.0
    if after == len(closed):
        return 100.0
    share = (at - closed[after - 1]) / (closed[after] - closed[after - 1])
    return round(100 * (after - 1 + share) / (len(closed) - 1), 2)


def _pictures(line: Line, items: Sequence[UUID | str], metric: str) -> list[Picture]:
    """Return images in the order given; those that are gone are left out."""
    known = Item.objects.filter(line=line).select_related("measures").in_bulk([UUID(str(item)) for item in items])
    found = (known[pk] for item in items if (pk := UUID(str(item))) in known)
    return [Picture(item=item, value=_value(item, metric)) for item in found]


def _value(item: Item, metric: str) -> str:
    measured: Any = getattr(item, "measures", None)
    if measured is None or metric not in IMAGE_METRICS:
        return ""
    return number(METRIC_OF.get(metric, metric), getattr(measured, metric))


def _moment(line: Line, at: datetime) -> str:
    return at.astimezone(ZoneInfo(line.time_zone)).strftime("%m-%d %H:%M")
