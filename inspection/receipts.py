"""Receipts: what decided each run and each move of a line, sealed into one chain per line off the hot path.

Facts are read from rows that are written once; the same reading, done again later, proves that they still say so.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from django.db.models import CharField, Exists, F, OuterRef, Q, QuerySet, Value
from django.db.models.functions import Cast

from inspection import lineage
from inspection.lineage import Facts, People, when
from inspection.models import (
    DeploymentChange,
    Disposition,
    DispositionSequence,
    Hold,
    LevelChange,
    LevelProposal,
    Line,
    Receipt,
    ReceiptHead,
    Run,
    Salt,
)
from inspection.models.receipt import in_words
from inspection.rules import draws
from inspection.rules.receipts import seal
from inspection.rules.words import ProposalStatus, ReceiptKind


@dataclass(frozen=True)
class Due:
    """Something that happened and has no receipt yet."""

    kind: ReceiptKind
    subject: str
    facts: Facts
    run: Run | None = None
    sequence: int = 0


# Sealing --------------------------------------------------------------------------------------------------------


def lines_due() -> dict[int, set[ReceiptKind]]:
    """Return the lines on which something waits for its receipt, with the kinds of moves among it. Two statements."""
    behind = Q(line__receipt_head=None) | Q(last__gt=F("line__receipt_head__sequence"))
    runs = DispositionSequence.objects.filter(behind, last__gt=0).values_list("line", flat=True)
    kinds: dict[int, set[ReceiptKind]] = {line: set() for line in runs}
    moved = [
        rows.order_by().annotate(moved=Value(kind.value, CharField())).values_list("line", "moved")
        for kind, rows in _moves_without_receipt().items()
    ]
    for line, kind in moved[0].union(*moved[1:]):
        kinds.setdefault(line, set()).add(ReceiptKind(kind))
    return kinds


def locked_head(line_id: int) -> ReceiptHead:
    """Return the end of the chain, locked until the transaction ends: one sealer writes at a time."""
    heads = ReceiptHead.objects.select_for_update(of=("self",)).select_related("line").filter(line=line_id)
    head = heads.first()
    if head is None:
        ReceiptHead.objects.bulk_create([ReceiptHead(line_id=line_id)], ignore_conflicts=True)
        head = heads.get()
    return head


def append(head: ReceiptHead, due: Iterable[Due], *, now: datetime) -> int:
    """Write the receipts in the order given and move the head, in the caller's transaction. Return how many."""
    rows = []
    for one in due:
        sealed = seal(
            one.facts,
            previous=head.hash,
            line=head.line.slug,
            n=head.n + 1,
            kind=one.kind.value,
            subject=one.subject,
            sealed_at=in_words(now),
        )
        rows.append(
            Receipt(
                line_id=head.line_id,
                n=sealed.n,
                kind=sealed.kind,
                subject=sealed.subject,
                run=one.run,
                body=sealed.body,
                previous=sealed.previous,
                hash=sealed.hash,
                sealed_at=now,
            )
        )
        head.n, head.hash = sealed.n, sealed.hash
        head.sequence = one.sequence or head.sequence
    Receipt.objects.bulk_create(rows)
    head.save(update_fields=["n", "hash", "sequence"])
    return len(rows)


# What is due ----------------------------------------------------------------------------------------------------


def moves_due(line_id: int, kinds: Collection[ReceiptKind]) -> list[Due]:
    """Return the line's moves of some kinds that have no receipt yet, each kind in its order."""
    return [
        Due(kind, str(row.pk), _MOVES[kind][1](row))
        for kind, rows in _moves_without_receipt().items()
        if kind in kinds
        for row in rows.filter(line=line_id).order_by("pk")
    ]


def runs_due(head: ReceiptHead, *, limit: int) -> list[Disposition]:
    """Return the next dispositions to be sealed, in the line's sequence."""
    following = Disposition.objects.filter(line=head.line_id, sequence__gt=head.sequence)
    return list(lineage.for_facts(following).order_by("sequence")[:limit])


def of_runs(dispositions: Sequence[Disposition], people: People) -> list[Due]:
    """Return what a receipt says about each run. `people` holds the final calls that stood when it was settled."""
    said = lineage.of_runs(dispositions, people)
    return [
        Due(ReceiptKind.RUN, str(one.run_id), said[one.run_id], run=one.run, sequence=one.sequence or 0)
        for one in dispositions
    ]


def again(receipts: Sequence[Receipt], people: People) -> dict[int, Facts]:
    """Return by number what the rows behind some receipts of a line say now. Rows that are gone are left out."""
    runs = {receipt.run_id: receipt.n for receipt in receipts if receipt.kind == ReceiptKind.RUN}
    found = lineage.of_runs(lineage.for_facts(Disposition.objects.filter(run__in=list(runs))), people)
    said = {runs[run_id]: facts for run_id, facts in found.items()}
    for kind, (model, facts_of) in _MOVES.items():
        named = [one for one in receipts if one.kind == kind and one.subject.isdecimal()]
        numbers = {int(receipt.subject): receipt.n for receipt in named}
        said |= {numbers[row.pk]: facts_of(row) for row in model.objects.filter(pk__in=numbers)}
    return said


def draws_follow(run_id: str, drawn: Mapping[str, Any], secrets: Mapping[int, str]) -> bool:
    """Say whether the draws on a receipt are those of its run, salt and shares: what an auditor recomputes."""
    try:
        again = draws.draw(run_id, secrets[drawn["salt"]], drawn["shares"])
    except KeyError:
        return False
    return asdict(again) == {name: drawn[name] for name in asdict(again)}


def secrets_of(line: Line) -> dict[int, str]:
    return dict(Salt.objects.filter(line=line).values_list("pk", "secret"))


def numbered(line: Line) -> Iterator[Receipt]:
    """Yield the receipts of a line in their order, without holding them all."""
    yield from Receipt.objects.filter(line=line).select_related("line").order_by("n").iterator(chunk_size=1000)


# Moves ----------------------------------------------------------------------------------------------------------


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


_MOVES: dict[ReceiptKind, tuple[Any, Any]] = {
    ReceiptKind.PROPOSAL: (LevelProposal, _proposal_facts),
    ReceiptKind.LEVEL: (LevelChange, _level_facts),
    ReceiptKind.HOLD: (Hold, _hold_facts),
    ReceiptKind.LIFT: (Hold, _lift_facts),
    ReceiptKind.DEPLOYMENT: (DeploymentChange, _deployment_facts),
}
_WHEN_DONE = {
    ReceiptKind.PROPOSAL: ~Q(status=ProposalStatus.OPEN.value),
    ReceiptKind.LIFT: Q(lifted_at__isnull=False),
}


def _moves_without_receipt() -> dict[ReceiptKind, QuerySet]:
    return {
        kind: model.objects.filter(_WHEN_DONE.get(kind, Q()), ~Exists(_receipts_of(kind)))
        for kind, (model, _) in _MOVES.items()
    }


def _receipts_of(kind: ReceiptKind) -> QuerySet[Receipt]:
    subject = Cast(OuterRef("pk"), CharField(max_length=40))
    return Receipt.objects.filter(line=OuterRef("line"), kind=kind.value, subject=subject)
