"""The value that each rule looks at, read from the newest minutes."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db.models import Max, Sum

from inspection.models import Line
from monitoring import rollups
from monitoring.metric_models import MINUTE, MetricWindow
from monitoring.rules.alarm_rules import Read, Rule
from monitoring.rules.summaries import Summary

# A level is read every few seconds: an older one says nothing about now.
LEVEL_LIFE_MIN = 2


def values(line: Line | None, rules: Iterable[Rule], *, now: datetime) -> dict[str, float]:
    """Return the present value of each rule by its code; a rule without enough values is left out."""
    rules = list(rules)
    found = _last(line, [rule for rule in rules if rule.read == Read.LAST], now=now)
    for minutes in {rule.minutes for rule in rules if rule.read == Read.MEAN}:
        found |= _means(
            line, [one for one in rules if (one.read, one.minutes) == (Read.MEAN, minutes)], minutes, now=now
        )
    return found | _quantiles(line, [rule for rule in rules if rule.read == Read.P95], now=now)


def value_of(rule: Rule, window: Summary) -> float:
    """Return what a rule reads from one window."""
    if rule.read == Read.LAST:
        return window.high if rule.limits.is_above else window.low
    return window.mean if rule.read == Read.MEAN else window.quantile(0.95)


def _last(line: Line | None, rules: list[Rule], *, now: datetime) -> dict[str, float]:
    since = rollups.start(now, MINUTE) - timedelta(minutes=LEVEL_LIFE_MIN)
    rows = _minutes(line, rules, since).order_by("began_at").values_list("metric", "last")
    newest = dict(rows)
    return {rule.code: newest[rule.metric] for rule in rules if rule.metric in newest}


def _means(line: Line | None, rules: list[Rule], minutes: int, *, now: datetime) -> dict[str, float]:
    since = rollups.start(now, MINUTE) - timedelta(minutes=minutes - 1)
    sums = _minutes(line, rules, since).values("metric").annotate(count=Sum("n"), whole=Sum("total"))
    known = {row["metric"]: row for row in sums.order_by()}
    return {
        rule.code: known[rule.metric]["whole"] / known[rule.metric]["count"]
        for rule in rules
        if rule.metric in known and known[rule.metric]["count"] >= rule.least
    }


def _quantiles(line: Line | None, rules: list[Rule], *, now: datetime) -> dict[str, float]:
    found = {}
    for rule in rules:
        window = rollups.newest(line.pk if line else None, [rule.metric], now=now, minutes=rule.minutes).get(
            rule.metric
        )
        if window is not None and window.n >= rule.least:
            found[rule.code] = window.quantile(0.95)
    return found


def _minutes(line: Line | None, rules: list[Rule], since: datetime):
    metrics = {rule.metric for rule in rules}
    return MetricWindow.objects.filter(line=line, metric__in=metrics, tier=MINUTE, began_at__gte=since)


def newest_at(line: Line | None) -> datetime | None:
    """Return when the newest minute of a line, or of the installation, began."""
    rows = MetricWindow.objects.filter(line=line, tier=MINUTE)
    return rows.aggregate(newest=Max("began_at"))["newest"]
