"""What people may set of an alarm rule, within what the catalogue allows. As shipped is always one of the choices."""

from dataclasses import dataclass, replace
from enum import StrEnum

from inspection.rules.words import Priority
from monitoring.rules.alarm_rules import Action, Rule
from monitoring.rules.alarms import Limits

DELAY_MAX_S = 3600.0


class Refusal(StrEnum):
    """Why a setting is not allowed."""

    CROSSING = "crossing"
    DELAY = "delay"
    LOOSER = "looser"


class NotAllowed(Exception):
    """The catalogue does not allow this setting of this rule; `why` says in which way."""

    def __init__(self, rule: Rule, why: Refusal) -> None:
        super().__init__(f"{rule.code} cannot be set so: {why.value}.")
        self.why = why


@dataclass(frozen=True, kw_only=True)
class Setting:
    """Where a rule comes and goes, after how long it comes, how loud it is, and whether it is on at all."""

    raise_at: float
    clear_at: float
    on_delay_s: float
    priority: Priority
    is_on: bool = True


def shipped(rule: Rule) -> Setting:
    """Return how a rule of the catalogue is set until somebody changes it."""
    limits = rule.limits
    return Setting(
        raise_at=limits.raise_at,
        clear_at=limits.clear_at,
        on_delay_s=limits.on_delay_s,
        priority=rule.priority,
        is_on=rule.is_shipped,
    )


def applied(rule: Rule, setting: Setting) -> Rule:
    """Return the rule as it is set. Raises NotAllowed for limits that cross and for delays beyond an hour."""
    if not 0 <= setting.on_delay_s <= DELAY_MAX_S:
        raise NotAllowed(rule, Refusal.DELAY)
    try:
        limits = replace(
            rule.limits, raise_at=setting.raise_at, clear_at=setting.clear_at, on_delay_s=setting.on_delay_s
        )
    except ValueError as crossing:
        raise NotAllowed(rule, Refusal.CROSSING) from crossing
    return replace(rule, limits=limits, priority=setting.priority)


def check(rule: Rule, setting: Setting) -> None:
    """Raise NotAllowed unless people may set the rule so. What holds a line may be tightened, never loosened."""
    wished = applied(rule, setting)
    if is_safety(rule) and (not setting.is_on or _is_looser(wished, than=rule)):
        raise NotAllowed(rule, Refusal.LOOSER)


def is_safety(rule: Rule) -> bool:
    """Say whether the rule keeps bad parts from shipping by itself."""
    return rule.action == Action.HOLD


def _is_looser(wished: Rule, *, than: Rule) -> bool:
    return (
        _is_farther(wished.limits, than.limits)
        or wished.limits.on_delay_s > than.limits.on_delay_s
        or list(Priority).index(wished.priority) > list(Priority).index(than.priority)
    )


def _is_farther(wished: Limits, shipped: Limits) -> bool:
    """Say whether an alarm would come later or go sooner."""
    sign = 1 if shipped.is_above else -1
    return sign * wished.raise_at > sign * shipped.raise_at or sign * wished.clear_at > sign * shipped.clear_at
