"""How often an alarm would have come over the last weeks, and how often that would have been for something real."""

from datetime import datetime, timedelta

from inspection.models import Line
from monitoring import readings, rollups
from monitoring.metric_models import HOUR, MINUTE
from monitoring.models import AlarmChange
from monitoring.rules.alarm_rules import CATALOGUE, Rule
from monitoring.rules.alarms import Event, Limits
from monitoring.rules.firings import Firing, judged, known_of, replayed

REPLAYED = timedelta(days=30)


def of(line: Line, rule: Rule, before: Limits, after: Limits, *, now: datetime) -> dict[str, int]:
    """Return how often the alarm would have come with each limits, and how many of these people judged, and how.

    Where minutes are kept it is held against them with its delays, as the relay does. Of the `hours` before only the
    ends are kept: `before_hours` and `after_hours` count those in which it may have come. `raised` is how often it
    truly came.
    """
    edge = rollups.start(now - rollups.KEPT[MINUTE], HOUR) + rollups.LENGTH[HOUR]
    windows = rollups.read(line.pk, rule.metric, since=now - REPLAYED, until=edge, tier=HOUR)
    hours = [(began.timestamp(), readings.extreme(rule, summary)) for began, summary in windows if summary.n]
    minutes = readings.past(line, rule, since=edge, until=now)
    known = _judged(line, rule, now=now)
    raised = AlarmChange.objects.filter(
        alarm__line=line, alarm__rule=rule.code, event=Event.RAISED, changed_at__gte=now - REPLAYED
    )
    return {
        "hours": len(hours),
        "minutes": sum(value is not None for _, value in minutes),
        **_counts("before", before, minutes, hours, known),
        **_counts("after", after, minutes, hours, known),
        "raised": raised.count(),
    }


def _counts(
    name: str,
    limits: Limits,
    minutes: list[tuple[float, float | None]],
    hours: list[tuple[float, float]],
    known: list[Firing],
) -> dict[str, int]:
    found = replayed(limits, minutes)
    length = rollups.LENGTH[HOUR].total_seconds()
    possible = [Firing(began, began + length) for began, value in hours if limits.is_beyond(value, is_on=False)]
    said = [known_of(firing, known) for firing in (*found, *possible)]
    return {
        name: len(found),
        f"{name}_hours": len(possible),
        f"{name}_real": said.count(True),
        f"{name}_false": said.count(False),
    }


def _judged(line: Line, rule: Rule, *, now: datetime) -> list[Firing]:
    """Return what people said of every alarm of the line that reads the same metric."""
    alike = [one.code for one in CATALOGUE if one.metric == rule.metric]
    changes = AlarmChange.objects.filter(alarm__line=line, alarm__rule__in=alike, changed_at__gte=now - REPLAYED)
    found: dict[int, list[tuple[float, str]]] = {}
    for alarm, at, event in changes.order_by("pk").values_list("alarm", "changed_at", "event"):
        found.setdefault(alarm, []).append((at.timestamp(), event))
    return [firing for of_alarm in found.values() for firing in judged(of_alarm)]
