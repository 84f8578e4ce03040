"""Findings over HTTP: what parts themselves showed after their verdict."""

from typing import Any

from django.shortcuts import get_object_or_404
from django.utils.timezone import now
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import api_view
from rest_framework.request import Request
from rest_framework.response import Response

from inspection import permissions
from inspection.api.problems import Problem
from inspection.api.serializers import StrictCharField
from inspection.rules.words import Role
from review import finding_doors, findings
from review.api.forms import StrictForm
from review.api.people import person_of
from review.finding_models import PhysicalFinding
from review.rules.containment import Found

LISTED_MAX = 200


class FindingBody(StrictForm):
    serial = StrictCharField(max_length=100)
    run = serializers.IntegerField(min_value=1, required=False, default=None, allow_null=True)
    how = serializers.ChoiceField([how.value for how in finding_doors.OFFERED])
    found = serializers.ChoiceField([Found.GOOD.value, Found.BAD.value])
    defect_class = StrictCharField(max_length=40, required=False, default="", allow_blank=True)
    view = StrictCharField(max_length=40, required=False, default="", allow_blank=True)
    note = StrictCharField(max_length=200, required=False, default="", allow_blank=True)


@extend_schema(methods=["GET"], operation_id="findings", responses=dict)
@extend_schema(methods=["POST"], operation_id="finding_record", request=FindingBody, responses={201: dict})
@api_view(["GET", "HEAD", "POST"])
def findings_of_line(request: Request, slug: str) -> Response:
    """The line's last findings; or keep what a part showed, by its serial. Without a run its newest is meant."""
    lines = permissions.lines_for(request.user, Role.QA_LEAD, Role.ADMINISTRATOR)
    line = get_object_or_404(lines, slug=slug)
    if request.method != "POST":
        return Response({"results": [as_plain(one) for one in finding_doors.newest_of(line, LISTED_MAX)]})
    wish = FindingBody.read(request)
    told = findings.runs_of(line, wish["serial"])
    newest = told.first()
    given = {**wish, "run": wish["run"] or (newest.run.n if newest else None)}
    form = finding_doors.FindingForm(given, line=line, told=told)
    if not form.is_valid():
        faults = [(name, fault) for name, listed in form.errors.items() for fault in listed]
        errors = [{"pointer": f"/{name}", "detail": str(fault), "code": "invalid"} for name, fault in faults]
        raise Problem("validation", errors=errors)
    kept = findings.record(form.cleaned_data["run"].run, by=person_of(request), now=now(), **form.facts())
    return Response(as_plain(kept), status=201)


def as_plain(one: PhysicalFinding) -> dict[str, Any]:
    return {
        "id": one.pk,
        "serial": one.run.part.serial,
        "run": one.run.n,
        "how": one.how,
        "found": one.found,
        "defect_class": one.defect_class or None,
        "view": one.view or None,
        "note": one.note,
        "verdict": one.run.disposition.verdict,
        "score": finding_doors.score_of(one).value,
        "found_by": one.found_by.username,
        "found_at": one.found_at,
    }
