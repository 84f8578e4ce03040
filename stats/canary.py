"""A candidate model against the incumbent on the same traffic.

Given that an item fails, it is a canary item with probability
theta = share pc/(share pc + (1-share) pi), so failures alone carry the comparison: no
denominators, and a common rate that moves does no harm. A change of share starts new counts.
Source: Lindon & Malek 2022; Lindon, Sanden & Shirikian 2022; Turner, Ly & Grunwald 2024.
"""

from math import exp, log, log1p

from stats import checks
from stats.eprocess import log_e_above, log_e_below


def theta0(share: float, rho: float = 1.0) -> float:
    """The canary's share of failures when it fails rho times as often: rho share/(rho share + 1 - share).

    Raises ValueError unless the traffic share lies in (0,1) and rho is above 0.

    >>> round(theta0(0.2, 1.5), 6)
    0.272727
    """
    weighed = checks.positive(rho, "rho") * checks.share(share, "share")
    return weighed / (weighed + 1 - share)


def log_e_worse(fc: int, fi: int, share: float, rho: float = 1.0) -> float:
    """ln E that the canary fails more than rho times as often, from fc canary and fi incumbent failures.

    0.0 without failures. Raises ValueError for negative or fractional counts and as `theta0`.

    >>> round(log_e_worse(8, 20, 0.05), 6)
    5.680344
    """
    return log_e_above(*_failures(fc, fi), theta0(share, rho))


def log_e_noninferior(fc: int, fi: int, share: float, rho: float) -> float:
    """ln E that the canary fails less than rho times as often. Promote with rho 1.5 to 2.

    0.0 without failures. Errors as `log_e_worse`.

    >>> round(log_e_noninferior(6, 400, 0.05, 2.0), 6)
    21.062443
    """
    return log_e_below(*_failures(fc, fi), theta0(share, rho))


def log_e_shift(fc: int, fi: int, share: float, rho: float = 1.25) -> float:
    """ln E that the rates differ by a factor of rho in either direction: the mean of both e-values.

    0.0 without failures. Errors as `log_e_worse`.

    >>> round(log_e_shift(8, 20, 0.05), 6)
    4.156982
    """
    low, high = sorted([log_e_worse(fc, fi, share, rho), log_e_noninferior(fc, fi, share, 1 / rho)])
    return high + log1p(exp(low - high)) - log(2)


def log_e_paired(worse: int, better: int) -> float:
    """ln E that the first kind of discordant item is the more frequent, from both counts.

    worse: canary wrong and incumbent right. Evidence that it is better: swap the counts.
    0.0 without discordant items. Raises ValueError for negative or fractional counts.

    >>> round(log_e_paired(15, 4), 6)
    2.598726
    """
    return log_e_above(checks.count(worse, "worse"), checks.count(better, "better"), 0.5)


def _failures(fc: int, fi: int) -> tuple[int, int]:
    return checks.count(fc, "fc"), checks.count(fi, "fi")
