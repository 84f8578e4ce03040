"""Lengths of time as people say them, the same on pages, in alarms and in mails."""

from django.utils.translation import get_language
from django.utils.translation import gettext as _

NBSP = "\u00a0"


def age(seconds: float | None) -> str:
    """A length of time in its two largest units: "48 s", "2 m 10 s", "3 h 5 m", "3 d 4 h"."""
    if seconds is None:
        return "–"
    whole = max(0, int(seconds))
    for size, unit, below, small in (
        (86400, _("d"), 3600, _("h")),
        (3600, _("h"), 60, _("m")),
        (60, _("m"), 1, _("s")),
    ):
        if whole >= size:
            rest = whole % size // below
            return _measure(whole // size, unit) + (NBSP + _measure(rest, small) if rest else "")
    return _measure(whole, _("s"))


def _measure(number: int, unit: str) -> str:
    """Number and unit, which Korean writes without a space."""
    return f"{number}{unit}" if get_language() == "ko" else f"{number}{NBSP}{unit}"
