"""The drift of a line's images on a page and over HTTP: reference, windows, marks, and the signature for a new one."""

from collections.abc import Mapping
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.timezone import now
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import api_view
from rest_framework.response import Response

from inspection import permissions
from inspection.models import Freeze, Line
from inspection.rules.words import Role
from monitoring import baselines
from monitoring.models import Baseline
from monitoring.rules.drift import METRICS, REFERENCE_MIN
from review import signing

SHOWN_WINDOWS, SHOWN_MARKS = 12, 20


@login_required
@require_GET
def drift_page(request: HttpRequest, slug: str) -> HttpResponse:
    """Where the images of a line stand against its reference, and how far they moved in each window."""
    line = _line(request, slug)
    baseline = baselines.in_force(line)
    context = {
        "line": line,
        "baseline": baseline,
        "rows": _rows(baseline) if baseline else [],
        "windows": list(baseline.windows.order_by("-pk")[:SHOWN_WINDOWS]) if baseline else [],
        "marks": list(baseline.marks.order_by("-pk")[:SHOWN_MARKS]) if baseline else [],
        "freeze": Freeze.objects.in_force().filter(line=line, cause=baselines.FREEZE).first(),
        "needed": REFERENCE_MIN,
        "may_sign": permissions.may_sign_levels(request.user, line, now=now()),
    }
    return render(request, "monitoring/drift.html", context)


@login_required
@require_POST
def new_reference(request: HttpRequest, slug: str) -> HttpResponse:
    """Sign that what the images are like now is how they should be."""
    line = _line(request, slug)
    refusal = _sign(request, line)
    if refusal:
        messages.error(request, refusal)
    else:
        messages.success(request, _("The new reference is in force. Promotions may go on."))
    return redirect("drift", slug)


@extend_schema(operation_id="drift", responses={200: dict})
@api_view(["GET"])
def drift_api(request: HttpRequest, slug: str) -> Response:
    """Reference, windows and marks of a line's images."""
    baseline = baselines.in_force(_line(request, slug))
    if baseline is None:
        return Response({"reference": None, "windows": [], "marks": []})
    return Response(
        {
            "reference": {
                "images": baseline.images,
                "shifts": baseline.shifts,
                "taken_at": baseline.taken_at,
                "metrics": {name: _without_values(facts) for name, facts in baseline.metrics.items()},
            },
            "windows": list(baseline.windows.order_by("-pk")[:SHOWN_WINDOWS].values(*_WINDOW)),
            "marks": list(baseline.marks.order_by("-pk")[:SHOWN_MARKS].values("kind", "metric", "sds", "marked_at")),
        }
    )


_WINDOW = ("images", "distances", "over", "began_at", "closed_at")


def _sign(request: HttpRequest, line: Line) -> str:
    """Do it; return the sentence that says why not."""
    reason = request.POST.get("reason", "").strip()
    baseline = baselines.in_force(line)
    if not permissions.may_sign_levels(request.user, line, now=now()):
        return _("Only active QA leads of this line sign, a day after they got the role.")
    if not reason or baseline is None:
        return _("Give a reason in a few words.")
    try:
        signing.confirm(request, password=request.POST.get("password", ""), code=request.POST.get("code", ""))
        baselines.replace(baseline, by=permissions.person(request), reason=reason, now=now())
    except signing.NotConfirmed:
        return _("The password or code is not right. Nothing was signed.")
    except baselines.TooFewImages:
        return _("There are too few images for a reference.")
    return ""


def _rows(baseline: Baseline) -> list[dict[str, Any]]:
    """Return each metric with its reference and how far the last window lay from it."""
    last = baseline.windows.order_by("-pk").first()
    return [
        {
            "name": name,
            "mean": baseline.metrics[name]["mean"],
            "sd": baseline.metrics[name]["sd"],
            "threshold": baseline.metrics[name]["threshold"],
            "distance": last.distances.get(name) if last else None,
            "is_over": last is not None and name in last.over,
        }
        for name in METRICS
        if name in baseline.metrics
    ]


def _without_values(facts: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in facts.items() if name != "values"}


def _line(request: HttpRequest, slug: str) -> Line:
    return get_object_or_404(permissions.lines_for(request.user, Role.QA_LEAD, Role.ADMINISTRATOR), slug=slug)
