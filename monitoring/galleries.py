"""The images of a line around a moment, and page by page away from it. Plain values for templates."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Q, QuerySet

from inspection.models import Item, Line
from monitoring.alarm_words import number
from monitoring.rules.metrics import BY_NAME

BEFORE = 20
PAGE = 60


@dataclass(frozen=True, kw_only=True)
class Picture:
    """One image, with the value of the metric that is looked at, where it has one."""

    item: Item
    value: str


@dataclass(frozen=True, kw_only=True)
class Gallery:
    """Images in the order in which they came. `earlier` and `later` name where to page on from, None at an end."""

    before: Sequence[Picture]
    after: Sequence[Picture]
    earlier: UUID | None
    later: UUID | None


def around(line: Line, at: datetime, *, metric: str = "") -> Gallery:
    """Return the images from a moment on, and the few that came just before it, at any rate of images."""
    mine = Item.objects.filter(line=line)
    before, has_earlier = _last(mine.filter(received_at__lt=at), BEFORE)
    after, has_later = _first(mine.filter(received_at__gte=at), PAGE)
    return _gallery(before, after, has_earlier=has_earlier, has_later=has_later, metric=metric)


def later_than(item: Item, *, metric: str = "") -> Gallery:
    """Return the page of images of its line that came after an image."""
    found, has_later = _first(Item.objects.filter(_beside(item, "gt"), line=item.line_id), PAGE)
    return _gallery([], found, has_earlier=True, has_later=has_later, metric=metric)


def earlier_than(item: Item, *, metric: str = "") -> Gallery:
    """Return the page of images of its line that came before an image."""
    found, has_earlier = _last(Item.objects.filter(_beside(item, "lt"), line=item.line_id), PAGE)
    return _gallery(found, [], has_earlier=has_earlier, has_later=True, metric=metric)


def _beside(item: Item, side: str) -> Q:
    """Name what came on one side of an image. Those of the same instant are told apart by their id."""
    same = Q(received_at=item.received_at, **{f"pk__{side}": item.pk})
    return Q(**{f"received_at__{side}": item.received_at}) | same


def _first(items: QuerySet[Item], count: int) -> tuple[list[Item], bool]:
    found = list(items.select_related("measures").order_by("received_at", "pk")[: count + 1])
    return found[:count], len(found) > count


def _last(items: QuerySet[Item], count: int) -> tuple[list[Item], bool]:
    found = list(items.select_related("measures").order_by("-received_at", "-pk")[: count + 1])
    return found[:count][::-1], len(found) > count


def _gallery(before: list[Item], after: list[Item], *, has_earlier: bool, has_later: bool, metric: str) -> Gallery:
    found = [*before, *after]
    return Gallery(
        before=[_picture(item, metric) for item in before],
        after=[_picture(item, metric) for item in after],
        earlier=found[0].pk if found and has_earlier else None,
        later=found[-1].pk if found and has_later else None,
    )


def _picture(item: Item, metric: str) -> Picture:
    measures = getattr(item, "measures", None)
    is_known = metric in BY_NAME and hasattr(measures, metric)
    return Picture(item=item, value=number(metric, getattr(measures, metric)) if is_known else "")
