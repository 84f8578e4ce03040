"""Pictures of limit samples: which image may serve as one, and which of them readers are shown.

A limit sample is the line's standard, the same beside every part of every reader. It says nothing of the part that is
being read, so a blind reading may look at it like any other. What would be a hint stays away from readers: the kinds
that this part may have, and the cases nearest to it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet, Subquery

from inspection import scopes
from inspection.models import DefectClass, Item, LimitSample, Line, User
from inspection.rules.words import Label, Limit
from review.bank_models import BankDefect
from review.gold_models import GaugeItem, GoldShowing
from review.known_images import KNOWN_GOOD
from review.models import Adjudication, ReviewTask, Truth
from review.pictures import upright_size

LABELS = {Limit.STILL_GOOD: Label.PASS, Limit.ALREADY_BAD: Label.DEFECT}


class Unfit(StrEnum):
    """Why an image cannot be a limit sample."""

    OTHER_LINE = "other-line"
    UNWORDED = "unworded"
    OPEN = "open"
    UNSETTLED = "unsettled"
    OTHER_TRUTH = "other-truth"
    SEALED = "sealed"
    KNOWN = "known"


class NotALimit(Exception):
    """The image cannot serve on this side of this kind's limit samples. `reasons` names all that is wrong."""

    def __init__(self, reasons: Sequence[Unfit]) -> None:
        super().__init__(f"The image cannot be a limit sample: {', '.join(reasons)}.")
        self.reasons = reasons


@dataclass(frozen=True, kw_only=True)
class Side:
    """One side of a kind's limit samples: its words, and its picture where one may be shown now."""

    side: Limit
    words: str
    image: Item | None
    is_held_back: bool

    @property
    def is_good(self) -> bool:
        return self.side == Limit.STILL_GOOD

    @property
    def size(self) -> tuple[int, int]:
        assert self.image is not None
        return upright_size(self.image)


@dataclass(frozen=True, kw_only=True)
class Shown:
    """The limit samples in force of one kind."""

    kind: DefectClass
    sample: LimitSample
    sides: tuple[Side, ...]


# Showing --------------------------------------------------------------------------------------------------------


def of(kinds: Sequence[DefectClass]) -> list[Shown]:
    """Return the limit samples in force of the kinds, in their order. One statement, however many there are.

    A picture is held back while any image of its part is read or ruled on, and where its truth has become another.
    """
    newest = LimitSample.objects.filter(defect_class=OuterRef("defect_class")).order_by("-version").values("version")
    standing = LimitSample.objects.filter(defect_class__in=kinds, version=Subquery(newest[:1]))
    rows = standing.annotate(**{f"{side}_fits": Exists(_showable(side)) for side in Limit})
    rows = rows.select_related("still_good_image__measures", "already_bad_image__measures")
    by_class = {row.defect_class_id: row for row in rows}
    pairs = [(kind, by_class[kind.pk]) for kind in kinds if kind.pk in by_class]
    return [Shown(kind=kind, sample=row, sides=tuple(_side(row, side) for side in Limit)) for kind, row in pairs]


def of_line(line: Line) -> list[Shown]:
    """Return the limit samples in force of the kinds in use, in the order of their keys."""
    return of(list(line.defect_classes.filter(retired_at=None).order_by("key")))


def picture(line: Line, sample: int, side: Limit) -> Item | None:
    """Return the image that one side of a limit sample in force shows now, None where it shows none."""
    shown = of(list(line.defect_classes.filter(retired_at=None, limit_samples=sample)))
    sides = [one for found in shown if found.sample.pk == sample for one in found.sides]
    return next((one.image for one in sides if one.side == side), None)


def _side(row: LimitSample, side: Limit) -> Side:
    image, fits = getattr(row, f"{side}_image"), getattr(row, f"{side}_fits")
    return Side(
        side=side,
        words=getattr(row, side),
        image=image if fits else None,
        is_held_back=image is not None and not fits,
    )


def _showable(side: Limit) -> QuerySet[Item]:
    """Return the image of one side of a limit sample, where it still may be shown."""
    truth = Truth.objects.filter(item=OuterRef("pk")).order_by("-n")
    part = OuterRef("run__part")
    image = Item.objects.filter(pk=OuterRef(f"{side}_image")).annotate(
        label=Subquery(truth.values("label")[:1]), kind=Subquery(truth.values("defect_class")[:1])
    )
    fitting = image.filter(label=LABELS[side].value, **_kind_of(side, OuterRef("defect_class__code")))
    return fitting.exclude(Exists(_readings(part))).exclude(Exists(_cases(part)))


def _kind_of(side: Limit, code: OuterRef) -> dict[str, OuterRef]:
    return {"kind": code} if side == Limit.ALREADY_BAD else {}


# Approving ------------------------------------------------------------------------------------------------------


@transaction.atomic
def approve(kind: DefectClass, *, side: Limit, image: Item, by: User, now: datetime) -> LimitSample:
    """Let an image stand for one side of a kind, as the next version of its limit samples. Raises NotALimit."""
    # The line's row is the lock: no draw of known images and no bank takes the part meanwhile.
    Line.objects.select_for_update(no_key=True).values_list("pk").get(pk=kind.line_id)
    reasons = unfit(image, kind, side)
    if reasons:
        raise NotALimit(reasons)
    return scopes.picture_limit(kind, side=side, image=image, by=by, now=now)


def take_away(kind: DefectClass, *, side: Limit, by: User, now: datetime) -> None:
    """Approve that one side has words alone. Its part stays out of the known images: people have seen it."""
    if kind.limit_samples.exists():
        scopes.picture_limit(kind, side=side, image=None, by=by, now=now)


def unfit(image: Item, kind: DefectClass, side: Limit) -> list[Unfit]:
    """Return every reason why an image cannot stand for one side of a kind."""
    part = image.run.part
    truth = settled(image)
    shown = GoldShowing.objects.filter(source__run__part=part, task__closed_at=None)
    studied = GaugeItem.objects.filter(source__run__part=part, study__stopped_at=None)
    found = {
        Unfit.OTHER_LINE: image.line_id != kind.line_id or part.is_staged,
        Unfit.UNWORDED: not kind.limit_samples.exists(),
        Unfit.OPEN: _readings(part).exists() or _cases(part).exists(),
        Unfit.UNSETTLED: truth is None,
        Unfit.OTHER_TRUTH: truth is not None and (side, kind.code) not in _sides_of(truth, [kind.code]),
        Unfit.SEALED: part.is_challenge or BankDefect.objects.filter(part=part).exists(),
        Unfit.KNOWN: shown.exists() or studied.exists(),
    }
    return [reason for reason, holds in found.items() if holds]


def offers(image: Item) -> list[tuple[DefectClass, Limit]]:
    """Return the kinds and sides that an image's truth fits; none where it is not settled."""
    truth = settled(image)
    if truth is None:
        return []
    kinds = {kind.code: kind for kind in image.line.defect_classes.filter(retired_at=None).order_by("key")}
    return [(kinds[code], side) for side, code in _sides_of(truth, list(kinds))]


def settled(image: Item) -> Truth | None:
    """Return the truth of an image where it stands beyond one person's word."""
    truth = Truth.objects.filter(item=image).order_by("-n").first()
    return truth if truth and truth.source in KNOWN_GOOD else None


def _sides_of(truth: Truth, codes: Sequence[str]) -> list[tuple[Limit, str]]:
    """Return what a truth may stand for: a good part for the good side of any kind, a defect for its own bad one."""
    if truth.label == Label.PASS:
        return [(Limit.STILL_GOOD, code) for code in codes]
    own = truth.label == Label.DEFECT and truth.defect_class in codes
    return [(Limit.ALREADY_BAD, truth.defect_class)] if own else []


def _readings(part: Any) -> QuerySet[ReviewTask]:
    return ReviewTask.objects.filter(run__part=part, closed_at=None)


def _cases(part: Any) -> QuerySet[Adjudication]:
    return Adjudication.objects.filter(run__part=part, ruled_at=None)
