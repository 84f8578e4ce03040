"""One inspector over time: for the leads of the line, and for that person as far as they were told."""

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.timezone import now
from django.views.decorators.http import require_GET

from inspection.models import Line, User
from inspection.permissions import lines_for, may_inspect, may_read_reports
from review import coaching, habits, measures
from review.permissions import PersonRequest
from review.rules import gold


@login_required
@require_GET
def inspector(request: PersonRequest, slug: str, username: str) -> HttpResponse:
    """How one person does, week by week. Nobody else's figures stand beside."""
    line = get_object_or_404(lines_for(request.user), slug=slug)
    person = _person(request, line, username)
    leads = may_read_reports(request.user, line)
    found = [one for one in measures.of_line(line) if one.person == person] if leads else []
    context = {
        "line": line,
        "inspector": person,
        "measured": found[0] if found else None,
        "weeks": coaching.weeks_of(person, line, only_told=not leads),
        "rounds": coaching.rounds_of(person, line),
        "habits": habits.of_line(line, now=now(), only=person),
        "leads": leads,
        "few": gold.FEWEST,
        "names": line.class_names(),
    }
    return render(request, "review/inspector.html", context)


def _person(request: PersonRequest, line: Line, username: str) -> User:
    """Return an inspector of the line: anybody for its leads, oneself for an inspector. Raises Http404."""
    seen = User.objects.filter(username=username)
    if not may_read_reports(request.user, line):
        seen = seen.filter(pk=request.user.pk)
    person = get_object_or_404(seen)
    if may_inspect(person, line) or person.practice_sets.filter(line=line).exists():
        return person
    return get_object_or_404(seen.filter(decisions__task__line=line).distinct())
