"""A candidate beside the serving version: what people said of both, and where the two differ.

Both versions look; people rule where either differs from the first reader, and on the draws of every run. So the
comparison costs rulings only where there is something to compare.
"""

from collections.abc import Iterable
from datetime import datetime

from inspection import arms
from inspection.arms import ImageRead
from inspection.models import Item, Prediction, Rollout, Run
from inspection.rules.words import Call, Label, RolloutOutcome
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


def _image(found: ItemReadings) -> ImageRead:
    ruling = adjudication.standing(found.rulings)
    return ImageRead(item=found.item.pk, first=Label(found.first.label), ruled=ruling)
