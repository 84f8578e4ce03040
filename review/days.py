"""Days and moments on a line's own clock: rows counted by local day, and what a field for a time asks for."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.db.models import Count, Q, QuerySet
from django.utils.dateparse import parse_datetime


def span(first: date, last: date) -> list[date]:
    """Return the days from the first to the last, both among them; none where the last comes before the first."""
    return [first + timedelta(days=n) for n in range((last - first).days + 1)]


def moment(text: str, zone: str) -> datetime | None:
    """Return the moment that a field for a local time asks for; None where it asks for none that there is.

    >>> moment("2026-11-23T10:05", "Asia/Seoul").isoformat(), moment("soon", "Asia/Seoul")
    ('2026-11-23T01:05:00+00:00', None)
    """
    try:
        asked = parse_datetime(text)
        if asked is None:
            return None
        local = asked if asked.tzinfo else asked.replace(tzinfo=ZoneInfo(zone))
        return local.astimezone(UTC)
    except (ValueError, OverflowError):
        # The first and the last day of the calendar are not whole in every zone.
        return None


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
