"""The page of a demo line's simulated station: its lamp, its parts, and what the line makes of them."""

from typing import Any

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.timezone import now
from django.views.decorators.http import require_GET, require_POST

from inspection.models import Line
from inspection.permissions import lines_for
from inspection.rules.words import Role
from review import first_minutes, simulated, simulated_boards
from review.first_minutes import Try
from review.permissions import PersonRequest

PERCENTS = ("light", "focus")
ON = {"on": True, "off": False}


@login_required
@require_GET
def panel(request: HttpRequest, slug: str) -> HttpResponse:
    """The controls of the simulated station, and live beside them what the line does."""
    line = _line(request, slug)
    told = simulated.conditions_of(line)
    sliders = {name: round(100 * told[name]) for name in PERCENTS}
    context = {"line": line, "told": told, "sliders": sliders, "board": simulated_boards.of(line, now=now())}
    return render(request, "review/simulated.html", context)


@login_required
@require_GET
def now_fragment(request: HttpRequest, slug: str) -> HttpResponse:
    """What of the page changes by itself; the page asks for it every second."""
    line = _line(request, slug)
    return render(request, "review/_simulated_now.html", {"line": line, "board": simulated_boards.of(line, now=now())})


@login_required
@require_POST
def conditions(request: PersonRequest, slug: str) -> HttpResponse:
    """Turn the lamp, the focus or a switch, from the very next picture on."""
    line = _line(request, slug)
    changes = _changes(request)
    appears, fails = (ON.get(request.POST.get(name, "")) for name in ("new_scratch", "lamp_fails"))
    if "reset" in request.POST:
        simulated.reset(line)
    elif appears is not None:
        simulated.let_scratch_appear(line, appears=appears)
    elif fails is not None:
        simulated.let_lamp_fail(line, fails=fails, now=now())
    elif changes:
        simulated.tell(line, **changes)
    tried = {Try.SCRATCHED: appears, Try.AGED: fails, Try.DIMMED: changes.get("light", 1.0) < 1.0}
    first_minutes.keep(request.user, [one for one, was_tried in tried.items() if was_tried])
    return HttpResponse(status=204) if request.headers.get("X-Background") else redirect("simulated", slug)


def _changes(request: HttpRequest) -> dict[str, Any]:
    """Return what the form asks for. A value that no slider gives is no page of ours: 404."""
    changes: dict[str, Any] = {}
    for name in PERCENTS:
        text = request.POST.get(name)
        if text is not None:
            if not text.isdecimal() or int(text) > 100:
                raise Http404
            changes[name] = int(text) / 100
    paused = ON.get(request.POST.get("pause", ""))
    if paused is not None:
        changes["paused"] = paused
    return changes


def _line(request: HttpRequest, slug: str) -> Line:
    """Return a demo line of a demo; on any other there is nothing simulated to turn."""
    if not settings.DEMO:
        raise Http404
    lines = lines_for(request.user, Role.QA_LEAD, Role.ADMINISTRATOR).filter(is_demo=True)
    return get_object_or_404(lines.select_related("epoch__model_version", "bands"), slug=slug)
