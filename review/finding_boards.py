"""What the page of findings says of each run of a part: what was told, its receipt, its images and who called them."""

from collections import defaultdict
from dataclasses import dataclass
from itertools import chain
from typing import Any
from uuid import UUID

from inspection.models import Disposition, Item, Line, Receipt
from inspection.rules.words import ReceiptKind
from review import findings, receipts


@dataclass(frozen=True, kw_only=True)
class Shot:
    """One image of a run, and what people had said of it when the verdict was settled."""

    item: Item
    calls: list[dict[str, Any]]


@dataclass(frozen=True, kw_only=True)
class Told:
    """What the line was told about one run, and from what."""

    told: Disposition
    receipt: Receipt | None
    shots: list[Shot]


def runs_of(line: Line, serial: str) -> list[Told]:
    """Return the settled runs of a part, the newest first. Five statements, however often the part came."""
    told = list(findings.runs_of(line, serial))
    runs = [one.run_id for one in told]
    sealed = {one.run_id: one for one in Receipt.objects.filter(run__in=runs, kind=ReceiptKind.RUN.value)}
    shots = _shots(runs)
    return [Told(told=one, receipt=sealed.get(one.run_id), shots=shots[one.run_id]) for one in told]


def _shots(runs: list[UUID]) -> dict[UUID, list[Shot]]:
    said = defaultdict(list)
    for call in receipts.named(chain.from_iterable(receipts.people_of(runs).values())):
        said[call["item"]].append(call)
    shots = defaultdict(list)
    for item in Item.objects.filter(run__in=runs).order_by("view", "pk"):
        shots[item.run_id].append(Shot(item=item, calls=said[str(item.pk)]))
    return shots
