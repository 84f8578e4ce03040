"""The page on which a lead says what a part itself showed later: found by its serial, set against the old verdict."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.timezone import now
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from inspection import permissions
from inspection.models import Line
from inspection.rules.words import Role
from review import finding_boards, finding_doors, findings
from review.permissions import PersonRequest

LISTED = 50


@login_required
@require_GET
def findings_page(request: PersonRequest, slug: str) -> HttpResponse:
    """Find a part by its serial, see what decided each of its runs, and what was found later on this line."""
    line = _line(request, slug)
    serial = request.GET.get("serial", "").strip()[:100]
    context = {
        "line": line,
        "serial": serial,
        "runs": finding_boards.runs_of(line, serial) if serial else [],
        "ways": [(how, finding_doors.HOW_WORDS[how]) for how in finding_doors.OFFERED],
        "class_names": line.class_names(),
        "classes": line.defect_classes.filter(retired_at=None).order_by("key"),
        "found": [_row(one) for one in finding_doors.newest_of(line, LISTED)],
    }
    return render(request, "review/findings.html", context)


@login_required
@require_POST
def add(request: PersonRequest, slug: str) -> HttpResponse:
    """Keep what one run of a part showed."""
    line = _line(request, slug)
    serial = request.POST.get("serial", "").strip()[:100]
    form = finding_doors.FindingForm(request.POST, line=line, told=findings.runs_of(line, serial))
    if not form.is_valid():
        messages.error(request, " ".join(str(fault) for faults in form.errors.values() for fault in faults))
    else:
        kept = findings.record(form.cleaned_data["run"].run, by=request.user, now=now(), **form.facts())
        said = finding_doors.SCORE_WORDS[finding_doors.score_of(kept)]
        messages.success(request, _("Kept as %(finding)s: %(score)s.") % {"finding": kept, "score": said})
    return redirect(f"{reverse('findings', args=[slug])}?{urlencode({'serial': serial})}")


def _row(one: Any) -> dict[str, Any]:
    how, score = finding_doors.HOW_WORDS[one.how], finding_doors.score_of(one)
    return {"finding": one, "how": how, "score": finding_doors.SCORE_WORDS[score], "is_escape": score == "escape"}


def _line(request: PersonRequest, slug: str) -> Line:
    return get_object_or_404(permissions.lines_for(request.user, Role.QA_LEAD, Role.ADMINISTRATOR), slug=slug)
