"""The page of challenge parts: what is due, what came of it, the parts at hand and the calendar."""

from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.timezone import now
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from inspection.models import Line
from review import bank_doors, challenge_boards, challenges
from review.challenge_doors import REFUSALS, CalendarForm, MarkForm
from review.challenge_models import ChallengePart
from review.permissions import PersonRequest


@login_required
@require_GET
def challenge_page(request: PersonRequest, slug: str) -> HttpResponse:
    """What is due on a line, the last week by shift, the parts at hand, and when they are due."""
    return _shown(request, _line(request, slug))


@login_required
@require_POST
def mark(request: PersonRequest, slug: str) -> HttpResponse:
    """Keep a part with a known defect at hand."""
    line = _line(request, slug)
    form = MarkForm(request.POST, line=line)
    if not form.is_valid():
        return _shown(request, line, mark_form=form, status=422)
    given = form.cleaned_data
    try:
        challenges.mark(given["defect"], serial=given["serial"], by=request.user, now=now())
    except tuple(REFUSALS) as refusal:
        form.add_error("serial", REFUSALS[type(refusal)]())
        return _shown(request, line, mark_form=form, status=422)
    messages.success(request, _("Marked. Its result is entered by itself whenever it comes by."))
    return redirect("challenges", slug)


@login_required
@require_POST
def retire(request: PersonRequest, slug: str, pk: int) -> HttpResponse:
    """Take a challenge part out of use."""
    part = get_object_or_404(ChallengePart.objects.select_related("part"), pk=pk, line=_line(request, slug))
    try:
        challenges.retire(part, by=request.user, now=now())
        messages.success(request, _("Taken out of use."))
    except challenges.AlreadyRetired as refusal:
        messages.error(request, REFUSALS[type(refusal)]())
    return redirect("challenges", slug)


@login_required
@require_POST
def set_calendar(request: PersonRequest, slug: str) -> HttpResponse:
    """Say when challenge parts are due."""
    line = _line(request, slug)
    form = CalendarForm(request.POST)
    if not form.is_valid():
        return _shown(request, line, calendar_form=form, status=422)
    challenges.set_calendar(line, by=request.user, now=now(), **form.cleaned_data)
    messages.success(request, _("Kept. It holds from the next time on."))
    return redirect("challenges", slug)


def _shown(request: PersonRequest, line: Line, *, status: int = 200, **given: forms.Form) -> HttpResponse:
    calendar = challenges.calendar_of(line)
    context: dict[str, Any] = {
        "line": line,
        "due": challenge_boards.due(line, now=now()),
        "week": challenge_boards.week(line, now=now()),
        "parts": challenge_boards.parts(line),
        "class_names": line.class_names(),
        "calendar": calendar,
        "mark_form": MarkForm(line=line),
        "calendar_form": CalendarForm(initial=_as_initial(calendar)),
    }
    return render(request, "review/challenges.html", {**context, **given}, status=status)


def _as_initial(calendar: Any) -> dict[str, Any] | None:
    names = ("at_shift_start", "at_changeover", "every_h", "parts")
    return {name: getattr(calendar, name) for name in names} if calendar else None


def _line(request: PersonRequest, slug: str) -> Line:
    return get_object_or_404(bank_doors.lines_of(request.user), slug=slug)
