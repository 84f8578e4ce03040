"""How far probabilities keep their word. Apart from the fits of `calibration`, so that a page pays for numpy alone."""

from collections.abc import Iterable

import numpy as np

from stats import checks


def ece(p: Iterable[float], y: Iterable[int], bins: int = 15, mass: bool = True) -> float:
    """Expected calibration error: the mean over bins of |mean p - mean y|, weighted by their items; 0 to 1.

    mass=True: bins of equal size after a stable sort, earlier ones take the remainder.
    mass=False: bins of equal width on [0, 1]. Empty bins are skipped.
    Raises ValueError for empty or unequal lists, p outside [0, 1], another label than 0
    or 1, and bins below 1. Source: Guo et al. 2017; Nixon et al. 2019.

    >>> round(ece([0.02, 0.3, 0.6, 0.9], [0, 0, 1, 1], bins=2), 6)
    0.205
    """
    shares, labels = _predicted(p, y)
    bins = checks.count(bins, "bins", least=1)
    if mass:
        parts = np.array_split(np.argsort(shares, kind="stable"), bins)
    else:
        place = np.minimum(np.floor(shares * bins), bins - 1)
        parts = [np.flatnonzero(place == index) for index in range(bins)]
    return float(sum(abs((shares[part] - labels[part]).sum()) for part in parts) / len(shares))


def brier(p: Iterable[float], y: Iterable[int]) -> float:
    """Mean squared difference of probability and label, 0 to 1.

    Raises ValueError for empty or unequal lists, p outside [0, 1], and other labels than 0 or 1.
    Source: Brier 1950.

    >>> round(brier([0.1, 0.8], [0, 1]), 6)
    0.025
    """
    shares, labels = _predicted(p, y)
    return float(((shares - labels) ** 2).mean())


def _predicted(p: Iterable[float], y: Iterable[int]) -> tuple[np.ndarray, np.ndarray]:
    shares, labels = checks.probabilities(p, "p"), checks.labels(y, "y")
    checks.same_length(shares, labels, "p and y")
    return np.array(shares), np.array(labels)
