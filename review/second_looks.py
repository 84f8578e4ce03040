"""What the second look at the truth draw's passes shows: defects that an adjudicator passed, as the model did."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from django.db.models import Exists, OuterRef, QuerySet
from django.utils.translation import gettext as _

from inspection.models import Epoch, Prediction
from inspection.rules.words import Call, Label
from review import sentences
from review.counts import Sums
from review.models import Adjudication
from review.rules.adjudication import Cause, Ruling, is_contested, standing
from stats.adjudication import VisibleDetection, visible_detection


@dataclass(frozen=True)
class SecondLook:
    """Images of the truth draw that were ruled good and that the model passes, and what a share of them turned out.

    `overturned` holds the `contested` ones, on which a third person has not decided yet: a difference counts against
    the model. What a dispute or a question overturned is a pass no more, and none of these.
    """

    passes: int
    rechecked: int
    overturned: int
    contested: int
    detection: VisibleDetection

    @property
    def sentence(self) -> str:
        """Say what was looked at again and what it makes of detection; nothing where there was nothing to look at."""
        if not self.passes:
            return ""
        facts = {
            "passes": f"{self.passes:,}",
            "n": f"{self.rechecked:,}",
            "k": f"{self.overturned:,}",
            "open": f"{self.contested:,}",
            "visible": sentences.percent(self.detection.visible),
            "adjusted": sentences.percent(self.detection.adjusted),
            "low": sentences.percent(self.detection.pessimistic),
        }
        if not self.rechecked:
            return (
                _(
                    "None of %(passes)s images of the truth draw that were ruled good and that the model passes was "
                    "looked at again yet: a defect that two overlook is in no figure."
                )
                % facts
            )
        looked = (
            _(
                "Of %(passes)s images of the truth draw that were ruled good and that the model passes, another person "
                "looked at %(n)s again and did not confirm %(k)s; on %(open)s of these a third person still decides."
            )
            if self.contested
            else _(
                "Of %(passes)s images of the truth draw that were ruled good and that the model passes, another person "
                "looked at %(n)s again and found %(k)s to be defects."
            )
        )
        finds = _(
            "With what the others may hide the model finds %(adjusted)s of the defects, with 95 %% confidence at least "
            "%(low)s; as first ruled it was %(visible)s."
        )
        return f"{looked} {finds}" % facts


def of(epoch: Epoch, detection: Sums) -> SecondLook:
    """Return the second look of an epoch beside its detection stream. Two statements."""
    passed = Prediction.objects.filter(item=OuterRef("item"), model_version=epoch.model_version_id, call=Call.PASS)
    cases = Adjudication.objects.filter(
        Exists(passed), line=epoch.line_id, run__epoch=epoch, run__drawn_truth=True, ruled_at__isnull=False
    )
    passes = _given(cases).filter(~Exists(_overturning()), label=Label.PASS.value)
    given: dict[UUID, list[Ruling]] = defaultdict(list)
    # Those looked at again are few and the passes many: whether one is a pass is told from its own rulings.
    looks = Adjudication.objects.filter(line=epoch.line_id, cause=Cause.SECOND_LOOK.value, ruled_at__isnull=False)
    looked_at = cases.filter(item__in=looks.values("item"))
    for item, cause, label in looked_at.order_by("opened_at", "pk").values_list("item", "cause", "label"):
        given[item].append(Ruling(Cause(cause), Label(label)))
    rulings = {item: ruled for item, ruled in given.items() if _is_pass(ruled)}
    contested = sum(map(is_contested, rulings.values()))
    corrected = sum(standing(ruled) == Label.DEFECT for ruled in rulings.values())
    # What was corrected stands among the misses by now; the estimate adds it itself.
    missed = max(0, detection.pd - corrected)
    overturned = contested + corrected
    count = passes.values("item").distinct().count()
    found = visible_detection(detection.dd, missed, count, len(rulings), overturned)
    return SecondLook(count, len(rulings), overturned, contested, found)


def _is_pass(rulings: Sequence[Ruling]) -> bool:
    """Say whether an image was ruled good, and nothing but a second look has doubted it since."""
    labels = [ruling.label for ruling in rulings if ruling.cause != Cause.SECOND_LOOK]
    return bool(labels) and labels[-1] == Label.PASS


def _overturning() -> QuerySet[Adjudication]:
    """Return the later rulings on an image, by a dispute or a question, for which it is no pass any more."""
    rulings = Adjudication.objects.filter(item=OuterRef("item"), opened_at__gt=OuterRef("opened_at"))
    return _given(rulings).filter(ruled_at__isnull=False).exclude(label=Label.PASS.value)


def _given(rulings: QuerySet[Adjudication]) -> QuerySet[Adjudication]:
    """Return the rulings that are no second look."""
    return rulings.exclude(cause=Cause.SECOND_LOOK.value)
