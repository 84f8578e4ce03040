"""What Tollgate's statistics are measured against. No other code imports this.

Each is a respectable method; the benches show where it costs more items, promises less,
or breaks when it is read after every item.
"""

from collections.abc import Sequence
from math import ceil, exp, lgamma, log, log2
from typing import NamedTuple

import numpy as np

from stats import checks
from stats.ltt import Curve, binom_p, scored
from stats.proportions import cp_upper
from stats.search import crossing


class Sprt(NamedTuple):
    """Wald's thresholds, steps per success and failure, and approximate mean sample sizes."""

    log_a: float
    log_b: float
    success: float
    failure: float
    asn_p0: float
    asn_p1: float


class Interval(NamedTuple):
    """The two limits of a share."""

    low: float
    high: float


class Selection(NamedTuple):
    """A threshold, the share of scores at or below it, and the proven bound on their error share."""

    threshold: float
    coverage: float
    bound: float


def sprt(p0: float, p1: float, alpha: float, beta: float) -> Sprt:
    """Wald's sequential probability ratio test of a success rate p0 against p1 > p0.

    alpha and beta are the two error rates. Mean sample sizes ignore overshoot.
    Raises ValueError for shares outside (0,1) and p1 <= p0. Source: Wald 1945.

    >>> [round(value, 6) for value in sprt(0.95, 0.975, 0.05, 0.10)]
    [2.890372, -2.251292, 0.025975, -0.693147, 199.807551, 297.121507]
    """
    alpha, beta = checks.share(alpha, "alpha"), checks.share(beta, "beta")
    if not checks.share(p0, "p0") < checks.share(p1, "p1"):
        raise ValueError(f"p0 is {p0!r} and p1 {p1!r}, p1 must be above p0.")
    log_a, log_b = log((1 - beta) / alpha), log(beta / (1 - alpha))
    success, failure = log(p1 / p0), log((1 - p1) / (1 - p0))

    def asn(accepted: float, rate: float) -> float:
        return (accepted * log_a + (1 - accepted) * log_b) / (rate * success + (1 - rate) * failure)

    return Sprt(log_a, log_b, success, failure, asn(alpha, p0), asn(1 - beta, p1))


def robbins_interval(s: int, f: int, alpha: float = 0.05) -> Interval:
    """Two-sided any-time-valid interval from a uniform mixture over all rates; (0, 1) with nothing seen.

    The p where B(s+1, f+1)/(p^s (1-p)^f) stays below 1/alpha.
    Raises ValueError for negative or fractional counts and alpha outside (0,1). Source: Robbins 1970.

    >>> [round(limit, 6) for limit in robbins_interval(490, 10)]
    [0.94668, 0.995452]
    """
    s, f = checks.count(s, "s"), checks.count(f, "f")
    needed = -log(checks.share(alpha, "alpha"))
    if s + f == 0:
        return Interval(0.0, 1.0)
    mixture = lgamma(s + 1) + lgamma(f + 1) - lgamma(s + f + 2)

    def plausible(p: float) -> float:
        return needed - mixture + s * log(p) + f * log(1 - p)

    centre = s / (s + f)
    low = crossing(plausible, centre, 0.0) if s and f else 0.0
    high = crossing(plausible, centre, 1.0) if s and f else 1.0
    if not f:
        low = exp((mixture - needed) / s)
    if not s:
        high = 1 - exp((mixture - needed) / f)
    return Interval(low, high)


def hoeffding_bentkus_p(k: int, n: int, risk: float) -> float:
    """P-value of "risk above this limit" that also holds for losses between 0 and 1; 1.0 without items.

    min(1, exp(-n kl(min(k/n, r) || r)), e BinomCDF(k; n, r)). Raises ValueError for
    impossible counts and a risk outside (0,1). Source: Bates et al. 2021.

    >>> round(hoeffding_bentkus_p(1, 1000, 0.005), 6)
    0.090846
    """
    bentkus = exp(1) * binom_p(k, n, risk)
    if n == 0:
        return 1.0
    share = min(k / n, risk)
    divergence = (1 - share) * log((1 - share) / (1 - risk))
    if share > 0:
        divergence += share * log(share / risk)
    return min(1.0, exp(-n * divergence), bentkus)


def sgr(scores: Sequence[float], errors: Sequence[int], risk: float, delta: float) -> Selection | None:
    """Selection with guaranteed risk: binary search for the highest threshold whose bound holds; None if none.

    Lower scores are safer; tied scores move together. With m distinct scores each step tests
    at delta/max(1, ceil(log2(m+1))).
    Raises ValueError for empty or unequal lists, other errors than 0 or 1, and risk or
    delta outside (0,1). Source: Geifman & El-Yaniv 2017.

    >>> sgr([0.1] * 500, [0] * 500, 0.01, 0.05).threshold
    0.1
    """
    values, wrong = scored(scores, errors)
    risk, delta = checks.share(risk, "risk"), checks.share(delta, "delta")
    curve, steps = Curve(values, wrong), [float(t) for t in np.unique(values)]
    level = delta / max(1, ceil(log2(len(steps) + 1)))
    low, high, best = 0, len(steps) - 1, None
    while low <= high:
        middle = (low + high) // 2
        n, k = curve.at(steps[middle])
        bound = cp_upper(k, n, level)
        if bound <= risk:
            best, low = Selection(steps[middle], n / len(values), bound), middle + 1
        else:
            high = middle - 1
    return best
