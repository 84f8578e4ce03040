"""The page of gauge studies: start and stop one, see how far it is, and read the sheet of the last."""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.timezone import now
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from inspection.models import Line
from inspection.permissions import may_sign_levels
from review import bank_doors, downloads, gauge_doors, gauge_sheets, studies
from review.gold_models import GaugeStudy
from review.permissions import PersonRequest


@login_required
@require_GET
def gauge_page(request: PersonRequest, slug: str) -> HttpResponse:
    """The running study or the form to start one, and the sheet of the last that ended."""
    line = _line(request, slug)
    running = studies.open_on(line)
    last = line.gauge_studies.filter(stopped_at__isnull=False).order_by("-pk").first()
    context: dict[str, Any] = {
        "line": line,
        "running": running,
        "progress": studies.progress(running) if running else None,
        "people": gauge_doors.inspectors_of(line),
        "at_hand": gauge_doors.at_hand(line),
        "half": studies.SIZE // 2,
        "last": last,
        "sheet": gauge_sheets.of(last) if last else None,
        "may_start": may_sign_levels(request.user, line, now=now()),
    }
    return render(request, "review/gauge.html", context)


@login_required
@require_POST
def start(request: PersonRequest, slug: str) -> HttpResponse:
    """Begin a study with three inspectors."""
    line = _line_to_sign(request, slug)
    form = gauge_doors.StudyForm(request.POST, line=line)
    people = list(form.cleaned_data["people"]) if form.is_valid() else []
    said = _("The study runs. Its images come up among the work of the three.")
    _do(request, lambda: studies.start(line, people=people, by=request.user, now=now()), said)
    return redirect("gauge", slug)


@login_required
@require_POST
def stop(request: PersonRequest, slug: str) -> HttpResponse:
    """End the running study."""
    study = get_object_or_404(GaugeStudy, line=_line_to_sign(request, slug), stopped_at=None)
    _do(request, lambda: studies.stop(study, by=request.user, now=now()), _("The study has ended."))
    return redirect("gauge", slug)


@login_required
@require_GET
def rows(request: PersonRequest, slug: str, pk: int) -> StreamingHttpResponse:
    """The sheet as CSV."""
    line = _line(request, slug)
    study = get_object_or_404(GaugeStudy, pk=pk, line=line, stopped_at__isnull=False)
    return downloads.table(request, line, f"gauge-{slug}-{pk}", gauge_sheets.COLUMNS, gauge_sheets.rows(study))


def _do(request: PersonRequest, deed: Callable[[], object], said: str) -> None:
    try:
        deed()
    except tuple(gauge_doors.REFUSALS) as refusal:
        messages.error(request, gauge_doors.REFUSALS[type(refusal)]())
    else:
        messages.success(request, said)


def _line_to_sign(request: PersonRequest, slug: str) -> Line:
    line = _line(request, slug)
    if not may_sign_levels(request.user, line, now=now()):
        raise PermissionDenied(_("Only active QA leads of this line set how people are measured."))
    return line


def _line(request: PersonRequest, slug: str) -> Line:
    return get_object_or_404(bank_doors.lines_of(request.user), slug=slug)
