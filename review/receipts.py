"""Receipts with the people in them: sealed each round, shown, and checked against the rows behind them."""

import json
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import islice, takewhile
from pathlib import Path
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import F

from inspection import moves, receipts
from inspection.models import Disposition, Line, Receipt, ReceiptHead, User
from inspection.models.receipt import in_words
from inspection.rules import receipts as chain
from inspection.rules.receipts import GENESIS, Fault
from inspection.rules.words import Purpose, ReceiptKind
from review import amendments
from review.models import Decision, DecisionFate
from review.moves import MOVES

SEALED_AT_ONCE = 500
# How far a saved receipt walks toward the head: enough for the next exported head, small enough for a file.
FOLLOWING_MAX = 1000


@dataclass(frozen=True)
class Anchor:
    """A head that was exported: after that the chain cannot be cut below it unseen."""

    line: str
    n: int
    hash: str


# Sealing --------------------------------------------------------------------------------------------------------


def seal_due(*, now: datetime, limit: int = SEALED_AT_ONCE) -> int:
    """Seal what has happened since the last round, line by line. Return how many receipts were written.

    Each line in one transaction under the lock of its head: killed at any point, the next round begins where the
    last whole one ended, and a second sealer waits and finds nothing left.
    """
    moved = moves.lines_due(MOVES)
    lines = sorted({*receipts.lines_due(), *moved, *amendments.lines_due()})
    return sum(_seal_line(line, moved.get(line, ()), limit=limit, now=now) for line in lines)


@transaction.atomic
def _seal_line(line_id: int, moved: Collection[ReceiptKind], *, limit: int, now: datetime) -> int:
    head = receipts.locked_head(line_id)
    settled = receipts.runs_due(head, limit=limit)
    runs = receipts.of_runs(settled, people_of(one.run_id for one in settled))
    amended = amendments.due(line_id, limit=limit)
    amendments.close(amended)
    return receipts.append(head, [*moves.due(MOVES, line_id, moved), *runs, *amended], now=now)


def people_of(run_ids: Iterable[UUID]) -> dict[UUID, list[dict[str, Any]]]:
    """Return by run the final calls that stood when its disposition was settled. People go by their number."""
    said: dict[UUID, list[dict[str, Any]]] = defaultdict(list)
    final = Decision.objects.filter(
        task__run__in=list(run_ids),
        fate__fate=DecisionFate.FINAL,
        fate__at__lte=F("task__run__disposition__settled_at"),
    ).exclude(task__purpose=Purpose.GOLD.value)
    for decision in final.select_related("task").order_by("recorded_at", "pk"):
        said[decision.task.run_id].append(_call_facts(decision))
    return said


def named(calls: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return calls as receipts keep them with the names that their numbers stand for, and their moments as such."""
    kept = list(calls)
    names = dict(User.objects.filter(pk__in={call["person"] for call in kept}).values_list("pk", "username"))
    return [
        {**call, "name": names.get(call["person"], call["person"]), "at": datetime.fromisoformat(call["at"])}
        for call in kept
    ]


def _call_facts(decision: Decision) -> dict[str, Any]:
    return {
        "decision": str(decision.pk),
        "item": str(decision.task.item_id),
        "person": decision.person_id,
        "purpose": decision.task.purpose,
        "phase": decision.phase,
        "label": decision.label,
        "class": decision.defect_class,
        "blind": decision.blind,
        "at": in_words(decision.recorded_at),
    }


# Showing --------------------------------------------------------------------------------------------------------


def of_run(run_id: UUID) -> Receipt | None:
    return Receipt.objects.select_related("line").filter(run=run_id, kind=ReceiptKind.RUN.value).first()


def facts_of_run(run_id: UUID) -> dict[str, Any]:
    """Return what decided a run, as a receipt would say it now; also before it is settled."""
    disposition = Disposition.objects.select_related("run__part", "run__epoch__product", "model_version")
    return receipts.of_runs([disposition.get(run=run_id)], people_of([run_id]))[0].facts


def document_of(receipt: Receipt) -> dict[str, Any]:
    """Return what is saved and checked without a server, with the way to the chain's end or a good part of it."""
    later = Receipt.objects.filter(line=receipt.line_id, n__gt=receipt.n).select_related("line").order_by("n")
    return chain.document(receipt.sealed(), [one.sealed() for one in later[:FOLLOWING_MAX]])


# Checking -------------------------------------------------------------------------------------------------------


def fault_of(receipt: Receipt) -> str:
    """Say what is wrong with a receipt by itself, beside its neighbour and against its rows; empty when it holds."""
    before = Receipt.objects.filter(line=receipt.line_id, n=receipt.n - 1).first()
    if receipt.previous != (before.hash if before else GENESIS):
        return "does not follow the receipt before it"
    faults = [*chain.own_faults(receipt.sealed()), *_row_faults([receipt], receipts.secrets_of(receipt.line))]
    return faults[0].says if faults else ""


def first_fault(line: Line, *, anchors: Iterable[Anchor] = ()) -> Fault | None:
    """Return the first bad row of a line's chain: changed, missing, moved, added, cut off, or at odds with its rows."""
    found = next(chain.faults(receipt.sealed() for receipt in receipts.numbered(line)), None)
    ends = [*_end_faults(line), *_anchor_faults(line, anchors)]
    # Rows are only compared below a break of the chain itself.
    until = found.n if found else None
    rows = next(_all_row_faults(line, until=until), None)
    faults = [fault for fault in (found, rows, *ends) if fault]
    return min(faults, key=lambda fault: fault.n, default=None)


@transaction.atomic
def _end_faults(line: Line) -> list[Fault]:
    # Under the sealer's lock: between its last receipt and its head nothing is written.
    head = ReceiptHead.objects.select_for_update().filter(line=line).first() or ReceiptHead(line=line)
    last = Receipt.objects.filter(line=line).order_by("-n").first() or Receipt(n=0, hash=GENESIS)
    if last.n < head.n:
        return [Fault(last.n + 1, "is missing: the chain was cut short")]
    if last.n > head.n:
        return [Fault(head.n + 1, "was added behind the sealer's back")]
    return [Fault(last.n, "is not the end that the sealer wrote")] if last.hash != head.hash else []


def _anchor_faults(line: Line, anchors: Iterable[Anchor]) -> Iterator[Fault]:
    mine = iter([anchor for anchor in anchors if anchor.line == line.slug])
    while batch := list(islice(mine, SEALED_AT_ONCE)):
        numbers = [anchor.n for anchor in batch]
        stand = dict(Receipt.objects.filter(line=line, n__in=numbers).values_list("n", "hash"))
        for anchor in batch:
            if anchor.n not in stand:
                yield Fault(_first_missing(line, anchor.n), "is missing: an exported head lies beyond it")
            elif stand[anchor.n] != anchor.hash:
                yield Fault(anchor.n, "is not what was exported")


def _first_missing(line: Line, n: int) -> int:
    before = Receipt.objects.filter(line=line, n__lt=n).order_by("-n").values_list("n", flat=True).first()
    return (before or 0) + 1


def _all_row_faults(line: Line, *, until: int | None) -> Iterator[Fault]:
    secrets = receipts.secrets_of(line)
    numbered = receipts.numbered(line)
    if until is not None:
        numbered = takewhile(lambda receipt: receipt.n < until, numbered)
    expected = 1
    while batch := list(islice(numbered, SEALED_AT_ONCE)):
        yield from _row_faults(batch, secrets)
        sealed = [(one.n, json.loads(one.body)["facts"]["sequence"]) for one in batch if one.kind == ReceiptKind.RUN]
        # The line's sequence has no gap, so neither have the receipts of its runs.
        for following, (n, sequence) in enumerate(sealed, start=expected):
            if sequence != following:
                yield Fault(n, f"seals disposition {sequence} where {following} follows")
        expected += len(sealed)


def _row_faults(batch: list[Receipt], secrets: dict[int, str]) -> Iterator[Fault]:
    people = people_of(receipt.run_id for receipt in batch if receipt.run_id)
    said = receipts.again(batch, people) | moves.again(MOVES, batch) | amendments.again(batch)
    for receipt in batch:
        facts = json.loads(receipt.body)["facts"]
        if receipt.n not in said:
            yield Fault(receipt.n, "speaks of a row that is gone")
        elif said[receipt.n] != facts:
            yield Fault(receipt.n, f"is at odds with its rows: {', '.join(_differing(facts, said[receipt.n]))}")
        elif receipt.kind == ReceiptKind.RUN and not receipts.draws_follow(receipt.subject, facts["draws"], secrets):
            yield Fault(receipt.n, "has draws that do not follow from its salt")


def _differing(sealed: dict[str, Any], now: dict[str, Any]) -> list[str]:
    return sorted(name for name in sealed.keys() | now.keys() if sealed.get(name) != now.get(name))


# Heads ----------------------------------------------------------------------------------------------------------


def export_heads(path: Path, *, now: datetime) -> int:
    """Add the present end of every chain to a file that is kept elsewhere. Return how many lines were added."""
    heads = ReceiptHead.objects.filter(n__gt=0).select_related("line").order_by("line")
    written = [
        json.dumps({"line": head.line.slug, "n": head.n, "hash": head.hash, "at": in_words(now)}) for head in heads
    ]
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a", encoding="utf-8") as heads_file:
        heads_file.writelines(f"{line}\n" for line in written)
    return len(written)


def anchors_in(path: Path) -> list[Anchor]:
    """Return the heads of an exported file, none when there is no file."""
    if not path.exists():
        return []
    entries = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
    return [Anchor(entry["line"], entry["n"], entry["hash"]) for entry in entries]
