"""Certified bands over HTTP: list, certify, put in force, withdraw."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.shortcuts import get_object_or_404
from django.utils.timezone import now
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import api_view
from rest_framework.exceptions import PermissionDenied
from rest_framework.request import Request
from rest_framework.response import Response

from inspection import certificates as standing_of
from inspection import permissions
from inspection.api.problems import Problem
from inspection.models import Line
from inspection.rules.words import Role
from review import band_boards, band_doors, bands, signing
from review.api.forms import ConfirmationForm, ReasonForm
from review.api.people import person_of
from review.band_models import Certification

LISTED = 20


@extend_schema(methods=["GET"], operation_id="bands", responses={200: dict})
@extend_schema(methods=["POST"], operation_id="bands_certify", request=None, responses={201: dict})
@api_view(["GET", "HEAD", "POST"])
def certificates(request: Request, slug: str) -> Response:
    """The bands in force and every attempt of the epoch; or certify on the evidence of now. Nothing is put in force."""
    line = _line(request, slug)
    if request.method == "POST":
        with _refusals():
            band_doors.check_signs(person_of(request), line, now=now())
            made = bands.certify(line, by=person_of(request), now=now())
        return Response(_plain(made), status=201)
    found = standing_of.standing(line, line.present_epoch.model_version_id)
    attempts = line.present_epoch.certifications.select_related("bands", "made_by", "line").order_by("-n")[:LISTED]
    in_force = found.certification.n if found and hasattr(found, "certification") else None
    return Response({"in_force": in_force, "certificates": [_plain(one) for one in attempts]})


@extend_schema(operation_id="bands_put", request=ConfirmationForm, responses={200: dict})
@api_view(["POST"])
def put_in_force(request: Request, slug: str, n: int) -> Response:
    """Sign one certificate: its bands hold from the next item on."""
    line = _line(request, slug)
    made = get_object_or_404(line.present_epoch.certifications.select_related("bands", "made_by", "line"), n=n)
    given = ConfirmationForm.read(request)
    with _refusals():
        band_doors.check_signs(person_of(request), line, now=now())
        signing.confirm(request._request, password=given["password"], code=given["code"])
        if made.bands is None:
            raise bands.NotCertified
        bands.put_in_force(line, made.bands, by=person_of(request), now=now())
    return Response(_plain(made))


@extend_schema(operation_id="bands_withdraw", request=ReasonForm, responses={204: None})
@api_view(["POST"])
def withdraw(request: Request, slug: str) -> Response:
    """Take the bands away: people decide everything from the next item on."""
    line = _line(request, slug)
    given = ReasonForm.read(request)
    if not permissions.may_lower(person_of(request), line):
        raise PermissionDenied
    with _refusals():
        bands.withdraw(line, by=person_of(request), reason=given["reason"], now=now())
    return Response(status=204)


def _plain(one: Certification) -> dict[str, Any]:
    shown = band_boards.certificate(one, now=now())
    return {
        "n": one.n,
        "reason": "sealed" if one.rollout_id and one.bands_id is None else one.reason,
        "sentence": shown.sentence,
        "notes": shown.notes,
        "t_lo": one.outcome["t_lo"],
        "t_hi": one.outcome["t_hi"],
        "shares": one.outcome["shares"],
        "counts": one.outcome["counts"],
        "limits": one.inputs["limits"],
        "trace": [] if one.rollout_id else one.outcome["pass_trace"],
        "curve": [] if one.rollout_id else one.outcome["curve"],
        "envelope": one.bands.envelope if one.bands else None,
        "inputs_hash": one.inputs_hash,
        "made_by": one.made_by.username if one.made_by else None,
        "made_at": one.made_at,
        "forecast": shown.forecast.as_plain() if shown.forecast else None,
    }


def _line(request: Request, slug: str) -> Line:
    lines = permissions.lines_for(person_of(request), Role.QA_LEAD, Role.ADMINISTRATOR)
    return get_object_or_404(lines.select_related("epoch__model_version", "product", "bands"), slug=slug)


_CODES = {
    bands.NoModel: "conflict",
    bands.NotCertified: "evidence-stale",
    bands.SecondSignature: "self-approval",
    bands.NoBands: "conflict",
    signing.NotConfirmed: "not-confirmed",
}


@contextmanager
def _refusals() -> Iterator[None]:
    """Turn what a deed refuses into the API's answer."""
    try:
        yield
    except band_doors.NotAllowed as refusal:
        raise PermissionDenied from refusal
    except tuple(_CODES) as refusal:
        raise Problem(_CODES[type(refusal)], detail=band_doors.REFUSALS[type(refusal)]()) from refusal
