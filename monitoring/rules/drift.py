"""Whether a line's images have moved away from its reference: a notice at once, an alarm by windows, then down.

Thresholds are calibrated on whole shifts, because ordinary shifts differ. Source: Tollgate's statistics, section 6.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from stats.drift import block_threshold, two_of_three, w1

METRICS = ("p99_luminance", "brightness", "contrast", "sharpness", "saturation", "entropy", "size_bytes")
REFERENCE_IMAGES = 10_000
REFERENCE_MIN = 200
REFERENCE_KEPT = 2_000
WINDOW = 500
# A window that has run this long is judged with fewer images, if not with too few.
WINDOW_HOURS = 2
WINDOW_MIN = 200
SUSTAINED = 4
# What the notice looks at: the reference's end and the newest images, whose last ones must have moved this far.
NOTICE_BEFORE, NOTICE_AFTER, NOTICE_LAST = 300, 1_000, 32
NOTICE_SD = 0.5


@dataclass(frozen=True)
class Reference:
    """How one metric was: its mean and spread, how far a window may lie from it, and values in order of time."""

    mean: float
    sd: float
    threshold: float
    values: list[float]


def reference(shifts: Sequence[Sequence[float]]) -> Reference | None:
    """Return the reference of a metric from its values by shift; None for one that never varied."""
    values = np.concatenate([np.asarray(shift, dtype=float) for shift in shifts])
    sd = float(np.std(values))
    if sd == 0:
        return None
    threshold = block_threshold(shifts, window=WINDOW)
    return Reference(float(np.mean(values)), sd, threshold, [float(value) for value in values[-REFERENCE_KEPT:]])


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


def distance(before: Reference, window: Sequence[float]) -> float:
    """Return how far a window moved on average, in spreads of the reference."""
    return w1(before.values, window, sd=before.sd)


def alarming(history: Sequence[Mapping[str, float]], thresholds: Mapping[str, float]) -> list[str]:
    """Return the metrics that were over in two of the last three windows; `history` oldest first.

    >>> alarming([{"contrast": 0.9}, {"contrast": 0.1}, {"contrast": 0.8}], {"contrast": 0.5})
    ['contrast']
    """
    return [name for name, limit in thresholds.items() if two_of_three(_of(history, name), limit)]


def sustained(history: Sequence[Mapping[str, float]], thresholds: Mapping[str, float]) -> list[str]:
    """Return the metrics that were over in each of the last four windows."""
    return [
        name
        for name, limit in thresholds.items()
        if len(history) >= SUSTAINED and all(value > limit for value in _of(history, name)[-SUSTAINED:])
    ]


def _of(history: Sequence[Mapping[str, float]], name: str) -> list[float]:
    return [window[name] for window in history if name in window]
