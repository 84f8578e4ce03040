"""What an alarm does to its line by itself, through the deeds of inspection and review, with the cause recorded."""

from collections.abc import Collection
from datetime import datetime

from inspection import automation
from inspection.models import Freeze, Hold, Line
from monitoring.rules.alarm_rules import Action, Rule
from monitoring.rules.alarms import Event
from review import watches

# The alarms whose cause a hold of a kind may have; people and challenge parts hold for reasons of their own.
_OF_HOLD = {
    Hold.CAMERA: frozenset({"blank-images", "camera-stuck", "outside-envelope"}),
    Hold.ALARM: frozenset({"blank-images", "outside-envelope", "model-silent"}),
}


def of(event: Event, line: Line, rule: Rule, *, value: float | None, now: datetime) -> str:
    """Do what the rule asks for when its alarm comes or goes; return what was done, empty for nothing."""
    if event == Event.CLEARED:
        return _thaw(line, rule, now=now) if rule.action == Action.FREEZE else ""
    deed = _DEEDS.get(rule.action)
    read = "" if value is None else f" {value:.3g}"
    return deed(line, rule, f"Alarm {rule.code}: {rule.metric.replace('_', ' ')}{read}.", now) if deed else ""


def explains_holds(line: Line, on: Collection[str]) -> bool:
    """Whether every hold in force on a line has its cause in an alarm that is on: then they tell no news."""
    return all(_OF_HOLD.get(kind, frozenset()) & set(on) for kind in _kinds_in_force(line))


def _kinds_in_force(line: Line) -> set[str]:
    return set(Hold.objects.in_force().filter(line=line).values_list("kind", flat=True))


def _hold(line: Line, rule: Rule, reason: str, now: datetime) -> str:
    before = _kinds_in_force(line)
    automation.place_hold(line, kind=Hold.CAMERA, reason=reason, now=now)
    if Hold.CAMERA in before:
        return ""
    return "held_again" if before else "held"


def _freeze(line: Line, rule: Rule, reason: str, now: datetime) -> str:
    if Freeze.objects.in_force().filter(line=line, cause=rule.code).exists():
        return ""
    automation.freeze(line, cause=rule.code, reason=reason, now=now)
    return "frozen"


def _thaw(line: Line, rule: Rule, *, now: datetime) -> str:
    return "thawed" if automation.thaw(line, cause=rule.code, now=now) else ""


def _tighten(line: Line, rule: Rule, reason: str, now: datetime) -> str:
    watch = watches.standing(line)
    if watch is None:
        return ""
    before = watch.state
    watches.tighten(watch, now=now)
    return "" if before == "tightened" else "tightened"


_DEEDS = {Action.HOLD: _hold, Action.FREEZE: _freeze, Action.TIGHTEN: _tighten}
