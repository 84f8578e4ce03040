"""What people made of planted calls in one epoch: read from their answers, for the report and for the gate."""

from dataclasses import dataclass

from inspection.models import Epoch
from inspection.rules.words import Call, Label, Phase
from review import sessions
from review.models import Decision, DecisionFate
from review.rules import reliance
from review.rules.reliance import Reliance, Seen


def of(epoch: Epoch) -> Reliance | None:
    """Return how far people rely on the model of an epoch; None before anything was planted and answered."""
    seen = _seen(epoch)
    return reliance.reliance(seen) if seen else None


@dataclass(frozen=True)
class Harm:
    """What the gate asks: (right calls given up, right calls), and defects (passed, all) told and not told."""

    given_up: tuple[int, int]
    omission: tuple[tuple[int, int], tuple[int, int]]


def harm(epoch: Epoch) -> Harm:
    """Return what planted wrong passes made of people's calls on known defects. Two statements."""
    seen = _seen(epoch)
    return Harm(reliance.given_up(seen), reliance.omission(seen))


def _seen(epoch: Epoch) -> list[Seen]:
    first = sessions.answers().filter(task__gold__planted__epoch=epoch, blind=True)
    planted = list(first.select_related("task__gold__planted").order_by("recorded_at", "pk"))
    if not planted:
        return []
    revised = Decision.objects.filter(
        task__gold__planted__epoch=epoch, phase=Phase.FINAL.value, fate__fate=DecisionFate.FINAL
    )
    last = dict(revised.values_list("task", "label"))
    return [
        Seen(
            truth=Call(one.task.gold.label),
            call=Call(one.task.gold.planted.call),
            first=Label(one.label),
            last=Label(last.get(one.task_id, one.label)),
            is_control=one.task.gold.planted.is_control,
            is_shown=one.revealed_at is not None,
        )
        for one in planted
    ]
