"""How often a person meets an image of known truth: as often as the library lets nobody meet one twice a month."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from math import exp

from stats import cusum
from stats.agreement import kappa
from stats.eprocess import e_bh, log_e_above
from stats.inspectors import Gage, gage, gold_rate

WANTED, MOST = 0.02, 0.05
# Who is new is measured sooner.
FIRST_READINGS, FIRST_SHARE = 100, 0.05
REST = timedelta(days=30)
WORK_DAYS = 22
# Fewer golds than this give counts, never a percentage.
FEWEST = 50
# Of the people who are flagged together, at most this share wrongly so, whatever the number of people.
FALSELY_FLAGGED = 0.10
LOG_E_MOST = 700.0
MISS_TOLERATED, MISS_DETECTED, MISS_ALARM = 0.02, 0.0613504848, 7.199


@dataclass(frozen=True, kw_only=True)
class Dose:
    """The share of one person's readings that may be gold, and what the wish would need."""

    share: float
    wanted: float
    per_day: float
    held: int
    library_needed: int

    @property
    def missing(self) -> int:
        """How many images the library lacks for the wish."""
        return max(0, self.library_needed - self.held)

    @property
    def days_to_percentage(self) -> float | None:
        """Working days until there are enough golds for a percentage; None where none can be given."""
        return FEWEST / self.per_day if self.per_day else None


def dose(*, defects: int, good: int, readings_per_day: float, readings_so_far: int, wanted: float = WANTED) -> Dose:
    """Return what a library of so many defects and good parts allows one person.

    Half of the golds are defects, so the scarcer kind sets the library.

    >>> dose(defects=100, good=900, readings_per_day=1500, readings_so_far=5000).missing
    460
    """
    asked = FIRST_SHARE if readings_so_far < FIRST_READINGS else min(wanted, MOST)
    library = 2 * min(defects, good)
    found = gold_rate(library, max(1.0, readings_per_day), asked, WORK_DAYS)
    return Dose(
        share=found.rate,
        wanted=asked,
        per_day=found.per_day,
        held=library,
        library_needed=found.library_needed,
    )


def miss_chart(missed: list[bool]) -> tuple[float, bool]:
    """Return W of a person's chart over their gold defects in order, and whether it has ever reached its limit.

    Without gold defects it stands at 0.

    >>> miss_chart([True] * 7)[1], miss_chart([False] * 50)
    (True, (-0.04311, False))
    """
    walked = cusum.trace([int(miss) for miss in missed], MISS_TOLERATED, MISS_DETECTED)
    return (round(walked[-1], 6), max(walked) >= MISS_ALARM) if walked else (0.0, False)


def flagged(counts: Sequence[tuple[int, int]]) -> list[int]:
    """Return the places of those who miss more than tolerated, given (missed, caught) of several people at once.

    Asked of many, somebody always looks bad by luck; e-BH bounds the share of wrong flags.

    >>> flagged([(10, 40), (0, 50), (1, 49)]), flagged([])
    ([0], [])
    """
    evidence = [exp(min(log_e_above(missed, caught, MISS_TOLERATED), LOG_E_MOST)) for missed, caught in counts]
    return list(e_bh(evidence, FALSELY_FLAGGED))


def repeated(pairs: Sequence[tuple[bool, bool]]) -> tuple[int, float | None]:
    """Return how often two answers of one person to one image were the same, and kappa within; None where undefined.

    >>> repeated([(True, True), (False, False), (True, False)])[0], repeated([])
    (2, (0, None))
    """
    table = [[0, 0], [0, 0]]
    for first, again in pairs:
        table[first][again] += 1
    return table[0][0] + table[1][1], kappa(table).kappa if pairs else None


def verdict(hits: int, misses: int, false_alarms: int, correct_passes: int) -> str:
    """Return `good`, `marginal`, `poor` by 90/2/5 and 80/5/10 %, or `few` below 50 golds and with one kind only."""
    seen = hits + misses + false_alarms + correct_passes
    measured = gage(hits, misses, false_alarms, correct_passes)
    if seen < FEWEST or measured.miss_rate is None or measured.false_alarm_rate is None:
        return "few"
    return next((word for word, limits in _LIMITS.items() if _within(measured, limits)), "poor")


_LIMITS = {"good": (0.90, 0.02, 0.05), "marginal": (0.80, 0.05, 0.10)}


def _within(measured: Gage, limits: tuple[float, float, float]) -> bool:
    least, misses, alarms = limits
    right, missed, alarmed = measured.effectiveness or 0.0, measured.miss_rate or 0.0, measured.false_alarm_rate or 0.0
    return right >= least and missed <= misses and alarmed <= alarms
