"""What people say about images: kept as provisional, taken back inside the undo window, made final once."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from inspection.models import User
from inspection.rules.words import Call, Label, Phase
from review.models import Decision, ReviewTask


class AlreadyDecided(Exception):
    """This person's call in this phase is on record."""


class UndoExpired(Exception):
    """The decision is final."""


class NotAmendable(Exception):
    """Only one's own final call can be amended, and only once per call."""


@dataclass(frozen=True, kw_only=True)
class DecisionInput:
    """What the page sends. Shape was checked at the door; meaning is checked by `record`."""

    decision_id: UUID
    label: Label
    shown_at: datetime
    decided_at: datetime
    view_ms: int
    defect_class: str = ""
    regions: list[dict[str, float]] = field(default_factory=list)
    comment: str = ""
    phase: Phase = Phase.INITIAL
    ask_reveal: bool = False
    page: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Fault:
    """One thing wrong with the input: where, what would be right, and a stable word."""

    pointer: str
    detail: str
    code: str


class Invalid(Exception):
    """The input means nothing on this line; `faults` lists everything that is wrong."""

    def __init__(self, faults: list[Fault]) -> None:
        super().__init__("; ".join(fault.detail for fault in faults))
        self.faults = faults


@dataclass(frozen=True, kw_only=True)
class Reveal:
    """What the model said, in the words that a person may see."""

    label: Call
    probability_band: str
    defect_class: str
    has_heatmap: bool


@dataclass(frozen=True, kw_only=True)
class Recorded:
    decision: Decision
    reveal: Reveal | None
    is_replay: bool
    final_at: datetime


def record(task: ReviewTask, *, person: User, token: int, decision: DecisionInput, now: datetime) -> Recorded:
    """Keep the call as provisional until its undo window closes.

    The same `decision_id` again gives the same answer. Raises LeaseLost, AlreadyDecided or Invalid.
    """
    raise NotImplementedError


def undo(decision_id: UUID, *, person: User, now: datetime) -> ReviewTask:
    """Take a provisional call back and lease the task to the person again. Raises UndoExpired."""
    raise NotImplementedError


def amend(decision_id: UUID, *, person: User, amendment: DecisionInput, now: datetime) -> Decision:
    """Say later, with a reason in `comment`, that a final call was wrong. Both stay; an adjudicator rules."""
    raise NotImplementedError


def finalise_due(*, now: datetime, limit: int = 500) -> int:
    """Make decisions final whose undo window closed, with all that follows. The single finaliser. Return how many."""
    raise NotImplementedError
