"""The drift of a line's images on a page and over HTTP: reference, windows, marks, and the signature for a new one."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

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

from inspection import permissions, zones
from inspection.models import Freeze, Line
from inspection.rules.words import Role
from monitoring import baselines, concept, drift_boards
from monitoring.drift_boards import Picture
from monitoring.models import Baseline, DriftMark, DriftWindow, EmbeddingTest
from monitoring.rules.drift import METRICS, REFERENCE_MIN, REFERENCE_SHIFTS
from review import audit_boards, signing

SHOWN_WINDOWS, SHOWN_MARKS, SHOWN_PICTURES = 12, 20, 6


@login_required
@require_GET
def drift_page(request: HttpRequest, slug: str) -> HttpResponse:
    """Where the images of a line stand against its reference, and how far they moved in each window."""
    line = _line(request, slug)
    baseline = baselines.in_force(line)
    disagreement, standing = concept.disagreement(line)
    context = {
        "line": line,
        "baseline": baseline,
        "freeze": Freeze.objects.in_force().filter(line=line, cause=baselines.FREEZE).first(),
        "needed": REFERENCE_MIN,
        "may_sign": permissions.may_sign_levels(request.user, line, now=now()),
        "disagreement": disagreement,
        "standing": standing,
        "escapes": concept.audits(line),
        "audit": audit_boards.of(line, now=now()),
        **(_of_reference(line, baseline) if baseline else {}),
    }
    return render(request, "monitoring/drift.html", context)


@login_required
@require_GET
def window_page(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """The pictures of one window beside those of its reference, those that lie farthest first."""
    line = _line(request, slug)
    rows = DriftWindow.objects.filter(baseline__line=line).select_related("baseline__line__epoch")
    window = get_object_or_404(rows, pk=pk)
    metric = request.GET.get("metric", "")
    metric = metric if metric in METRICS else drift_boards.farthest_metric(window)
    after = drift_boards.of_window(line, window, metric)
    return _both(request, line, window.baseline, after, at=window.closed_at, metric=metric, order=_order(metric))


@login_required
@require_GET
def embedding_page(request: HttpRequest, slug: str, pk: UUID) -> HttpResponse:
    """The pictures that a classifier told most easily from the reference, beside those of the reference."""
    line = _line(request, slug)
    test = get_object_or_404(EmbeddingTest.objects.filter(baseline__line=line).select_related("baseline"), pk=pk)
    after, order = drift_boards.of_test(line, test), _("the farthest first")
    return _both(request, line, test.baseline, after, at=test.tested_at, metric="embedding", order=order)


@login_required
@require_GET
def mark_page(request: HttpRequest, slug: str, pk: UUID) -> HttpResponse:
    """The newest pictures when a notice or an alarm came, beside those of the reference."""
    line = _line(request, slug)
    mark = get_object_or_404(DriftMark.objects.filter(baseline__line=line).select_related("baseline"), pk=pk)
    after, order = drift_boards.of_mark(line, mark), _("the newest first")
    return _both(request, line, mark.baseline, after, at=mark.marked_at, metric=mark.metric, order=order)


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
        return Response({"reference": None, "windows": [], "marks": [], "embedding": []})
    return Response(
        {
            "reference": {
                "images": baseline.images,
                "shifts": baseline.shifts,
                "taken_at": baseline.taken_at,
                "metrics": {name: _without_values(facts) for name, facts in baseline.metrics.items()},
            },
            "certify_again_by": baseline.certify_again_by,
            "windows": list(baseline.windows.order_by("-pk")[:SHOWN_WINDOWS].values(*_WINDOW)),
            "marks": list(baseline.marks.order_by("-pk")[:SHOWN_MARKS].values("kind", "metric", "sds", "marked_at")),
            "embedding": list(
                baseline.embedding_tests.order_by("-pk")[:SHOWN_WINDOWS].values("auc", "images", "tested_at")
            ),
        }
    )


_WINDOW = ("images", "distances", "over", "estimates", "began_at", "closed_at")


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


def _of_reference(line: Line, baseline: Baseline) -> dict[str, Any]:
    """Return what the page shows where there is a reference."""
    charts, changed = drift_boards.distances(line, baseline)
    return {
        "charts": charts,
        "changed": changed,
        "embedding": drift_boards.tests(line, baseline),
        "estimates": drift_boards.estimates(baseline),
        "windows": list(baseline.windows.order_by("-pk")[:SHOWN_WINDOWS]),
        "marks": list(baseline.marks.order_by("-pk")[:SHOWN_MARKS]),
        "is_thin": baseline.shifts < REFERENCE_SHIFTS,
        "shifts_needed": REFERENCE_SHIFTS,
        "is_due": drift_boards.is_due(baseline, today=zones.day(line, now())),
        "before": drift_boards.of_reference(line, baseline, "")[:SHOWN_PICTURES],
        **_after(line, baseline),
    }


def _after(line: Line, baseline: Baseline) -> dict[str, Any]:
    """Return pictures of the newest mark where it came after the newest window, else of that window."""
    mark, window = baseline.marks.order_by("-pk").first(), baseline.windows.order_by("-pk").first()
    if mark is not None and (window is None or window.closed_at < mark.marked_at):
        pictures = drift_boards.of_mark(line, mark)[:SHOWN_PICTURES]
        return {"is_noticed_since": True, "after": pictures, "after_order": _("the newest first")}
    if window is None:
        return {"after": []}
    metric = drift_boards.farthest_metric(window)
    pictures = drift_boards.of_window(line, window, metric)[:SHOWN_PICTURES]
    return {"after": pictures, "after_metric": metric, "after_order": _order(metric)}


def _order(metric: str) -> str:
    return _("the farthest first") if metric else _("the newest first")


def _both(
    request: HttpRequest, line: Line, baseline: Baseline, after: list[Picture], *, at: datetime, metric: str, order: str
) -> HttpResponse:
    context = {
        "line": line,
        "at": at,
        "metric": metric,
        "order": order,
        "before": drift_boards.of_reference(line, baseline, metric),
        "after": after,
    }
    return render(request, "monitoring/drift_pictures.html", context)


def _without_values(facts: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in facts.items() if name != "values"}


def _line(request: HttpRequest, slug: str) -> Line:
    return get_object_or_404(permissions.lines_for(request.user, Role.QA_LEAD, Role.ADMINISTRATOR), slug=slug)
