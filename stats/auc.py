"""The area under the ROC curve, and how sure it is."""

from __future__ import annotations

from collections.abc import Sequence

from scipy.optimize import brentq
from scipy.stats import norm, rankdata


def area(positives: Sequence[float], negatives: Sequence[float]) -> float | None:
    """Share of pairs in which the positive has the higher score, ties counting half; None without pairs.

    >>> area([0.9, 0.4], [0.1, 0.4])
    0.875
    """
    if not positives or not negatives:
        return None
    ranks = rankdata([*positives, *negatives])[: len(positives)].sum()
    pairs = len(positives) * len(negatives)
    return float((ranks - len(positives) * (len(positives) + 1) / 2) / pairs)


def auc_interval(auc: float, positives: int, negatives: int, confidence: float = 0.95) -> tuple[float, float]:
    """Two-sided score interval of an area under the ROC curve (Newcombe 2006, method 5).

    Unlike Hanley and McNeil's it has a width at an observed 1.0 too. Without images of both kinds: (0, 1).

    >>> low, high = auc_interval(1.0, 30, 60)
    >>> round(low, 3), high
    (0.95, 1.0)
    """
    if not 0 <= auc <= 1:
        raise ValueError(f"auc is {auc}, it must lie between 0 and 1.")
    if positives < 1 or negatives < 1:
        return 0.0, 1.0
    z = float(norm.ppf(0.5 + confidence / 2))
    return _lower(auc, positives, negatives, z), 1.0 - _lower(1.0 - auc, positives, negatives, z)


def _lower(auc: float, positives: int, negatives: int, z: float) -> float:
    """Smallest area under which the observed one is not too surprising."""
    if auc == 0:
        return 0.0
    # At an area of 1 the error is nothing, which solves the equation too and says nothing.
    most = min(auc, 1.0 - 1e-12)
    return float(brentq(lambda theta: auc - theta - z * _error(theta, positives, negatives), 0.0, most))


def _error(theta: float, positives: int, negatives: int) -> float:
    """Standard error of the area if it were theta, with both sample sizes taken as their mean in the second term."""
    both = (positives + negatives) / 2 - 1
    spread = theta * (1 - theta) * (1 + both * (1 - theta) / (2 - theta) + both * theta / (1 + theta))
    return float((spread / (positives * negatives)) ** 0.5)
