"""The value that each rule looks at, read from the newest minutes."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from functools import reduce
from itertools import takewhile
from operator import or_
from typing import NamedTuple

from django.db.models import Max, Q

from inspection.models import Line
from monitoring import rollups
from monitoring.metric_models import MINUTE, MetricWindow
from monitoring.rules.alarm_rules import Read, Rule
from monitoring.rules.summaries import Summary, merged

# A level is read every few seconds: an older one says nothing about now.
LEVEL_LIFE_MIN = 2
_MINUTE = timedelta(minutes=1)


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


def past(line: Line, rule: Rule, *, since: datetime, until: datetime) -> list[tuple[float, float | None]]:
    """Return what a rule read at each minute of a stretch, with its second, None where it had too few values."""
    kept = dict(rollups.read(line.pk, rule.metric, since=since, until=until, tier=MINUTE))
    if not kept:
        return []
    reach = range(_reach(rule), -1, -1)
    first, last = min(kept), min(max(kept) + _MINUTE * len(reach), until)
    moments = (first + _MINUTE * n for n in range(int((last - first) / _MINUTE) + 1))
    return [
        (moment.timestamp(), _read(rule, [kept[began] for n in reach if (began := moment - _MINUTE * n) in kept]))
        for moment in moments
    ]


def bad_since(line: Line, rule: Rule, *, raised_at: datetime) -> datetime:
    """Return since when an alarm's metric had been beyond its limit when it was raised: before its delay began.

    As the minutes have it, back to where the first value that raised it can have come.
    """
    until, reach = raised_at - timedelta(seconds=rule.limits.on_delay_s), _MINUTE * rule.minutes
    kept = rollups.read(line.pk, rule.metric, since=rollups.start(until - reach, MINUTE), until=until, tier=MINUTE)
    bad = [began for began, minute in takewhile(lambda one: _is_bad(rule, one[1]), reversed(kept))]
    return min([until, *bad])


def extreme(rule: Rule, window: Summary) -> float:
    """Return the farthest that a rule can have read within a window longer than its own."""
    if not rule.limits.is_above:
        return window.low
    # All that was counted may have come together, among as few values as the rule asks for.
    is_share = rule.read == Read.MEAN and window.low >= 0
    return min(window.high, window.total / rule.least) if is_share else window.high


def _read(rule: Rule, minutes: Sequence[Summary]) -> float | None:
    if rule.read == Read.LAST:
        return _level(rule, minutes[-1]) if minutes else None
    if sum(minute.n for minute in minutes) < rule.least:
        return None
    whole = merged(minutes)
    return whole.mean if rule.read == Read.MEAN else whole.quantile(0.95)


def _is_bad(rule: Rule, minute: Summary) -> bool:
    value = {Read.LAST: minute.last, Read.MEAN: minute.mean}.get(rule.read)
    return rule.limits.is_beyond(minute.quantile(0.95) if value is None else value, is_on=False)


def _level(rule: Rule, minute: Summary) -> float:
    """Return a minute's level: without a delay one look beyond the limit is enough."""
    return minute.last if rule.limits.on_delay_s else extreme(rule, minute)


def _since(rule: Rule, *, now: datetime) -> datetime:
    """Return when the first minute began that a rule looks at: none that began before the rule was there."""
    since = rollups.start(now, MINUTE) - _MINUTE * _reach(rule)
    return since if rule.since is None else max(since, rule.since)


def _reach(rule: Rule) -> int:
    """Return how many minutes a rule looks back beyond the running one."""
    return LEVEL_LIFE_MIN if rule.read == Read.LAST else rule.minutes - 1


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
        stretch = {"since": _since(rule, now=now), "until": now + _MINUTE}
        kept = rollups.read(line.pk if line else None, rule.metric, tier=MINUTE, **stretch)
        window = merged(summary for _, summary in kept)
        if window.n >= rule.least:
            found[rule.code] = window.quantile(0.95)
    return found


def newest_at(line: Line | None) -> datetime | None:
    """Return when the newest minute of a line, or of the installation, began."""
    rows = MetricWindow.objects.filter(line=line, tier=MINUTE)
    return rows.aggregate(newest=Max("began_at"))["newest"]
