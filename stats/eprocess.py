"""Evidence on a stream of successes and failures, readable at any time without spoiling it.

The null hypothesis is P(success | past) <= p0. The alternative is a Beta(1, b) prior
truncated to (p0, 1), b = max(1, (1-p0)/p0), so the mixture of likelihood ratios

    E(S, F; p0) = b/(1-p0) * integral over (p0, 1) of (p/p0)^S ((1-p)/(1-p0))^(F+b-1) dp

is a supermartingale for every rate at or below p0, also one that moves or depends on
the past, and P(E ever reaches 1/alpha) <= alpha. S and F are all the state there is.

Source: Ville 1939; Robbins 1970; Howard, Ramdas, McAuliffe & Sekhon 2021; Grunwald,
de Heide & Koolen 2024; Ramdas, Grunwald, Vovk & Shafer 2023.
"""

from collections.abc import Iterable
from math import log
from typing import Any, NamedTuple

from stats import checks
from stats.beta import log_survival_ratio
from stats.combining import e_bh, e_mean, evidence_ratio, retry_alpha
from stats.search import crossing, first_reaching

__all__ = [
    "Counts",
    "counts",
    "cs_lower",
    "cs_upper",
    "e_bh",
    "e_mean",
    "evidence_ratio",
    "items_for_failures",
    "items_to_pass",
    "log_e_above",
    "log_e_below",
    "max_failures",
    "retry_alpha",
    "stream_passes",
]

# Below it E has reached its limit to the last bit, and (1-p0)/p0 would soon overflow.
_TINIEST = 1e-300


class Counts(NamedTuple):
    """Successes and failures of one stream."""

    s: int
    f: int


def log_e_above(s: int, f: int, p0: float) -> float:
    """ln E: evidence that the success rate is above p0, after s successes and f failures.

    Compare with ln(1/alpha): 2.995732 for .05, 4.605170 for .01. With nothing seen it is
    0.0. Grows in s, falls in f, and falls in p0 on (0, s/(s+f)).
    Raises ValueError for a negative or fractional count and for p0 outside (0,1).

    >>> round(log_e_above(490, 10, 0.95), 6), log_e_above(0, 0, 0.95)
    (4.918625, 0.0)
    """
    return log_mixture(checks.count(s, "s"), checks.count(f, "f"), checks.share(p0, "p0"))


def log_mixture(s: float, f: float, p0: float) -> float:
    """The formula of `log_e_above`, unchecked and also between whole counts.

    >>> log_mixture(10, 1, 0.5) < log_mixture(10.5, 1, 0.5) < log_mixture(11, 1, 0.5)
    True
    """
    if s == f == 0:
        return 0.0
    p0 = max(p0, _TINIEST)
    b = max(1.0, (1 - p0) / p0)
    return log(b * p0) + log_survival_ratio(s + 1, f + b, p0)


def log_e_below(s: int, f: int, p0: float) -> float:
    """ln E: evidence that the success rate is below p0. Equals log_e_above(f, s, 1-p0).

    Raises ValueError as `log_e_above` does.

    >>> round(log_e_below(985, 15, 0.99), 6)
    0.446309
    """
    return log_mixture(checks.count(f, "f"), checks.count(s, "s"), 1 - checks.share(p0, "p0"))


def cs_lower(s: int, f: int, alpha: float = 0.05) -> float:
    """Lower bound for a constant success rate, valid at every moment at once with 1-alpha.

    The p0 in (0, s/(s+f)) at which ln E = ln(1/alpha); 0.0 if there is none: with nothing
    seen, or few successes (s <= 3 at alpha .05), since ln E tends to ln sum_j s!/j! as p0
    falls to 0. "E >= 1/alpha at p0" and "bound >= p0" say the same thing.
    Raises ValueError for a negative or fractional count and for alpha outside (0,1).

    >>> round(cs_lower(995, 5), 6), cs_lower(3, 0)
    (0.985982, 0.0)
    """
    return _lower(checks.count(s, "s"), checks.count(f, "f"), _log_threshold(alpha))


def cs_upper(s: int, f: int, alpha: float = 0.05) -> float:
    """Upper bound for a constant success rate, valid at every moment at once with 1-alpha.

    Equals 1 - cs_lower(f, s, alpha); 1.0 with nothing seen.
    Raises ValueError as `cs_lower` does.

    >>> round(cs_upper(0, 300), 6)
    0.014916
    """
    return 1 - _lower(checks.count(f, "f"), checks.count(s, "s"), _log_threshold(alpha))


def stream_passes(s: int, f: int, p0: float, alpha: float) -> bool:
    """Whether the evidence that the rate is above p0 has reached 1/alpha.

    Raises ValueError for impossible counts and for p0 or alpha outside (0,1).

    >>> stream_passes(134, 1, 0.95, 0.05), stream_passes(132, 1, 0.95, 0.05)
    (True, False)
    """
    return log_e_above(s, f, p0) >= _log_threshold(alpha)


def items_to_pass(s: int, f: int, p0: float, alpha: float) -> int:
    """How many more successes in a row make the stream pass; 0 if it passes already.

    Exact, by doubling and bisection, because E grows in s.
    Raises ValueError as `stream_passes` does.

    >>> items_to_pass(0, 0, 0.95, 0.05), items_to_pass(490, 10, 0.95, 0.05)
    (88, 0)
    """
    if stream_passes(s, f, p0, alpha):
        return 0
    needed = _log_threshold(alpha)
    return first_reaching(lambda more: log_mixture(s + more, f, p0) >= needed)


def items_for_failures(failures: int, p0: float, alpha: float) -> int:
    """The smallest number of items that passes with exactly this many failures among them.

    Raises ValueError as `stream_passes` does.

    >>> items_for_failures(0, 0.99, 0.05), items_for_failures(5, 0.99, 0.05)
    (449, 1404)
    """
    failures = checks.count(failures, "failures")
    return failures + items_to_pass(0, failures, p0, alpha)


def max_failures(n: int, p0: float, alpha: float) -> int:
    """The most failures among n items that still pass; -1 if not even none does.

    Raises ValueError as `stream_passes` does.

    >>> max_failures(500, 0.95, 0.05), max_failures(80, 0.95, 0.05)
    (12, -1)
    """
    n = checks.count(n, "n")
    if not stream_passes(n, 0, p0, alpha):
        return -1
    passing, failing = 0, n
    while failing - passing > 1:
        middle = (passing + failing) // 2
        if stream_passes(n - middle, middle, p0, alpha):
            passing = middle
        else:
            failing = middle
    return passing


def counts(outcomes: Iterable[Any], rule: str = "open_as_failure") -> Counts:
    """Successes and failures of outcomes in arrival order: True, False, or None while open.

    `open_as_failure` counts an open item as a failure until it is closed; `watermark`
    stops before the first open one. Counting closed items alone is no rule here: where
    disagreements close late it promotes for certain. No outcomes: (0, 0).
    Raises ValueError for another rule or another outcome.

    >>> counts([True, True, None, True, False]), counts([True, None, False], "watermark")
    (Counts(s=3, f=2), Counts(s=1, f=0))
    """
    seen = checks.listed_values(outcomes, "outcomes")
    closed = [None if outcome is None else checks.label(outcome, "An outcome") for outcome in seen]
    if rule == "watermark":
        closed = closed[: closed.index(None)] if None in closed else closed
    elif rule != "open_as_failure":
        raise ValueError(f"rule is {rule!r}, use 'open_as_failure' or 'watermark'.")
    successes = closed.count(1)
    return Counts(successes, len(closed) - successes)


def _lower(s: int, f: int, needed: float) -> float:
    if _log_supremum(s, needed) <= needed:
        return 0.0
    high = s / (s + f)
    low = high / 2
    while log_mixture(s, f, low) < needed:
        low, high = low / 2, low
    return crossing(lambda p0: log_mixture(s, f, p0) - needed, low, high)


def _log_threshold(alpha: float) -> float:
    return -log(checks.share(alpha, "alpha"))


def _log_supremum(s: int, enough: float) -> float:
    """ln of the sum over j <= s of s!/j!, the limit of E as p0 falls to 0; at most just past `enough`."""
    total = 1.0
    for j in range(1, s + 1):
        total = total * j + 1
        if log(total) > enough:
            break
    return log(total)
