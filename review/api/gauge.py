"""Gauge studies over HTTP: start, stop, how far, and the sheet."""

from typing import Any

from django.shortcuts import get_object_or_404
from django.utils.timezone import now
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import api_view
from rest_framework.exceptions import PermissionDenied
from rest_framework.request import Request
from rest_framework.response import Response

from inspection.api.problems import Problem
from inspection.api.serializers import StrictCharField
from inspection.models import Line
from inspection.permissions import may_sign_levels
from review import bank_doors, gauge_doors, gauge_sheets, studies
from review.api.forms import StrictForm
from review.api.people import person_of
from review.gold_models import GaugeStudy


class StudyBody(StrictForm):
    people = serializers.ListField(child=StrictCharField(max_length=150), min_length=1, max_length=10)


class StudyShown(serializers.Serializer):
    id = serializers.IntegerField()
    people = serializers.ListField(child=serializers.CharField())
    started_at = serializers.DateTimeField()
    stopped_at = serializers.DateTimeField(allow_null=True)
    answered = serializers.IntegerField()
    wanted = serializers.IntegerField()
    sheet = serializers.ListField(child=serializers.DictField(), help_text="empty while the study runs")


class StudiesShown(serializers.Serializer):
    results = StudyShown(many=True)


@extend_schema(methods=["GET"], operation_id="gauge", responses=StudiesShown)
@extend_schema(methods=["POST"], operation_id="gauge_start", request=StudyBody, responses={201: StudyShown})
@api_view(["GET", "HEAD", "POST"])
def gauge_studies(request: Request, slug: str) -> Response:
    """The studies of a line, the newest first; or start one with three inspectors."""
    line = _line(request, slug)
    if request.method != "POST":
        return Response({"results": [_plain(one) for one in line.gauge_studies.order_by("-pk")[:20]]})
    _check_lead(request, line)
    names = StudyBody.read(request)["people"]
    people = list(gauge_doors.inspectors_of(line).filter(username__in=names))
    study = _done(studies.start, line, people=people, by=person_of(request), now=now())
    return Response(_plain(study), status=201)


@extend_schema(operation_id="gauge_stop", request=None, responses=StudyShown)
@api_view(["POST"])
def stop(request: Request, slug: str, pk: int) -> Response:
    """End a study; its sheet counts what was answered."""
    line = _line(request, slug)
    _check_lead(request, line)
    study = get_object_or_404(GaugeStudy, pk=pk, line=line)
    _done(studies.stop, study, by=person_of(request), now=now())
    study.refresh_from_db()
    return Response(_plain(study))


def _plain(study: GaugeStudy) -> dict[str, Any]:
    answered, wanted = studies.progress(study)
    facts = {
        "id": study.pk,
        "people": sorted(study.appraisers.values_list("username", flat=True)),
        "started_at": study.started_at,
        "stopped_at": study.stopped_at,
        "answered": answered,
        "wanted": wanted,
        "sheet": list(gauge_sheets.rows(study)),
    }
    return StudyShown(facts).data


def _check_lead(request: Request, line: Line) -> None:
    if not may_sign_levels(person_of(request), line, now=now()):
        raise PermissionDenied


def _done(deed, *subjects: object, **facts: object) -> Any:
    try:
        return deed(*subjects, **facts)
    except tuple(gauge_doors.REFUSALS) as refusal:
        raise Problem("conflict", detail=gauge_doors.REFUSALS[type(refusal)]()) from refusal


def _line(request: Request, slug: str) -> Line:
    return get_object_or_404(bank_doors.lines_of(person_of(request)), slug=slug)
