"""What a QA lead reads about two labels of the same items.

Tables are table[model][human or truth] with index 0 = pass. Only agreement, escape
and overkill may gate a level. Kappa, AC1, alpha and MCC are for reading: at 1 % defects
98.1 % agreement goes with kappa .09 and AC1 .98, whatever the model is worth.
Count one part once; several images of one part are one item.
"""

from collections.abc import Sequence
from fractions import Fraction
from math import sqrt
from typing import NamedTuple

from stats import checks

Table = Sequence[Sequence[int]]
_Z95 = 1.959964


class Kappa(NamedTuple):
    """Cohen's kappa with its parts and its 95 % interval."""

    agreement: float
    expected: float
    kappa: float | None
    se: float | None
    low: float | None
    high: float | None


class Ac1(NamedTuple):
    """Gwet's AC1 and its standard error."""

    ac1: float
    se: float


class Rates(NamedTuple):
    """Shares of a model x truth table; None where nothing could be counted."""

    agreement: float
    escape: float | None
    overkill: float | None
    escape_ppm: float
    false_omission: float | None


def kappa(table: Table) -> Kappa:
    """Cohen's kappa for two raters, (po - pe)/(1 - pe), with its large-sample error and 95 % interval.

    Takes a square table of counts; exact but for the last rounding, however rare a class is.
    When both raters used one and the same class only (pe = 1), kappa, se, low and high are
    None. The error assumes independent items.
    Raises ValueError for a table that is empty, not square, or holds a negative or fractional count.
    Source: Cohen 1960; Fleiss, Cohen & Everitt 1969.

    >>> kappa([[890, 30], [15, 65]]).kappa.__round__(6)
    0.718398
    """
    cells = checks.square(table)
    n = _total(cells)
    if _one_class_only(cells):
        return Kappa(1.0, 1.0, None, None, None, None)
    shares = [[Fraction(cell, n) for cell in row] for row in cells]
    rows = [Fraction(total, n) for total in _row_sums(cells)]
    columns = [Fraction(total, n) for total in _column_sums(cells)]
    agreed = Fraction(_trace(cells), n)
    chance = sum((row * column for row, column in zip(rows, columns, strict=True)), Fraction(0))
    value = (agreed - chance) / (1 - chance)
    se = sqrt(_kappa_spread(shares, rows, columns, chance, value) / (n * (1 - chance) ** 2))
    return Kappa(float(agreed), float(chance), float(value), se, float(value) - _Z95 * se, float(value) + _Z95 * se)


def ac1(table: Table) -> Ac1:
    """Gwet's AC1, an agreement that does not fall when one class is rare, and its standard error.

    (po - pe')/(1 - pe'), pe' = sum pi_q (1 - pi_q)/(Q - 1), pi the mean of both marginals.
    Defined on every table with at least one item; errors as `kappa`. Source: Gwet 2008.

    >>> [round(value, 6) for value in ac1([[890, 30], [15, 65]])]
    [0.946448, 0.00814]
    """
    cells = checks.square(table)
    n, classes = _total(cells), range(len(cells))
    pi = [Fraction(row + column, 2 * n) for row, column in zip(_row_sums(cells), _column_sums(cells), strict=True)]
    others = len(cells) - 1
    chance = sum((p * (1 - p) for p in pi), Fraction(0)) / others
    agreed = Fraction(_trace(cells), n)
    value = (agreed - chance) / (1 - chance)
    squares = sum(
        Fraction(cells[i][j], n) * ((i == j) - 2 * (1 - value) * (1 - (pi[i] + pi[j]) / 2) / others) ** 2
        for i in classes
        for j in classes
    )
    spread = squares - (agreed - 2 * (1 - value) * chance) ** 2
    return Ac1(float(value), sqrt(spread / n) / float(1 - chance))


def krippendorff_alpha(table: Table) -> float | None:
    """Krippendorff's nominal alpha for two raters; None when only one class was ever used.

    1 - Do/De on the coincidences of 2n labels. Errors as `kappa`. Source: Krippendorff 2004.

    >>> round(krippendorff_alpha([[890, 30], [15, 65]]), 6)
    0.718341
    """
    cells = checks.square(table)
    if _one_class_only(cells):
        return None
    labels = 2 * _total(cells)
    used = [row + column for row, column in zip(_row_sums(cells), _column_sums(cells), strict=True)]
    observed = 1 - 2 * _trace(cells) / labels
    expected = 1 - sum(n * (n - 1) for n in used) / (labels * (labels - 1))
    return 1 - observed / expected


def mcc(tp: int, fp: int, fn: int, tn: int) -> float | None:
    """Matthews' correlation of prediction and truth, -1 to 1; None if any margin is empty.

    Raises ValueError for a negative or fractional count. Source: Matthews 1975.

    >>> round(mcc(65, 15, 30, 890), 6), mcc(0, 0, 5, 95)
    (0.721584, None)
    """
    tp, fp = checks.count(tp, "tp"), checks.count(fp, "fp")
    fn, tn = checks.count(fn, "fn"), checks.count(tn, "tn")
    margins = (tp + fp) * (tp + fn) * (tn + fp) * (tn + fn)
    return (tp * tn - fp * fn) / sqrt(margins) if margins else None


def pabak(table: Table) -> float:
    """Agreement adjusted for prevalence and bias, 2 po - 1, from -1 to 1. Errors as `kappa`.

    Source: Byrt, Bishop & Carlin 1993.

    >>> round(pabak([[890, 30], [15, 65]]), 6)
    0.91
    """
    cells = checks.square(table)
    return 2 * _trace(cells) / _total(cells) - 1


def prevalence_index(table: Table) -> float:
    """How unequal the agreed classes are, |T11 - T00|/n of a 2x2 table, 0 to 1. Errors as `kappa`.

    Source: Byrt, Bishop & Carlin 1993.

    >>> prevalence_index([[890, 30], [15, 65]])
    0.825
    """
    (passed, _), (_, rejected) = cells = checks.grid(table, 2, 2)
    return abs(rejected - passed) / _total(cells)


def bias_index(table: Table) -> float:
    """How unequal the two kinds of disagreement are, |T10 - T01|/n of a 2x2 table, 0 to 1. Errors as `kappa`.

    Source: Byrt, Bishop & Carlin 1993.

    >>> bias_index([[890, 30], [15, 65]])
    0.015
    """
    (_, missed), (overkilled, _) = cells = checks.grid(table, 2, 2)
    return abs(overkilled - missed) / _total(cells)


def rates(table: Table) -> Rates:
    """What a 2x2 table of model x truth says about safety and cost.

    escape: misses among defects (safety). overkill: rejects among good parts (cost).
    escape_ppm: misses per million inspected items. false_omission: defects among passed.
    None where the denominator is 0. Errors as `kappa`.

    >>> rates([[98, 0], [2, 0]])
    Rates(agreement=0.98, escape=None, overkill=0.02, escape_ppm=0.0, false_omission=0.0)
    """
    (passed, missed), (overkilled, caught) = cells = checks.grid(table, 2, 2)
    n = _total(cells)
    return Rates(
        agreement=(passed + caught) / n,
        escape=_ratio(missed, missed + caught),
        overkill=_ratio(overkilled, passed + overkilled),
        escape_ppm=1e6 * missed / n,
        false_omission=_ratio(missed, passed + missed),
    )


def class_escape(table: Table) -> list[float | None]:
    """Per defect class the share predicted pass, from a square table of predicted x truth, index 0 = pass.

    The first entry is class 1. None for a class never seen. Errors as `kappa`.

    >>> [round(share, 6) for share in class_escape([[900, 3, 1], [5, 40, 2], [4, 1, 44]])]
    [0.068182, 0.021277]
    """
    cells = checks.square(table)
    return [_ratio(cells[0][j], seen) for j, seen in enumerate(_column_sums(cells)) if j > 0]


def _kappa_spread(
    shares: list[list[Fraction]], rows: list[Fraction], columns: list[Fraction], chance: Fraction, value: Fraction
) -> Fraction:
    """A + B - C of Fleiss, Cohen & Everitt."""
    classes = range(len(shares))
    diagonal = sum(shares[i][i] * (1 - (rows[i] + columns[i]) * (1 - value)) ** 2 for i in classes)
    aside = sum(shares[i][j] * (columns[i] + rows[j]) ** 2 for i in classes for j in classes if i != j)
    return diagonal + (1 - value) ** 2 * aside - (value - chance * (1 - value)) ** 2


def _one_class_only(cells: list[list[int]]) -> bool:
    return any(cells[i][i] == _total(cells) for i in range(len(cells)))


def _ratio(part: int, whole: int) -> float | None:
    return part / whole if whole else None


def _total(cells: Sequence[Sequence[int]]) -> int:
    return sum(map(sum, cells))


def _trace(cells: Sequence[Sequence[int]]) -> int:
    return sum(row[i] for i, row in enumerate(cells))


def _row_sums(cells: list[list[int]]) -> list[int]:
    return [sum(row) for row in cells]


def _column_sums(cells: list[list[int]]) -> list[int]:
    return [sum(column) for column in zip(*cells, strict=True)]
