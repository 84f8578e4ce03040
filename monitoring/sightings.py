"""What drift looks at: the images of a line in order, each with its measures and the score of the line's model."""

from collections.abc import Mapping
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from django.db.models import OuterRef, QuerySet, Subquery

from inspection.models import Line, Measures, Prediction
from inspection.rules.shifts import began
from monitoring.rules import drift as rules
from monitoring.rules.drift import IMAGE_METRICS, METRICS, SCORE


class Sighting(NamedTuple):
    """One image as drift sees it. A model that said nothing about it leaves no score."""

    item: UUID
    at: datetime
    values: Mapping[str, float]


def column(sightings: list[Sighting], metric: str) -> list[float]:
    """Return a metric's values in order, without the images that have none."""
    return [one.values[metric] for one in sightings if metric in one.values]


def ids_after(line: Line, item: UUID, *, limit: int) -> list[UUID]:
    """Return which images came after one, oldest first: asked every round, so nothing else is read."""
    return list(_after(line, item)[:limit])


def nth_after(line: Line, item: UUID, n: int) -> UUID | None:
    """Return the n-th image after one, None before so many came: asked every round, so the others are not read."""
    return next(iter(_after(line, item)[n - 1 : n]), None)


def up_to(line: Line, item: UUID, *, limit: int) -> list[Sighting]:
    """Return the images up to and with one, oldest first, without scores: notices are of images."""
    measured = Measures.objects.filter(item__line=line, item__lte=item).order_by("-item")
    return _listed(measured.values("item", "item__received_at", *IMAGE_METRICS)[:limit])[::-1]


def newest(line: Line, *, after: UUID, since: datetime | None, until: UUID, limit: int) -> dict[str, list[float]]:
    """Return each measure of the newest images after one and since a moment, oldest first: asked every few images."""
    measured = Measures.objects.filter(item__line=line, item__gt=after, item__lte=until)
    measured = measured.filter(item__received_at__gte=since) if since else measured
    rows = list(measured.order_by("-item").values_list(*IMAGE_METRICS)[:limit])[::-1]
    columns = zip(*rows, strict=True) if rows else ((),) * len(IMAGE_METRICS)
    return {
        name: [value for value in column if value is not None]
        for name, column in zip(IMAGE_METRICS, columns, strict=True)
    }


def between(line: Line, item: UUID, last: UUID) -> list[Sighting]:
    """Return the images after one up to and with another, oldest first."""
    return _listed(_seen(line).filter(item__gt=item, item__lte=last).order_by("item"))


def by_shift(line: Line, *, since: UUID | None, until: UUID | None = None) -> list[list[Sighting]]:
    """Return the newest images of each of the line's last shifts with the product it makes now, oldest shift first.

    Those after `since`, up to and with `until`, where they are given.
    """
    mine = _seen(line).filter(item__run__epoch__product=line.product_id).order_by("-item__received_at", "-item")
    mine = mine.filter(item__gt=since) if since else mine
    mine = mine.filter(item__lte=until) if until else mine
    found: list[list[Sighting]] = []
    newest = mine.first()
    while newest is not None and len(found) < rules.REFERENCE_SHIFTS:
        start = began(line.shift_pattern, line.time_zone, newest["item__received_at"])
        of_shift = mine.filter(item__received_at__gte=start, item__lte=newest["item"])
        found.append(_listed(of_shift[: rules.REFERENCE_OF_SHIFT])[::-1])
        newest = mine.filter(item__received_at__lt=start).first()
    return found[::-1]


def _after(line: Line, item: UUID) -> QuerySet:
    return Measures.objects.filter(item__line=line, item__gt=item).order_by("item").values_list("item", flat=True)


def _seen(line: Line) -> QuerySet:
    version = line.epoch.model_version_id if line.epoch else None
    said = Prediction.objects.filter(item=OuterRef("item"), model_version=version).values("probability")[:1]
    measured = Measures.objects.filter(item__line=line).annotate(**{SCORE: Subquery(said)})
    return measured.values("item", "item__received_at", *METRICS)


def _listed(rows: QuerySet) -> list[Sighting]:
    return [Sighting(row["item"], row["item__received_at"], _values(row)) for row in rows]


def _values(row: Mapping[str, float]) -> dict[str, float]:
    return {name: row[name] for name in METRICS if row.get(name) is not None}
