"""Charts that hear a rate change: rising for escapes and misses, falling for a silent model.

W_n = max(0, W_{n-1}) + ln(LR of item n), W_0 = 0, alarm when W >= h. The floor acts
before the step, so a value just below 0 is normal. W starts again at 0 after every
change of level or version. Thresholds come from exact run lengths, which assume
independent audits. Source: Page 1954; Lorden 1971; Reynolds & Stoumbos 1999.
"""

from collections.abc import Iterable
from math import ceil, exp, log, log1p
from typing import NamedTuple

from stats import checks
from stats.runlengths import rising, target_length, walk
from stats.search import crossing, first_reaching
from stats.silence import DownDesign, arl_down, design_down, design_q1, step_down, trace_down

__all__ = [
    "Design",
    "DownDesign",
    "EscapeTarget",
    "arl",
    "arl_down",
    "design",
    "design_down",
    "design_q1",
    "design_r1",
    "escape_target",
    "escapes_before_alarm",
    "misses_to_alarm",
    "shiryaev_roberts",
    "step",
    "step_down",
    "trace",
    "trace_down",
]

_SLACK = 1e-9


class EscapeTarget(NamedTuple):
    """Escapes per million parts, and per automatically passed (audited) part."""

    ppm: float
    r0: float


class Design(NamedTuple):
    """A rising chart: rate to detect, steps of one bad item, and the two thresholds."""

    r1: float
    k: int
    h_warn: float
    h_demote: float


def step(w: float, bad: int, r0: float, r1: float) -> float:
    """The chart's value after one more item: max(0, w) + ln(r1/r0) if bad, else + ln((1-r1)/(1-r0)).

    bad is 0 or 1; 0 < r0 < r1 < 1 are the tolerable rate and the rate to detect.
    Raises ValueError otherwise, and for a non-finite w.

    >>> round(step(1.25, True, 0.005, 0.02), 6), round(step(-0.5, False, 0.005, 0.02), 6)
    (2.636294, -0.01519)
    """
    up, down = _rising_steps(r0, r1)
    return max(0.0, checks.number(w, "w")) + (up if checks.label(bad, "bad") else down)


def trace(bad: Iterable[int], r0: float, r1: float) -> list[float]:
    """The chart's value after each item; [] for no items. Errors as `step`.

    >>> [round(w, 6) for w in trace([0, 0, 1, 0], 0.005, 0.02)]
    [-0.01519, -0.01519, 1.386294, 1.371104]
    """
    return walk(bad, *_rising_steps(r0, r1))


def shiryaev_roberts(bad: Iterable[int], r0: float, r1: float) -> list[float]:
    """Companion chart M_n = (M_{n-1} + 1) x likelihood ratio, M_0 = 0; [] for no items.

    M_n - n is a martingale at r0, so the mean run length to M >= h is at least h.
    Errors as `step`. Source: Shin, Ramdas & Rinaldo 2024.

    >>> [round(m, 6) for m in shiryaev_roberts([0, 0, 1], 0.005, 0.02)]
    [0.984925, 1.955001, 11.820005]
    """
    up, down = _rising_steps(r0, r1)
    m, values = 0.0, []
    for item in checks.listed_values(bad, "bad"):
        m = (m + 1) * exp(up if checks.label(item, "An entry of bad") else down)
        values.append(m)
    return values


def design_r1(r0: float, k: int) -> float:
    """The rate above r0 at which one bad item weighs exactly k good ones, so run lengths are exact.

    Raises ValueError unless k is a whole number >= 1 and 0 < r0 < 1/(k+1).

    >>> round(design_r1(0.005, 91), 9)
    0.020092824
    """
    r0, k = checks.share(r0, "r0"), checks.count(k, "k", least=1)
    if r0 >= 1 / (k + 1):
        raise ValueError(f"r0 is {r0!r}, use a number below 1/(k+1) = {1 / (k + 1)!r}.")

    def surplus(r1: float) -> float:
        return log(r1 / r0) + k * log1p((r0 - r1) / (1 - r0))

    return crossing(surplus, 1 / (k + 1), 1.0)


def arl(rate: float, r0: float, r1: float, h: float) -> float:
    """Mean number of items from W = 0 to the alarm at h when the true rate is `rate`.

    Exact where ln(r1/r0) is a whole multiple of |ln((1-r1)/(1-r0))| (`design_r1`), else an
    approximation on the rounded lattice. Raises ValueError unless 0 < rate <= 1,
    0 < r0 < r1 < 1 and h > 0.

    >>> round(arl(0.005, 0.005, 0.0200928243, 3.989), 2)
    9850.34
    """
    up, down = _rising_steps(r0, r1)
    h, rate = checks.positive(h, "h"), checks.positive_share(rate, "rate")
    return rising(rate, max(1, round(up / -down)), ceil(h / -down))


def escapes_before_alarm(arl: float, risk: float, rate: float) -> float:
    """Escapes shipped before the alarm: arl audited items x risk / audit rate.

    Raises ValueError unless arl >= 0, risk is in (0,1) and the audit rate in (0, 1].

    >>> round(escapes_before_alarm(446, 0.02, 0.05), 6)
    178.4
    """
    return checks.not_negative(arl, "arl") * checks.share(risk, "risk") / checks.positive_share(rate, "rate")


def escape_target(prevalence: float, miss: float = 0.05, auto_pass: float = 1.0) -> EscapeTarget:
    """The escapes a line may ship: per million parts, and as r0 per automatically passed part.

    miss is the tolerated share of defects missed, auto_pass the share of parts passed
    automatically, in (0, 1]. Raises ValueError otherwise, and when r0 would reach 1.

    >>> escape_target(0.01)
    EscapeTarget(ppm=500.0, r0=0.0005)
    """
    escaped = checks.share(miss, "miss") * checks.share(prevalence, "prevalence")
    if escaped >= checks.positive_share(auto_pass, "auto_pass"):
        raise ValueError(f"auto_pass is {auto_pass!r}, it must exceed miss x prevalence = {escaped!r}.")
    return EscapeTarget(1e6 * escaped, escaped / auto_pass)


def design(r0: float, ratio: float = 4.0, arl_warn: float = 1e4, arl_demote: float = 1e5) -> Design:
    """A rising chart for the tolerable rate r0 that detects about ratio x r0.

    Each threshold is the lowest whose mean run length at r0 reaches its target in items,
    set half a step low so that rounding cannot move it.
    Raises ValueError unless r0 > 0, ratio > 1, ratio x r0 < .5, and the targets are >= 1;
    also for a ratio so close to 1 that no whole k belongs to it.

    >>> found = design(0.0005)
    >>> found.k, round(found.h_warn, 6), round(found.h_demote, 6)
    (923, 1.944368, 3.985616)
    """
    r0, ratio = checks.share(r0, "r0"), checks.number(ratio, "ratio")
    if ratio <= 1 or ratio * r0 >= 0.5:
        raise ValueError(f"ratio is {ratio!r} and r0 {r0!r}, use a ratio above 1 with ratio x r0 below 0.5.")
    k = round(log(ratio) / -log1p(r0 * (1 - ratio) / (1 - r0)))  # at least 1, since ratio x r0 is below 0.5
    if r0 * (k + 1) >= 1:
        raise ValueError(f"ratio is {ratio!r}, for r0 {r0!r} that is too close to 1.")
    r1 = design_r1(r0, k)
    size = -log1p((r0 - r1) / (1 - r0))
    return Design(r1, k, *((_steps_for(r0, k, target) - 0.5) * size for target in (arl_warn, arl_demote)))


def misses_to_alarm(r0: float, r1: float, h: float) -> int:
    """Consecutive bad items from W = 0 to the alarm at h. Errors as `arl`.

    >>> misses_to_alarm(0.05, 0.1472810308, 8.103)
    8
    """
    up, _ = _rising_steps(r0, r1)
    return ceil(checks.positive(h, "h") / up - _SLACK)


def _steps_for(r0: float, k: int, target: float) -> int:
    target = target_length(target)
    return first_reaching(lambda steps: rising(r0, k, steps) >= target)


def _rising_steps(r0: float, r1: float) -> tuple[float, float]:
    """What a bad and a good item add to the chart."""
    if not checks.share(r0, "r0") < checks.share(r1, "r1"):
        raise ValueError(f"r0 is {r0!r} and r1 {r1!r}, r1 must be above r0.")
    return log(r1 / r0), log1p((r0 - r1) / (1 - r0))
