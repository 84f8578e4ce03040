"""What Prometheus reads: the newest value of every metric, alarms, levels. Labels are lines and statistics.

Values come from the windows that the relay writes, so any process may answer and all answer the same.
"""

from collections.abc import Iterator
from datetime import datetime

from django.db.models import Count
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from inspection.models import Hold, Line
from inspection.rules.words import Level
from monitoring import rollups
from monitoring.models import Alarm, Notice
from monitoring.rules.alarm_rules import BY_CODE
from monitoring.rules.metrics import METRICS, Fold, Metric
from monitoring.rules.summaries import Summary

MINUTES = 5
UNITS = {"s": "seconds", "ms": "milliseconds", "B": "bytes", "MB": "megabytes", "d": "days"}
QUANTILES = (("0.5", 0.5), ("0.95", 0.95), ("0.99", 0.99))
STATES = {
    "tollgate_line_level": "Rung of a line: 0 human, 1 shadow, 2 assist, 3 partial, 4 full.",
    "tollgate_line_held": "1 while a hold is in force on a line.",
    "tollgate_alarms_active": "Alarms whose condition is true, by priority.",
    "tollgate_alarms_unacknowledged": "Alarms that nobody has acknowledged.",
    "tollgate_notices_dead": "Messages that reached nobody.",
    "tollgate_measured_age_seconds": "Age of the newest window: metrics are as old as this.",
}


def family_name(metric: Metric) -> str:
    """Return the name under which Prometheus knows a metric.

    >>> family_name(METRICS[0])
    'tollgate_p99_luminance'
    """
    base = metric.name.removesuffix(f"_{metric.unit}")
    unit = UNITS.get(metric.unit)
    suffix = {Fold.SHARE: "ratio", Fold.COUNT: "per_second"}.get(metric.fold, unit)
    return f"tollgate_{base}" if not suffix or base.endswith(suffix) else f"tollgate_{base}_{suffix}"


def names() -> set[str]:
    """Return every name that is ever exposed: what dashboards and alert rules may refer to."""
    return {family_name(metric) for metric in METRICS} | STATES.keys()


def text(*, now: datetime) -> bytes:
    """Return the exposition of this moment."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Moment(now))
    return generate_latest(registry)


class _Moment(Collector):
    """Everything there is to say at one moment."""

    def __init__(self, now: datetime) -> None:
        self.now = now

    def collect(self) -> Iterator[GaugeMetricFamily]:
        lines = list(Line.objects.filter(is_active=True).order_by("slug"))
        yield from _measured(lines, self.now)
        yield from _lines(lines)
        yield from _alarms()
        yield from _age(self.now)


def _measured(lines: list[Line], now: datetime) -> Iterator[GaugeMetricFamily]:
    names_of = [metric.name for metric in METRICS]
    found_on = rollups.newest_by_line([line.pk for line in lines], names_of, now=now, minutes=MINUTES)
    seen = {line.slug: found_on.get(line.pk, {}) for line in lines}
    seen[""] = rollups.newest(None, names_of, now=now, minutes=MINUTES)
    for metric in METRICS:
        labels = (["line"] if metric.of_line else []) + (["quantile"] if metric.fold == Fold.SPREAD else [])
        family = GaugeMetricFamily(family_name(metric), f"{metric.name.replace('_', ' ')}, last 5 min.", labels=labels)
        for slug, found in seen.items():
            if metric.name in found and bool(slug) == metric.of_line:
                _add(family, metric, [slug] if slug else [], found[metric.name])
        yield family


def _add(family: GaugeMetricFamily, metric: Metric, place: list[str], window: Summary) -> None:
    if metric.fold == Fold.SPREAD:
        for word, share in QUANTILES:
            family.add_metric([*place, word], window.quantile(share))
    elif metric.fold == Fold.COUNT:
        family.add_metric(place, window.total / (60 * MINUTES))
    else:
        family.add_metric(place, window.last if metric.fold == Fold.LEVEL else window.mean)


def _lines(lines: list[Line]) -> Iterator[GaugeMetricFamily]:
    held = set(Hold.objects.in_force().values_list("line", flat=True))
    yield _family("tollgate_line_level", ["line"], [([line.slug], Level(line.level).rung) for line in lines])
    yield _family("tollgate_line_held", ["line"], [([line.slug], line.pk in held) for line in lines])


def _alarms() -> Iterator[GaugeMetricFamily]:
    counts: dict[tuple[str, str], int] = {}
    on = Alarm.objects.filter(is_on=True).values("line__slug", "rule").annotate(count=Count("pk")).order_by()
    for row in on:
        place = (row["line__slug"] or "", BY_CODE[row["rule"]].priority.value)
        counts[place] = counts.get(place, 0) + row["count"]
    yield _family("tollgate_alarms_active", ["line", "priority"], [(list(place), n) for place, n in counts.items()])
    unseen = Alarm.objects.filter(state="unacknowledged").count()
    yield _family("tollgate_alarms_unacknowledged", [], [([], unseen)])
    yield _family("tollgate_notices_dead", [], [([], Notice.objects.filter(state=Notice.DEAD).count())])


def _age(now: datetime) -> Iterator[GaugeMetricFamily]:
    newest = rollups.newest_of_all()
    rows: list[tuple[list[str], float]] = [] if newest is None else [([], max(0.0, (now - newest).total_seconds()))]
    yield _family("tollgate_measured_age_seconds", [], rows)


def _family(name: str, labels: list[str], rows) -> GaugeMetricFamily:
    family = GaugeMetricFamily(name, STATES[name], labels=labels)
    for place, value in rows:
        family.add_metric(place, float(value))
    return family
