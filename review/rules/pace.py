"""When a gate could open at the pace at which its evidence has come so far."""

from datetime import date, timedelta
from math import ceil

from inspection.rules.gates import Condition, Judgement, StreamCheck

# What parts bring as they come, and what days bring by themselves. Anything else waits for a person.
_BY_PARTS = frozenset({"parts", "defects", "natural_defects", "shifts"})
_BY_DAYS = frozenset({"days", "quiet_days", "cool_down"})


def never(judgement: Judgement) -> tuple[StreamCheck, ...]:
    """Return the shut streams whose rate so far is not above its limit: at that rate no number of parts opens them.

    Nothing counted is no rate. Source: Tollgate's statistics, section 2.2.
    """
    return tuple(one for one in judgement.checks if not one.passed and _is_too_low(one))


def earliest(judgement: Judgement, *, days: int, today: date) -> date | None:
    """Return the first day on which a shut gate could open, if parts come as in these `days` and none fails any more.

    None where it is open, where nothing has come yet, where a rate is too low for it ever to open, and where something
    is missing that neither parts nor days bring.
    """
    if never(judgement):
        return None
    waits = [_wait(one, days) for one in judgement.failing]
    known = [wait for wait in waits if wait is not None]
    if not known or len(known) < len(waits):
        return None
    return today + timedelta(days=ceil(max(known)))


def _is_too_low(check: StreamCheck) -> bool:
    seen = check.successes + check.failures
    return seen > 0 and check.successes <= check.p0 * seen


def _wait(missing: StreamCheck | Condition, days: int) -> float | None:
    """Return for how many days one check is still short, None where nobody can say."""
    if isinstance(missing, StreamCheck):
        seen = missing.successes + missing.failures
        return missing.items_to_pass * days / seen if seen and missing.route == "natural" else None
    counted, needed = missing.counted or 0.0, missing.needed or 0.0
    if missing.name in _BY_DAYS:
        return needed - counted
    return (needed - counted) * days / counted if missing.name in _BY_PARTS and counted else None
