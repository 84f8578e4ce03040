"""The two-phase estimate: how right the model is, although every single reading is noisy.

Strata are (model call, first reading). Within a stratum the adjudicated ones are a random sample: all
disagreements, the truth draw, and the drawn share of agreed defects. Source: statistics section 1.3.
"""

from dataclasses import dataclass

from django.db.models import Case, Count, Exists, IntegerField, OuterRef, Q, Subquery, Value, When

from inspection.models import Epoch, Prediction
from inspection.rules.words import Phase, Purpose
from review.models import Decision, DecisionFate, Truth
from stats.adjudication import two_phase

RULED = ("adjudication", "physical")


@dataclass(frozen=True)
class Estimate:
    """Rates against truth with standard errors; None where the counts do not define them."""

    prevalence: float | None
    escape: float | None
    escape_se: float | None
    overkill: float | None
    overkill_se: float | None
    total: list[list[int]]
    sampled: list[list[int]]
    defective: list[list[int]]

    @property
    def accuracy(self) -> float | None:
        if self.prevalence is None:
            return None
        return 1 - self.prevalence * (self.escape or 0.0) - (1 - self.prevalence) * (self.overkill or 0.0)


def estimate(epoch: Epoch) -> Estimate:
    """Return the two-phase estimate of one epoch from its final blind first readings."""
    total, sampled, defective = (_zeros() for _ in range(3))
    for cell in _cells(epoch):
        model, human = cell["model"], cell["human"]
        total[model][human] += cell["n"]
        if cell["truth"] is not None:
            sampled[model][human] += cell["n"]
            defective[model][human] += cell["n"] if cell["truth"] == "defect" else 0
    rates = _rates(total, sampled, defective)
    return Estimate(*rates, total, sampled, defective)


def accuracy(epoch: Epoch) -> float | None:
    """Return the point estimate of the model's accuracy, None while a stratum has no adjudicated part."""
    return estimate(epoch).accuracy


def _rates(total, sampled, defective) -> tuple[float | None, ...]:
    unsampled = any(total[m][h] and not sampled[m][h] for m in (0, 1) for h in (0, 1))
    if unsampled or not any(map(sum, total)):
        return (None,) * 5
    found = two_phase(total, sampled, defective)
    return found.prevalence, found.escape, found.escape_se, found.overkill, found.overkill_se


def _cells(epoch: Epoch):
    """Count final blind first readings by the model's call, the reading and the ruling, in one statement."""
    call = Prediction.objects.filter(item=OuterRef("task__item"), model_version=epoch.model_version_id).values("call")
    truth = Truth.objects.filter(item=OuterRef("task__item"), source__in=RULED).order_by("-n").values("label")
    final = DecisionFate.objects.filter(decision=OuterRef("pk"), fate=DecisionFate.FINAL)
    readings = Decision.objects.filter(
        Exists(final),
        task__run__epoch=epoch,
        task__purpose=Purpose.PRIMARY.value,
        phase=Phase.INITIAL.value,
        blind=True,
        label__in=["pass", "defect"],
    )
    readings = readings.annotate(call=Subquery(call[:1]), truth=Subquery(truth[:1]))
    readings = readings.annotate(model=_as_number("call"), human=_as_number("label"))
    judged = readings.filter(~Q(truth="cannot_judge") | Q(truth=None), model__gte=0)
    return judged.order_by().values("model", "human", "truth").annotate(n=Count("pk"))


def _as_number(word: str) -> Case:
    """1 for defect, 0 for pass, -1 for no call."""
    return Case(
        When(**{word: "defect"}, then=Value(1)),
        When(**{word: "pass"}, then=Value(0)),
        default=Value(-1),
        output_field=IntegerField(),
    )


def _zeros() -> list[list[int]]:
    return [[0, 0], [0, 0]]
