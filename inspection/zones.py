"""In which time zone people read a moment and count days: their line's, or the site's for what all lines share."""

from collections.abc import Iterable
from datetime import date, datetime, time
from zoneinfo import ZoneInfo

from inspection.models import Line
from inspection.rules.shifts import UnreadableClock, zone_of

OF_SEVERAL = "UTC"


def of(line: Line | None) -> str:
    """Return the zone of a line, or of the site where there is none; UTC where its name means nothing."""
    name = line.time_zone if line is not None else of_site()
    try:
        return zone_of(name).key
    except UnreadableClock:
        return OF_SEVERAL


def day(line: Line | None, moment: datetime) -> date:
    """Return the date that a moment has on the clock of a line, or of the site."""
    return moment.astimezone(ZoneInfo(of(line))).date()


def midnight(zone: str, moment: datetime) -> datetime:
    """Return when the day of a moment began in a zone."""
    return datetime.combine(moment.astimezone(ZoneInfo(zone)), time.min, ZoneInfo(zone))


def of_all(lines: Iterable[Line]) -> str:
    """Return the zone that all of some lines share; UTC where they lie in several, or there is none."""
    found = {of(line) for line in lines}
    return found.pop() if len(found) == 1 else OF_SEVERAL


def of_site() -> str:
    """Return the zone that all running lines share; UTC where they lie in several, or there is none."""
    found = Line.objects.filter(is_active=True).order_by("time_zone").values_list("time_zone", flat=True).distinct()[:2]
    return found[0] if len(found) == 1 else OF_SEVERAL
