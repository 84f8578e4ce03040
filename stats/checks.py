"""What the functions of this package accept, and the sentence a caller reads otherwise.

Every check returns the value as a plain Python number, so NumPy scalars and arrays
go in and no NumPy type comes out. All of them raise ValueError.
"""

from collections.abc import Iterable, Sequence
from math import isfinite
from numbers import Integral, Real
from typing import Any


def count(value: Any, name: str, least: int = 0) -> int:
    """A whole number of at least `least`; booleans and floats are no counts.

    >>> count(3, "k")
    3
    """
    if type(value) is int and value >= least:
        return value
    if isinstance(value, bool) or not isinstance(value, Integral) or value < least:
        raise ValueError(f"{name} is {value!r}, use a whole number of at least {least}.")
    return int(value)


def number(value: Any, name: str) -> float:
    """A finite number.

    >>> number(2, "score")
    2.0
    """
    if type(value) is float and isfinite(value):
        return value
    try:
        known = isinstance(value, Real) and isfinite(value)
    except OverflowError:  # a whole number beyond every float
        known = False
    if not known:
        raise ValueError(f"{name} is {value!r}, use a finite number.")
    return float(value)


def positive(value: Any, name: str) -> float:
    """A finite number above 0.

    >>> positive(3, "z")
    3.0
    """
    if number(value, name) <= 0:
        raise ValueError(f"{name} is {value!r}, use a number above 0.")
    return float(value)


def not_negative(value: Any, name: str) -> float:
    """A finite number of at least 0.

    >>> not_negative(0, "floor")
    0.0
    """
    if number(value, name) < 0:
        raise ValueError(f"{name} is {value!r}, use a number of at least 0.")
    return float(value)


def share(value: Any, name: str) -> float:
    """A probability strictly between 0 and 1.

    >>> share(0.05, "alpha")
    0.05
    """
    if not 0 < number(value, name) < 1:
        raise ValueError(f"{name} is {value!r}, use a number strictly between 0 and 1.")
    return float(value)


def closed_share(value: Any, name: str) -> float:
    """A probability from 0 to 1, both allowed.

    >>> closed_share(1, "rate")
    1.0
    """
    if not 0 <= number(value, name) <= 1:
        raise ValueError(f"{name} is {value!r}, use a number from 0 to 1.")
    return float(value)


def positive_share(value: Any, name: str) -> float:
    """A probability above 0; 1 is allowed.

    >>> positive_share(1, "rate")
    1.0
    """
    if not 0 < number(value, name) <= 1:
        raise ValueError(f"{name} is {value!r}, use a number above 0 and up to 1.")
    return float(value)


def share_below_one(value: Any, name: str) -> float:
    """A probability below 1; 0 is allowed.

    >>> share_below_one(0, "miss")
    0.0
    """
    if not 0 <= number(value, name) < 1:
        raise ValueError(f"{name} is {value!r}, use a number from 0 up to but not 1.")
    return float(value)


def label(value: Any, name: str) -> int:
    """0 or 1; a NumPy or Python boolean counts as its number.

    >>> label(True, "bad")
    1
    """
    try:
        known = value in (0, 1)
    except ValueError:  # an array where one label belongs
        known = False
    if not known:
        raise ValueError(f"{name} is {value!r}, use 0 or 1.")
    return int(value)


def entries(values: Iterable[Any], name: str) -> list[Any]:
    """A sequence with at least one entry, as a list.

    >>> entries((1, 2), "z")
    [1, 2]
    """
    listed = listed_values(values, name)
    if not listed:
        raise ValueError(f"{name} is empty, give at least one entry.")
    return listed


def listed_values(values: Iterable[Any], name: str) -> list[Any]:
    """A sequence, as a list of plain Python entries; it may be empty.

    >>> listed_values(range(2), "z")
    [0, 1]
    """
    plain = values.tolist() if hasattr(values, "tolist") else values
    if isinstance(plain, str) or not isinstance(plain, Iterable):
        raise ValueError(f"{name} is {values!r}, use a sequence.")
    return list(plain)


def numbers(values: Iterable[Any], name: str) -> list[float]:
    """Finite numbers, at least one.

    >>> numbers([1, 2.5], "z")
    [1.0, 2.5]
    """
    return [number(value, f"An entry of {name}") for value in entries(values, name)]


def probabilities(values: Iterable[Any], name: str) -> list[float]:
    """Numbers from 0 to 1, at least one.

    >>> probabilities([0, 1], "p")
    [0.0, 1.0]
    """
    return [closed_share(value, f"An entry of {name}") for value in entries(values, name)]


def labels(values: Iterable[Any], name: str) -> list[int]:
    """Labels 0 or 1, at least one.

    >>> labels([True, 0], "y")
    [1, 0]
    """
    return [label(value, f"An entry of {name}") for value in entries(values, name)]


def same_length(first: Sequence[Any], second: Sequence[Any], names: str) -> None:
    """Two sequences that belong together entry by entry.

    >>> same_length([1], [1, 2], "scores and y")
    Traceback (most recent call last):
    ValueError: scores and y have 1 and 2 entries, give as many of each.
    """
    if len(first) != len(second):
        raise ValueError(f"{names} have {len(first)} and {len(second)} entries, give as many of each.")


def part_of(k: int, n: int, names: str) -> None:
    """Two counts of which the first is contained in the second.

    >>> part_of(3, 2, "k and n")
    Traceback (most recent call last):
    ValueError: k and n are 3 and 2, the first cannot exceed the second.
    """
    if k > n:
        raise ValueError(f"{names} are {k} and {n}, the first cannot exceed the second.")


def grid(table: Any, rows: int, columns: int) -> list[list[int]]:
    """A table of counts with exactly this shape, at least one of them above 0.

    >>> grid([(1, 2), (3, 4), (5, 6)], 3, 2)
    [[1, 2], [3, 4], [5, 6]]
    """
    listed = count_rows(table)
    if len(listed) != rows or any(len(row) != columns for row in listed):
        raise ValueError(f"The table is {listed!r}, use {rows} rows of {columns} counts.")
    return _filled(listed)


def square(table: Any) -> list[list[int]]:
    """A square table of counts, 2x2 or larger, at least one of them above 0.

    >>> square([(1, 2), (3, 4)])
    [[1, 2], [3, 4]]
    """
    listed = count_rows(table)
    if len(listed) < 2 or any(len(row) != len(listed) for row in listed):
        raise ValueError(f"The table is {listed!r}, use a square of 2x2 counts or more.")
    return _filled(listed)


def count_rows(table: Any) -> list[list[int]]:
    """Rows of counts of any length.

    >>> count_rows([(1, 2), (3,)])
    [[1, 2], [3]]
    """
    return [
        [count(cell, "A cell of the table") for cell in listed_values(row, "A row")]
        for row in entries(table, "The table")
    ]


def _filled(rows: list[list[int]]) -> list[list[int]]:
    if not any(map(any, rows)):
        raise ValueError(f"The table {rows!r} is empty, count at least one item.")
    return rows
