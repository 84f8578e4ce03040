"""The ladder over HTTP: how a line stands, and the deeds that move it."""

from typing import Any

from django.shortcuts import get_object_or_404
from django.utils.timezone import now
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import api_view
from rest_framework.exceptions import PermissionDenied
from rest_framework.request import Request
from rest_framework.response import Response

from inspection import automation, permissions
from inspection.api.problems import Problem
from inspection.models import GateEvaluation, LevelChange, LevelProposal, Line
from inspection.rules.words import Level, Role
from review import audit_boards, evidence, sentences, signing, watches
from review.api import shapes
from review.api.forms import ConfirmationForm, LoweringForm, ProposalForm, ReasonForm
from review.api.people import reported_line

HISTORY = 50
CODES = {
    automation.LevelOrder: "level-order",
    automation.GateShut: "gate-shut",
    automation.Frozen: "gate-shut",
    automation.SelfApproval: "self-approval",
    automation.EvidenceStale: "evidence-stale",
    automation.ProposalClosed: "proposal-closed",
    automation.AlreadyStopped: "already-stopped",
    automation.NotStopped: "not-stopped",
    signing.NotConfirmed: "not-confirmed",
}
REFUSALS: tuple[type[Exception], ...] = tuple(CODES)


@extend_schema(operation_id="automation", responses=shapes.AutomationShape)
@api_view(["GET", "HEAD"])
def ladder(request: Request, slug: str) -> Response:
    """Level, gate with every check, holds, audit chart and history of one line."""
    line = _line(request, slug)
    return Response(as_plain(line))


@extend_schema(operation_id="propose", request=ProposalForm, responses={201: shapes.ProposalShape})
@api_view(["POST"])
def propose(request: Request, slug: str) -> Response:
    """Sign first for the next rung."""
    line = _line(request, slug)
    wish = ProposalForm.read(request)
    _signs(request, line)
    proposal = _done(
        line,
        signing.propose,
        line,
        to_level=Level(wish["to_level"]),
        by=permissions.person(request),
        reason=wish["reason"],
        now=now(),
    )
    return Response(proposal_plain(proposal), status=201)


@extend_schema(operation_id="approve", request=ConfirmationForm, responses=shapes.ProposalShape)
@api_view(["POST"])
def approve(request: Request, pk: int) -> Response:
    """Give the next signature, confirmed by password or code."""
    lines = permissions.lines_for(request.user, Role.QA_LEAD, Role.ADMINISTRATOR)
    proposal = get_object_or_404(LevelProposal.objects.select_related("line__epoch"), pk=pk, line__in=lines)
    given = ConfirmationForm.read(request)
    _signs(request, proposal.line)
    if proposal.proposer_id == request.user.pk:
        raise Problem("self-approval")
    line = proposal.line
    _done(line, signing.confirm, request._request, password=given["password"], code=given["code"])
    return Response(proposal_plain(_done(line, signing.approve, proposal, by=permissions.person(request), now=now())))


@extend_schema(operation_id="lower", request=LoweringForm, responses=shapes.AutomationShape)
@api_view(["POST"])
def lower(request: Request, slug: str) -> Response:
    """Take the line down, from the next item on."""
    line = _line(request, slug)
    wish = LoweringForm.read(request)
    _lowers(request, line)
    _done(
        line,
        watches.lower,
        line,
        to_level=Level(wish["to_level"]),
        by=permissions.person(request),
        reason=wish["reason"],
        now=now(),
    )
    return Response(as_plain(_line(request, slug)))


@extend_schema(operation_id="stop", request=ReasonForm, responses=shapes.AutomationShape)
@api_view(["POST"])
def stop(request: Request, slug: str) -> Response:
    """Everything to people from the next item."""
    line = _line(request, slug)
    wish = ReasonForm.read(request)
    _lowers(request, line)
    _done(line, watches.stop, line, by=permissions.person(request), reason=wish["reason"], now=now())
    return Response(as_plain(line))


@extend_schema(operation_id="resume", request=ReasonForm, responses={201: shapes.ProposalShape})
@api_view(["POST"])
def resume(request: Request, slug: str) -> Response:
    """Propose the way back after STOP; a second lead signs."""
    line = _line(request, slug)
    wish = ReasonForm.read(request)
    _signs(request, line)
    proposal = _done(line, signing.resume, line, by=permissions.person(request), reason=wish["reason"], now=now())
    return Response(proposal_plain(proposal), status=201)


# Plain data -----------------------------------------------------------------------------------------------------


def as_plain(line: Line) -> dict[str, Any]:
    to_level = Level(line.level).above
    reading = evidence.read(line, to_level, now=now()) if to_level else None
    proposal = automation.open_proposal(line)
    return {
        "level": line.level,
        "epoch": line.epoch.n if line.epoch else None,
        "next_level": to_level.value if to_level else None,
        "gate": _gate_plain(reading) if reading else None,
        "proposal": proposal_plain(proposal) if proposal else None,
        "holds": [_hold_plain(hold) for hold in line.holds.in_force().select_related("placed_by")],
        "audit": audit_boards.as_plain(line, now=now()),
        "history": [_change_plain(change) for change in _history(line)],
    }


def _gate_plain(reading: evidence.Reading) -> dict[str, Any]:
    judgement, names = reading.judgement, reading.line.class_names()
    return {
        **judgement.as_plain(),
        "sentence": sentences.verdict(judgement, reading.gate.to_level, names),
        "reasons": sentences.reasons(judgement, names),
    }


def proposal_plain(proposal: LevelProposal) -> dict[str, Any]:
    return {
        "id": proposal.pk,
        "line": proposal.line.slug,
        "from_level": proposal.from_level,
        "to_level": proposal.to_level,
        "resumes": proposal.resumes,
        "status": proposal.status,
        "status_reason": proposal.status_reason,
        "reason": proposal.reason,
        "opened_by_system": proposal.opened_by_system,
        "opened_at": proposal.opened_at,
        "expires_at": proposal.expires_at,
        "evidence_hash": proposal.evidence_hash,
        "evidence": _frozen(proposal.evaluation),
        "parts_since": automation.parts_since(proposal),
        "proposer": proposal.proposer.username if proposal.proposer else None,
        "proposed_at": proposal.proposed_at,
        "approver": proposal.approver.username if proposal.approver else None,
        "approved_at": proposal.approved_at,
    }


def _frozen(evaluation: GateEvaluation | None) -> dict[str, Any] | None:
    return evaluation.judgement if evaluation else None


def _hold_plain(hold) -> dict[str, Any]:
    placed_by = hold.placed_by.username if hold.placed_by else None
    return {
        "id": hold.pk,
        "kind": hold.kind,
        "reason": hold.reason,
        "placed_at": hold.placed_at,
        "placed_by": placed_by,
    }


def _history(line: Line):
    return LevelChange.objects.filter(line=line).select_related("changed_by").order_by("-changed_at", "-pk")[:HISTORY]


def _change_plain(change: LevelChange) -> dict[str, Any]:
    return {
        "at": change.changed_at,
        "from_level": change.from_level,
        "to_level": change.to_level,
        "cause": change.cause,
        "by": change.changed_by.username if change.changed_by else None,
        "proposal": change.proposal_id,
    }


# Who may --------------------------------------------------------------------------------------------------------


def _line(request: Request, slug: str) -> Line:
    return reported_line(request, slug, "epoch", "product", "deployment")


def _signs(request: Request, line: Line) -> None:
    if not permissions.may_sign_levels(request.user, line, now=now()):
        raise PermissionDenied


def _lowers(request: Request, line: Line) -> None:
    if not permissions.may_lower(request.user, line):
        raise PermissionDenied


def _done(line, deed, *subjects, **facts):
    """Make the call and answer its refusals with their codes; a shut gate says why, in the words of the line."""
    try:
        return deed(*subjects, **facts)
    except REFUSALS as refusal:
        extra = {}
        if isinstance(refusal, automation.GateShut) and refusal.judgement is not None:
            extra = {"reasons": sentences.reasons(refusal.judgement, line.class_names())}
        raise Problem(CODES[type(refusal)], extra=extra) from refusal
