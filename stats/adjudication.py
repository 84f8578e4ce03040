"""Escape and overkill against truth, although every single human label is noisy.

The two-phase estimator is the default: adjudicate a random share of every combination
of model and human call, and weigh the findings back. It alone is unbiased without
assuming that model and human err independently. Tables are table[model][human].
"""

from collections.abc import Sequence
from fractions import Fraction
from math import sqrt
from typing import NamedTuple

from stats import checks
from stats.latent import DawidSkene, dawid_skene
from stats.proportions import cp_upper

__all__ = [
    "DawidSkene",
    "RoganGladen",
    "TwoPhase",
    "VisibleDetection",
    "dawid_skene",
    "rogan_gladen",
    "two_phase",
    "two_phase_pessimistic",
    "visible_detection",
]

Table = Sequence[Sequence[int]]


class TwoPhase(NamedTuple):
    """Prevalence, escape and overkill with standard errors; None where undefined."""

    prevalence: float
    escape: float | None
    escape_se: float | None
    overkill: float | None
    overkill_se: float | None


class RoganGladen(NamedTuple):
    """Gage-corrected shares; `clipped` says that one of them had to be cut to [0, 1]."""

    prevalence: float
    escape: float | None
    overkill: float | None
    clipped: bool


class VisibleDetection(NamedTuple):
    """Detection of visible defects: as seen, with the hidden ones estimated, and pessimistically."""

    visible: float | None
    adjusted: float | None
    pessimistic: float | None


class _Stratum(NamedTuple):
    """Items with one combination of calls, how many were adjudicated, how many of those are defects.

    Shares are exact: rounded ones make a share of 1 larger than 1, and its variance negative.
    """

    passed: bool
    total: int
    sampled: int
    defective: int

    @property
    def share(self) -> Fraction:
        return Fraction(self.defective, self.sampled)

    @property
    def variance(self) -> Fraction:
        """Of the estimated number of defects, with finite population correction."""
        if self.sampled == 1:
            return Fraction(0)
        spread = self.share * (1 - self.share) / (self.sampled - 1)
        return self.total * (self.total - self.sampled) * spread


def two_phase(total: Table, sampled: Table, defective: Table) -> TwoPhase:
    """Prevalence, escape and overkill from 2x2 tables of items, of those adjudicated at random, and of defects.

    D = sum N p; escape = sum over model-pass N p / D; overkill = sum over model-defect
    N(1-p) / (N - D), with p = defective/sampled per stratum. No defects: escape and both
    errors are None. Only defects: overkill and both errors are None.
    Raises ValueError unless 0 <= defective <= sampled <= total in every cell, and for a
    stratum with items of which none was adjudicated.
    Source: two-phase (double) sampling, Cochran 1977, chapter 12.

    >>> two_phase([[8900, 300], [150, 650]], [[890, 300], [150, 65]], [[2, 120], [60, 63]]).escape.__round__(6)
    0.168675
    """
    strata = _strata(total, sampled, defective)
    items = sum(stratum.total for stratum in strata)
    defects = sum((stratum.total * stratum.share for stratum in strata), Fraction(0))
    prevalence = float(defects / items)
    if defects == 0:
        return TwoPhase(prevalence, None, None, float(_weighed_share(strata, items - defects, passed=False)), None)
    escape = _weighed_share(strata, defects, passed=True)
    if defects == items:
        return TwoPhase(prevalence, float(escape), None, None, None)
    overkill = _weighed_share(strata, items - defects, passed=False)
    return TwoPhase(
        prevalence,
        float(escape),
        _share_error(strata, escape, defects, passed=True),
        float(overkill),
        _share_error(strata, overkill, items - defects, passed=False),
    )


def two_phase_pessimistic(total: Table, sampled: Table, defective: Table, delta: float = 0.05) -> float | None:
    """Escape as in `two_phase`, but a model-pass stratum sampled without a defect counts at its upper bound.

    The bound is `cp_upper(0, sampled, delta)`, used where not every item was adjudicated.
    Conservative per stratum, not jointly. None if there are no defects at all.
    Raises ValueError as `two_phase` does, and for delta outside (0,1).

    >>> two_phase_pessimistic([[8900, 300], [150, 650]], [[890, 300], [150, 65]], [[0, 120], [60, 63]]).__round__(6)
    0.17848
    """
    delta = checks.share(delta, "delta")
    strata = _strata(total, sampled, defective)
    estimated = [(stratum.passed, stratum.total * _pessimistic_share(stratum, delta)) for stratum in strata]
    escaped = sum(number for passed, number in estimated if passed)
    defects = sum(number for _, number in estimated)
    return float(escaped / defects) if defects else None


def rogan_gladen(table: Table, miss: float, false_alarm: float) -> RoganGladen:
    """Model against one human whose miss and false-alarm rates are known from gold items.

    A secondary figure: it needs the errors of model and human to be independent. The
    estimates are clipped to [0, 1]. Estimated prevalence <= 0: escape is None; >= 1:
    overkill is None. Raises ValueError for an empty or non-2x2 table, a rate outside
    [0,1), and miss + false_alarm >= 1. Source: Rogan & Gladen 1978.

    >>> [round(value, 6) for value in rogan_gladen([[890, 30], [15, 65]], 0.10, 0.01)]
    [0.095506, 0.244706, 0.008696, 0]
    """
    m, f = checks.share_below_one(miss, "miss"), checks.share_below_one(false_alarm, "false_alarm")
    informed = 1 - m - f
    if informed <= 0:
        raise ValueError(
            f"miss {miss!r} and false_alarm {false_alarm!r} leave no information, their sum must be below 1."
        )
    (both_pass, missed), (_, both_defect) = cells = checks.grid(table, 2, 2)
    n = sum(map(sum, cells))
    a, b = missed / n, both_pass / n
    prevalence = ((missed + both_defect) / n - f) / informed
    escape = ((1 - f) * a - f * b) / (informed * prevalence) if prevalence > 0 else None
    overkill = 1 - ((1 - m) * b - m * a) / (informed * (1 - prevalence)) if prevalence < 1 else None
    clipped = any(value is not None and not 0 <= value <= 1 for value in (prevalence, escape, overkill))
    return RoganGladen(_clip(prevalence), _clip_known(escape), _clip_known(overkill), clipped)


def visible_detection(
    found: int, missed: int, passes: int, rechecked: int, overturned: int, delta: float = 0.05
) -> VisibleDetection:
    """Detection of visible defects, corrected for those a first adjudicator passed and a second found.

    found, missed: the model's counts on adjudicated defects. passes: truth-draw items
    adjudicated pass that the policy let pass; `rechecked` of them were judged again, and
    `overturned` of those turned out defects. hidden = passes x overturned/rechecked.
    None where the denominator is 0, and for the last two when passes were never rechecked.
    Raises ValueError unless overturned <= rechecked <= passes, and for delta outside (0,1).

    >>> [round(share, 6) for share in visible_detection(95, 5, 4900, 490, 1)]
    [0.95, 0.863636, 0.645127]
    """
    found, missed = checks.count(found, "found"), checks.count(missed, "missed")
    passes, rechecked = checks.count(passes, "passes"), checks.count(rechecked, "rechecked")
    overturned, delta = checks.count(overturned, "overturned"), checks.share(delta, "delta")
    checks.part_of(overturned, rechecked, "overturned and rechecked")
    checks.part_of(rechecked, passes, "rechecked and passes")
    visible = _share_or_none(found, found + missed)
    if not passes:
        return VisibleDetection(visible, visible, visible)
    if not rechecked:
        return VisibleDetection(visible, None, None)
    hidden = (passes * overturned / rechecked, passes * cp_upper(overturned, rechecked, delta))
    return VisibleDetection(visible, *(_share_or_none(found, found + missed + more) for more in hidden))


def _strata(total: Table, sampled: Table, defective: Table) -> list[_Stratum]:
    items, drawn, bad = checks.grid(total, 2, 2), _cells(sampled), _cells(defective)
    strata = []
    for model in (0, 1):
        for human in (0, 1):
            stratum = _Stratum(model == 0, items[model][human], drawn[model][human], bad[model][human])
            checks.part_of(stratum.defective, stratum.sampled, "Defective and sampled")
            checks.part_of(stratum.sampled, stratum.total, "Sampled and total")
            if stratum.total and not stratum.sampled:
                raise ValueError(f"None of {stratum.total} items with calls ({model}, {human}) was adjudicated.")
            strata.append(stratum)
    return [stratum for stratum in strata if stratum.total]


def _cells(table: Table) -> list[list[int]]:
    rows = checks.count_rows(table)
    if [len(row) for row in rows] != [2, 2]:
        raise ValueError(f"The table is {rows!r}, use 2 rows of 2 counts.")
    return rows


def _weighed_share(strata: list[_Stratum], whole: Fraction, *, passed: bool) -> Fraction:
    """The share of all defects that the model passed, or of all good parts that it rejected."""
    return sum((_weight(stratum) for stratum in strata if stratum.passed == passed), Fraction(0)) / whole


def _weight(stratum: _Stratum) -> Fraction:
    return stratum.total * (stratum.share if stratum.passed else 1 - stratum.share)


def _share_error(strata: list[_Stratum], share: Fraction, whole: Fraction, *, passed: bool) -> float:
    sampling = sum(((stratum.passed == passed) - share) ** 2 * stratum.variance for stratum in strata)
    return sqrt(sampling / whole**2 + share * (1 - share) / whole)


def _pessimistic_share(stratum: _Stratum, delta: float) -> float | Fraction:
    if stratum.passed and stratum.defective == 0 and stratum.sampled < stratum.total:
        return cp_upper(0, stratum.sampled, delta)
    return stratum.share


def _clip(value: float) -> float:
    return min(1.0, max(0.0, value))


def _clip_known(value: float | None) -> float | None:
    return None if value is None else _clip(value)


def _share_or_none(part: float, whole: float) -> float | None:
    return part / whole if whole else None
