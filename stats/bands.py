"""Bands for partial automation: pass below one threshold, reject above another, people between.

Learn-then-test: the order in which thresholds are tried depends on the tuning half A
only, each is tested exactly on the certifying half B, and the first failure ends the
walk; so P(true risk of the threshold > its limit) <= delta. The risk limit alone says
nothing where defects are rarer than it: `ltt_certified` is the certificate.
Source: Angelopoulos, Bates, Candes, Jordan & Lei 2021/2025; Bates et al. 2021.
"""

from collections.abc import Iterable
from math import floor
from typing import NamedTuple

from stats import checks
from stats.certificate import Certificate, ltt_certified
from stats.ltt import FULL, Curve, binom_p, first_level, learned_start, quantile_grid, scored, walk_up
from stats.search import first_reaching

__all__ = [
    "Band",
    "Certificate",
    "binom_p",
    "defects_to_certify",
    "items_to_certify",
    "ltt_certified",
    "ltt_fixed_sequence",
    "ltt_learned_start",
]


class Band(NamedTuple):
    """A threshold or None, the trace of tests that led to it, and whether data were too few to start."""

    threshold: float | None
    trace: list[list[float]]
    refused: bool


def items_to_certify(risk: float, delta: float, safety: float = 1.3) -> int:
    """The smallest certifying half B that is not refused for having too few items.

    floor(safety nmin/.98) + 1, nmin = ceil(ln delta/ln(1-risk)). Raises ValueError for
    risk or delta outside (0,1) and a safety factor not above 0.

    >>> items_to_certify(0.005, 0.05)
    794
    """
    return floor(first_level(risk, delta, safety, 1) / FULL) + 1


def defects_to_certify(miss: float, delta: float, misses: int = 0) -> int:
    """How many distinct defects a closed list must hold to prove a miss rate below `miss` with so many misses.

    The smallest D with BinomCDF(misses; D, miss) <= delta. Raises ValueError for a
    negative or fractional count, and for miss or delta outside (0,1).

    >>> defects_to_certify(0.05, 0.05), defects_to_certify(0.05, 0.05, 1)
    (59, 93)
    """
    miss, delta, misses = checks.share(miss, "miss"), checks.share(delta, "delta"), checks.count(misses, "misses")
    return misses + first_reaching(lambda found: binom_p(misses, misses + found, miss) <= delta)


def ltt_fixed_sequence(
    scores: Iterable[float], errors: Iterable[int], grid: Iterable[float], risk: float, delta: float
) -> Band:
    """Walk an ascending grid of thresholds as long as the error share at or below each is proven within `risk`.

    The trace holds [threshold, items, errors, p] up to and with the first failure; the
    threshold is the last that passed, None if none did. `refused` is always False.
    Raises ValueError for empty or unequal lists, errors other than 0 or 1, a descending
    grid, and risk or delta outside (0,1).

    >>> ltt_fixed_sequence([0.1] * 400 + [0.9], [0] * 400 + [1], [0.2], 0.01, 0.05).threshold
    0.2
    """
    values, wrong = scored(scores, errors)
    steps = checks.numbers(grid, "grid")
    if steps != sorted(steps):
        raise ValueError(f"grid {steps!r} descends somewhere, give the safest threshold first.")
    risk, delta = checks.share(risk, "risk"), checks.share(delta, "delta")
    threshold, trace = walk_up(Curve(values, wrong), steps, risk, delta)
    return Band(threshold, trace, False)


def ltt_learned_start(
    scores_a: Iterable[float],
    y_a: Iterable[int],
    scores_b: Iterable[float],
    y_b: Iterable[int],
    risk: float,
    delta: float,
    side: str = "pass",
    grid: int = 40,
    safety: float = 1.3,
) -> Band:
    """The auto-pass (or auto-reject) threshold: grid and start are learned on A, certified on B.

    side 'pass': errors are defects among scores <= t. side 'reject': errors are good parts
    among scores >= t; threshold and trace keep the sign of the scores. Too few items in B
    (`items_to_certify`): (None, [], True). The guarantee is per certification.
    Raises ValueError for empty or unequal lists, labels other than 0 or 1, a non-finite
    score, risk or delta outside (0,1), another side, grid < 1 and safety not above 0.

    >>> good, bad = [i / 1000 for i in range(1000)], [2.0] * 50
    >>> band = ltt_learned_start(good + bad, [0] * 1000 + [1] * 50, good + bad, [0] * 1000 + [1] * 50, 0.01, 0.05)
    >>> 0.9 < band.threshold < 1.1
    True
    """
    if side not in ("pass", "reject"):
        raise ValueError(f"side is {side!r}, use 'pass' or 'reject'.")
    sign, good = (1, 0) if side == "pass" else (-1, 1)
    tuning, certifying = (
        ([sign * score for score in scores], [int(label != good) for label in labels])
        for scores, labels in (scored(scores_a, y_a, " of A"), scored(scores_b, y_b, " of B"))
    )
    first = first_level(risk, delta, safety, len(certifying[0]))
    steps = quantile_grid(tuning[0], min(1.0, first), grid)
    if first >= FULL:
        return Band(None, [], True)
    kept = steps[learned_start(Curve(*tuning), steps, risk) :]
    threshold, trace = walk_up(Curve(*certifying), kept, risk, delta)
    return Band(None if threshold is None else sign * threshold, [[sign * t, *rest] for t, *rest in trace], False)
