"""What the line does with a part: pass it, reject it, or give it to a person.

Detected = a defect that is not passed automatically; specific = a good part that is not
rejected automatically. Tables are 3x2: rows pass, person, reject; columns truth 0, 1.
"""

from collections.abc import Sequence
from typing import NamedTuple

from stats import checks
from stats.eprocess import items_for_failures, items_to_pass

Table = Sequence[Sequence[int]]
CLASS_P0 = {"critical": 0.99, "major": 0.95, "cosmetic": 0.90}


class PolicyRates(NamedTuple):
    """Shares of a policy's decisions; None where nothing could be counted."""

    detection: float | None
    specificity: float | None
    person: float
    auto_pass: float
    escape_ppm: float


class PolicyStreams(NamedTuple):
    """Successes and failures of the two streams of the gate."""

    detection_s: int
    detection_f: int
    specificity_s: int
    specificity_f: int


class ClassStatus(NamedTuple):
    """Where a defect class stands, its target, and how many more defects without a miss it needs."""

    status: str
    p0: float
    needed: int


def decide(score: float, t_lo: float | None, t_hi: float | None, certified: bool = True) -> str:
    """'pass' at or below t_lo, 'reject' at or above t_hi, else 'person'.

    A threshold of None means that there is no such band; without a certificate the answer
    is always 'person'. Raises ValueError for a non-finite number and t_lo >= t_hi.

    >>> decide(0.02, 0.05, 0.9), decide(0.95, 0.05, None), decide(0.02, 0.05, 0.9, certified=False)
    ('pass', 'person', 'person')
    """
    score = checks.number(score, "score")
    low = None if t_lo is None else checks.number(t_lo, "t_lo")
    high = None if t_hi is None else checks.number(t_hi, "t_hi")
    if low is not None and high is not None and low >= high:
        raise ValueError(f"t_lo {t_lo!r} must be below t_hi {t_hi!r}.")
    if not checks.label(certified, "certified"):
        return "person"
    if low is not None and score <= low:
        return "pass"
    return "reject" if high is not None and score >= high else "person"


def rates(table: Table) -> PolicyRates:
    """Detection, specificity, shares given to people and passed automatically, escapes per million parts.

    detection is None without defects, specificity None without good parts.
    Raises ValueError for a table that is empty, not 3x2, or holds a negative or fractional count.

    >>> rates([[0, 0], [500, 0], [0, 0]])
    PolicyRates(detection=None, specificity=1.0, person=1.0, auto_pass=0.0, escape_ppm=0.0)
    """
    passed, person, rejected = checks.grid(table, 3, 2)
    n = sum(passed) + sum(person) + sum(rejected)
    counted = streams(table)
    return PolicyRates(
        detection=_share(counted.detection_s, counted.detection_f),
        specificity=_share(counted.specificity_s, counted.specificity_f),
        person=sum(person) / n,
        auto_pass=sum(passed) / n,
        escape_ppm=1e6 * passed[1] / n,
    )


def streams(table: Table) -> PolicyStreams:
    """The counts that feed the gate. Errors as `rates`.

    >>> streams([[7800, 3], [1900, 60], [20, 217]])
    PolicyStreams(detection_s=277, detection_f=3, specificity_s=9700, specificity_f=20)
    """
    passed, person, rejected = checks.grid(table, 3, 2)
    return PolicyStreams(person[1] + rejected[1], passed[1], passed[0] + person[0], rejected[0])


def class_status(risk_class: str, s: int, f: int, alpha: float = 0.05) -> ClassStatus:
    """Whether detection of a defect class is proven, from distinct defects found (s) and missed (f).

    'met'; 'unproven' when there are fewer than could pass without a miss; else 'short'.
    Raises ValueError for another class than 'critical', 'major', 'cosmetic', negative or
    fractional counts, and alpha outside (0,1).

    >>> class_status("critical", 120, 0)
    ClassStatus(status='unproven', p0=0.99, needed=329)
    """
    if risk_class not in CLASS_P0:
        raise ValueError(f"risk_class is {risk_class!r}, use one of {', '.join(CLASS_P0)}.")
    p0 = CLASS_P0[risk_class]
    needed = items_to_pass(s, f, p0, alpha)
    if needed == 0:
        return ClassStatus("met", p0, 0)
    return ClassStatus("unproven" if s + f < items_for_failures(0, p0, alpha) else "short", p0, needed)


def _share(successes: int, failures: int) -> float | None:
    return successes / (successes + failures) if successes + failures else None
