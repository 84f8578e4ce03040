"""From a network's outputs to a score, a probability, a class and a heat map. Plain arithmetic on arrays."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

UNCALIBRATED: Mapping[str, float] = {"a": -1.0, "b": 0.0}
"""Platt's a and b that leave the log-odds as they are."""


def raw_scores(logits: Floats) -> NDArray[np.float64]:
    """Log-odds of "defect": all defect classes together against pass, the first class.

    >>> raw_scores(np.array([[0.0, 1.5]])).tolist()
    [1.5]
    """
    wide = logits.astype(np.float64)
    defects = wide[:, 1:]
    most = defects.max(axis=1)
    return most + np.log(np.exp(defects - most[:, None]).sum(axis=1)) - wide[:, 0]


def probability(raw_score: float, calibrator: Mapping[str, float]) -> float:
    """Platt: 1 / (1 + exp(a * f + b)).

    >>> probability(0.0, UNCALIBRATED)
    0.5
    """
    exponent = calibrator["a"] * raw_score + calibrator["b"]
    if exponent > 0:
        small = math.exp(-min(exponent, 700.0))
        return small / (1.0 + small)
    return 1.0 / (1.0 + math.exp(max(exponent, -700.0)))


def uncertainty(p: float) -> float:
    """Entropy of the call in bits: 0 when sure, 1 at even odds.

    >>> uncertainty(0.5), uncertainty(1.0)
    (1.0, 0.0)
    """
    return -sum(share * math.log2(share) for share in (p, 1.0 - p) if share > 0)


def activation(maps: Floats, top_class: int) -> Floats:
    """How much each place speaks for the class rather than for pass; 0 where it does not. classes x h x w in."""
    return np.maximum(maps[top_class] - maps[0], 0.0).astype(np.float32)


def heat(maps: Floats, top_class: int, scale: float) -> Floats:
    """The activation from 0 to 1, where 1 is as strong as the clear defects the model was validated on."""
    return np.minimum(activation(maps, top_class) / np.float32(scale), np.float32(1.0))
