"""Rollouts over HTTP: start, look, move on, and back."""

from typing import Any

from django.core.validators import RegexValidator
from django.shortcuts import get_object_or_404
from django.utils.timezone import now
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import api_view
from rest_framework.request import Request
from rest_framework.response import Response

from inspection import registry, rollouts
from inspection.api.problems import Problem
from inspection.api.serializers import StrictBooleanField, StrictCharField
from inspection.models import ModelVersion, Rollout
from inspection.rules.rollouts import Shift
from inspection.rules.words import RolloutStrategy
from review import rollbacks, rollout_boards, rollout_doors, signing
from review.api.forms import ConfirmationForm, StrictForm
from review.api.people import person_of, reported_line

CODES = {
    rollout_doors.NotAllowed: "forbidden",
    rollouts.RolloutOpen: "rollout-open",
    rollouts.RolloutClosed: "rollout-closed",
    rollouts.ServesAlready: "rollout-refused",
    rollouts.FirstOnlyShadows: "rollout-refused",
    rollouts.OnlyShadows: "rollout-refused",
    rollouts.ClassMissing: "rollout-refused",
    rollouts.ShareRefused: "rollout-refused",
    rollouts.NotReady: "rollout-not-ready",
    rollouts.ReviewDiffers: "review-differs",
    rollouts.SelfApproval: "self-approval",
    rollouts.FreshApprover: "forbidden",
    signing.NotConfirmed: "not-confirmed",
}
VERSION = RegexValidator(r"^[-a-zA-Z0-9_]+(:[0-9]{1,9})?\Z")
SHIFTS = [shift.value for shift in Shift]
REFUSALS: tuple[type[Exception], ...] = tuple(CODES)


class StartBody(StrictForm):
    candidate = StrictCharField(max_length=80, validators=[VERSION], help_text="name:version")
    strategy = serializers.ChoiceField([strategy.value for strategy in RolloutStrategy])
    share = serializers.FloatField(required=False, allow_null=True, default=None, min_value=0.0, max_value=1.0)
    reason = StrictCharField(max_length=300, required=False, default="", allow_blank=True)


class ShareBody(StrictForm):
    share = serializers.FloatField(min_value=0.0, max_value=1.0)


class CauseBody(StrictForm):
    reason = StrictCharField(max_length=200, required=False, default="", allow_blank=True)


class BackBody(CauseBody):
    read_again = StrictBooleanField(required=False, default=False)


class PauseBody(CauseBody, ConfirmationForm):
    """Pause, or go on with `paused` false; then `reviewed` is the answer to `review_asked`, null where that is null."""

    paused = StrictBooleanField(required=False, default=True)
    reviewed = serializers.ChoiceField(
        SHIFTS,
        required=False,
        allow_null=True,
        default=None,
        help_text="the answer to `review_asked`, with password or code",
    )

    def validate(self, given: dict[str, Any]) -> dict[str, Any]:
        if given["paused"] and given["reviewed"]:
            raise serializers.ValidationError({"reviewed": _("Only going on answers: give paused as false.")})
        return given


class CountShown(serializers.Serializer):
    failures = serializers.IntegerField()
    runs = serializers.IntegerField()


class ArmShown(serializers.Serializer):
    seen = serializers.IntegerField()
    read = serializers.IntegerField()


class GuardrailShown(serializers.Serializer):
    name = serializers.CharField()
    candidate = CountShown()
    incumbent = CountShown()
    log_e = serializers.FloatField(help_text="evidence that the candidate is worse: what the guardrail acts on")
    log_e_worse = serializers.FloatField(help_text="the same by its long name")
    log_e_not_worse = serializers.FloatField()
    status = serializers.ChoiceField(choices=["running", "ok", "breached", "reviewed"])


class CandidateTrialShown(serializers.Serializer):
    items = serializers.IntegerField(help_text="the line's last images that the candidate was shown when it began")
    missing = serializers.IntegerField(help_text="of them without an answer")
    p95_ms = serializers.FloatField(allow_null=True)
    complaint = serializers.CharField(help_text="of the first that is missing, as the log has it")
    began_at = serializers.DateTimeField()
    finished_at = serializers.DateTimeField(allow_null=True, help_text="null while it is under way, or was lost")


class RolloutShown(serializers.Serializer):
    id = serializers.IntegerField()
    line = serializers.CharField()
    candidate = serializers.CharField()
    incumbent = serializers.CharField(allow_null=True)
    strategy = serializers.CharField()
    phase = serializers.CharField()
    share = serializers.FloatField()
    plan = serializers.ListField(child=serializers.DictField())
    position = serializers.IntegerField()
    outcome = serializers.CharField()
    cause = serializers.CharField()
    opened_at = serializers.DateTimeField()
    closed_at = serializers.DateTimeField(allow_null=True)
    paused = serializers.BooleanField()
    review_asked = serializers.ChoiceField(SHIFTS, allow_null=True, help_text="which other call rate it is paused for")
    more_calls_reviewed_at = serializers.DateTimeField(
        allow_null=True, help_text="when a person answered that it calls more: not asked again, nor to be proven"
    )
    fewer_calls_reviewed_at = serializers.DateTimeField(
        allow_null=True, help_text="when a person answered that it calls less: not asked again"
    )
    awaits_approval = serializers.BooleanField(help_text="the next step takes another person than who started it")
    opened_by = serializers.CharField(allow_null=True)
    approved_by = serializers.CharField(allow_null=True)
    arms = serializers.DictField(child=ArmShown())
    dropped = serializers.IntegerField()
    trial = CandidateTrialShown(allow_null=True)
    guardrails = GuardrailShown(many=True)
    recommendation = serializers.DictField()


class ReadAgainShown(serializers.Serializer):
    requeued = serializers.IntegerField(help_text="parts that people will read again")
    left = serializers.IntegerField(help_text="parts of the last hour that nobody was asked about yet")


class RolloutsShown(serializers.Serializer):
    rollouts = RolloutShown(many=True)


@extend_schema(methods=["GET"], operation_id="rollouts", responses=RolloutsShown)
@extend_schema(methods=["POST"], operation_id="rollout_start", request=StartBody, responses={201: RolloutShown})
@api_view(["GET", "HEAD", "POST"])
def of_line(request: Request, slug: str) -> Response:
    """The newest rollouts of a line; or put a candidate beside what serves it."""
    line = reported_line(request, slug, "product", "epoch")
    if request.method != "POST":
        newest = line.rollouts.select_related("line", "candidate", "incumbent", "opened_by", "approved_by").order_by(
            "-pk"
        )[:20]
        return Response({"rollouts": [rollout_boards.as_plain(one, now=now()) for one in newest]})
    given = StartBody.read(request)
    _done(rollout_doors.check_moves, person_of(request), line)
    rollout = _done(
        rollouts.start,
        line,
        _version(given["candidate"]),
        strategy=RolloutStrategy(given["strategy"]),
        share=given["share"],
        by=person_of(request),
        reason=given["reason"],
        now=now(),
    )
    return _shown(rollout, status=201)


@extend_schema(operation_id="rollout", responses=RolloutShown)
@api_view(["GET", "HEAD"])
def one(request: Request, pk: int) -> Response:
    """Both versions with their counts, every guardrail with its evidence, and what is recommended."""
    return _shown(_rollout(request, pk))


@extend_schema(operation_id="rollout_share", request=ShareBody, responses=RolloutShown)
@api_view(["POST"])
def share(request: Request, pk: int) -> Response:
    """Give the candidate another share of the runs."""
    rollout, given = _moved(request, pk), ShareBody.read(request)
    return _shown(_done(rollouts.set_share, rollout, share=given["share"], by=person_of(request), now=now()))


@extend_schema(operation_id="rollout_promote", request=ConfirmationForm, responses=RolloutShown)
@api_view(["POST"])
def promote(request: Request, pk: int) -> Response:
    """Go on to the next step, as the evidence proposes.

    A blue-green switch is approved by another person than who started the rollout, with password or code.
    """
    rollout, given = _moved(request, pk), ConfirmationForm.read(request)
    if rollouts.awaits_approval(rollout):
        _done(rollouts.check_approver, rollout, by=person_of(request), now=now())
        _done(signing.confirm, request._request, **given)
    return _shown(_done(rollouts.confirm, rollout, by=person_of(request), now=now()))


@extend_schema(operation_id="rollout_pause", request=PauseBody, responses=RolloutShown)
@api_view(["POST"])
def pause(request: Request, pk: int) -> Response:
    """Let nothing advance; or go on, with `paused` false.

    Where `review_asked` names another call rate, `reviewed` has to answer it: a person does, with password or code.
    """
    rollout, given = _moved(request, pk), PauseBody.read(request)
    if given["paused"]:
        return _shown(_done(rollouts.pause, rollout, by=person_of(request), cause=given["reason"], now=now()))
    reviewed = Shift(given["reviewed"]) if given["reviewed"] else None
    if reviewed is not None:
        _done(signing.confirm, request._request, password=given["password"], code=given["code"])
    return _shown(_done(rollouts.go_on, rollout, reviewed=reviewed, by=person_of(request), now=now()))


@extend_schema(operation_id="rollout_abort", request=CauseBody, responses=RolloutShown)
@api_view(["POST"])
def abort(request: Request, pk: int) -> Response:
    """Take the candidate off the line."""
    rollout, given = _moved(request, pk), CauseBody.read(request)
    return _shown(_done(rollbacks.abort, rollout, by=person_of(request), cause=given["reason"], now=now()))


@extend_schema(operation_id="rollout_rollback", request=BackBody, responses=RolloutShown)
@api_view(["POST"])
def rollback(request: Request, pk: int) -> Response:
    """Return to the version before, from the next item on; with `read_again` people read the last hour."""
    rollout, given = _moved(request, pk), BackBody.read(request)
    _done(rollbacks.roll_back, rollout, by=person_of(request), now=now(), **given)
    return _shown(_rollout(request, pk))


@extend_schema(operation_id="rollout_requeue", request=None, responses=ReadAgainShown)
@api_view(["POST"])
def requeue(request: Request, pk: int) -> Response:
    """Ask people to read blind what the candidate decided by itself in its last hour, after any way back.

    A thousand parts at a time, those that nobody has been asked about since: asked again it finds what is left.
    """
    rollout = _moved(request, pk)
    requeued = rollbacks.requeue_last_hour(rollout, now=now())
    return Response({"requeued": requeued, "left": rollbacks.last_hour(rollout).count()})


def _shown(rollout: Rollout, *, status: int = 200) -> Response:
    return Response(rollout_boards.as_plain(rollout, now=now()), status=status)


def _rollout(request: Request, pk: int) -> Rollout:
    return get_object_or_404(rollout_doors.rollouts_of(person_of(request)), pk=pk)


def _moved(request: Request, pk: int) -> Rollout:
    rollout = _rollout(request, pk)
    _done(rollout_doors.check_moves, person_of(request), rollout.line)
    return rollout


def _version(name: str) -> ModelVersion:
    try:
        return registry.find(name)
    except ModelVersion.DoesNotExist as missing:
        raise Problem("not-found") from missing


def _done(deed: Any, *subjects: Any, **facts: Any) -> Any:
    """Make the call and answer its refusals with their codes and reasons."""
    try:
        return deed(*subjects, **facts)
    except REFUSALS as refusal:
        extra = {"reasons": list(getattr(refusal, "reasons", ()))}
        detail = rollout_doors.REFUSALS[type(refusal)](refusal)
        raise Problem(CODES[type(refusal)], detail=detail, extra=extra) from refusal
