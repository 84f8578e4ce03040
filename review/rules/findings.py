"""What a part itself showed, later than its verdict, and what that says about the verdict."""

from enum import StrEnum

from inspection.rules.words import Verdict


class How(StrEnum):
    """How it came to light."""

    TEARDOWN = "teardown"
    SCRAP_BIN = "scrap_bin"
    FIELD_RETURN = "field_return"
    CONTAINMENT = "containment"
    OTHER = "other"


class Score(StrEnum):
    """How the old verdict stands beside what was found."""

    RIGHT = "right"
    ESCAPE = "escape"
    OVERKILL = "overkill"
    HELD = "held"


def score(verdict: Verdict, *, is_bad: bool) -> Score:
    """Set the verdict that the line was told against what the part showed. A hold was neither right nor wrong.

    >>> score(Verdict.PASS, is_bad=True).value, score(Verdict.REJECT, is_bad=False).value
    ('escape', 'overkill')
    """
    if verdict == Verdict.HOLD:
        return Score.HELD
    if (verdict == Verdict.REJECT) == is_bad:
        return Score.RIGHT
    return Score.ESCAPE if is_bad else Score.OVERKILL
