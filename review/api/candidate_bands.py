"""A candidate's own certificate over HTTP: look, certify, put in force, withdraw."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict

from django.shortcuts import get_object_or_404
from django.utils.timezone import now
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import api_view
from rest_framework.request import Request
from rest_framework.response import Response

from inspection.api.problems import Problem
from inspection.models import Rollout
from review import band_doors, bands, candidate_bands, candidate_boards, candidate_doors, rollout_doors, signing
from review.api.forms import ConfirmationForm, ReasonForm
from review.api.people import person_of

CODES: dict[type[Exception], str] = {
    band_doors.NotAllowed: "forbidden",
    bands.NotCertified: "evidence-stale",
    bands.SecondSignature: "self-approval",
    bands.NoBands: "conflict",
    candidate_bands.NoCandidate: "conflict",
    candidate_bands.NotReady: "gate-shut",
    signing.NotConfirmed: "not-confirmed",
}


class NeedShown(serializers.Serializer):
    code = serializers.CharField()
    have = serializers.IntegerField()
    wanted = serializers.IntegerField()
    met = serializers.BooleanField()


class CandidateCertificateShown(serializers.Serializer):
    state = serializers.CharField(help_text="none, signed_once, in_force or lapsed")
    bands = serializers.DictField(allow_null=True)
    newest = serializers.DictField(allow_null=True)
    next_attempt = serializers.IntegerField()
    delta = serializers.FloatField()
    needs = NeedShown(many=True)


@extend_schema(methods=["GET"], operation_id="candidate_certificate", responses=CandidateCertificateShown)
@extend_schema(
    methods=["POST"], operation_id="candidate_certify", request=None, responses={201: CandidateCertificateShown}
)
@api_view(["GET", "HEAD", "POST"])
def certificate(request: Request, pk: int) -> Response:
    """The certificate of the rollout's candidate and what it waits for; or certify it. Nothing is put in force."""
    rollout = _rollout(request, pk)
    if request.method != "POST":
        return _shown(rollout)
    with _refusals():
        candidate_doors.certify(rollout, by=person_of(request), now=now())
    return _shown(rollout, status=201)


@extend_schema(operation_id="candidate_put", request=ConfirmationForm, responses=CandidateCertificateShown)
@api_view(["POST"])
def put_in_force(request: Request, pk: int) -> Response:
    """Sign the newest certificate: the candidate decides its share inside its bands from the next item on."""
    rollout, given = _rollout(request, pk), ConfirmationForm.read(request)
    with _refusals():
        candidate_doors.put_in_force(request._request, rollout, by=person_of(request), now=now(), **given)
    return _shown(rollout)


@extend_schema(operation_id="candidate_withdraw", request=ReasonForm, responses=CandidateCertificateShown)
@api_view(["POST"])
def withdraw(request: Request, pk: int) -> Response:
    """Take the candidate's bands away: people decide its share from the next item on."""
    rollout, given = _rollout(request, pk), ReasonForm.read(request)
    with _refusals():
        candidate_doors.withdraw(rollout, by=person_of(request), reason=given["reason"], now=now())
    return _shown(rollout)


def _shown(rollout: Rollout, *, status: int = 200) -> Response:
    plain = candidate_boards.as_plain(rollout, now=now())
    if plain is None:
        raise Problem("not-found")
    return Response(plain, status=status)


def _rollout(request: Request, pk: int) -> Rollout:
    return get_object_or_404(rollout_doors.rollouts_of(person_of(request)), pk=pk)


@contextmanager
def _refusals() -> Iterator[None]:
    """Turn what a deed refuses into the API's answer, with everything that is missing."""
    try:
        yield
    except tuple(CODES) as refusal:
        needs = [asdict(need) for need in getattr(refusal, "needs", ())]
        detail = candidate_doors.REFUSALS[type(refusal)](refusal)
        raise Problem(CODES[type(refusal)], detail=detail, extra={"needs": needs}) from refusal
