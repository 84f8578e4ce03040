"""The plan of a line over HTTP: days, readings and hours to each rung."""

from typing import Any

from django.utils.timezone import now
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import api_view
from rest_framework.request import Request
from rest_framework.response import Response

from inspection.models import Line
from review import plan_sentences, plans
from review.api.shapes import PlanShape
from review.permissions import line_for_leads
from review.plans import Plan, PlannedRung, Plans
from review.rates import Figure


@extend_schema(operation_id="plan", responses=PlanShape)
@api_view(["GET", "HEAD"])
def plan(request: Request, slug: str) -> Response:
    """Days, readings and adjudication hours to each rung, at the line's truth draw and in a campaign."""
    line = line_for_leads(request.user, slug)
    return Response(as_plain(line, plans.of_line(line, now=now())))


def as_plain(line: Line, found: Plans) -> dict[str, Any]:
    return {
        "line": line.slug,
        "level": line.level,
        "rates": {name: _figure_plain(getattr(found.rates, name)) for name in _RATES},
        "bank": found.bank,
        "archive_opened": found.archive_opened,
        "normal": _plan_plain(found.normal, found),
        "campaign": _plan_plain(found.campaign, found),
    }


_RATES = ("parts_per_day", "defect_rate", "agreement", "detection")


def _figure_plain(figure: Figure | None) -> dict[str, Any] | None:
    if figure is None:
        return None
    return {"low": figure.low, "value": figure.value, "high": figure.high, "source": figure.source, "n": figure.n}


def _plan_plain(one: Plan | None, found: Plans) -> dict[str, Any] | None:
    if one is None:
        return None
    return {
        "truth_share": one.truth_share,
        "hours_per_day": one.hours_per_day,
        "rungs": [_rung_plain(rung, found) for rung in one.rungs],
    }


def _rung_plain(rung: PlannedRung, found: Plans) -> dict[str, Any]:
    return {
        "rung": rung.level.value,
        "reached": rung.is_reached,
        "days": rung.days,
        "days_range": [rung.best.days, rung.worst.days],
        "parts": rung.parts,
        "parts_range": [rung.best.parts, rung.worst.parts],
        "readings": rung.readings,
        "readings_range": [rung.best.readings, rung.worst.readings],
        "adjudication_hours": rung.hours,
        "earliest": rung.earliest,
        "binding": rung.binding,
        "needed": rung.needed,
        "bank_needed": rung.bank_needed,
        "limited_by": plan_sentences.limited_by(rung, found),
    }
