"""What the leads sign: the evidence as it was frozen with a proposal, and what the gate reads now beside it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from inspection.models import GateEvaluation
from inspection.rules.ladder import Judgement
from review import boards
from review.boards import Row


@dataclass(frozen=True, kw_only=True)
class FrozenRow:
    """One check of the gate, frozen and now. A reading is None where the gate did not, or no longer does, ask it.

    `is_lost` says that it keeps the gate shut now and did not when it was frozen.
    """

    check: str
    frozen: Row | None
    now: Row | None
    is_lost: bool

    @property
    def has_changed(self) -> bool:
        return self.frozen != self.now


@dataclass(frozen=True, kw_only=True)
class Frozen:
    """The frozen evidence of a proposal in the order in which its gate asked, what is asked anew last."""

    evaluated_at: datetime
    evidence_hash: str
    rows: list[FrozenRow]

    @property
    def changed(self) -> int:
        return sum(row.has_changed for row in self.rows)


def of(evaluation: GateEvaluation, live: Judgement, names: Mapping[str, str]) -> Frozen:
    """Set the rows that were frozen beside those of the gate as it is read now, classes by their names."""
    kept = Judgement.from_plain(evaluation.judgement)
    frozen, now = _by_check(kept, names), _by_check(live, names)
    lost = _failing(live, names) - _failing(kept, names)
    return Frozen(
        evaluated_at=evaluation.evaluated_at,
        evidence_hash=evaluation.evidence_hash,
        rows=[
            FrozenRow(check=check, frozen=frozen.get(check), now=now.get(check), is_lost=check in lost)
            for check in {**frozen, **now}
        ],
    )


def _by_check(judgement: Judgement, names: Mapping[str, str]) -> dict[str, Row]:
    return {row.check: row for row in boards.rows(judgement, names)}


def _failing(judgement: Judgement, names: Mapping[str, str]) -> set[str]:
    rows = zip(boards.rows(judgement, names), judgement.every, strict=True)
    return {row.check for row, one in rows if not one.passed}
