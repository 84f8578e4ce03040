"""What the reader of a gold item is told that the model says, where anything is told: right, or wrong on purpose.

Half of the planted calls are wrong, and half are control: nobody is told them. What people make of the wrong ones,
beside the control, is how far they follow the model.
"""

import random
from datetime import datetime

from inspection.models import Epoch, Prediction
from inspection.rules.words import AssistStyle, Call, Level
from review import sights
from review.gold_models import GoldShowing, PlantedCall
from review.models import ReviewTask
from review.rules import blindness

WRONG_SHARE = CONTROL_SHARE = 0.5
LOOKED_BACK = 500

_chance = random.SystemRandom()


def by_chance(showing: GoldShowing, *, now: datetime) -> PlantedCall | None:
    """Plant a call where the line tells its readers what the model says; wrong and control are drawn.

    Beside the image the lack of a call is seen before one's own, so there control is as rare as among live items.
    """
    line = showing.line
    alongside = line.assist_style == AssistStyle.ALONGSIDE
    control_share = line.control_share if alongside else CONTROL_SHARE
    is_wrong, is_control = _chance.random() < WRONG_SHARE, _chance.random() < control_share
    return plant(showing, is_wrong=is_wrong, is_control=is_control, now=now)


def plant(showing: GoldShowing, *, is_wrong: bool, is_control: bool, now: datetime) -> PlantedCall | None:
    """Plant a call on a gold item, with the score and heat map of a real one.

    None where the line tells nothing, or where its model has made no such call lately.
    """
    task, epoch = showing.task, showing.line.epoch
    level = blindness.blinder(Level(task.level), Level(showing.line.level))
    call = _call(Call(showing.label), is_wrong=is_wrong)
    like = _like(epoch, call) if level in sights.REVEALING and epoch else None
    if like is None or epoch is None:
        return None
    planted = PlantedCall.objects.create(
        showing=showing,
        epoch=epoch,
        call=call.value,
        defect_class=(showing.defect_class or like.defect_class) if call == Call.DEFECT else "",
        probability=like.probability,
        heatmap=like.heatmap or b"",
        heatmap_columns=like.heatmap_columns,
        is_wrong=is_wrong,
        is_control=is_control,
        planted_at=now,
    )
    ReviewTask.objects.filter(pk=task.pk).update(is_control=is_control)
    return planted


def _call(truth: Call, *, is_wrong: bool) -> Call:
    other = Call.PASS if truth == Call.DEFECT else Call.DEFECT
    return other if is_wrong else truth


def _like(epoch: Epoch, call: Call) -> Prediction | None:
    """Return one of the last real predictions with that call."""
    said = Prediction.objects.filter(model_version=epoch.model_version_id, item__line=epoch.line_id)
    last = said.order_by("-created_at", "-pk").values_list("pk", "call")[:LOOKED_BACK]
    alike = [pk for pk, said_call in last if said_call == call]
    return Prediction.objects.get(pk=_chance.choice(alike)) if alike else None
