"""Receipts: what decided each run, sealed into one chain per line off the hot path; moves and amendments join it.

Facts are read from rows that are written once; the same reading, done again later, proves that they still say so.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from django.db.models import F, Q

from inspection import lineage
from inspection.lineage import Facts, People
from inspection.models import Disposition, DispositionSequence, Line, Receipt, ReceiptHead, Run, Salt
from inspection.models.receipt import in_words
from inspection.rules import draws
from inspection.rules.receipts import seal
from inspection.rules.words import ReceiptKind


@dataclass(frozen=True)
class Due:
    """Something that happened and has no receipt yet."""

    kind: ReceiptKind
    subject: str
    facts: Facts
    run: Run | None = None
    sequence: int = 0


# Sealing --------------------------------------------------------------------------------------------------------


def lines_due() -> set[int]:
    """Return the lines on which a run waits for its receipt."""
    behind = Q(line__receipt_head=None) | Q(last__gt=F("line__receipt_head__sequence"))
    return set(DispositionSequence.objects.filter(behind, last__gt=0).values_list("line", flat=True))


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
    """Return by number what the rows behind the receipts of some runs say now. Runs that are gone are left out."""
    runs = {receipt.run_id: receipt.n for receipt in receipts if receipt.kind == ReceiptKind.RUN}
    found = lineage.of_runs(lineage.for_facts(Disposition.objects.filter(run__in=list(runs))), people)
    return {runs[run_id]: facts for run_id, facts in found.items()}


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
