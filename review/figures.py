"""The figures of a report: every rate with its counts and an interval."""

from dataclasses import dataclass
from datetime import date

from stats.proportions import clopper_pearson

TOO_FEW = 30


@dataclass(frozen=True)
class Rate:
    """k of n with a 95 % interval (exact); `share` is None when nothing was counted."""

    k: int
    n: int
    low: float
    high: float

    @property
    def share(self) -> float | None:
        return self.k / self.n if self.n else None

    @property
    def is_too_few(self) -> bool:
        return self.n < TOO_FEW


@dataclass(frozen=True)
class Comparison:
    """One judge against a reference: the table [judge][reference], index 0 = pass, and what follows from it.

    `unruled` are parts without a reference yet: they count as disagreements, but have no cell.
    """

    table: list[list[int]]
    unruled: int
    agreement: Rate
    escape: Rate
    overkill: Rate
    kappa: float | None
    kappa_low: float | None
    kappa_high: float | None
    ac1: float | None
    mcc: float | None
    positive_agreement: float | None

    @property
    def n(self) -> int:
        return self.agreement.n

    @property
    def defects(self) -> int:
        """How many parts are defects by the reference."""
        return self.table[0][1] + self.table[1][1]

    @property
    def prevalence(self) -> float | None:
        total = sum(map(sum, self.table))
        return self.defects / total if total else None


@dataclass(frozen=True)
class Point:
    """Agreement of all parts up to the end of one day, with the any-time-valid band."""

    day: date
    s: int
    f: int
    low: float
    high: float

    @property
    def share(self) -> float:
        return self.s / (self.s + self.f)


@dataclass(frozen=True)
class Slice:
    """The same comparison for one shift or one inspector."""

    name: str
    agreement: Rate
    escape: Rate
    overkill: Rate


@dataclass(frozen=True)
class ClassSlice:
    """How many defects of one class, by the verdict of record, the model called defects."""

    code: str
    found: Rate


@dataclass(frozen=True)
class Bin:
    """Parts with a probability in [low, high): how many, their mean probability, and how many were defects."""

    low: float
    high: float
    mean: float
    defects: Rate


@dataclass(frozen=True)
class Coverage:
    """What passing everything at or below a probability would have passed, and how many defects among it."""

    threshold: float
    passed: Rate
    escaped: Rate


def rate(k: int, n: int) -> Rate:
    low, high = clopper_pearson(k, n)
    return Rate(k, n, low, high)
