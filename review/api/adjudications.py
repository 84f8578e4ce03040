"""The doors of the adjudicator."""

from typing import Any
from uuid import UUID

from django.http import Http404
from django.shortcuts import get_object_or_404
from django.utils.timezone import now as clock
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import api_view
from rest_framework.exceptions import PermissionDenied
from rest_framework.request import Request
from rest_framework.response import Response

from inspection.api.serializers import checked
from inspection.models import Line
from inspection.permissions import lines_for, may_adjudicate
from inspection.rules.words import Label
from review import adjudications
from review.api import inputs
from review.api import serializers as shown
from review.api.people import person_of
from review.api.refusals import told_as_problems
from review.models import Adjudication
from review.permissions import cases_for, leads_on

LIST_MAX = 200


@extend_schema(operation_id="adjudications_list", parameters=[inputs.LineQuery], responses=shown.CasesShown)
@api_view(["GET", "HEAD"])
def cases(request: Request) -> Response:
    """Open cases I may rule on, oldest first: of one line, or of all lines I lead."""
    slug = checked(inputs.LineQuery(data=request.query_params.dict()))["line"]
    lines = [_line_to_lead(request, slug)] if slug else leads_on(person_of(request))

    waiting = adjudications.waiting_for(person_of(request), lines=lines)
    return Response({"results": shown.cases_shown(waiting[:LIST_MAX])})


@extend_schema(methods=["GET"], responses=shown.CaseShown)
@extend_schema(methods=["POST"], request=inputs.RulingForm, responses=shown.RuledShown)
@api_view(["GET", "HEAD", "POST"])
def case(request: Request, pk: UUID) -> Response:
    """One open case; or give the ruling, and only then see what the models said.

    A ruling given here stands at once: the undo window is the page's own, and a program's undo is the program's.
    """
    found = _case_to_rule(request, pk)
    if request.method == "GET":
        return Response(_case_shown(found, request))
    form = checked(inputs.RulingForm(data=request.data))

    with told_as_problems():
        ruled = adjudications.rule(
            found,
            by=person_of(request),
            label=Label(form["label"]),
            defect_class=form["defect_class"] or "",
            reason=form["reason"],
            now=clock(),
        )
    return Response(shown.ruled_shown(ruled))


def _line_to_lead(request: Request, slug: str) -> Line:
    line = get_object_or_404(lines_for(person_of(request)), slug=slug)
    if not may_adjudicate(person_of(request), line):
        raise PermissionDenied
    return line


def _case_to_rule(request: Request, pk: UUID) -> Adjudication:
    """Return the case: 404 for strangers, 403 for members who do not adjudicate or have read the image."""
    found = get_object_or_404(cases_for(person_of(request)), pk=pk)
    if not may_adjudicate(person_of(request), found.line):
        raise PermissionDenied
    with told_as_problems():
        adjudications.check_conflict(found, person_of(request))
    return found


def _case_shown(found: Adjudication, request: Request) -> dict[str, Any]:
    """A ruling is shown to who gave it: another lead may be asked to look again, blind to it."""
    if found.ruled_at is None:
        return shown.cases_shown([found])[0]
    if found.ruled_by != person_of(request):
        raise Http404
    return shown.ruled_shown(found)
