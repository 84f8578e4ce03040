"""A flood for `bench.watching`: every alarm of many lines within a minute, by the relay's own deeds. Needs Django."""

import time
from collections.abc import Iterator
from datetime import datetime, timedelta

from django.utils.timezone import now as clock

from inspection.models import Line
from inspection.rules.words import Priority
from monitoring import alarms, delivery, notices, rollups
from monitoring.metric_models import MINUTE
from monitoring.models import Alarm, AlarmChange, Channel
from monitoring.rules.alarm_rules import RULES, Read, Rule
from monitoring.rules.alarms import Event, State
from monitoring.sources.seen import Seen

OF_LINES = [rule for rule in RULES if rule.of_line]
# Most alarms come after a minute beyond their limit: two looks, a minute apart, raise them all.
LOOKS_S = (0, 60)
TOLD_WITHIN_MINUTES = 12


def pour(events: int, *, beside: Line) -> dict[str, float]:
    """Raise so many alarms within a minute; return the notices, and what was lost or never told."""
    lines = _lines(-(-events // len(OF_LINES)), beside)
    delivery.add(
        name="control room",
        kind=Channel.WEBHOOK,
        address="https://plant.example/alarms",
        secret="s" * 16,
        now=clock(),
        least=Priority.P3.value,
    )
    began, told = rollups.start(clock(), MINUTE), 0
    used = time.process_time()
    for second in LOOKS_S:
        at = began + timedelta(seconds=second)
        rollups.write(_beyond(lines, at))
        alarms.evaluate_all(now=at)
        told += notices.write_due(now=at)
    used = time.process_time() - used
    for minute in range(TOLD_WITHIN_MINUTES):
        told += notices.write_due(now=at + timedelta(minutes=minute))
    raised = AlarmChange.objects.filter(event=Event.RAISED.value, alarm__line__in=lines)
    untold = Alarm.objects.filter(state=State.UNACKNOWLEDGED.value, told_at=None)
    return {
        "alarms in the minute": raised.count(),
        "missing from the history": len(lines) * len(OF_LINES) - raised.count(),
        "notices": told,
        "alarms that nobody was told of": untold.count(),
        "processor, s": round(used, 1),
    }


def _lines(count: int, beside: Line) -> list[Line]:
    made = (
        Line(slug=f"flood-{n}", name=f"Flood {n}", product=beside.product, created_at=beside.created_at)
        for n in range(count)
    )
    return Line.objects.bulk_create(made)


def _beyond(lines: list[Line], at: datetime) -> Iterator[Seen]:
    for line in lines:
        for rule in OF_LINES:
            yield from (Seen(line.pk, rule.metric, at, _bad(rule)) for _ in range(rule.least))


def _bad(rule: Rule) -> float:
    if rule.read == Read.MEAN and rule.limits.raise_at < 1:
        return float(rule.limits.is_above)
    return rule.limits.raise_at * (2.0 if rule.limits.is_above else 0.5)
