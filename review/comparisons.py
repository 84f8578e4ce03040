"""A candidate beside the serving version: what people said of both, and where the two differ.

Both versions look; people rule where either differs from the first reader, and on the draws of every run. So the
comparison costs rulings only where there is something to compare.
"""

from collections.abc import Iterable
from datetime import datetime

from django.db.models import Exists, OuterRef, QuerySet

from inspection import arms
from inspection.arms import ImageRead
from inspection.models import ArmEvent, Item, Prediction, Rollout, Run
from inspection.rules.rollouts import Arm, Guard, Paired, Phase
from inspection.rules.words import Call, Label, RolloutOutcome
from review.models import Adjudication
from review.readings import ItemReadings
from review.rules import adjudication


def candidate_call(item: Item) -> Call | None:
    """Return what the candidate of the line's open rollout said about an image, None where it saw none."""
    open_rollout = Rollout.objects.filter(line=item.line_id, outcome=RolloutOutcome.OPEN.value)
    versions = open_rollout.values_list("candidate", "incumbent").first()
    if versions is None:
        return None
    # Under watch the candidate serves already, and the version kept warm is the one beside.
    said = Prediction.objects.filter(item=item, model_version__in=[pk for pk in versions if pk is not None])
    calls = said.exclude(model_version=item.run.epoch.model_version_id).values_list("call", flat=True)
    call = calls.first()
    return Call(call) if call else None


def note(run: Run, found: Iterable[ItemReadings], *, now: datetime) -> None:
    """Set what people have said about a run against both versions of the rollout that saw it."""
    arms.note_reading(run, [_image(one) for one in found if one.primary is not None], now=now)


def paired(rollout: Rollout) -> Paired:
    """Return the rulings on runs that both versions saw and only one of them called as it was ruled."""
    rulings = ArmEvent.objects.filter(step__rollout=rollout, kind=Guard.RULINGS.value, is_compared=True)
    shared = rulings.exclude(step__phase=Phase.CANARY.value)
    return Paired(
        worse=shared.filter(arm=Arm.CANDIDATE.value).count(), better=shared.filter(arm=Arm.INCUMBENT.value).count()
    )


def differences(rollout: Rollout, *, is_ruled: bool | None = None) -> QuerySet[Prediction]:
    """Return what the incumbent said of each image on which the candidate said otherwise, newest first.

    `is_ruled` leaves those on which a person has ruled, or has not.
    """
    said = Prediction.objects.filter(item=OuterRef("item"), model_version=rollout.candidate_id)
    other = said.exclude(call=OuterRef("call"))
    until = {"item__received_at__lte": rollout.closed_at} if rollout.closed_at else {}
    mine = Prediction.objects.filter(
        Exists(other),
        model_version=rollout.incumbent_id,
        item__line=rollout.line_id,
        item__received_at__gte=rollout.opened_at,
        **until,
    )
    if is_ruled is not None:
        ruled = Exists(Adjudication.objects.filter(item=OuterRef("item"), ruled_at__isnull=False))
        mine = mine.filter(ruled if is_ruled else ~ruled)
    return mine.defer("heatmap").order_by("-pk")


def _image(found: ItemReadings) -> ImageRead:
    ruling = adjudication.standing(found.rulings)
    return ImageRead(item=found.item.pk, first=Label(found.first.label), ruled=ruling)
