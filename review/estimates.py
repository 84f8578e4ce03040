"""The two-phase estimate: how right the model is, although every single reading is noisy.

Strata are (model call, first reading). Within a stratum the adjudicated ones are a random sample: all
disagreements, the truth draw, and the drawn share of agreed defects. Source: statistics section 1.3.
"""

from dataclasses import dataclass

from django.db.models import Count, Q

from inspection.models import Epoch
from review import history
from stats.adjudication import two_phase

Rates = tuple[float | None, float | None, float | None, float | None, float | None]


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
        if cell["ruling"] is not None:
            sampled[model][human] += cell["n"]
            defective[model][human] += cell["n"] if cell["ruling"] == "defect" else 0
    prevalence, escape, escape_se, overkill, overkill_se = _rates(total, sampled, defective)
    return Estimate(prevalence, escape, escape_se, overkill, overkill_se, total, sampled, defective)


def accuracy(epoch: Epoch) -> float | None:
    """Return the point estimate of the model's accuracy, None while a stratum has no adjudicated part."""
    return estimate(epoch).accuracy


def _rates(total, sampled, defective) -> Rates:
    unsampled = any(total[m][h] and not sampled[m][h] for m in (0, 1) for h in (0, 1))
    if unsampled or not any(map(sum, total)):
        return None, None, None, None, None
    found = two_phase(total, sampled, defective)
    return found.prevalence, found.escape, found.escape_se, found.overkill, found.overkill_se


def _cells(epoch: Epoch):
    """Count readings by the model's call, the person's call and the ruling, in one statement."""
    readings = history.final_readings(epoch).filter(label__in=["pass", "defect"])
    readings = readings.filter(~Q(ruling="cannot_judge") | Q(ruling=None), call__in=["pass", "defect"])
    readings = readings.annotate(model=history.as_number("call"), human=history.as_number("label"))
    return readings.order_by().values("model", "human", "ruling").annotate(n=Count("pk"))


def _zeros() -> list[list[int]]:
    return [[0, 0], [0, 0]]
