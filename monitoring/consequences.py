"""What an alarm does to its line by itself, through the deeds of inspection and review, with the cause recorded."""

from datetime import datetime

from inspection import automation
from inspection.models import Hold, Line
from monitoring.rules.alarm_rules import Action, Rule
from monitoring.rules.alarms import Event
from review import watches


def of(event: Event, line: Line, rule: Rule, *, value: float | None, now: datetime) -> str:
    """Do what the rule asks for when its alarm comes or goes; return what was done, empty for nothing."""
    if event == Event.CLEARED:
        return _thaw(line, rule, now=now) if rule.action == Action.FREEZE else ""
    deed = _DEEDS.get(rule.action)
    read = "" if value is None else f" {value:.3g}"
    return deed(line, rule, f"Alarm {rule.code}: {rule.metric.replace('_', ' ')}{read}.", now) if deed else ""


def _hold(line: Line, rule: Rule, reason: str, now: datetime) -> str:
    automation.place_hold(line, kind=Hold.CAMERA, reason=reason, now=now)
    return "held"


def _freeze(line: Line, rule: Rule, reason: str, now: datetime) -> str:
    automation.freeze(line, cause=rule.code, reason=reason, now=now)
    return "frozen"


def _thaw(line: Line, rule: Rule, *, now: datetime) -> str:
    return "thawed" if automation.thaw(line, cause=rule.code, now=now) else ""


def _tighten(line: Line, rule: Rule, reason: str, now: datetime) -> str:
    watch = watches.standing(line)
    if watch is None:
        return ""
    watches.tighten(watch, now=now)
    return "tightened"


_DEEDS = {Action.HOLD: _hold, Action.FREEZE: _freeze, Action.TIGHTEN: _tighten}
