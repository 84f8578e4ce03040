"""A picture as a few dozen numbers: how bright and how busy each part of it is, for telling the like from the unlike.

Fixed and cheap: no model learnt it, so pictures of before and after a new version compare. A certificate keeps how its
own pictures lie (`Reference`) and how far from them a picture may be.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import sqrt

import numpy as np
from numpy.typing import NDArray
from PIL import Image

ROWS, COLUMNS = 6, 4
SIDE = 96
# A place that never varied in the reference still may by as much as a sensor's noise.
SPREAD_LEAST = 0.5
LENGTH = 2 * ROWS * COLUMNS

Vector = NDArray[np.float32]


@dataclass(frozen=True)
class Reference:
    """How the certified pictures lie, number by number, and the greatest distance among them."""

    mean: tuple[float, ...]
    spread: tuple[float, ...]
    limit: float

    @classmethod
    def of_plain(cls, plain: Mapping[str, Sequence[float] | float]) -> Reference:
        """Return the reference as a certificate keeps it."""
        return cls(tuple(plain["mean"]), tuple(plain["spread"]), float(plain["limit"]))  # type: ignore[arg-type]


def embed(pixels: NDArray[np.uint8]) -> Vector:
    """Return the mean luminance and the mean gradient of each cell of a coarse grid, in 8-bit units."""
    grey = Image.fromarray(pixels).convert("L").resize((SIDE, SIDE), Image.Resampling.BOX)
    y = np.asarray(grey, dtype=np.float32)
    across, down = np.abs(np.diff(y, axis=1, append=y[:, -1:])), np.abs(np.diff(y, axis=0, append=y[-1:]))
    return np.concatenate([_cells(y), _cells(across + down)])


def reference(vectors: Sequence[Vector]) -> Reference | None:
    """Return the reference of some pictures; None for none.

    >>> reference([np.zeros(2, np.float32), np.full(2, 2, np.float32)])
    Reference(mean=(1.0, 1.0), spread=(1.0, 1.0), limit=1.0)
    """
    if not vectors:
        return None
    every = np.stack(vectors).astype(np.float64)
    mean, spread = every.mean(axis=0), np.maximum(every.std(axis=0), SPREAD_LEAST)
    loose = Reference(tuple(map(float, mean)), tuple(map(float, spread)), 0.0)
    return Reference(loose.mean, loose.spread, max(distance(vector, loose) for vector in vectors))


def distance(vector: Vector, known: Reference) -> float:
    """Return how far a picture lies from the reference: the root mean square over its numbers, in their spreads."""
    z = (vector.astype(np.float64) - np.array(known.mean)) / np.array(known.spread)
    return sqrt(float(np.mean(z * z)))


def packed(vector: Vector) -> bytes:
    """Return the vector as it is kept beside an item: half precision, little-endian."""
    return vector.astype("<f2").tobytes()


def unpacked(kept: bytes) -> Vector:
    return np.frombuffer(kept, dtype="<f2").astype(np.float32)


def _cells(values: NDArray[np.float32]) -> Vector:
    rows, columns = SIDE // ROWS, SIDE // COLUMNS
    return values.reshape(ROWS, rows, COLUMNS, columns).mean(axis=(1, 3)).ravel()
