"""What the second look at the truth draw's passes shows: defects that an adjudicator passed, as the model did."""

from collections import defaultdict
from dataclasses import dataclass
from uuid import UUID

from django.db.models import Exists, OuterRef
from django.utils.translation import gettext as _

from inspection.models import Epoch, Prediction
from inspection.rules.words import Call, Label
from review import sentences
from review.counts import Sums
from review.models import Adjudication
from review.rules.adjudication import Cause
from stats.adjudication import VisibleDetection, visible_detection


@dataclass(frozen=True)
class SecondLook:
    """Images of the truth draw that were ruled good and that the model passes, and what a share of them turned out.

    `overturned` holds those on which a third person has not decided yet: a difference counts against the model.
    """

    passes: int
    rechecked: int
    overturned: int
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
        return (
            _(
                "Of %(passes)s images of the truth draw that were ruled good and that the model passes, another person "
                "looked at %(n)s again and found %(k)s to be defects. With what the others may hide the model finds "
                "%(adjusted)s of the defects, with 95 %% confidence at least %(low)s; as first ruled it was "
                "%(visible)s."
            )
            % facts
        )


def of(epoch: Epoch, detection: Sums) -> SecondLook:
    """Return the second look of an epoch beside its detection stream. Two statements."""
    passed = Prediction.objects.filter(item=OuterRef("item"), model_version=epoch.model_version_id, call=Call.PASS)
    cases = Adjudication.objects.filter(
        Exists(passed), line=epoch.line_id, run__epoch=epoch, run__drawn_truth=True, ruled_at__isnull=False
    )
    first = cases.filter(label=Label.PASS.value).exclude(cause=Cause.SECOND_LOOK.value)
    passes = first.values("item").distinct().count()
    looks: dict[UUID, list[str]] = defaultdict(list)
    for item, label in (
        cases.filter(cause=Cause.SECOND_LOOK.value).order_by("opened_at", "pk").values_list("item", "label")
    ):
        looks[item].append(label)
    contested = sum(len(labels) == 1 and labels[0] != Label.PASS for labels in looks.values())
    corrected = sum(len(labels) > 1 and labels[-1] == Label.DEFECT for labels in looks.values())
    # What was corrected stands among the misses by now; the estimate adds it itself.
    missed = max(0, detection.pd - corrected)
    overturned = contested + corrected
    found = visible_detection(detection.dd, missed, passes, len(looks), overturned)
    return SecondLook(passes, len(looks), overturned, found)
