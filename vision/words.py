"""The words of a decision that server and station share. Values are the words of the API."""

from enum import StrEnum


class Level(StrEnum):
    """A rung of the ladder, lowest first."""

    HUMAN = "human"
    SHADOW = "shadow"
    ASSIST = "assist"
    PARTIAL = "partial"
    FULL = "full"

    @property
    def rung(self) -> int:
        """0 for human to 4 for full."""
        return list(Level).index(self)

    @property
    def above(self) -> "Level | None":
        """The next rung up, None at the top."""
        rungs = list(Level)
        return rungs[self.rung + 1] if self.rung + 1 < len(rungs) else None

    @property
    def below(self) -> "Level | None":
        """The next rung down, None at the bottom."""
        return list(Level)[self.rung - 1] if self.rung else None


DECIDING = (Level.PARTIAL.value, Level.FULL.value)
"""The rungs on which the model answers for parts by itself."""


class Verdict(StrEnum):
    """What happens to a run: the word the line hears."""

    PASS = "pass"
    REJECT = "reject"
    HOLD = "hold"


class Call(StrEnum):
    """What a model says about one image by the line's call threshold."""

    PASS = "pass"
    DEFECT = "defect"


class Route(StrEnum):
    """Who answers for an item."""

    HUMAN = "human"
    AUTO_PASS = "auto_pass"
    AUTO_REJECT = "auto_reject"
    QUARANTINE = "quarantine"


class Policy(StrEnum):
    """What the bands do with an item, or would have done below `partial`."""

    PASS = "pass"
    PERSON = "person"
    REJECT = "reject"
