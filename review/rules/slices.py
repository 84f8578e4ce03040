"""Where a model errs: its answers on images of known label, cut by class, station, shift and light."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

from stats.auc import area
from stats.proportions import clopper_pearson

SUSPECT_AT = 0.9
"""A label that the model contradicts this surely is worth a second look."""


class Cut(StrEnum):
    """What images are told apart by."""

    ALL = "all"
    CLASS = "class"
    STATION = "station"
    SHIFT = "shift"
    LIGHT = "light"


@dataclass(frozen=True, kw_only=True)
class Shown:
    """One image of known label and what the model says of it. `light` is its mean brightness, None where unmeasured."""

    key: str
    probability: float
    is_defect: bool
    defect_class: str
    station: str
    shift: str
    light: float | None

    @property
    def loss(self) -> float:
        """How far the model's word is from the label: 0 to 1."""
        return 1 - self.probability if self.is_defect else self.probability


@dataclass(frozen=True, kw_only=True)
class Slice:
    """The images of one kind. `escape` and `overkill` come with a 95 % interval each; None without images for it."""

    cut: str
    value: str
    images: int
    defects: int
    missed: int
    overkilled: int
    auc: float | None
    escape: tuple[float, float, float] | None
    overkill: tuple[float, float, float] | None

    def plain(self) -> dict[str, Any]:
        """Return the slice as a card keeps it."""
        return {"name": self.value if self.cut == Cut.ALL else f"{self.cut} {self.value}", **asdict(self)}


def slices(images: Sequence[Shown], *, threshold: float) -> list[Slice]:
    """Return all images first, then each class, station, shift and third of the light. Nothing gives nothing.

    A class is its defects beside every good image: good parts have no class.
    """
    if not images:
        return []
    found = [_slice(Cut.ALL, "", images, threshold)]
    found += _by_class(images, threshold)
    thirds = _thirds([one.light for one in images if one.light is not None])
    ways: list[tuple[Cut, Callable[[Shown], str]]] = [
        (Cut.STATION, lambda one: one.station),
        (Cut.SHIFT, lambda one: one.shift),
        (Cut.LIGHT, lambda one: "" if one.light is None else thirds(one.light)),
    ]
    for cut, value_of in ways:
        groups: defaultdict[str, list[Shown]] = defaultdict(list)
        for one in images:
            groups[value_of(one)].append(one)
        found += [_slice(cut, value, groups[value], threshold) for value in sorted(groups) if value]
    return found


def worst(images: Iterable[Shown], *, threshold: float, count: int) -> list[Shown]:
    """Return the images that the model gets wrong, the surest mistakes first."""
    wrong = [one for one in images if (one.probability >= threshold) != one.is_defect]
    return sorted(wrong, key=lambda one: (-one.loss, one.key))[:count]


def suspects(images: Iterable[Shown], *, count: int) -> list[Shown]:
    """Return the images whose label the model contradicts so surely that the label itself may be wrong."""
    sure = [one for one in images if one.loss >= SUSPECT_AT]
    return sorted(sure, key=lambda one: (-one.loss, one.key))[:count]


def _by_class(images: Sequence[Shown], threshold: float) -> list[Slice]:
    good = [one for one in images if not one.is_defect]
    classes = sorted({one.defect_class for one in images if one.is_defect})
    return [
        _slice(Cut.CLASS, name, [*good, *(one for one in images if one.defect_class == name)], threshold)
        for name in classes
    ]


def _thirds(lights: Sequence[float]) -> Callable[[float], str]:
    """Return what names the third of the light that a brightness lies in."""
    ordered = sorted(lights)
    low, high = (ordered[len(ordered) * n // 3] if ordered else 0.0 for n in (1, 2))
    return lambda light: "dark" if light < low else "middle" if light < high else "bright"


def _slice(cut: Cut, value: str, images: Sequence[Shown], threshold: float) -> Slice:
    bad = [one.probability for one in images if one.is_defect]
    good = [one.probability for one in images if not one.is_defect]
    missed = sum(p < threshold for p in bad)
    overkilled = sum(p >= threshold for p in good)
    return Slice(
        cut=cut.value,
        value=value,
        images=len(images),
        defects=len(bad),
        missed=missed,
        overkilled=overkilled,
        auc=area(bad, good),
        escape=_rate(missed, len(bad)),
        overkill=_rate(overkilled, len(good)),
    )


def _rate(failures: int, trials: int) -> tuple[float, float, float] | None:
    return (failures / trials, *clopper_pearson(failures, trials)) if trials else None
