"""The savings page and its figures as a file."""

from collections.abc import Iterator
from dataclasses import asdict
from math import ceil
from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.utils.timezone import now
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from inspection.models import Line
from review import downloads, savings
from review.charts import column_chart
from review.permissions import line_for_leads
from review.savings import Savings

# People look for four fifths of a shift; the rest is breaks and change of hands.
LOOKING_SHARE = 0.8
DAY_MINUTES = 1440
COLUMNS = ("day", "parts", "decided_automatically", "share", "low", "high")


@login_required
@require_GET
def savings_page(request: HttpRequest, slug: str) -> HttpResponse:
    """What the model spared people this shift, what slipped through, and what the next shift will ask for."""
    line = line_for_leads(request.user, slug)
    stretches = _stretches()
    asked = request.GET.get("over", savings.THIS_SHIFT)
    stretch = asked if asked in stretches else savings.THIS_SHIFT
    found = savings.read(line, stretch, now=now())
    context = {
        "line": line,
        "found": found,
        "stretch": stretch,
        "stretches": stretches,
        "chart": column_chart(
            [(f"{day.day:%m-%d}", day.automatic.share) for day in found.days], promise=found.promised
        ),
        "people": _people(line, found),
        "stays": _stays(found),
        "work_days": savings.WORK_DAYS,
    }
    return render(request, "review/savings.html", context)


@login_required
@require_GET
def savings_rows(request: HttpRequest, slug: str) -> StreamingHttpResponse:
    """The days of the chart as CSV."""
    line = line_for_leads(request.user, slug)
    rows = _rows(savings.read(line, savings.TODAY, now=now()))
    return downloads.table(request, line, f"savings-{line.slug}", COLUMNS, rows)


def _rows(found: Savings) -> Iterator[dict[str, Any]]:
    for day in found.days:
        counted = asdict(day.automatic)
        facts = {"parts": counted["n"], "decided_automatically": counted["k"], "share": day.automatic.share}
        yield {"day": day.day, **facts, "low": counted["low"], "high": counted["high"]}


def _stretches() -> dict[str, str]:
    return {
        savings.THIS_SHIFT: _("This shift"),
        savings.TODAY: _("Today"),
        savings.TWO_WEEKS: _("Two weeks"),
    }


def _people(line: Line, found: Savings) -> int | None:
    """Return how many people read a usual shift at the line's own pace; None without certified bands."""
    if found.next_shift is None:
        return None
    shift_minutes = DAY_MINUTES / max(len(line.shift_pattern), 1) * LOOKING_SHARE
    return ceil(found.next_shift.read * found.reading_s / 60 / shift_minutes)


def _stays(found: Savings) -> list[tuple[str, float]]:
    """Return why parts stay with people under the bands, each with its share of all parts."""
    words = {"middle": _("middle band"), "truth": _("truth draw"), "audit": _("audit"), "control": _("control")}
    return [(words[name], share) for name, share in found.stays.items()]
