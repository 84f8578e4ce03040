"""The charts that hear a line go bad: how each is designed from its line, and how it moves.

Source: Tollgate's statistics, sections 4.2 and 4.6 for escapes, misses and silence, 6.3 for calls that rise; those
that fall are heard by the same chart as silence, designed nearer to the reference.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache

from stats.cusum import design, design_down, design_r1, step, step_down

ESCAPE, MISS, SILENCE, CALL_RATE, CALL_FALL = "escape", "miss", "silence", "call_rate", "call_fall"

# Of challenge parts and bank defects 5 % may be passed; limits for mean run lengths near 10,000 and 100,000 parts.
MISS_R0, MISS_STEPS, MISS_WARN, MISS_ACT = 0.05, 10, 5.726, 8.103
# r0 must leave room for the rate that the chart detects.
R0_MAX = 0.12
RISE_REFERENCE_MAX = 0.12
RATIO = 4.0
# The rate of calls has risen when it is twice the reference, and the chart looks for four times.
RISE_TOLERATED, RISE_DETECTED = 2.0, 4.0
# It has fallen when it is less than three quarters, and half of that is looked for. At the reference itself the chart
# speaks about once in a million parts. The chart of silence, which holds the line, begins where it has long spoken.
FALL_TOLERATED, FALL_RATIO, FALL_LENGTH = 0.75, 2.0, 1e5
STEPS: dict[str, Callable[[float, int, float, float], float]] = {
    ESCAPE: step,
    MISS: step,
    SILENCE: step_down,
    CALL_RATE: step,
    CALL_FALL: step_down,
}


@dataclass(frozen=True, kw_only=True)
class Limits:
    """One chart's tolerable rate, the rate to detect, and its two thresholds (equal where it has one)."""

    p0: float
    p1: float
    warn: float
    act: float


@dataclass(frozen=True)
class Moved:
    """Where a chart stands after some items, and which thresholds it crossed upward on the way."""

    w: float
    bad: int
    warned: bool
    acted: bool
    calmed: bool


@cache
def escape_limits(ppm: float, auto_pass_share: float) -> Limits:
    """Return the audit chart of a line: r0 is the escapes per audited pass at which it just keeps its ppm target.

    >>> limits = escape_limits(500.0, 1.0)
    >>> round(limits.p1, 10), round(limits.warn, 6), round(limits.act, 6)
    (0.0020001443, 1.944368, 3.985616)
    """
    r0 = min(ppm / 1e6 / auto_pass_share, R0_MAX)
    found = design(r0, RATIO)
    return Limits(p0=r0, p1=found.r1, warn=found.h_warn, act=found.h_demote)


@cache
def miss_limits() -> Limits:
    """Return the chart of known defects: a dead model is down at the eighth.

    >>> round(miss_limits().p1, 10)
    0.1472810308
    """
    return Limits(p0=MISS_R0, p1=design_r1(MISS_R0, MISS_STEPS), warn=MISS_WARN, act=MISS_ACT)


@cache
def silence_limits(call_rate: float) -> Limits:
    """Return the chart of a falling call rate, designed at half the reference.

    >>> round(silence_limits(0.01).act, 6)
    7.616576
    """
    q0 = min(call_rate / 2, 0.5)
    found = design_down(q0, RATIO)
    return Limits(p0=q0, p1=found.q1, warn=found.h, act=found.h)


@cache
def rise_limits(call_rate: float) -> Limits | None:
    """Return the chart of a rising call rate: twice the reference is tolerated, four times is looked for.

    None where four times the reference is nearly every part: such a line is watched by its other charts.
    """
    if call_rate > RISE_REFERENCE_MAX:
        return None
    r0 = RISE_TOLERATED * call_rate
    found = design(r0, RISE_DETECTED / RISE_TOLERATED)
    return Limits(p0=r0, p1=found.r1, warn=found.h_demote, act=found.h_demote)


@cache
def fall_limits(call_rate: float) -> Limits:
    """Return the chart of a call rate that falls without falling silent: fewer defects, or fewer that are found.

    >>> round(fall_limits(0.03).act, 6)
    5.909006
    """
    q0 = min(FALL_TOLERATED * call_rate, 0.5)
    found = design_down(q0, FALL_RATIO, FALL_LENGTH)
    return Limits(p0=q0, p1=found.q1, warn=found.h, act=found.h)


def move(name: str, limits: Limits, w: float, items: Iterable[bool]) -> Moved:
    """Walk a chart over some items and say where it came to and what it crossed.

    >>> moved = move(MISS, miss_limits(), 0.0, [True] * 8)
    >>> moved.warned, moved.acted
    (True, True)
    """
    warned = acted = calmed = False
    bad = 0
    for item in items:
        before, w = w, STEPS[name](w, int(item), limits.p0, limits.p1)
        bad += item
        warned |= before < limits.warn <= w
        acted |= before < limits.act <= w
        calmed |= w < limits.warn <= before
    return Moved(w, bad, warned, acted, calmed)
