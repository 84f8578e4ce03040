"""What the bank's page and API show: plain values made from rows."""

from dataclasses import dataclass

from django.db.models import Q

from inspection.models import Line
from inspection.rules.words import Level
from review import bank, evidence, sentences
from review.bank_models import BankDefect, BankImage
from review.models import SnapshotImage
from review.rules.shortfall import Shortfall, shortfall


@dataclass(frozen=True, kw_only=True)
class BankRow:
    """One defect, and whether the serving version has seen it. What it said stays sealed: the next is measured too."""

    defect: BankDefect
    state: str
    images: int
    seen: bool
    leaked: bool


def rows(line: Line) -> list[BankRow]:
    """Return the defects of a line, those in use first, the newest first within."""
    defects = line.bank.select_related("part", "added_by", "confirmed_by", "retired_by").prefetch_related("images")
    known = _known(line)
    listed = [_row(defect, known.get(defect.group)) for defect in defects]
    return sorted(listed, key=lambda row: (_ORDER.index(row.state), -row.defect.number))


@dataclass(frozen=True)
class Sealing:
    """How many data sets of the line were gone through, and how many of their images show a part of the bank."""

    checked: int
    held: int


def sealing(line: Line) -> Sealing:
    """Go through every data set of the line for parts of its bank, whenever each of the two came first."""
    taken = SnapshotImage.objects.filter(snapshot__line=line)
    of_bank = Q(item__run__part__in=line.bank.values("part")) | Q(
        sha256__in=BankImage.objects.filter(defect__line=line).values("item__sha256")
    )
    return Sealing(checked=line.snapshots.count(), held=taken.filter(of_bank).count())


def lacking(line: Line, to_level: Level) -> Shortfall:
    """Return what the bank of a line lacks toward one rung."""
    risks = dict(line.defect_classes.filter(retired_at=None).values_list("code", "risk_class"))
    return shortfall(bank.classes_of(line), risks, evidence.gate_for(line, to_level))


def shortfall_sentence(line: Line, to_level: Level) -> str:
    return sentences.shortfall(lacking(line, to_level), to_level, line.class_names())


_ORDER = ("waiting", "in_use", "retired")


def _known(line: Line) -> dict[str, bank.Known]:
    version = line.epoch.model_version if line.epoch else None
    return {one.group: one for one in bank.known(line, version)} if version else {}


def _row(defect: BankDefect, known: bank.Known | None) -> BankRow:
    state = "retired" if defect.retired_at else "in_use" if defect.confirmed_at else "waiting"
    return BankRow(
        defect=defect,
        state=state,
        images=len(defect.images.all()),
        seen=known is not None,
        leaked=bool(known and known.leaked),
    )
