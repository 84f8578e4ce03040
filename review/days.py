"""Rows counted by local day, in one pass over them."""

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.db.models import Count, Q, QuerySet


def span(first: date, last: date) -> list[date]:
    """Return the days from the first to the last, both among them; none where the last comes before the first."""
    return [first + timedelta(days=n) for n in range((last - first).days + 1)]


def counted(rows: QuerySet, moment: str, days: Sequence[date], zone: ZoneInfo) -> list[int]:
    """Return how many rows lie on each of the days, by the local time of their `moment`.

    The days go to the database as bounds: to cut moments into days, SQLite would ask Python for every row.
    """
    asked = {f"day_{n}": Count("pk", filter=_of(moment, day, zone)) for n, day in enumerate(days)}
    found = rows.order_by().aggregate(**asked)
    return [found[name] for name in asked]


def _of(moment: str, day: date, zone: ZoneInfo) -> Q:
    begin, end = (datetime.combine(one, time.min, zone) for one in (day, day + timedelta(days=1)))
    return Q(**{f"{moment}__gte": begin, f"{moment}__lt": end})
