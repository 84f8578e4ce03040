"""Pages about people's own work: how they inspect, for leads; and the end of a session, for each inspector alone."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.timezone import now
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from inspection.models import Line
from inspection.permissions import lines_for, may_administer, may_inspect, may_sign_levels
from review import bank_doors, gold, habits, measures, sessions, vigilance
from review.gold_doors import GoldRuleForm
from review.gold_models import GoldRule
from review.permissions import PersonRequest
from review.rules import gold as rules


@login_required
@require_GET
def inspectors(request: PersonRequest, slug: str) -> HttpResponse:
    """How people inspect, measured on gold items, and what the library allows."""
    return _shown(request, _line_to_lead(request, slug))


@login_required
@require_POST
def set_rule(request: PersonRequest, slug: str) -> HttpResponse:
    """Begin or end giving gold items, or wish for another share."""
    line = _line_to_lead(request, slug)
    if not may_sign_levels(request.user, line, now=now()):
        raise PermissionDenied(_("Only active QA leads of this line set how people are measured."))
    form = GoldRuleForm(request.POST)
    if not form.is_valid():
        return _shown(request, line, form=form, status=422)
    rule = gold.set_rule(line, by=request.user, now=now(), **form.rule())
    messages.success(request, _("Gold items are given from now on.") if rule.is_on else _("No gold items are given."))
    return redirect("inspectors", slug)


@login_required
@require_http_methods(["GET", "POST"])
def session(request: PersonRequest, slug: str) -> HttpResponse:
    """The end of my session: what I read, and the known defects that I caught and missed. Mine alone."""
    line = get_object_or_404(lines_for(request.user), slug=slug)
    if not may_inspect(request.user, line):
        raise PermissionDenied(_("Only inspectors of this line read its images."))
    if request.method == "POST":
        _end(request, line)
        return redirect("session", slug)
    ended = sessions.last_of(request.user, line)
    caught, shown, missed = sessions.told(ended) if ended else (0, 0, [])
    names = line.class_names()
    context = {
        "line": line,
        "ended": ended,
        "began_at": sessions.began_at(ended) if ended else None,
        "caught": caught,
        "shown": shown,
        "missed": [(one, names.get(one.task.gold.defect_class, one.task.gold.defect_class)) for one in missed],
        "open_readings": sessions.readings_since_end(request.user, line, now=now()),
        "fewest": sessions.FEWEST_READINGS,
    }
    return render(request, "review/session.html", context)


def _end(request: PersonRequest, line: Line) -> None:
    """End the session; one that was too short to tell goes on."""
    try:
        sessions.end(request.user, line, now=now())
    except sessions.TooShort:
        said = _("Fewer than %(n)s images since the last end: they are told with the next ones.")
        messages.warning(request, said % {"n": sessions.FEWEST_READINGS})


def _shown(request: PersonRequest, line: Line, *, form: GoldRuleForm | None = None, status: int = 200) -> HttpResponse:
    rule = gold.rule_of(line)
    asked = rule or GoldRule(line=line, is_on=False, wanted_share=rules.WANTED)
    start = {"is_on": asked.is_on, "wanted_percent": round(100 * asked.wanted_share, 2)}
    context = {
        "line": line,
        "rule": rule,
        "people": measures.of_line(line),
        "vigilance": vigilance.of_line(line, now=now()),
        "habits": habits.of_line(line, now=now()),
        "feasible": measures.feasible(line, asked, now=now()),
        "names": line.class_names(),
        "few": rules.FEWEST,
        "form": form or GoldRuleForm(initial=start),
        "may_set": may_sign_levels(request.user, line, now=now()),
        "may_invite": may_administer(request.user, line),
    }
    return render(request, "review/inspectors.html", context, status=status)


def _line_to_lead(request: PersonRequest, slug: str) -> Line:
    return get_object_or_404(bank_doors.lines_of(request.user), slug=slug)
