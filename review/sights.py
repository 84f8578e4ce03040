"""What the reader of one task may see of the prediction: the rule, fed with rows."""

from collections.abc import Iterable
from uuid import UUID

from django.db.models import Exists, F, OuterRef, QuerySet

from inspection.models import Hold, Line, Prediction
from inspection.rules.words import AssistStyle, Level, Purpose
from review.gold_models import PlantedCall
from review.models import ReviewTask
from review.rules import blindness
from review.rules.blindness import Sight

REVEALING = {Level.ASSIST, Level.PARTIAL}


def of(task: ReviewTask) -> Sight:
    """Return what may be shown now: a line that came down since shows no more than its level allows."""
    return _sight(task, blindness.blinder(Level(task.level), Level(task.line.level)))


def waits(line: Line) -> bool:
    """Say whether the loop waits for the answer to each first call: on such a line it may show the prediction."""
    return line.assist_style == AssistStyle.REVEAL and line.level in REVEALING


def was_alongside(task: ReviewTask) -> bool:
    """Say whether the prediction may have stood beside the image: then the call is no blind evidence."""
    return _sight(task, Level(task.level)) == Sight.ALONGSIDE


def predictions_of(items: Iterable[UUID]) -> QuerySet[Prediction]:
    """Return what the model in force when each item was routed said about it."""
    return Prediction.objects.filter(item__in=items, model_version=F("item__routing__model_version"))


def told(tasks: Iterable[ReviewTask]) -> dict[UUID, Prediction | PlantedCall]:
    """Return by task what may be shown: the planted call of a gold item, else the prediction. One statement each."""
    gold, plain = [], {}
    for task in tasks:
        if task.purpose == Purpose.GOLD:
            gold.append(task.pk)
        else:
            plain[task.item_id] = task.pk
    said = {plain[one.item_id]: one for one in (showable_of(plain).order_by("-pk") if plain else ())}
    return said | {one.showing_id: one for one in (planted_of(gold) if gold else ())}


def planted_of(tasks: Iterable[UUID]) -> QuerySet[PlantedCall]:
    """Return what was planted on gold items, but nothing on a stopped line."""
    stopped = Hold.objects.in_force().filter(kind=Hold.STOP, line=OuterRef("showing__line"))
    return PlantedCall.objects.filter(showing__in=tasks).exclude(Exists(stopped))


def showable_of(items: Iterable[UUID]) -> QuerySet[Prediction]:
    """Return the same, but nothing of a stopped line: who stopped the model does not want its advice either."""
    stopped = Hold.objects.in_force().filter(kind=Hold.STOP, line=OuterRef("item__line"))
    return predictions_of(items).exclude(Exists(stopped))


def prediction_of(task: ReviewTask) -> Prediction | PlantedCall | None:
    if task.purpose == Purpose.GOLD:
        return PlantedCall.objects.filter(showing=task.pk).first()
    return predictions_of([task.item_id]).first()


def _sight(task: ReviewTask, level: Level) -> Sight:
    return blindness.sight(
        level=level,
        style=AssistStyle(task.assist_style),
        purpose=Purpose(task.purpose),
        is_control=task.is_control,
        is_drawn=task.run.drawn_truth or task.run.drawn_audit,
    )
