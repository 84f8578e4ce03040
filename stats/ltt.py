"""The engine of learn-then-test: exact tests along an ascending grid of thresholds."""

from collections.abc import Iterable, Sequence
from math import ceil, log, log1p

import numpy as np
from scipy.special import bdtr

from stats import checks

# A first band that must hold this share of all items leaves nothing to certify.
FULL = 0.98


class Curve:
    """How many scores lie at or below a threshold, and how many errors among them."""

    def __init__(self, scores: Sequence[float], errors: Sequence[int]) -> None:
        order = np.argsort(scores, kind="stable")
        self._scores = np.asarray(scores, dtype=float)[order]
        self._errors = np.concatenate([[0], np.cumsum(np.asarray(errors)[order])])

    def at(self, threshold: float) -> tuple[int, int]:
        """Items and errors at or below the threshold. Tied scores move together."""
        n = int(np.searchsorted(self._scores, threshold, side="right"))
        return n, int(self._errors[n])

    def p_value(self, threshold: float, risk: float) -> float:
        """Of the hypothesis that the error share at or below the threshold exceeds `risk`."""
        n, k = self.at(threshold)
        return binom_p(k, n, risk)


def binom_p(k: int, n: int, risk: float) -> float:
    """P-value of the hypothesis "risk above this limit" after k errors in n items: BinomCDF(k; n, risk).

    1.0 without items. Raises ValueError for impossible counts and a risk outside (0,1).

    >>> round(binom_p(0, 300, 0.01), 6), binom_p(0, 0, 0.01)
    (0.049041, 1.0)
    """
    k, n = checks.count(k, "k"), checks.count(n, "n")
    checks.part_of(k, n, "k and n")
    risk = checks.share(risk, "risk")
    return float(bdtr(k, n, risk)) if n else 1.0


def scored(scores: Iterable[float], labels: Iterable[int], side: str = "") -> tuple[list[float], list[int]]:
    """Scores with a label each, checked; `side` tells the halves A and B apart in messages.

    >>> scored([1, 2], [0, True])
    ([1.0, 2.0], [0, 1])
    """
    values, marks = (
        checks.numbers(scores, f"the list of scores{side}"),
        checks.labels(labels, f"the list of labels{side}"),
    )
    checks.same_length(values, marks, f"Scores and labels{side}")
    return values, marks


def first_level(risk: float, delta: float, safety: float, n_b: int) -> float:
    """The share of B that the first band must hold: safety nmin/n_B. Refused from .98 on.

    >>> first_level(0.01, 0.05, 1.0, 598)
    0.5
    """
    least = ceil(log(checks.share(delta, "delta")) / log1p(-checks.share(risk, "risk")))
    return checks.positive(safety, "safety") * least / n_b


def quantile_grid(scores: Sequence[float], first: float, levels: int) -> list[float]:
    """Unique quantiles of the scores at equally spaced levels from `first` to 1, ascending.

    >>> quantile_grid([0.0, 1.0, 2.0], 0.5, 3)
    [1.0, 1.5, 2.0]
    """
    levels = checks.count(levels, "grid", least=1)
    return [float(t) for t in np.unique(np.quantile(scores, np.linspace(first, 1, levels)))]


def learned_start(tuning: Curve, steps: list[float], risk: float) -> int:
    """Index of the threshold that looks safest on A; the first one on ties.

    >>> learned_start(Curve([0.1, 0.2, 0.3], [0, 0, 1]), [0.1, 0.2, 0.3], 0.1)
    1
    """
    p_values = [tuning.p_value(t, risk) for t in steps]
    return p_values.index(min(p_values))


def walk_up(certifying: Curve, steps: list[float], risk: float, delta: float) -> tuple[float | None, list[list[float]]]:
    """Test thresholds in order until the first failure; the last that passed, and the trace.

    >>> threshold, trace = walk_up(Curve([0.1] * 300 + [0.2], [0] * 300 + [1]), [0.1, 0.2], 0.01, 0.05)
    >>> threshold, len(trace)
    (0.1, 2)
    """
    threshold, trace = None, []
    for t in steps:
        n, k = certifying.at(t)
        p = binom_p(k, n, risk)
        trace.append([t, n, k, p])
        if p > delta:
            break
        threshold = t
    return threshold, trace
