"""Where a goal is reached first: doubling and bisection."""

from collections.abc import Callable


def first_reaching(reaches: Callable[[int], bool]) -> int:
    """The smallest whole number >= 1 that reaches a goal which larger numbers reach too.

    >>> first_reaching(lambda n: n >= 37)
    37
    """
    high = 1
    while not reaches(high):
        high *= 2
    low = high // 2
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if reaches(middle) else (middle, high)
    return high


def crossing(surplus: Callable[[float], float], inside: float, outside: float) -> float:
    """Where `surplus` falls to 0 between `inside`, where it is at or above it, and `outside`, to the last bit or so.

    >>> round(crossing(lambda x: 2 - x * x, 1.0, 2.0), 9)
    1.414213562
    """
    while True:
        middle = (inside + outside) / 2
        if middle in (inside, outside):
            return inside
        inside, outside = (middle, outside) if surplus(middle) >= 0 else (inside, middle)
