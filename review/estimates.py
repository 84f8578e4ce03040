"""The two-phase estimate: how right the model is, although every single reading is noisy.

Strata are (model call, first reading). Within a stratum the adjudicated ones are a random sample: all
disagreements, the truth draw, and the drawn share of agreed defects. The strata are counted as readings become
final, so the estimate costs the same however long the history. Source: statistics section 1.3.
"""

from dataclasses import dataclass

from inspection.models import Epoch
from inspection.rules.words import Stream
from review import counts
from review.counts import Ledger, Sums
from stats.adjudication import two_phase, two_phase_pessimistic

Rates = tuple[float | None, float | None, float | None, float | None, float | None, float | None]


@dataclass(frozen=True)
class Estimate:
    """Rates against truth with standard errors; None where the counts do not define them.

    `escape_pessimistic` takes strata that showed no defect at their upper bound.
    """

    prevalence: float | None
    escape: float | None
    escape_se: float | None
    overkill: float | None
    overkill_se: float | None
    escape_pessimistic: float | None
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
    return of(counts.ledger(epoch))


def of(ledger: Ledger) -> Estimate:
    """Return the two-phase estimate from what was counted."""
    total, sampled, defective = (
        _table(ledger.sums(stream)) for stream in (Stream.READ, Stream.RULED, Stream.RULED_DEFECT)
    )
    return Estimate(*_rates(total, sampled, defective), total, sampled, defective)


def _rates(total, sampled, defective) -> Rates:
    unsampled = any(total[m][h] and not sampled[m][h] for m in (0, 1) for h in (0, 1))
    if unsampled or not any(map(sum, total)):
        return None, None, None, None, None, None
    return *two_phase(total, sampled, defective), two_phase_pessimistic(total, sampled, defective)


def _table(sums: Sums) -> list[list[int]]:
    return [[sums.pp, sums.pd], [sums.dp, sums.dd]]
