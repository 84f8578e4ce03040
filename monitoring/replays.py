"""How often an alarm would have come over the last weeks, and how often that would have been for something real."""

from dataclasses import replace
from datetime import datetime, timedelta

from inspection.models import Line
from monitoring import readings, rollups
from monitoring.metric_models import HOUR
from monitoring.models import AlarmChange
from monitoring.rules.alarm_rules import RULES, Rule
from monitoring.rules.alarms import Event, Limits
from monitoring.rules.firings import Firing, judged, known_of, replayed

REPLAYED = timedelta(days=30)


def of(line: Line, rule: Rule, before: Limits, after: Limits, *, now: datetime) -> dict[str, int]:
    """Return how often the alarm would have come with each limits, and how many of these people judged, and how."""
    windows = rollups.read(line.pk, rule.metric, since=now - REPLAYED, until=now, tier=HOUR)
    values = [(began.timestamp(), readings.value_of(rule, summary)) for began, summary in windows if summary.n]
    known = _judged(line, rule, now=now)
    raised = AlarmChange.objects.filter(
        alarm__line=line, alarm__rule=rule.code, event=Event.RAISED, changed_at__gte=now - REPLAYED
    )
    return {
        "hours": len(values),
        **_counts("before", before, values, known),
        **_counts("after", after, values, known),
        "raised": raised.count(),
    }


def _counts(name: str, limits: Limits, values: list[tuple[float, float]], known: list[Firing]) -> dict[str, int]:
    # Windows of an hour are longer than any delay: each one speaks for itself.
    found = replayed(replace(limits, on_delay_s=0, off_delay_s=0), values)
    said = [known_of(firing, known) for firing in found]
    return {name: len(found), f"{name}_real": said.count(True), f"{name}_false": said.count(False)}


def _judged(line: Line, rule: Rule, *, now: datetime) -> list[Firing]:
    """Return what people said of every alarm of the line that reads the same metric."""
    alike = [one.code for one in RULES if one.metric == rule.metric]
    changes = AlarmChange.objects.filter(alarm__line=line, alarm__rule__in=alike, changed_at__gte=now - REPLAYED)
    found: dict[int, list[tuple[float, str]]] = {}
    for alarm, at, event in changes.order_by("pk").values_list("alarm", "changed_at", "event"):
        found.setdefault(alarm, []).append((at.timestamp(), event))
    return [firing for of_alarm in found.values() for firing in judged(of_alarm)]
