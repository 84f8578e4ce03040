"""Whether images or scores have moved away from a reference.

KS and PSI explain, they do not decide: thresholds calibrated on independent items alarm
on 20-80 % of ordinary windows as soon as shifts differ a little. `block_threshold` is
calibrated on whole shifts, and `two_of_three` waits for a second window.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
from scipy.stats import ks_2samp, wasserstein_distance

from stats import checks

_FEWEST_BLOCKS = 20


class KolmogorovSmirnov(NamedTuple):
    """The largest distance of two distribution functions and its asymptotic p-value."""

    statistic: float
    p: float


def psi(ref: Iterable[float], cur: Iterable[float], bins: int = 10, eps: float = 1e-4) -> float:
    """Population stability index over bins at the reference's quantiles; 0 for equal shares.

    Shares are floored at eps; a value on an edge belongs to the upper bin. In control it is
    about (bins-1)(1/n + 1/m), noise below n = 500.
    Raises ValueError for an empty list, a non-finite value, bins < 2 and eps outside (0,1).

    >>> psi([1, 2, 3, 4], [1, 2, 3, 4], bins=2)
    0.0
    """
    before, after = np.array(checks.numbers(ref, "ref")), np.array(checks.numbers(cur, "cur"))
    bins, eps = checks.count(bins, "bins", least=2), checks.share(eps, "eps")
    edges = np.quantile(before, np.arange(1, bins) / bins)
    r, c = (np.maximum(_bin_shares(values, edges), eps) for values in (before, after))
    return float(np.sum((c - r) * np.log(c / r)))


def ks(ref: Iterable[float], cur: Iterable[float]) -> KolmogorovSmirnov:
    """Two-sample Kolmogorov-Smirnov test with the asymptotic p-value.

    One value on each side proves nothing: p is 1.
    Raises ValueError for an empty list and a non-finite value. Source: Smirnov 1939.

    >>> ks([1, 2, 3], [4, 5, 6]).statistic
    1.0
    """
    before, after = checks.numbers(ref, "ref"), checks.numbers(cur, "cur")
    if len(before) == len(after) == 1:
        return KolmogorovSmirnov(float(before != after), 1.0)
    result = ks_2samp(before, after, method="asymp")
    return KolmogorovSmirnov(float(result.statistic), float(result.pvalue))


def w1(ref: Iterable[float], cur: Iterable[float], sd: float = 1.0) -> float:
    """Wasserstein-1 distance in units of sd: how far values moved on average.

    Raises ValueError for an empty list, a non-finite value, and sd not above 0.

    >>> w1([0, 1], [2, 3], sd=2)
    1.0
    """
    scale = checks.positive(sd, "sd")
    return float(wasserstein_distance(checks.numbers(ref, "ref"), checks.numbers(cur, "cur"))) / scale


def block_threshold(
    blocks: Iterable[Iterable[float]], window: int = 500, floor: float = 0.25, fallback: float = 0.5
) -> float:
    """Alarm threshold for w1/sd from one list of values per reference shift.

    Each block's first `window` values are compared with all other blocks:
    max(floor, mean + 3 population sd of these distances). Fewer than 20 blocks: fallback.
    Raises ValueError for an empty block, a non-finite value, a constant reference, a
    window below 1, and a negative floor or fallback.

    >>> block_threshold([[0.0, 1.0]] * 5), block_threshold([[0.0, 1.0]] * 20)
    (0.5, 0.25)
    """
    values = [np.array(checks.numbers(block, "A block")) for block in checks.listed_values(blocks, "blocks")]
    window = checks.count(window, "window", least=1)
    floor, fallback = checks.not_negative(floor, "floor"), checks.not_negative(fallback, "fallback")
    if len(values) < _FEWEST_BLOCKS:
        return fallback
    together = np.concatenate(values)
    if together.min() == together.max():  # their computed sd may be a rounding above 0
        raise ValueError(f"Every reference value is {float(values[0][0])!r}, a constant reference has no scale.")
    spread = float(np.std(together))
    distances = [
        wasserstein_distance(np.concatenate(values[:i] + values[i + 1 :]), block[:window]) / spread
        for i, block in enumerate(values)
    ]
    return max(floor, float(np.mean(distances) + 3 * np.std(distances)))


def two_of_three(distances: Iterable[float], threshold: float) -> bool:
    """Whether at least 2 of the last 3 distances lie strictly above the threshold.

    Fewer than 2 distances: False. Raises ValueError for a non-finite value.

    >>> two_of_three([0.1, 0.4, 0.2, 0.6], 0.3), two_of_three([0.6], 0.3)
    (True, False)
    """
    threshold = checks.number(threshold, "threshold")
    values = [checks.number(value, "A distance") for value in checks.listed_values(distances, "distances")]
    return sum(value > threshold for value in values[-3:]) >= 2


def cbpe_accuracy(p: Iterable[float]) -> float:
    """Accuracy estimated without labels from calibrated P(defect): mean max(p, 1-p).

    An estimate if nothing but the mix of parts changed; never gate on it. Raises ValueError
    for an empty list and a probability outside [0, 1]. Source: NannyML, CBPE.

    >>> round(cbpe_accuracy([0.02, 0.05, 0.4, 0.9, 0.97]), 6)
    0.88
    """
    shares = checks.probabilities(p, "p")
    return sum(max(share, 1 - share) for share in shares) / len(shares)


def cbpe_escape(p: Iterable[float]) -> float | None:
    """Escape estimated without labels: the defects expected at p <= .5 over all expected.

    None when no defect is expected. Errors as `cbpe_accuracy`.

    >>> round(cbpe_escape([0.02, 0.05, 0.4, 0.9, 0.97]), 6)
    0.200855
    """
    shares = checks.probabilities(p, "p")
    expected = sum(shares)
    return sum(share for share in shares if share <= 0.5) / expected if expected else None


def bbse(joint: Sequence[Sequence[float]], pred_rate: Sequence[float]) -> list[float]:
    """The class shares that explain the predicted ones, if only the mix of classes changed.

    joint[i][j] = P(pred i, true j) at the source; the shares are not clipped to [0, 1].
    Raises ValueError for a matrix that is not square or singular, a length that does not
    fit, entries outside [0, 1], and sums other than 1. Source: Lipton, Wang & Smola 2018.

    >>> [round(share, 6) for share in bbse([[0.90, 0.01], [0.05, 0.04]], [0.85, 0.15])]
    [0.869718, 0.130282]
    """
    rows = [checks.probabilities(row, "joint") for row in checks.entries(joint, "joint")]
    rate = checks.probabilities(pred_rate, "pred_rate")
    if {len(row) for row in rows} != {len(rows)} or len(rate) != len(rows):
        raise ValueError(f"joint {rows!r} and pred_rate {rate!r} do not fit, use k rows of k shares and k shares.")
    _sum_to_one(sum(map(sum, rows)), "joint")
    _sum_to_one(sum(rate), "pred_rate")
    matrix = np.array(rows)
    if np.linalg.matrix_rank(matrix) < len(rows):
        raise ValueError(f"joint {rows!r} is singular, the predictions do not tell the classes apart.")
    return [float(share) for share in np.linalg.solve(matrix, rate) * matrix.sum(axis=0)]


def _bin_shares(values: np.ndarray, edges: np.ndarray) -> np.ndarray:
    places = np.searchsorted(edges, values, side="right")
    return np.bincount(places, minlength=len(edges) + 1) / len(values)


def _sum_to_one(total: float, name: str) -> None:
    if abs(total - 1) > 1e-6:
        raise ValueError(f"{name} sums to {total!r}, it must sum to 1.")
