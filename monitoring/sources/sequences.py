"""Gaps in the numbers that stations give their images: what was taken and never came."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from inspection.models import Item
from monitoring.sources.items import Image
from monitoring.sources.seen import Seen

# A number so far below the last one belongs to a numbering that began anew.
BEGAN_ANEW = 1_000
# Of the images that came before one, so many more than are missing are asked for their numbers: stations of a line mix.
BESIDE = 100


def gaps(images: Iterable[Image], marks: Mapping[str, int]) -> tuple[list[Seen], dict[str, int]]:
    """Return which images came behind a gap, and the last number of each station that sent some, by its mark."""
    by_mark: dict[str, list[tuple[int, Image]]] = defaultdict(list)
    for image in images:
        number = _number(image)
        if number is not None:
            by_mark[f"numbers-{image.station}"].append((number, image))
    seen: list[Seen] = []
    last = {mark: _walk(numbered, marks.get(mark), seen) for mark, numbered in by_mark.items()}
    return seen, last


def _walk(numbered: Sequence[tuple[int, Image]], last: int | None, seen: list[Seen]) -> int:
    """Add to `seen` whether each image came behind a gap; return the last number."""
    # A spool is sent in order, but two images may be examined side by side.
    for number, image in sorted(numbered, key=lambda one: one[0]):
        if last is not None and number < last - BEGAN_ANEW:
            last = None
        missing = range(number if last is None else last + 1, number)
        seen.append(Seen(image.line, "sequence_gap", image.at, float(bool(missing) and not _came(missing, image))))
        last = number if last is None else max(last, number)
    return last or 0


def _came(numbers: range, image: Image) -> bool:
    """Say whether images with these numbers came before one: where work piles up they are examined out of order."""
    if len(numbers) > BEGAN_ANEW:
        return False
    before = Item.objects.filter(line=image.line, received_at__lte=image.received_at).order_by("-received_at")
    told = before.values_list("station", "meta")[: len(numbers) + BESIDE]
    return {meta.get("sequence") for station, meta in told if station == image.station}.issuperset(numbers)


def _number(image: Image) -> int | None:
    number = image.meta.get("sequence") if image.station is not None else None
    return number if isinstance(number, int) and not isinstance(number, bool) and number >= 0 else None
