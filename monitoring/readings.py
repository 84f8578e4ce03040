"""The value that each rule looks at, read from the newest minutes."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from functools import reduce
from operator import or_
from typing import NamedTuple

from django.db.models import Max, Q

from inspection.models import Line
from monitoring import rollups
from monitoring.metric_models import MINUTE, MetricWindow
from monitoring.rules.alarm_rules import Read, Rule
from monitoring.rules.summaries import Summary

# A level is read every few seconds: an older one says nothing about now.
LEVEL_LIFE_MIN = 2


class Minute(NamedTuple):
    """One minute of a metric, as far as a level or a mean needs it."""

    began_at: datetime
    n: int
    total: float
    last: float


def values(line: Line | None, rules: Iterable[Rule], *, now: datetime) -> dict[str, float]:
    """Return the present value of each rule by its code; a rule without enough values is left out."""
    rules = list(rules)
    plain = [rule for rule in rules if rule.read != Read.P95]
    minutes = _minutes(line, plain, now=now)
    read = {rule.code: _plain(rule, minutes.get(rule.metric, ()), now=now) for rule in plain}
    found = {code: value for code, value in read.items() if value is not None}
    return found | _quantiles(line, [rule for rule in rules if rule.read == Read.P95], now=now)


def value_of(rule: Rule, window: Summary) -> float:
    """Return what a rule reads from one window."""
    if rule.read == Read.LAST:
        return window.high if rule.limits.is_above else window.low
    return window.mean if rule.read == Read.MEAN else window.quantile(0.95)


def _since(rule: Rule, *, now: datetime) -> datetime:
    """Return when the first minute began that a rule looks at."""
    back = LEVEL_LIFE_MIN if rule.read == Read.LAST else rule.minutes - 1
    return rollups.start(now, MINUTE) - timedelta(minutes=back)


def _minutes(line: Line | None, rules: Iterable[Rule], *, now: datetime) -> dict[str, list[Minute]]:
    """Return the minutes that any of the rules looks at, by metric, oldest first, in one question."""
    wanted: dict[datetime, list[str]] = defaultdict(list)
    for rule in rules:
        wanted[_since(rule, now=now)].append(rule.metric)
    any_of = [Q(metric__in=metrics, began_at__gte=since) for since, metrics in wanted.items()]
    if not any_of:
        return {}
    rows = MetricWindow.objects.filter(reduce(or_, any_of), line=line, tier=MINUTE).order_by("began_at")
    found: dict[str, list[Minute]] = defaultdict(list)
    for metric, *facts in rows.values_list("metric", "began_at", "n", "total", "last"):
        found[metric].append(Minute._make(facts))
    return found


def _plain(rule: Rule, minutes: Sequence[Minute], *, now: datetime) -> float | None:
    """Return the last level, or the mean of enough values; None where there are none."""
    since = _since(rule, now=now)
    mine = [minute for minute in minutes if minute.began_at >= since]
    if rule.read == Read.LAST:
        return mine[-1].last if mine else None
    count = sum(minute.n for minute in mine)
    return sum(minute.total for minute in mine) / count if mine and count >= rule.least else None


def _quantiles(line: Line | None, rules: list[Rule], *, now: datetime) -> dict[str, float]:
    found = {}
    for rule in rules:
        window = rollups.newest(line.pk if line else None, [rule.metric], now=now, minutes=rule.minutes).get(
            rule.metric
        )
        if window is not None and window.n >= rule.least:
            found[rule.code] = window.quantile(0.95)
    return found


def newest_at(line: Line | None) -> datetime | None:
    """Return when the newest minute of a line, or of the installation, began."""
    rows = MetricWindow.objects.filter(line=line, tier=MINUTE)
    return rows.aggregate(newest=Max("began_at"))["newest"]
