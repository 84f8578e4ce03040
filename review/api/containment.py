"""Containment and lots over HTTP: the list since the last good audit, its closing part by part, and releases."""

from typing import Any

from django.http import StreamingHttpResponse
from django.shortcuts import get_object_or_404
from django.utils.timezone import now
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import api_view, renderer_classes
from rest_framework.exceptions import PermissionDenied
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from inspection import permissions
from inspection.api.problems import Problem
from inspection.api.serializers import StrictCharField
from inspection.models import Line, Lot
from inspection.rules.words import Role
from review import containment, containment_doors, findings, lots, signing
from review.api import shapes
from review.api.forms import REASON_MAX, ConfirmationForm, StrictForm
from review.api.people import person_of
from review.api.renderers import TableRenderer
from review.containment_models import ContainedRun, Containment
from review.rules.containment import Found, release_obstacles

LISTED_MAX = 1000
# What stands in the record where a call gave no reason.
UNTOLD = "asked for over HTTP"


class OpeningBody(StrictForm):
    reason = StrictCharField(max_length=REASON_MAX, required=False, default=UNTOLD)


class FoundBody(StrictForm):
    found = serializers.ChoiceField([found.value for found in Found])
    defect_class = StrictCharField(max_length=40, required=False, default="", allow_blank=True)
    view = StrictCharField(max_length=40, required=False, default="", allow_blank=True)
    note = StrictCharField(max_length=200, required=False, default="", allow_blank=True)


@extend_schema(methods=["GET"], operation_id="containment", responses=shapes.StandingContainmentShape)
@extend_schema(
    methods=["POST"], operation_id="containment_open", request=OpeningBody, responses={201: shapes.ContainmentShape}
)
@api_view(["GET", "HEAD", "POST"])
def contained(request: Request, slug: str) -> Response:
    """The open containment of a line with its parts; or open one over everything passed since the last good audit."""
    line = _line(request, slug)
    if request.method == "GET":
        standing = Containment.objects.filter(line=line, closed_at=None).first()
        return Response({"since": containment.last_good(line), "open": as_plain(standing) if standing else None})
    wish = OpeningBody.read(request)
    opened = containment.open_for(line, cause=wish["reason"], by=person_of(request), now=now())
    containment.fill(opened, now=now())
    return Response(as_plain(opened), status=201)


@extend_schema(operation_id="containment_rows", responses={(200, "text/csv"): str})
@api_view(["GET", "HEAD"])
@renderer_classes([TableRenderer, JSONRenderer])
def rows(request: Request, pk: int) -> StreamingHttpResponse:
    """The whole list as CSV, safe to open in a spreadsheet."""
    return containment_doors.download(request, _containment(request, pk))


@extend_schema(operation_id="containment_close_part", request=FoundBody, responses=shapes.ContainedShape)
@api_view(["POST"])
def close_part(request: Request, pk: int, row: int) -> Response:
    """Close one part: found good, found bad (with the kind of defect), or lost."""
    standing = _containment(request, pk)
    found = get_object_or_404(ContainedRun.objects.select_related("run"), pk=row, containment=standing)
    form = containment_doors.FoundForm(FoundBody.read(request), line=standing.line)
    if not form.is_valid():
        faults = [(name, fault) for name, listed in form.errors.items() for fault in listed]
        errors = [{"pointer": f"/{name}", "detail": str(fault), "code": "invalid"} for name, fault in faults]
        raise Problem("validation", errors=errors)
    closed = _done(findings.close_contained, found, by=person_of(request), now=now(), **form.cleaned_data)
    return Response(_row(closed))


@extend_schema(operation_id="containment_requeue", request=None, responses=dict)
@api_view(["POST"])
def requeue(request: Request, pk: int) -> Response:
    """Ask people to read every open part blind."""
    return Response({"requeued": containment.requeue(_containment(request, pk), now=now())})


@extend_schema(operation_id="containment_close", request=None, responses=shapes.ContainmentShape)
@api_view(["POST"])
def close(request: Request, pk: int) -> Response:
    """Close the containment, once no part of it is open."""
    return Response(as_plain(_done(containment.close, _containment(request, pk), by=person_of(request), now=now())))


@extend_schema(operation_id="lots", responses=dict)
@api_view(["GET", "HEAD"])
def lot_list(request: Request, slug: str) -> Response:
    """Lots of a line that wait for their release, with what is in the way."""
    return Response({"results": [_lot(lot) for lot in lots.on_hold(_line(request, slug))]})


@extend_schema(operation_id="lot_sort", request=None, responses=dict)
@api_view(["POST"])
def lot_sort(request: Request, pk: int) -> Response:
    """Ask people to read what the model passed of a lot in which an audit found an escape."""
    lot = get_object_or_404(Lot, pk=pk, line__in=_lines(request))
    return Response({"requeued": lots.sort(lot, now=now())})


@extend_schema(operation_id="lot_release", request=ConfirmationForm, responses=dict)
@api_view(["POST"])
def lot_release(request: Request, pk: int) -> Response:
    """Sign that a lot may leave, confirmed by password or code."""
    lot = get_object_or_404(Lot.objects.select_related("line"), pk=pk, line__in=_lines(request))
    given = ConfirmationForm.read(request)
    if not permissions.may_sign_levels(request.user, lot.line, now=now()):
        raise PermissionDenied
    try:
        signing.confirm(request._request, password=given["password"], code=given["code"])
    except signing.NotConfirmed as refusal:
        raise Problem("not-confirmed") from refusal
    return Response(_lot(_done(lots.release, lot, by=person_of(request), now=now())))


# Plain data -----------------------------------------------------------------------------------------------------


def as_plain(standing: Containment) -> dict[str, Any]:
    listed = containment.listed(standing)[:LISTED_MAX]
    return {
        "id": standing.pk,
        "line": standing.line.slug,
        "cause": standing.cause,
        "since": standing.since,
        "opened_at": standing.opened_at,
        "closed_at": standing.closed_at,
        "is_whole": standing.listed_at is not None,
        "counts": containment.tally(standing),
        "results": [_row(row) for row in listed],
    }


def _row(row: ContainedRun) -> dict[str, Any]:
    lot = row.run.part.lot
    return {
        "id": row.pk,
        "serial": row.run.part.serial,
        "run": row.run.n,
        "lot": lot.code if lot else None,
        "passed_at": row.passed_at,
        "state": row.found or "open",
        "note": row.note,
        "requeued_at": row.requeued_at,
        "closed_at": row.closed_at,
    }


def _lot(lot: Lot) -> dict[str, Any]:
    standing = lots.standing(lot)
    return {
        "id": lot.pk,
        "code": lot.code,
        "released_at": lot.released_at,
        "parts": standing.parts,
        "audits_drawn": standing.audits_drawn,
        "audits_closed": standing.audits_closed,
        "escapes": standing.escapes,
        "unsorted": standing.unsorted,
        "in_the_way": list(release_obstacles(standing)),
    }


def _done(deed: Any, *subjects: Any, **facts: Any) -> Any:
    try:
        return deed(*subjects, **facts)
    except containment_doors.REFUSALS as refusal:
        raise Problem("conflict", detail=containment_doors.refused(refusal)) from refusal


def _lines(request: Request) -> Any:
    return permissions.lines_for(request.user, Role.QA_LEAD, Role.ADMINISTRATOR)


def _line(request: Request, slug: str) -> Line:
    return get_object_or_404(_lines(request), slug=slug)


def _containment(request: Request, pk: int) -> Containment:
    return get_object_or_404(Containment.objects.select_related("line"), pk=pk, line__in=_lines(request))
