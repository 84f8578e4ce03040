"""Gaps in the numbers that stations give their images: what was taken and never came."""

from collections.abc import Iterator
from datetime import datetime
from uuid import UUID

from inspection.models import Item
from monitoring.metric_models import GatherMark
from monitoring.sources.items import heads
from monitoring.sources.seen import Seen

# A number so far below the last one belongs to a numbering that began anew.
BEGAN_ANEW = 1_000


def numbered(after: int, *, until: datetime, limit: int, now: datetime) -> tuple[list[Seen], int]:
    """Return which images after a place came behind a gap, and the new place. Keeps each station's last number."""
    found, place = heads(after, until=until, limit=limit)
    items = Item.objects.filter(station__isnull=False).in_bulk([item for item, _ in found])
    by_station: dict[int, list[tuple[int, Item, datetime]]] = {}
    for item, at in found:
        number = _number(items, item)
        if number is not None:
            by_station.setdefault(items[item].station_id or 0, []).append((number, items[item], at))
    return [seen for station, of_one in by_station.items() for seen in _gaps(station, of_one, now=now)], place


def _gaps(station: int, images: list[tuple[int, Item, datetime]], *, now: datetime) -> Iterator[Seen]:
    mark, is_new = GatherMark.objects.get_or_create(source=f"numbers-{station}", defaults={"read_at": now})
    last = None if is_new else mark.place
    # A spool is sent in order, but two images may be examined side by side.
    for number, item, at in sorted(images, key=lambda one: one[0]):
        if last is not None and number < last - BEGAN_ANEW:
            last = None
        yield Seen(item.line_id, "sequence_gap", at, float(last is not None and number > last + 1))
        last = number if last is None else max(last, number)
    GatherMark.objects.filter(pk=mark.pk).update(place=last or 0, read_at=now)


def _number(items: dict[UUID, Item], item: UUID) -> int | None:
    number = items[item].meta.get("sequence") if item in items else None
    return number if isinstance(number, int) and not isinstance(number, bool) and number >= 0 else None
