"""What helps to rule alike: earlier rulings near to a case; limit samples and known defects of its kinds.

It says neither who ruled or read, nor what any model said, and nothing of the case's own part.
"""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Exists, OuterRef, QuerySet

from inspection.models import Item
from inspection.rules.words import TruthSource
from review import adjudications, known_images, limits
from review.bank_models import BankDefect
from review.limits import Shown
from review.models import Adjudication, ReviewTask, Truth
from review.pictures import upright_size
from review.rules import precedents as rules
from vision.embedding import Vector, unpacked

SHOWN = 6
# So many of the newest are set against the case: older ones come from other seasons, and the page stays quick.
LOOKED_BACK = 400
# Of the calls only the kinds are looked at.
_UNREAD = [f"adjudication__{call}__{field}" for call in ("first", "second") for field in ("regions", "comment", "page")]


@dataclass(frozen=True, kw_only=True)
class Precedent:
    """One earlier ruling that stands: what was ruled, why and when, on which image and of which size."""

    item_id: UUID
    label: str
    defect_class: str
    reason: str
    ruled_at: datetime
    size: tuple[int, int]


def of(case: Adjudication) -> list[Precedent]:
    """Return up to six standing rulings on other parts, seen from the same side, nearest to the case first."""
    rulings = {truth.pk: truth for truth in _standing(case)}
    known = [
        rules.Known(key=truth.pk, classes=_classes_of(truth), picture=_picture(truth.item))
        for truth in rulings.values()
    ]
    near = rules.nearest(known, classes=classes_of(case), picture=_picture(case.item), most=SHOWN)
    return [_shown(rulings[key]) for key in near]


def samples_of(case: Adjudication) -> list[BankDefect]:
    """Return known defects of the kinds that the case speaks of, of any kind where it names none, newest first."""
    kinds = classes_of(case)
    kept = known_images.defects_of(case.line).exclude(part=case.run.part_id)
    return list((kept.filter(defect_class__in=kinds) if kinds else kept).order_by("-number")[:SHOWN])


def limits_of(case: Adjudication) -> list[Shown]:
    """Return the limit samples in force of the kinds that the case speaks of, of every kind where it names none."""
    kinds = classes_of(case)
    return [one for one in limits.of_line(case.line) if not kinds or one.kind.code in kinds]


def classes_of(case: Adjudication) -> set[str]:
    """Return the kinds that the adjudicator sees named: none where the case shows no calls."""
    return {call.defect_class for call in adjudications.shown(case)} - {""}


def _standing(case: Adjudication) -> QuerySet[Truth]:
    """Return the newest rulings of the line that stand. An image that is read or ruled on anew is left out."""
    here = OuterRef("item")
    unsettled = (
        Truth.objects.filter(item=here, n__gt=OuterRef("n")),
        Adjudication.objects.filter(item=here, ruled_at=None),
        ReviewTask.objects.filter(item=here, closed_at=None),
    )
    given = Truth.objects.filter(
        source=TruthSource.ADJUDICATION.value, adjudication__line=case.line_id, item__view=case.item.view
    )
    stand = given.filter(*(~Exists(rows) for rows in unsettled)).exclude(item__run__part=case.run.part_id)
    beside = stand.select_related("adjudication__first", "adjudication__second", "item__measures")
    return beside.defer(*_UNREAD).order_by("-adjudication__ruled_at", "-pk")[:LOOKED_BACK]


def _picture(item: Item) -> Vector | None:
    measures = getattr(item, "measures", None)
    return unpacked(bytes(measures.embedding)) if measures and measures.embedding is not None else None


def _classes_of(truth: Truth) -> set[str]:
    case = truth.adjudication
    called = [call.defect_class for call in (case.first, case.second) if call] if case else []
    return {truth.defect_class, *called} - {""}


def _shown(truth: Truth) -> Precedent:
    case = truth.adjudication
    return Precedent(
        item_id=truth.item_id,
        label=truth.label,
        defect_class=truth.defect_class,
        reason=case.reason if case else "",
        ruled_at=truth.created_at,
        size=upright_size(truth.item),
    )
