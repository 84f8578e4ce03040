"""What Prometheus reads: the newest value of every metric, alarms, levels. Labels are lines and statistics.

Values come from the windows that the relay writes, so any process may answer and all answer the same.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime

from django.utils.translation import override
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.core import Metric as Family
from prometheus_client.registry import Collector

from inspection.models import Hold, Line
from inspection.rules.words import Level, Priority
from monitoring import rollups
from monitoring.metric_words import NAMES
from monitoring.models import Alarm, Notice
from monitoring.rules.metrics import METRICS, Fold, Metric
from monitoring.rules.summaries import Summary

MINUTES = 5
# unit -> (Prometheus's base unit, how many of it): dashboards choose their own by it
UNITS = {
    "s": ("seconds", 1.0),
    "ms": ("seconds", 0.001),
    "d": ("seconds", 86400.0),
    "B": ("bytes", 1.0),
    "MB": ("bytes", 2.0**20),
    "ratio": ("ratio", 1.0),
}
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

    >>> from monitoring.rules.metrics import BY_NAME
    >>> [family_name(BY_NAME[name]) for name in ("stage_p95", "predict_ms", "relay_memory", "storage_days")]
    ['tollgate_stage_seconds', 'tollgate_predict_seconds', 'tollgate_relay_memory_bytes', 'tollgate_storage_seconds']
    """
    base = metric.name.removesuffix("_days").removesuffix("_p95").removesuffix(f"_{metric.unit}")
    unit, _ = UNITS.get(metric.unit, ("", 1.0))
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

    def collect(self) -> Iterator[Family]:
        lines = list(Line.objects.filter(is_active=True).order_by("slug"))
        yield from _measured(lines, self.now)
        yield from _lines(lines)
        yield from _alarms()
        yield from _age(self.now)


def _measured(lines: list[Line], now: datetime) -> Iterator[Family]:
    names_of = [metric.name for metric in METRICS]
    found_on = rollups.newest_by_line([line.pk for line in lines], names_of, now=now, minutes=MINUTES)
    seen = {line.slug: found_on.get(line.pk, {}) for line in lines}
    seen[""] = rollups.newest(None, names_of, now=now, minutes=MINUTES)
    for metric in METRICS:
        places = [place for place in seen if bool(place) == metric.of_line and metric.name in seen[place]]
        words = _words(metric)
        found = [({"line": place} if place else {}, seen[place][metric.name]) for place in places]
        yield _quantiles(metric, words, found) if metric.fold == Fold.SPREAD else _values(metric, words, found)


def _words(metric: Metric) -> str:
    """Say in English what a metric is: its name on the pages, and over how long it is read."""
    with override("en"):
        said = str(NAMES[metric.name])
    return f"{said[0].upper()}{said[1:]}, " + ("newest value." if metric.fold == Fold.LEVEL else "last 5 min.")


def _quantiles(metric: Metric, words: str, found: Sequence[tuple[dict[str, str], Summary]]) -> Family:
    family = Family(family_name(metric), words, "summary")
    for labels, window in found:
        for word, share in QUANTILES:
            family.add_sample(family.name, {**labels, "quantile": word}, window.quantile(share) * _factor(metric))
    return family


def _values(metric: Metric, words: str, found: Sequence[tuple[dict[str, str], Summary]]) -> Family:
    family = Family(family_name(metric), words, "gauge")
    for labels, window in found:
        value = window.last if metric.fold == Fold.LEVEL else window.mean
        value = window.total / (60 * MINUTES) if metric.fold == Fold.COUNT else value * _factor(metric)
        family.add_sample(family.name, labels, value)
    return family


def _factor(metric: Metric) -> float:
    return UNITS[metric.unit][1] if metric.unit in UNITS else 1.0


def _lines(lines: list[Line]) -> Iterator[GaugeMetricFamily]:
    held = set(Hold.objects.in_force().values_list("line", flat=True))
    yield _family("tollgate_line_level", ["line"], [([line.slug], Level(line.level).rung) for line in lines])
    yield _family("tollgate_line_held", ["line"], [([line.slug], line.pk in held) for line in lines])


def _alarms() -> Iterator[GaugeMetricFamily]:
    rows = [
        ([slug or "", priority.value], n)
        for priority in Priority
        for slug, n in Alarm.objects.filter(is_on=True).of_priority(priority).count_by_line()
    ]
    yield _family("tollgate_alarms_active", ["line", "priority"], rows)
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
