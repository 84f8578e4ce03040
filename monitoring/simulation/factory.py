"""What a simulated factory is like. Every default is told in docs/simulator.md."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from statistics import NormalDist

from inspection.models.line import three_shifts

_NORMAL = NormalDist()
# A rate of nothing or of everything has no finite quantile; this far out nobody sees the difference.
_RATE_LEAST = 1e-9
HARD_SHARE = 0.15
HARD_FACTOR = 5.0


@dataclass(frozen=True, kw_only=True)
class Skill:
    """How a model errs, at the line's call threshold: `escape` of the defects called pass, `overkill` of good parts.

    `hidden` of the defects look to the model like the best of parts, whatever the threshold: no band finds them. So
    do the defects of `blind_to`. Errors cluster on hard parts, as people's do.
    """

    escape: float = 0.004
    overkill: float = 0.01
    hidden: float = 0.0
    blind_to: frozenset[str] = frozenset()


@dataclass(frozen=True, kw_only=True)
class Habits:
    """How a person reads: share of defects missed, of good parts called a defect, and seconds a picture.

    `yields` is how often a right call is given up when the model is shown to differ, `learns` how often a wrong one.
    """

    miss: float = 0.08
    false_alarm: float = 0.01
    seconds: float = 4.0
    cannot_judge: float = 0.001
    yields: float = 0.02
    learns: float = 0.7


@dataclass(frozen=True, kw_only=True)
class Factory:
    """One line, its model and its people before anything happens to them."""

    parts_per_day: int = 1000
    shift_pattern: Sequence[Mapping[str, str]] = field(default_factory=three_shifts)
    defect_rate: float = 0.02
    classes: dict[str, float] = field(default_factory=lambda: {"scratch": 0.8, "stain": 0.2})
    truth_share: float = 0.10
    overlap_share: float = 0.10
    control_share: float = 0.05
    target_escape_ppm: float = 500.0
    bank: int = 400
    history: int = 1000
    band_parts: int = 1500
    challenges_a_shift: int = 0
    skill: Skill = Skill()
    inspectors: Habits = Habits()
    leads: Habits = Habits(miss=0.0, false_alarm=0.0, cannot_judge=0.0)
    parts_per_tick: int = 12


def hard_rates(rate: float, *, share: float = HARD_SHARE, factor: float = HARD_FACTOR) -> tuple[float, float]:
    """Return the error rates on easy and on hard parts whose mean over all parts is `rate`.

    >>> easy, hard = hard_rates(0.08)
    >>> round(easy, 3), round(hard, 3), round(0.85 * easy + 0.15 * hard, 10)
    (0.05, 0.25, 0.08)
    """
    easy = rate / (1 - share + share * factor)
    hard = min(1.0, factor * easy)
    return (rate - share * hard) / (1 - share), hard


def distance(rate: float) -> float:
    """Return how far from a threshold a normal score must lie so that it falls on the other side at this rate.

    >>> round(distance(0.05), 3), distance(0.5)
    (1.645, 0.0)
    """
    return -_NORMAL.inv_cdf(min(max(rate, _RATE_LEAST), 1 - _RATE_LEAST))
