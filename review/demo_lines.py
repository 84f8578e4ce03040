"""The demo's lines as a whole: put away and brought back. Lines of anybody else are never touched.

Nothing is deleted: receipts and logs are chains that no row leaves.
"""

from datetime import datetime

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet

from inspection import line_settings
from inspection.models import Line, User
from review import simulated

AWAY = "demo data removed"
BACK = "demo data brought back"


def shown() -> QuerySet[Line]:
    """Return the demo lines that people see; none where the product runs no demo."""
    return _lines(is_active=True)


def put_away() -> QuerySet[Line]:
    """Return the demo lines that were removed and can be brought back."""
    return _lines(is_active=False)


def remove(*, by: User, now: datetime) -> int:
    """Take the demo lines from every page and refuse their stations. Return how many."""
    return _turn(shown(), is_active=False, reason=AWAY, by=by, now=now)


def bring_back(*, by: User, now: datetime) -> int:
    """Show the demo lines again as they were left. Return how many."""
    return _turn(put_away(), is_active=True, reason=BACK, by=by, now=now)


@transaction.atomic
def _turn(lines: QuerySet[Line], *, is_active: bool, reason: str, by: User, now: datetime) -> int:
    found = list(lines)
    for line in found:
        line_settings.put(line, {"is_active": is_active}, by=by, reason=reason, now=now)
        # A station that is refused would keep its pictures and try again for ever.
        simulated.tell(line, paused=not is_active)
    return len(found)


def _lines(*, is_active: bool) -> QuerySet[Line]:
    lines = Line.objects.filter(is_demo=True, is_active=is_active).order_by("slug")
    return lines if settings.DEMO else lines.none()
