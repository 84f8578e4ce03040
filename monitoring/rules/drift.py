"""Whether a line's images have moved away from its reference: a notice at once, an alarm by windows, then down.

Thresholds are calibrated on whole shifts, because ordinary shifts differ. Source: Tollgate's statistics, section 6.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np

from inspection.rules.words import Pace
from stats.drift import block_threshold, cbpe_accuracy, cbpe_escape, two_of_three, w1

PATCH = "patch_luminance"
IMAGE_METRICS = (PATCH, "p99_luminance", "brightness", "contrast", "sharpness", "saturation", "entropy", "size_bytes")
SCORE, EMBEDDING = "score", "embedding"
METRICS = (*IMAGE_METRICS, SCORE)
# A reference wants many shifts rather than many images: how much ordinary shifts differ is what it is for.
REFERENCE_SHIFTS, REFERENCE_OF_SHIFT = 20, 600
REFERENCE_MIN = 200
REFERENCE_KEPT = 2_000
SHOWN_OF_REFERENCE = 24
WINDOW = 500
# A window that has run this long is judged with fewer images, if not with too few.
WINDOW_HOURS = 2
WINDOW_MIN = 200
SUSTAINED = 4
# What the notice looks at: the reference's end and the newest images, whose last ones must have moved this far.
NOTICE_BEFORE, NOTICE_AFTER, NOTICE_LAST = 300, 1_000, 32
NOTICE_SD = 0.5
# How far means of so few images lie from the whole in ordinary shifts, times this: what a shift may do is no notice.
NOTICE_SPREADS = 4.0
# The classifier that tells new pictures from those of the reference: once a day, as many of one as of the other.
TESTED_EVERY, TESTED_IMAGES, TESTED_MIN = timedelta(days=1), 500, 200
APART_NOTICE, APART_ALARM = 0.60, 0.70
MOST_ALIKE = 20
# A reference grows old with what it shows: consumer products change each season, parts for other firms over years.
GOOD_FOR = {Pace.CONSUMER: timedelta(days=90), Pace.B2B: timedelta(days=365)}
GOOD_FOR_UNKNOWN = timedelta(days=180)


@dataclass(frozen=True)
class Reference:
    """How one metric was: its mean and spread, how far a window may lie from it, and values in order of time.

    `notice` is how far the mean of a few images may lie from it, in spreads.
    """

    mean: float
    sd: float
    threshold: float
    values: list[float]
    notice: float = NOTICE_SD


def reference(shifts: Sequence[Sequence[float]]) -> Reference | None:
    """Return the reference of a metric from its values by shift; None for one that never varied."""
    values = np.concatenate([np.asarray(shift, dtype=float) for shift in shifts])
    sd = float(np.std(values))
    if sd == 0:
        return None
    mean = float(np.mean(values))
    return Reference(
        mean=mean,
        sd=sd,
        threshold=block_threshold(shifts, window=WINDOW),
        values=[float(value) for value in values[-REFERENCE_KEPT:]],
        notice=max(NOTICE_SD, NOTICE_SPREADS * _spread_of_few(shifts) / sd),
    )


def standardised(values: Sequence[float], before: Reference) -> list[float]:
    """Return values in spreads of the reference.

    >>> standardised([3.0], Reference(1.0, 2.0, 0.5, [1.0]))
    [1.0]
    """
    return [(value - before.mean) / before.sd for value in values]


def stretch(before: Reference, newest: Sequence[float]) -> tuple[list[float], int]:
    """Return what the change detector walks, and where in it the newest images begin."""
    tail = standardised(before.values[-NOTICE_BEFORE:], before)
    return tail + standardised(newest[-NOTICE_AFTER:], before), len(tail)


def moved(z: Sequence[float]) -> float:
    """Return by how many spreads the last images lie from the reference's mean; 0.0 for too few."""
    return float(np.mean(z[-NOTICE_LAST:])) if len(z) >= NOTICE_LAST else 0.0


def ends_away(references: Mapping[str, Reference], newest: Mapping[str, Sequence[float]]) -> bool:
    """Say whether the last images of any metric lie away as far as a notice asks, or are too few to tell.

    >>> before = {"contrast": Reference(10.0, 2.0, 0.5, [10.0])}
    >>> [ends_away(before, {"contrast": [value] * 32}) for value in (10.1, 12.0)], ends_away(before, {})
    ([False, True], True)
    """
    ends = {name: newest.get(name, ())[-NOTICE_LAST:] for name in references}
    return any(
        len(ends[name]) < NOTICE_LAST or abs(moved(standardised(ends[name], before))) >= before.notice
        for name, before in references.items()
    )


def distance(before: Reference, window: Sequence[float]) -> float:
    """Return how far a window moved on average, in spreads of the reference."""
    return w1(before.values, window, sd=before.sd)


def alarming(history: Sequence[Mapping[str, float]], thresholds: Mapping[str, float]) -> list[str]:
    """Return the metrics that were over in two of the last three windows; `history` oldest first.

    >>> alarming([{"contrast": 0.9}, {"contrast": 0.1}, {"contrast": 0.8}], {"contrast": 0.5})
    ['contrast']
    """
    return [name for name, limit in thresholds.items() if two_of_three(_of(history, name), limit)]


def reach(history: Sequence[Mapping[str, float]], thresholds: Mapping[str, float]) -> float:
    """Return how far the farthest metric lies, in its threshold, in two of the last three windows: above 1 it alarms.

    >>> reach([{"contrast": 0.9}], {"contrast": 0.5}), reach([{"contrast": 0.9}, {"contrast": 1.0}], {"contrast": 0.5})
    (0.0, 1.8)
    """
    last = {name: sorted(_of(history, name)[-3:]) for name in thresholds}
    return max((far[-2] / thresholds[name] for name, far in last.items() if len(far) >= 2), default=0.0)


def sustained(history: Sequence[Mapping[str, float]], thresholds: Mapping[str, float]) -> list[str]:
    """Return the metrics that were over in each of the last four windows that show them; fewer windows say nothing.

    >>> sustained([{"contrast": 0.9}] * 4, {"contrast": 0.5, "score": 0.5})
    ['contrast']
    """
    seen = {name: _of(history, name)[-SUSTAINED:] for name in thresholds}
    return [name for name, far in seen.items() if len(far) == SUSTAINED and min(far) > thresholds[name]]


def estimates(probabilities: Sequence[float]) -> dict[str, float | None]:
    """Return what accuracy and escape rate would be if nothing but the mix of parts had changed. Never evidence.

    >>> estimates([])
    {}
    """
    if not probabilities:
        return {}
    return {"accuracy": cbpe_accuracy(probabilities), "escape": cbpe_escape(probabilities)}


def is_apart(aucs: Sequence[float]) -> bool:
    """Say whether new pictures were told from the reference twice in a row; `aucs` oldest first.

    >>> is_apart([0.5, 0.72, 0.71]), is_apart([0.72, 0.5]), is_apart([0.9])
    (True, False, False)
    """
    return len(aucs) >= 2 and min(aucs[-2:]) > APART_ALARM


def certify_again(taken_on: date, pace: str, agreed: date | None) -> date:
    """Return until when a reference is good: by how fast its line changes, or as agreed if that day comes sooner.

    >>> certify_again(date(2026, 1, 1), "consumer", None).isoformat()
    '2026-04-01'
    """
    by_pace = taken_on + (GOOD_FOR[Pace(pace)] if pace else GOOD_FOR_UNKNOWN)
    return min(by_pace, agreed) if agreed and agreed > taken_on else by_pace


def spaced(count: int, *, most: int) -> list[int]:
    """Return places that stand for a whole sequence: all, or so many at equal distances.

    >>> spaced(3, most=5), spaced(10, most=3)
    ([0, 1, 2], [0, 3, 6])
    """
    return list(range(count)) if count <= most else [n * count // most for n in range(most)]


def _spread_of_few(shifts: Sequence[Sequence[float]]) -> float:
    """Return how much the means of a few images in a row differ, within shifts and between them; 0.0 for one such."""
    means = [
        float(np.mean(shift[begin : begin + NOTICE_LAST]))
        for shift in shifts
        for begin in range(0, len(shift) - NOTICE_LAST + 1, NOTICE_LAST)
    ]
    return float(np.std(means)) if means else 0.0


def _of(history: Sequence[Mapping[str, float]], name: str) -> list[float]:
    return [window[name] for window in history if name in window]
