"""Who answers for an alarm, and which failures its metric watches: both stand on the line's sheet."""

from inspection import risks
from inspection.models import FailureMode, FailureWatch, Line, User
from monitoring.models import Alarm
from monitoring.rules.alarm_rules import BY_CODE


def of(alarm: Alarm) -> User | None:
    """Return the person whom the sheet names for what the alarm's metric watches, None where it names nobody."""
    if alarm.line is None:
        return None
    metric = BY_CODE[alarm.rule].metric
    return next((watch.owner for watch in _standing(alarm.line) if watch.metric == metric and watch.owner), None)


def failures(line: Line) -> dict[str, list[FailureMode]]:
    """Return which failures of the line's sheet each metric watches."""
    found: dict[str, list[FailureMode]] = {}
    for watch in _standing(line):
        if watch.metric:
            found.setdefault(watch.metric, []).append(watch.failure_mode)
    return found


def _standing(line: Line) -> list[FailureWatch]:
    return risks.standing(line)
