"""Which pictures are so alike that whoever has learned one knows the other."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from vision.embedding import Vector
from vision.measures import near

NEAR_BITS = 6
"""Fingerprints of one scene, written anew with another quality, size or noise, differ in no more bits."""
NEAR_GREYS = 1.5
"""Its embeddings differ by no more 8-bit units on average; two drawn parts of one kind differ by more."""


@dataclass(frozen=True)
class Print:
    """What is kept of a picture: its 64-bit fingerprint, and its embedding where it has one."""

    fingerprint: int
    embedding: Vector | None = None


def alike(prints: Sequence[Print]) -> Iterator[tuple[int, int]]:
    """Yield the pairs of pictures that are nearly the same, by their places, the earlier place first.

    Where one of two was never embedded, their fingerprints alone decide, and more strictly.

    >>> list(alike([Print(0b1111), Print(0), Print(0b0111)]))
    [(0, 2)]
    """
    fingerprints = np.array([one.fingerprint for one in prints], dtype=np.uint64)
    for n, one in enumerate(prints):
        apart = np.bitwise_count(fingerprints[n + 1 :] ^ fingerprints[n])
        for offset in np.flatnonzero(apart <= NEAR_BITS):
            other = n + 1 + int(offset)
            if _is_like(one, prints[other]):
                yield n, other


def _is_like(one: Print, other: Print) -> bool:
    if one.embedding is None or other.embedding is None:
        return near(one.fingerprint, other.fingerprint)
    return float(np.abs(one.embedding - other.embedding).mean()) <= NEAR_GREYS
