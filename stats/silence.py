"""The falling chart: a model that stops calling defects shows in its own output, without labels.

W_n = max(0, W_{n-1}) + ln(LR of item n), W_0 = 0, alarm when W >= h. A better process
also lowers the call rate: the alarm asks a person, it accuses nobody.
Source: Page 1954; Reynolds & Stoumbos 1999.
"""

from collections.abc import Iterable
from math import ceil, log, log1p
from typing import NamedTuple

from stats import checks
from stats.runlengths import falling, falling_gains, target_length, walk
from stats.search import crossing


class DownDesign(NamedTuple):
    """A falling chart: rate to detect, steps of one call, threshold, silent items to the alarm."""

    q1: float
    k: int
    h: float
    silent: int


def step_down(w: float, call: int, q0: float, q1: float) -> float:
    """The falling chart's value after one more item: max(0, w) + ln(q1/q0) on a call, else + ln((1-q1)/(1-q0)).

    call is 0 or 1; 0 < q1 < q0 < 1 are the lowest normal call rate and the one to detect.
    Raises ValueError otherwise, and for a non-finite w.

    >>> round(step_down(1.0, False, 0.005, 0.00124584), 6)
    1.003766
    """
    up, down = _falling_steps(q0, q1)
    return max(0.0, checks.number(w, "w")) + (down if checks.label(call, "call") else up)


def trace_down(calls: Iterable[int], q0: float, q1: float) -> list[float]:
    """The falling chart's value after each item; [] for no items. Errors as `step_down`.

    >>> [round(w, 6) for w in trace_down([0, 0, 1], 0.02, 0.005)]
    [0.01519, 0.03038, -1.355914]
    """
    up, down = _falling_steps(q0, q1)
    return walk(calls, down, up)


def design_q1(q0: float, k: int) -> float:
    """The rate below q0 at which one call weighs exactly k items without one.

    Raises ValueError unless k is a whole number >= 1 and 1/(k+1) < q0 < 1.

    >>> round(design_q1(0.005, 369), 9)
    0.001245844
    """
    q0, k = checks.share(q0, "q0"), checks.count(k, "k", least=1)
    if q0 <= 1 / (k + 1):
        raise ValueError(f"q0 is {q0!r}, use a number above 1/(k+1) = {1 / (k + 1)!r}.")

    def surplus(q1: float) -> float:
        return log(q1 / q0) + k * log1p((q0 - q1) / (1 - q0))

    return crossing(surplus, 1 / (k + 1), 0.0)


def arl_down(rate: float, q0: float, q1: float, h: float) -> float:
    """Mean number of items from W = 0 to the falling chart's alarm at h when the call rate is `rate`.

    Exact for a `design_q1`, else on the rounded lattice. A silent model has rate 0.
    Raises ValueError unless 0 <= rate < 1, 0 < q1 < q0 < 1 and h > 0.

    >>> arl_down(0.0, 0.005, 0.0012458435595923978, 7.6165763542)
    2023.0
    """
    up, down = _falling_steps(q0, q1)
    h, rate = checks.positive(h, "h"), checks.share_below_one(rate, "rate")
    return falling(rate, max(1, round(-down / up)), ceil(h / up))


def design_down(q0: float, ratio: float = 4.0, arl0: float = 1e6) -> DownDesign:
    """A falling chart for the lowest normal call rate q0 that detects about q0/ratio.

    The threshold is the lowest whose mean run length at q0 reaches arl0 items, half a
    step low. Raises ValueError unless 0 < q0 <= .5, ratio > 1 and arl0 >= 1; also for a
    ratio so close to 1 that no whole k belongs to it.

    >>> design_down(0.005).silent
    2023
    """
    q0, ratio = checks.share(q0, "q0"), checks.number(ratio, "ratio")
    if q0 > 0.5 or ratio <= 1:
        raise ValueError(f"q0 is {q0!r} and ratio {ratio!r}, use q0 up to 0.5 and a ratio above 1.")
    target = target_length(arl0)
    k = round(log(ratio) / log1p(q0 * (1 - 1 / ratio) / (1 - q0)))  # at least 1, since q0 is up to 0.5
    if q0 * (k + 1) <= 1:
        raise ValueError(f"ratio is {ratio!r}, for q0 {q0!r} that is too close to 1.")
    q1 = design_q1(q0, k)
    gains = falling_gains(q0, k)
    silent, reached = 1, next(gains)
    while reached < target:
        silent, reached = silent + 1, reached + next(gains)
    return DownDesign(q1, k, (silent - 0.5) * log1p((q0 - q1) / (1 - q0)), silent)


def _falling_steps(q0: float, q1: float) -> tuple[float, float]:
    """What an item without a call and one with a call add to the chart."""
    if not checks.share(q1, "q1") < checks.share(q0, "q0"):
        raise ValueError(f"q0 is {q0!r} and q1 {q1!r}, q1 must be below q0.")
    return log1p((q0 - q1) / (1 - q0)), log(q1 / q0)
