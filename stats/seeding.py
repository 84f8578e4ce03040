"""Seeded and natural evidence that a model detects defects.

The defect bank holds real defects with known truth, each counted once however often it is
shown. What it proves holds for defects we know how to find; natural defects stand beside
it and must not contradict it.
"""

from collections.abc import Iterable, Sequence
from math import log
from typing import NamedTuple

import numpy as np

from stats import checks
from stats.eprocess import log_e_below, stream_passes


class Distinct(NamedTuple):
    """Defects found and missed, counted once each, and the groups that leaked into training."""

    s: int
    f: int
    repeats: int
    leaked: list[str]
    refused: bool


class GateAnswer(NamedTuple):
    """Whether the detection gate is open, and the first reason that decides."""

    passed: bool
    reason: str


def distinct(groups: Iterable[str], found: Iterable[int], trained: Iterable[str] = ()) -> Distinct:
    """Count each defect group once: found only if every showing was found.

    s and f leave out groups that were trained on (`leaked`, sorted); any leak makes the
    stream `refused`. repeats = showings - groups. No showings: zeros.
    Raises ValueError for lists of different length, an empty group name, and a `found`
    other than 0 or 1.

    >>> distinct(["g1", "g2", "g1", "g3"], [1, 1, 1, 0])
    Distinct(s=2, f=1, repeats=1, leaked=[], refused=False)
    """
    names = [_name(group) for group in checks.listed_values(groups, "groups")]
    showings = [checks.label(value, "An entry of found") for value in checks.listed_values(found, "found")]
    checks.same_length(names, showings, "groups and found")
    always_found: dict[str, bool] = {}
    for name, shown in zip(names, showings, strict=True):
        always_found[name] = always_found.get(name, True) and shown == 1
    leaked = sorted(set(always_found) & {_name(group) for group in checks.listed_values(trained, "trained")})
    counted = [good for name, good in always_found.items() if name not in leaked]
    successes = sum(counted)
    return Distinct(successes, len(counted) - successes, len(names) - len(always_found), leaked, bool(leaked))


def natural_verdict(s: int, f: int, p0: float, alpha: float = 0.05, minimum: int = 10) -> str:
    """What natural defects, s found and f missed, say about detection above p0.

    'contradicts' when log_e_below(s, f, p0) >= ln(1/alpha), also below the minimum; else
    'insufficient' when s + f < minimum; else 'consistent'.
    Raises ValueError for negative or fractional counts, and p0 or alpha outside (0,1).

    >>> natural_verdict(9, 1, 0.95), natural_verdict(20, 10, 0.95), natural_verdict(3, 0, 0.95)
    ('consistent', 'contradicts', 'insufficient')
    """
    minimum = checks.count(minimum, "minimum")
    if log_e_below(s, f, p0) >= -log(checks.share(alpha, "alpha")):
        return "contradicts"
    return "insufficient" if s + f < minimum else "consistent"


def contradiction_power(rate: float, n: int, p0: float, alpha: float = 0.05) -> float:
    """Probability that natural defects contradict p0 at some time within n, when the true rate is `rate`.

    Exact, by forward recursion over the failure count. 0.0 for n = 0.
    Raises ValueError for rate outside [0, 1], p0 or alpha outside (0,1), and n no count.

    >>> round(contradiction_power(0.8, 30, 0.95), 6)
    0.5524
    """
    rate, n = checks.closed_share(rate, "rate"), checks.count(n, "n")
    needed = -log(checks.share(alpha, "alpha"))
    alive, fired, limit = np.zeros(n + 1), 0.0, 0
    p0 = checks.share(p0, "p0")
    alive[:1] = 1.0
    for seen in range(1, n + 1):
        alive[1:] = alive[1:] * rate + alive[:-1] * (1 - rate)
        alive[0] *= rate
        # The count that contradicts only ever grows with the number seen.
        while limit <= seen and log_e_below(seen - limit, limit, p0) < needed:
            limit += 1
        fired += float(alive[limit:].sum())
        alive[limit:] = 0.0
    return min(1.0, fired)  # a sum of probabilities may end a last bit above 1


def detection_gate(
    bank: Sequence[int],
    natural: Sequence[int],
    p0: float,
    alpha: float = 0.05,
    route: str = "bank",
    minimum: int = 10,
    leaked: bool = False,
) -> GateAnswer:
    """Whether detection above p0 is shown on its locked route, and the first reason that applies.

    bank and natural are [found, missed]. In order: 'leaked' (a group was trained on),
    'contradicted' (by natural defects), 'few_natural' (below the minimum), 'short' (the
    route's stream does not pass), 'met'.
    Raises ValueError for counts that are no pair, another route, and p0 or alpha outside (0,1).

    >>> detection_gate([88, 0], [10, 0], 0.95), detection_gate([88, 0], [4, 6], 0.95).reason
    (GateAnswer(passed=True, reason='met'), 'contradicted')
    """
    streams = {"bank": _pair(bank, "bank"), "natural": _pair(natural, "natural")}
    if route not in streams:
        raise ValueError(f"route is {route!r}, use 'bank' or 'natural'.")
    verdict = natural_verdict(*streams["natural"], p0, alpha, minimum)
    if checks.label(leaked, "leaked"):
        return GateAnswer(False, "leaked")
    if verdict != "consistent":
        return GateAnswer(False, "contradicted" if verdict == "contradicts" else "few_natural")
    passed = stream_passes(*streams[route], p0, alpha)
    return GateAnswer(passed, "met" if passed else "short")


def _name(group: str) -> str:
    if not isinstance(group, str) or not group:
        raise ValueError(f"A group is named {group!r}, use a text that is not empty.")
    return group


def _pair(stream: Sequence[int], name: str) -> tuple[int, int]:
    listed = checks.listed_values(stream, name)
    if len(listed) != 2:
        raise ValueError(f"{name} is {stream!r}, use [found, missed].")
    return checks.count(listed[0], f"{name} found"), checks.count(listed[1], f"{name} missed")
