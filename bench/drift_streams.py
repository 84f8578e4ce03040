"""Streams of a line's images for the drift bench: shifts that differ by lamp and by mix, and what changes in them."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.random import Generator

from bench.drift_images import AS_EVER, LAMPS, Figures

SHIFTS, SHIFT = 20, 600
LAMP_SD = 0.02
DEFECT_RATE = 0.03
MODEL_FINDS, MODEL_ERRS = 0.95, 0.005


@dataclass(frozen=True)
class Pool:
    """Measures of good and defective pictures, by change: `plain` under all lamps, others under those of a line."""

    good: Mapping[str, Figures]
    defective: Mapping[str, Figures]


@dataclass(frozen=True)
class Change:
    """What happens to a line. `figures` names the pool's pictures, `lamp` dims them, `defects` multiplies the rate."""

    figures: str = "plain"
    lamp: float = 1.0
    defects: float = 1.0
    is_stuck: bool = False


@dataclass(frozen=True)
class Stretch:
    """Images in order: their measures, whether the model calls a defect, and which picture each one is."""

    measures: Figures
    calls: list[bool]
    pictures: list[int]


def shift(pool: Pool, rng: Generator, *, images: int = SHIFT, change: Change | None = None) -> Stretch:
    """Return images of one shift: its lamp and the share of its pictures that look alike differ from other shifts'."""
    change = change or Change()
    lamp = float(np.clip(rng.normal(1.0, LAMP_SD), 0.94, 1.06))
    is_defect = rng.random(images) < DEFECT_RATE * change.defects
    good, bad = (_lit(kind[change.figures], lamp * change.lamp) for kind in (pool.good, pool.defective))
    # Half of the pictures are commoner in one shift than in another: oil one day, dust the next.
    tilt = rng.uniform(0.35, 0.65)
    halves = rng.random(images) < tilt
    half = len(good) // 2
    places = np.where(halves, rng.integers(0, half, images), rng.integers(half, len(good), images))
    measures = np.where(is_defect[:, None], bad[rng.integers(0, len(bad), images)], good[places])
    if change.is_stuck:
        measures[:], places[:] = measures[0], places[0]
    called = rng.random(images) < np.where(is_defect, MODEL_FINDS, MODEL_ERRS)
    return Stretch(measures, [bool(call) for call in called], [int(place) for place in places])


def shifts(pool: Pool, rng: Generator, *, images: int, change: Change | None = None) -> Stretch:
    """Return so many images of one shift after another."""
    parts = [shift(pool, rng, change=change) for _ in range(-(-images // SHIFT))]
    return Stretch(
        np.concatenate([part.measures for part in parts])[:images],
        [call for part in parts for call in part.calls][:images],
        [place for part in parts for place in part.pictures][:images],
    )


def _lit(figures: Figures, lamp: float) -> Figures:
    """Return pictures x metrics under a lamp, read off between the two nearest lamps that were measured."""
    lamps = LAMPS if figures.shape[1] == len(LAMPS) else LAMPS[AS_EVER]
    above = int(np.clip(np.searchsorted(lamps, lamp), 1, len(lamps) - 1))
    share = (lamp - lamps[above - 1]) / (lamps[above] - lamps[above - 1])
    return (1 - share) * figures[:, above - 1] + share * figures[:, above]
