"""The secrets of a line's draws: a new one each month, so that nobody learns in time who is drawn. Old ones stay."""

import secrets
from datetime import datetime

from inspection import zones
from inspection.models import Line, Salt


def rotate(line: Line, *, now: datetime) -> Salt:
    """Draw from a new secret from the next run on. The old one stays, so that its draws can be recomputed."""
    return Salt.objects.create(line=line, secret=secrets.token_hex(32), created_at=now)


def current(line: Line, *, now: datetime) -> Salt:
    """Return the secret by which the next run is drawn. A line without one gets its first."""
    return Salt.objects.filter(line=line).order_by("-created_at", "-pk").first() or rotate(line, now=now)


def rotate_due(*, now: datetime) -> int:
    """Give a new secret to each running line where another month has begun since its last. Return how many."""
    due = [line for line in Line.objects.filter(is_active=True) if _is_of_a_month_before(line, now=now)]
    for line in due:
        rotate(line, now=now)
    return len(due)


def _is_of_a_month_before(line: Line, *, now: datetime) -> bool:
    drawn_at = current(line, now=now).created_at
    return zones.day(line, drawn_at).replace(day=1) < zones.day(line, now).replace(day=1)
