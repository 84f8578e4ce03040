"""E-values put together: averages, e-BH, the odds shown to a reader, and repeated attempts."""

from collections.abc import Iterable
from math import exp, log, pi

from stats import checks


def e_mean(es: Iterable[float]) -> float:
    """The average of e-values (numbers >= 0): an e-value again, under any dependence.

    Raises ValueError for no e-values, a negative or a non-finite one.
    Source: Vovk & Wang 2021.

    >>> round(e_mean([120, 3, 45, 0.2, 18, 60]), 6)
    41.033333
    """
    values = _e_values(checks.entries(es, "es"))
    return sum(values) / len(values)


def e_bh(es: Iterable[float], q: float = 0.10) -> list[int]:
    """Which of K hypotheses to reject by e-BH: ascending indices, counted from 0.

    Rejects the k* largest, k* = max{k : e_(k) >= K/(k q)}. The false discovery rate
    is at most q (a share in (0,1)) under any dependence. No e-values, or none large
    enough: []. Raises ValueError for a negative or non-finite e-value.
    Source: Wang & Ramdas 2022.

    >>> e_bh([120, 3, 45, 0.2, 18, 60])
    [0, 2, 4, 5]
    """
    q = checks.share(q, "q")
    values = _e_values(checks.listed_values(es, "es"))
    order = sorted(range(len(values)), key=lambda index: -values[index])
    rejected = 0
    for k, index in enumerate(order, start=1):
        if values[index] * k * q >= len(values):
            rejected = k
    return sorted(order[:rejected])


def evidence_ratio(log_e: float, cap: float = 10_000.0) -> float:
    """Evidence as odds to one: exp(log_e), never above `cap` (a number above 0).

    Raises ValueError for a non-finite log_e.

    >>> round(evidence_ratio(4.25), 4), evidence_ratio(12)
    (70.1054, 10000.0)
    """
    cap = checks.positive(cap, "cap")
    log_e = checks.number(log_e, "log_e")
    return cap if log_e >= log(cap) else exp(log_e)


def retry_alpha(alpha: float, attempt: int) -> float:
    """The level of attempt 1, 2, 3, ...: alpha 6/(pi^2 attempt^2). They sum to alpha.

    Raises ValueError unless alpha lies in (0,1) and attempt is a whole number >= 1.

    >>> round(retry_alpha(0.05, 2), 6)
    0.007599
    """
    alpha = checks.share(alpha, "alpha")
    attempt = checks.count(attempt, "attempt", least=1)
    return alpha * 6 / (pi * attempt) ** 2


def _e_values(values: list[float]) -> list[float]:
    return [checks.not_negative(value, "An e-value") for value in values]
