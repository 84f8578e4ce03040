"""Moves of a line: what people and rules did to it, each sealed once it is whole.

A move is a row, or the moment in which a row was completed: a hold is placed, later lifted. Its receipt is due while
there is none, so nobody has to ask for it. Higher storeys bring their own moves.
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db.models import CharField, Exists, Model, OuterRef, Q, QuerySet, Value
from django.db.models.functions import Cast

from inspection import lineage
from inspection.lineage import Facts, when
from inspection.models import DeploymentChange, Freeze, Hold, LevelChange, LevelProposal, Receipt, Waiver
from inspection.models.receipt import in_words
from inspection.receipts import Due
from inspection.rules.words import ProposalStatus, ReceiptKind


@dataclass(frozen=True)
class Move:
    """One kind of move: rows with a `line`, what its receipt says of one, and from when a row counts as done."""

    model: type[Model]
    facts: Callable[[Any], Facts]
    done: Q = field(default_factory=Q)

    def rows(self) -> QuerySet[Any]:
        return self.model._default_manager.all()


Moves = Mapping[ReceiptKind, Move]


def lines_due(moves: Moves) -> dict[int, set[ReceiptKind]]:
    """Return the lines on which a move waits for its receipt, with the kinds of these. One statement."""
    kinds: dict[int, set[ReceiptKind]] = defaultdict(set)
    moved = [
        _unsealed(kind, move).order_by().annotate(moved=Value(kind.value, CharField())).values_list("line", "moved")
        for kind, move in moves.items()
    ]
    for line, kind in moved[0].union(*moved[1:]):
        kinds[line].add(ReceiptKind(kind))
    return dict(kinds)


def due(moves: Moves, line_id: int, kinds: Collection[ReceiptKind]) -> list[Due]:
    """Return the line's moves of some kinds that have no receipt yet, each kind in its order."""
    return [
        Due(kind, str(row.pk), move.facts(row))
        for kind, move in moves.items()
        if kind in kinds
        for row in _unsealed(kind, move).filter(line=line_id).order_by("pk")
    ]


def again(moves: Moves, receipts: Sequence[Receipt]) -> dict[int, Facts]:
    """Return by number what the rows behind some receipts of moves say now. Rows that are gone are left out."""
    said: dict[int, Facts] = {}
    for kind, move in moves.items():
        named = [one for one in receipts if one.kind == kind and one.subject.isdecimal()]
        numbers = {int(receipt.subject): receipt.n for receipt in named}
        said |= {numbers[row.pk]: move.facts(row) for row in move.rows().filter(pk__in=numbers)}
    return said


def _unsealed(kind: ReceiptKind, move: Move) -> QuerySet[Any]:
    subject = Cast(OuterRef("pk"), CharField(max_length=40))
    sealed = Receipt.objects.filter(line=OuterRef("line"), kind=kind.value, subject=subject)
    return move.rows().filter(move.done, ~Exists(sealed))


# Facts ----------------------------------------------------------------------------------------------------------


def _level_facts(change: LevelChange) -> Facts:
    return {
        "from_level": change.from_level,
        "to_level": change.to_level,
        "epoch": change.epoch_id,
        "cause": change.cause,
        "detail": change.detail,
        "proposal": change.proposal_id,
        "by": change.changed_by_id,
        "at": in_words(change.changed_at),
    }


def _hold_facts(hold: Hold) -> Facts:
    return {"kind": hold.kind, "reason": hold.reason, "by": hold.placed_by_id, "at": in_words(hold.placed_at)}


def _lift_facts(hold: Hold) -> Facts:
    return {"kind": hold.kind, "by": hold.lifted_by_id, "proposal": hold.proposal_id, "at": when(hold.lifted_at)}


def _proposal_facts(proposal: LevelProposal) -> Facts:
    return {
        "from_level": proposal.from_level,
        "to_level": proposal.to_level,
        "resumes": proposal.resumes,
        "status": proposal.status,
        "status_reason": proposal.status_reason,
        "reason": proposal.reason,
        "evaluation": proposal.evaluation_id,
        "evidence_hash": proposal.evidence_hash,
        "proposer": proposal.proposer_id,
        "proposed_at": when(proposal.proposed_at),
        "approver": proposal.approver_id,
        "approved_at": when(proposal.approved_at),
        "opened_at": in_words(proposal.opened_at),
        "closed_at": when(proposal.closed_at),
    }


def _deployment_facts(change: DeploymentChange) -> Facts:
    return {
        "serving": lineage.model_facts(change.serving),
        "candidate": lineage.model_facts(change.candidate),
        "strategy": change.strategy,
        "share": change.share,
        "cause": change.cause,
        "by": change.changed_by_id,
        "at": in_words(change.changed_at),
    }


def _freeze_facts(freeze: Freeze) -> Facts:
    return {"cause": freeze.cause, "reason": freeze.reason, "at": in_words(freeze.placed_at)}


def _thaw_facts(freeze: Freeze) -> Facts:
    return {"cause": freeze.cause, "by": freeze.lifted_by_id, "at": when(freeze.lifted_at)}


def _waiver_facts(waiver: Waiver) -> Facts:
    return {
        "epoch": waiver.epoch_id,
        "to_level": waiver.to_level,
        "subject": waiver.subject,
        "reason": waiver.reason,
        "until": waiver.until.isoformat(),
        "by": waiver.first_by_id,
        "at": in_words(waiver.first_at),
    }


def _waived_facts(waiver: Waiver) -> Facts:
    return {"subject": waiver.subject, "by": waiver.second_by_id, "at": when(waiver.second_at)}


MOVES: Moves = {
    ReceiptKind.PROPOSAL: Move(LevelProposal, _proposal_facts, ~Q(status=ProposalStatus.OPEN.value)),
    ReceiptKind.LEVEL: Move(LevelChange, _level_facts),
    ReceiptKind.HOLD: Move(Hold, _hold_facts),
    ReceiptKind.LIFT: Move(Hold, _lift_facts, Q(lifted_at__isnull=False)),
    ReceiptKind.DEPLOYMENT: Move(DeploymentChange, _deployment_facts),
    ReceiptKind.FREEZE: Move(Freeze, _freeze_facts),
    ReceiptKind.THAW: Move(Freeze, _thaw_facts, Q(lifted_at__isnull=False)),
    ReceiptKind.WAIVER: Move(Waiver, _waiver_facts),
    ReceiptKind.WAIVED: Move(Waiver, _waived_facts, Q(second_at__isnull=False)),
}
