"""Which earlier rulings say most about a case: those about the same kind of defect first, then the likest pictures."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass

import numpy as np

from vision.embedding import Vector


@dataclass(frozen=True, kw_only=True)
class Known:
    """An earlier case: the kinds of defect that were spoken of, and its picture as numbers where it has them."""

    key: int
    classes: Collection[str]
    picture: Vector | None = None


def nearest(known: Iterable[Known], *, classes: Collection[str], picture: Vector | None, most: int) -> list[int]:
    """Return the keys of the nearest earlier cases, nearest first; of equals those that were given first.

    Without kinds only pictures are set against each other. A case without numbers comes behind those with.

    >>> chip, crack = Known(key=1, classes={"chip"}), Known(key=2, classes={"crack"})
    >>> nearest([chip, crack], classes={"crack"}, picture=None, most=1)
    [2]
    """
    ranked = sorted(known, key=lambda one: (not set(classes) & set(one.classes), distance(one.picture, picture)))
    return [one.key for one in ranked[:most]]


def distance(one: Vector | None, other: Vector | None) -> float:
    """Return how far two pictures lie apart in 8-bit units; infinity where one of them has no numbers."""
    if one is None or other is None:
        return float("inf")
    return float(np.abs(one - other).mean())
