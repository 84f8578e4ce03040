"""Who answers for an alarm, and which failures its metric watches: both stand on the line's sheet."""

from collections.abc import Iterable

from inspection import risks
from inspection.models import FailureMode, Line, User
from monitoring.models import Alarm
from monitoring.rules.alarm_rules import BY_CODE


def of(alarm: Alarm) -> User | None:
    """Return the person whom the sheet names for what the alarm's metric watches, None where it names nobody."""
    return of_all([alarm]).get(alarm.pk)


def of_all(alarms: Iterable[Alarm]) -> dict[int, User]:
    """Return who answers for each of some alarms, by the alarm's id; those that nobody answers for are left out."""
    alarms = list(alarms)
    lines = {alarm.line_id: alarm.line for alarm in alarms if alarm.line is not None}
    named: dict[tuple[int | None, str], User] = {
        (watch.failure_mode.line_id, watch.metric): watch.owner
        for watch in reversed(risks.standing_on(list(lines.values())))
        if watch.metric and watch.owner
    }
    answers = {alarm.pk: named.get((alarm.line_id, BY_CODE[alarm.rule].metric)) for alarm in alarms}
    return {pk: owner for pk, owner in answers.items() if owner is not None}


def failures(line: Line) -> dict[str, list[FailureMode]]:
    """Return which failures of the line's sheet each metric watches."""
    found: dict[str, list[FailureMode]] = {}
    for watch in risks.standing(line):
        if watch.metric:
            found.setdefault(watch.metric, []).append(watch.failure_mode)
    return found
