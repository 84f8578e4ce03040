"""How much to audit from shift to shift: reduced, normal, tightened, or no automation any more.

Inspired by the switching rules of ISO 2859-1, not conformance to them. A lot is one shift
with at least one audit; a shift without audits is no lot.
"""

from collections.abc import Iterable
from itertools import takewhile

from stats import checks

ACCEPTANCE = {"reduced": 0, "normal": 1, "tightened": 1}


def levels(escapes: Iterable[int], start: str = "normal") -> list[str]:
    """The state after each lot, from the escapes found in it. [] for no lots.

    normal: 2 rejected among the last 5 lots tighten; 30 points (2 for a lot without
    escapes, 1 for one accepted escape, back to 0 on a rejection) reduce. tightened: 5
    accepted in a row return to normal; 5 rejected in all end in 'discontinued' for good.
    reduced: one rejected lot returns to normal. History and points start empty after
    every change. Accepted escapes: 0 reduced, 1 normal, 1 tightened.
    Raises ValueError for a negative or fractional count and another start.

    >>> levels([2, 0, 2, 0, 0, 1, 0, 0])
    ['normal', 'normal', 'tightened', 'tightened', 'tightened', 'tightened', 'tightened', 'normal']
    """
    if start not in ACCEPTANCE:
        raise ValueError(f"start is {start!r}, use one of {', '.join(ACCEPTANCE)}.")
    state, lots, states = start, list[int](), []
    for found in checks.listed_values(escapes, "escapes"):
        lots.append(checks.count(found, "A lot's escapes"))
        following = _next(state, lots)
        if following != state:
            state, lots = following, []
        states.append(state)
    return states


def _next(state: str, lots: list[int]) -> str:
    """The state that follows, given the escapes of all lots since the last change."""
    if state == "discontinued":
        return state
    if state == "reduced":
        return "normal" if _rejected(lots[-1:], state) else state
    if state == "tightened":
        if _rejected(lots, state) >= 5:
            return "discontinued"
        return "normal" if len(lots) >= 5 and not _rejected(lots[-5:], state) else state
    if _rejected(lots[-5:], state) >= 2:
        return "tightened"
    return "reduced" if _points(lots) >= 30 else state


def _rejected(lots: list[int], state: str) -> int:
    return sum(found > ACCEPTANCE[state] for found in lots)


def _points(lots: list[int]) -> int:
    """Two for each lot without escapes and one for each accepted escape since the last rejection."""
    limit = ACCEPTANCE["normal"]
    return sum(2 - found for found in takewhile(lambda found: found <= limit, reversed(lots)))
