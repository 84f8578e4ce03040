"""What may be wrong with what a person sent, said in a way that the page can point to."""

from collections.abc import Iterator
from dataclasses import dataclass
from math import isfinite
from typing import Any

from django.utils.translation import gettext as _

from inspection.models import Item, Line
from inspection.rules.words import Label
from review.pictures import upright_size

COMMENT_MAX = 2000
REGIONS_MAX = 1000
_POINT, _BOX = {"x", "y"}, {"x", "y", "w", "h"}


@dataclass(frozen=True, kw_only=True)
class Fault:
    """One thing wrong: where (a JSON pointer), what would be right, and a stable word."""

    pointer: str
    detail: str
    code: str


class Invalid(Exception):
    """The input means nothing on this line; `faults` lists everything that is wrong."""

    def __init__(self, faults: list[Fault]) -> None:
        super().__init__("; ".join(fault.detail for fault in faults))
        self.faults = faults


def class_faults(line: Line, label: Label, defect_class: str) -> Iterator[Fault]:
    """A defect has one of the line's classes in use; nothing else has a class."""
    if label != Label.DEFECT:
        if defect_class:
            yield Fault(pointer="/defect_class", detail=_("Only a defect has a class."), code="not-allowed")
    elif not defect_class:
        yield Fault(pointer="/defect_class", detail=_("A defect needs a class."), code="required")
    elif not any(one.code == defect_class and one.retired_at is None for one in line.defect_classes.all()):
        yield Fault(pointer="/defect_class", detail=_("The line has no such class in use."), code="unknown")


def text_faults(text: str, *, pointer: str) -> Iterator[Fault]:
    """Empty is fine; blanks only, NUL and more than 2,000 characters are not."""
    if "\x00" in text:
        yield Fault(pointer=pointer, detail=_("The text must not hold NUL."), code="nul")
    if text and not text.strip():
        yield Fault(pointer=pointer, detail=_("The text holds blanks only."), code="blank")
    if len(text) > COMMENT_MAX:
        yield Fault(pointer=pointer, detail=_("At most {n} characters.").format(n=COMMENT_MAX), code="max-length")


def region_faults(regions: list[dict[str, Any]], item: Item) -> Iterator[Fault]:
    """Points and boxes lie inside the image, in pixels of the original."""
    if len(regions) > REGIONS_MAX:
        yield Fault(pointer="/regions", detail=_("At most {n} regions.").format(n=REGIONS_MAX), code="max-items")
        return
    picture = upright_size(item)
    for index, region in enumerate(regions):
        yield from _region_faults(region, picture, pointer=f"/regions/{index}")


def _region_faults(region: dict[str, Any], picture: tuple[int, int], *, pointer: str) -> Iterator[Fault]:
    if set(region) not in (_POINT, _BOX):
        yield Fault(pointer=pointer, detail=_("A region has x and y, or x, y, w and h."), code="shape")
        return
    for name, value in region.items():
        if isinstance(value, bool) or not isinstance(value, int | float) or not isfinite(value):
            yield Fault(pointer=f"{pointer}/{name}", detail=_("must be a number"), code="invalid")
            return
    for name, size, limit in zip("xy", "wh", picture, strict=True):
        yield from _side_faults(region, name, size, limit, pointer=pointer)


def _side_faults(region: dict[str, Any], name: str, size: str, limit: int, *, pointer: str) -> Iterator[Fault]:
    if not 0 <= region[name] < limit:
        yield Fault(pointer=f"{pointer}/{name}", detail=_("must be >= 0 and < {n}").format(n=limit), code="range")
    elif size in region and not region[size] > 0:
        yield Fault(pointer=f"{pointer}/{size}", detail=_("must be > 0"), code="min")
    elif size in region and region[name] + region[size] > limit:
        yield Fault(pointer=f"{pointer}/{size}", detail=_("must end inside the image"), code="max")
