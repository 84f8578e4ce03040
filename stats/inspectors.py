"""How well a person inspects, measured on gold items whose truth is known.

No ranking with overlapping intervals, and never a percentage of fewer than 50 golds.
"""

from collections.abc import Iterable
from math import ceil, erfc, sqrt
from statistics import NormalDist
from typing import NamedTuple

from stats import checks
from stats.proportions import clopper_pearson

_NORMAL = NormalDist()
_SLACK = 1e-9


class Gage(NamedTuple):
    """Shares on gold items; None without opportunities."""

    effectiveness: float | None
    miss_rate: float | None
    false_alarm_rate: float | None


class Effectiveness(NamedTuple):
    """A share of correct calls with its exact limits."""

    value: float | None
    low: float
    high: float


class Detection(NamedTuple):
    """Signal detection: sensitivity d', criterion c (above 0 = lenient), ln beta, error of d'."""

    d: float
    c: float
    ln_beta: float
    se: float


class Trend(NamedTuple):
    """Cochran-Armitage z and its one-sided p for decline; None where there is no trend to test."""

    z: float | None
    p: float | None


class GoldRate(NamedTuple):
    """The gold share that the library allows, gold items a day, and the library the wish needs."""

    rate: float
    per_day: float
    library_needed: int


def gage(hits: int, misses: int, false_alarms: int, correct_passes: int) -> Gage:
    """Effectiveness, miss rate and false-alarm rate of one inspector on gold items.

    Each is None without opportunities. Good: >= .90, <= .02, <= .05. Raises ValueError for
    a negative or fractional count. Source: AIAG MSA, attribute study.

    >>> gage(0, 0, 3, 97)
    Gage(effectiveness=0.97, miss_rate=None, false_alarm_rate=0.03)
    """
    hits, misses, false_alarms, correct_passes = _counted(
        hits=hits, misses=misses, false_alarms=false_alarms, correct_passes=correct_passes
    )
    return Gage(
        _ratio(hits + correct_passes, misses + false_alarms),
        _ratio(misses, hits),
        _ratio(false_alarms, correct_passes),
    )


def effectiveness(correct: int, n: int, alpha: float = 0.05) -> Effectiveness:
    """Share of correct calls with its Clopper-Pearson interval; (None, 0, 1) without items.

    Raises ValueError for impossible counts and alpha outside (0,1).

    >>> effectiveness(0, 0)
    Effectiveness(value=None, low=0.0, high=1.0)
    """
    low, high = clopper_pearson(correct, n, alpha)
    return Effectiveness(correct / n if n else None, low, high)


def sdt(hits: int, misses: int, false_alarms: int, correct_passes: int) -> Detection:
    """How well an inspector tells defects from good parts (d'), and how leniently (c).

    H = (hits+.5)/(n1+1), FA = (false alarms+.5)/(n0+1); d' = z(H) - z(FA);
    c = -(z(H)+z(FA))/2; ln beta = d' c. Compare d' within one mix of difficulty only.
    Raises ValueError for a negative or fractional count, and without defects or good parts.
    Source: Hautus 1995; Macmillan & Creelman 2005.

    >>> [round(value, 6) for value in sdt(45, 5, 12, 438)]
    [3.153552, 0.338696, 1.068094, 0.265988]
    """
    hits, misses, false_alarms, correct_passes = _counted(
        hits=hits, misses=misses, false_alarms=false_alarms, correct_passes=correct_passes
    )
    defects, good = hits + misses, false_alarms + correct_passes
    if not defects or not good:
        raise ValueError(f"There are {defects} defects and {good} good parts, both kinds are needed.")
    hit_rate, alarm_rate = (hits + 0.5) / (defects + 1), (false_alarms + 0.5) / (good + 1)
    z_hit, z_alarm = _NORMAL.inv_cdf(hit_rate), _NORMAL.inv_cdf(alarm_rate)
    d, c = z_hit - z_alarm, -(z_hit + z_alarm) / 2
    variance = _z_variance(hit_rate, z_hit, defects) + _z_variance(alarm_rate, z_alarm, good)
    return Detection(d, c, d * c, sqrt(variance))


def gold_rate(library: int, readings_per_day: float, wanted: float = 0.02, work_days: float = 22) -> GoldRate:
    """The share of gold items that a library of images allows when nobody meets one twice in a month.

    rate = min(wanted, library/(work_days readings_per_day)). An empty library allows 0.
    Raises ValueError for a negative or fractional library, wanted outside (0,1), and days or
    readings not above 0.

    >>> found = gold_rate(200, 1500)
    >>> round(found.rate, 6), round(found.per_day, 6), found.library_needed
    (0.006061, 9.090909, 660)
    """
    library, wanted = checks.count(library, "library"), checks.share(wanted, "wanted")
    readings = checks.positive(readings_per_day, "readings_per_day")
    days = checks.positive(work_days, "work_days")
    return GoldRate(
        rate=min(wanted, library / (days * readings)),
        per_day=min(wanted * readings, library / days),
        library_needed=ceil(wanted * readings * days - _SLACK),
    )


def trend(hits: Iterable[int], n: Iterable[int], t: Iterable[float]) -> Trend:
    """Whether the share of hits declines over times t (Cochran-Armitage, one-sided for decline).

    z = sum t(h - n p)/sqrt(p(1-p) sum n (t - tbar)^2), p-value = Phi(z). (None, None) when all
    or none were hits, or all opportunities fall on one time.
    Raises ValueError for empty or unequal lists, hits above n, and no opportunities at all.
    Source: Armitage 1955.

    >>> trend([5, 5], [5, 5], [0, 1])
    Trend(z=None, p=None)
    """
    found = [checks.count(value, "An entry of hits") for value in checks.entries(hits, "hits")]
    chances = [checks.count(value, "An entry of n") for value in checks.entries(n, "n")]
    times = checks.numbers(t, "t")
    checks.same_length(found, chances, "hits and n")
    checks.same_length(found, times, "hits and t")
    for pair in zip(found, chances, strict=True):
        checks.part_of(*pair, "Hits and opportunities")
    total = sum(chances)
    if not total:
        raise ValueError(f"n is {chances!r}, there are no opportunities.")
    p = sum(found) / total
    used = {time for chance, time in zip(chances, times, strict=True) if chance}
    if p in (0, 1) or len(used) == 1:
        return Trend(None, None)
    centre = sum(map(float.__mul__, times, map(float, chances))) / total
    spread = sum(chance * (time - centre) ** 2 for chance, time in zip(chances, times, strict=True))
    surplus = sum((time - centre) * (hit - chance * p) for hit, chance, time in zip(found, chances, times, strict=True))
    z = surplus / sqrt(p * (1 - p) * spread)
    return Trend(z, erfc(-z / sqrt(2)) / 2)  # unlike NormalDist.cdf, precise far below 0


def _counted(**counts: int) -> list[int]:
    return [checks.count(value, name) for name, value in counts.items()]


def _ratio(part: int, rest: int) -> float | None:
    return part / (part + rest) if part + rest else None


def _z_variance(rate: float, z: float, n: int) -> float:
    return rate * (1 - rate) / (n * _NORMAL.pdf(z) ** 2)
