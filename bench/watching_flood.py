"""A flood for `bench.watching`: every alarm of many lines within a minute, by the relay's own deeds. Needs Django."""

import time
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta

from django.utils.timezone import now as clock

from inspection.models import Line
from inspection.rules.words import Priority
from monitoring import alarms, delivery, notices, rollups
from monitoring.metric_models import MINUTE
from monitoring.models import Alarm, AlarmChange, Channel
from monitoring.rules.alarm_rules import BY_CODE, RULES, Read, Rule
from monitoring.rules.alarms import Event, State
from monitoring.sources.seen import Seen

OF_LINES = [rule for rule in RULES if rule.of_line]
# Most alarms come after a minute beyond their limit: two looks, a minute apart, raise them all.
LOOKS_S = (0, 60)
TOLD_WITHIN_MINUTES = 12
# It comes at once, is not urgent, and looks at a few minutes only.
PASSES = BY_CODE["sequence-gap"]
PASSING, PASS_MINUTES = 5, 9


def pour(events: int, *, beside: Line) -> dict[str, float]:
    """Raise so many alarms within a minute; return the notices, and what was lost or never told.

    A minute later more come that are less urgent, and clear while they are held back: they are told all the same.
    """
    lines = _lines("flood", -(-events // len(OF_LINES)), beside)
    _channel()
    began, told = rollups.start(clock(), MINUTE), 0
    used = time.process_time()
    for second in LOOKS_S:
        at = began + timedelta(seconds=second)
        rollups.write(_seen(lines, OF_LINES, _bad, at))
        alarms.evaluate_all(now=at)
        told += notices.write_due(now=at)
    used = time.process_time() - used
    passing = _lines("passing", PASSING, beside)
    told += _pass(passing, at + timedelta(minutes=1))
    for minute in range(TOLD_WITHIN_MINUTES):
        told += notices.write_due(now=at + timedelta(minutes=minute))
    raised = AlarmChange.objects.filter(event=Event.RAISED.value, alarm__line__in=lines)
    passed = Alarm.objects.filter(line__in=passing, rule=PASSES.code, state=State.RETURNED.value)
    return {
        "alarms in the minute": raised.count(),
        "missing from the history": len(lines) * len(OF_LINES) - raised.count(),
        "notices": told,
        "alarms that cleared while held back": passed.count(),
        "alarms that nobody was told of": Alarm.objects.unseen().filter(told_at=None).count(),
        "processor, s": round(used, 1),
    }


def _channel() -> None:
    delivery.add(
        name="control room",
        kind=Channel.WEBHOOK,
        address="https://plant.example/alarms",
        secret="s" * 16,
        now=clock(),
        least=Priority.P3.value,
    )


def _pass(lines: list[Line], at: datetime) -> int:
    """Let an alarm come on each line and clear within minutes. Return how many notices were written meanwhile."""
    told = 0
    for minute in range(PASS_MINUTES):
        moment = at + timedelta(minutes=minute)
        rollups.write(_seen(lines, [PASSES], _good if minute else _bad, moment))
        for line in lines:
            alarms.evaluate(line, now=moment)
        told += notices.write_due(now=moment)
    return told


def _lines(name: str, count: int, beside: Line) -> list[Line]:
    made = (
        Line(slug=f"{name}-{n}", name=f"{name.title()} {n}", product=beside.product, created_at=beside.created_at)
        for n in range(count)
    )
    return Line.objects.bulk_create(made)


def _seen(lines: list[Line], rules: Sequence[Rule], value: Callable[[Rule], float], at: datetime) -> Iterator[Seen]:
    for line in lines:
        for rule in rules:
            yield from (Seen(line.pk, rule.metric, at, value(rule)) for _ in range(rule.least))


def _bad(rule: Rule) -> float:
    if rule.read == Read.MEAN and rule.limits.raise_at < 1:
        return float(rule.limits.is_above)
    return rule.limits.raise_at * (2.0 if rule.limits.is_above else 0.5)


def _good(rule: Rule) -> float:
    return rule.limits.clear_at
