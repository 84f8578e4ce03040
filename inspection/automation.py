"""Moves on the ladder: proposals and signatures up, one person or the system down, STOP at any time.

Every deed takes the line's row lock first, so that a lowering and an approval never pass each other.
"""

import hashlib
import json
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Q

from inspection import epochs, outbox
from inspection.models import Freeze, GateEvaluation, Hold, LevelChange, LevelProposal, Line, Run, User
from inspection.permissions import may_sign_levels
from inspection.rules.ladder import Evidence, Gate, Judgement
from inspection.rules.words import Level, ProposalStatus

EVIDENCE_LIFE = timedelta(hours=24)
PARTS_SINCE_MAX = 500
CODE_VERSION = "ladder/2"


class LevelOrder(Exception):
    """The ladder is climbed one rung at a time, and lowered only downward."""


class GateShut(Exception):
    """The evidence does not open the gate."""

    def __init__(self, judgement: Judgement | None = None) -> None:
        super().__init__("The gate is shut.")
        self.judgement = judgement


class Frozen(GateShut):
    """Promotions are frozen on this line: something drifts, or a chart warns."""


class SelfApproval(Exception):
    """The second signature must be another person's."""


class EvidenceStale(Exception):
    """The frozen evidence is too old, too many parts came since, or the gate is shut now."""


class ProposalClosed(Exception):
    """The proposal was approved, rejected or voided before."""


class AlreadyStopped(Exception):
    """STOP is in force on this line already."""


class NotStopped(Exception):
    """There is no STOP to resume from."""


# Reading a gate -------------------------------------------------------------------------------------------------


def evidence_hash(gate: Gate, evidence: Evidence, *, epoch_id: int) -> str:
    """Return the hash of everything a judgement rests on; the same inputs give the same hash."""
    facts = {"gate": asdict(gate), "evidence": asdict(evidence), "epoch": epoch_id, "code": CODE_VERSION}
    return hashlib.sha256(json.dumps(facts, sort_keys=True, default=str).encode()).hexdigest()


def record_evaluation(
    line: Line, *, gate: Gate, evidence: Evidence, judgement: Judgement, now: datetime
) -> GateEvaluation:
    """Keep what was seen at the gate, so that the decision can be recomputed from this row."""
    return GateEvaluation.objects.create(
        line=line,
        epoch=line.present_epoch,
        to_level=gate.to_level.value,
        status=judgement.status.value,
        gate=_plain(asdict(gate)),
        evidence=_plain(asdict(evidence)),
        judgement=_plain(judgement.as_plain()),
        evidence_hash=evidence_hash(gate, evidence, epoch_id=line.present_epoch.pk),
        code_version=CODE_VERSION,
        evaluated_at=now,
    )


# Up: two signatures ---------------------------------------------------------------------------------------------


@transaction.atomic
def open_by_system(line: Line, evaluation: GateEvaluation, *, now: datetime) -> LevelProposal | None:
    """Open the proposal that the evidence allows and tell the leads.

    None when one is open already, and where the line has changed since its gate was read.
    """
    line = _locked(line)
    if open_proposal(line) is not None or not _still_opens(line, evaluation) or _is_frozen(line):
        return None
    proposal = _open(line, Level(evaluation.to_level), evaluation, now=now, opened_by_system=True)
    outbox.ask("proposal.opened", proposal.pk, now=now)
    return proposal


@transaction.atomic
def propose(
    line: Line, *, to_level: Level, by: User, reason: str, evaluation: GateEvaluation, now: datetime
) -> LevelProposal:
    """Sign first. Adopts the proposal the system opened, or opens one.

    Raises LevelOrder for any rung but the next, GateShut when the evaluation does not open the gate,
    SelfApproval when the person has signed the open proposal already.
    """
    line = _locked(line)
    if Level(line.level).above != to_level:
        raise LevelOrder(f"From {line.level} the next level is {Level(line.level).above}, not {to_level.value}.")
    if evaluation.status != "open" or not _still_opens(line, evaluation):
        raise GateShut
    if _is_frozen(line):
        raise Frozen
    standing = open_proposal(line)
    if standing is None:
        standing = _open(line, to_level, evaluation, now=now, proposer=by, proposed_at=now, reason=reason)
        outbox.ask("proposal.opened", standing.pk, now=now)
        return standing
    return _sign_first(standing, by=by, reason=reason, now=now)


@transaction.atomic
def approve(proposal: LevelProposal, *, by: User, evaluation: GateEvaluation | None, now: datetime) -> LevelProposal:
    """Give the next signature; the second moves the line.

    On a proposal the system opened, the first lead to come signs as proposer. Raises ProposalClosed, SelfApproval,
    Frozen, GateShut, or EvidenceStale (and the caller voids the proposal with `void_stale`).
    """
    line = _locked(proposal.line)
    proposal = LevelProposal.objects.select_for_update().get(pk=proposal.pk)
    if proposal.status != ProposalStatus.OPEN:
        raise ProposalClosed(f"Proposal {proposal.pk} is {proposal.status}.")
    if proposal.proposer_id == by.pk:
        raise SelfApproval(f"{by} signed this proposal first; another lead must approve it.")
    why = staleness(proposal, evaluation, now=now)
    if why:
        raise EvidenceStale(why)
    if _is_frozen(line) and not proposal.resumes:
        raise Frozen
    if _is_held(line) and not proposal.resumes:
        raise GateShut
    if proposal.proposer_id is None:
        return _sign_first(proposal, by=by, reason="", now=now)
    return _enact(line, proposal, by=by, now=now)


@transaction.atomic
def void_stale(proposal: LevelProposal, *, why: str, now: datetime) -> None:
    """Close a proposal whose evidence no longer holds."""
    LevelProposal.objects.filter(pk=proposal.pk, status=ProposalStatus.OPEN.value).update(
        status=ProposalStatus.VOID.value, status_reason=why[:300], closed_at=now
    )


@transaction.atomic
def reject(proposal: LevelProposal, *, by: User, reason: str, now: datetime) -> None:
    """Close a proposal without moving the line."""
    closed = LevelProposal.objects.filter(pk=proposal.pk, status=ProposalStatus.OPEN.value).update(
        status=ProposalStatus.REJECTED.value, status_reason=f"{by}: {reason}"[:300], closed_at=now
    )
    if not closed:
        raise ProposalClosed(f"Proposal {proposal.pk} is closed already.")


def staleness(proposal: LevelProposal, evaluation: GateEvaluation | None, *, now: datetime) -> str:
    """Return why the frozen evidence can no longer be signed, empty when it can."""
    if now >= proposal.expires_at:
        return "The evidence is more than 24 hours old."
    if proposal.proposer is not None and not may_sign_levels(proposal.proposer, proposal.line, now=now):
        return f"{proposal.proposer}, who signed first, is no QA lead of the line any more."
    if proposal.resumes and proposal.from_level == Level.HUMAN:
        return ""
    if parts_since(proposal) > PARTS_SINCE_MAX:
        return f"More than {PARTS_SINCE_MAX} parts came since the evidence was frozen."
    if evaluation is not None and evaluation.status != "open":
        return "The gate is shut now."
    return ""


def parts_since(proposal: LevelProposal) -> int:
    """Count the parts that entered the line since the evidence was frozen, up to just above the limit."""
    since = Run.objects.real().filter(line=proposal.line_id, opened_at__gt=proposal.opened_at)
    return since.order_by()[: PARTS_SINCE_MAX + 1].count()


def open_proposal(line: Line) -> LevelProposal | None:
    return LevelProposal.objects.filter(line=line, status=ProposalStatus.OPEN.value).first()


# Down: one person, or the system --------------------------------------------------------------------------------


@transaction.atomic
def lower(
    line: Line, *, to_level: Level, by: User | None, reason: str, now: datetime, detail: dict[str, Any] | None = None
) -> LevelChange:
    """Take the line down from the next item on. A new epoch starts: evidence begins at nothing.

    `by` is None when the system does it. Raises LevelOrder when the level is not below the present one.
    """
    line = _locked(line)
    if to_level.rung >= Level(line.level).rung:
        raise LevelOrder(f"The line is at {line.level}; {to_level.value} is not below it.")
    _void_open(line, why="The line was lowered.", now=now)
    change = _move(line, to_level, cause=reason, by=by, now=now, detail=detail or {})
    epochs.enter(line, line.epoch.model_version if line.epoch else None, cause=reason, now=now, fresh=True)
    return change


@transaction.atomic
def stop(line: Line, *, by: User, reason: str, now: datetime) -> Hold:
    """Everything to people from the next item. Level and epoch stay; two leads sign the way back."""
    line = _locked(line)
    if Hold.objects.in_force().filter(line=line, kind=Hold.STOP).exists():
        raise AlreadyStopped(f"{line} is stopped already.")
    _void_open(line, why="The line was stopped.", now=now)
    return Hold.objects.create(line=line, kind=Hold.STOP, reason=reason[:300], placed_by=by, placed_at=now)


@transaction.atomic
def resume(line: Line, *, by: User, reason: str, evaluation: GateEvaluation | None, now: datetime) -> LevelProposal:
    """Propose to lift STOP, back to the level before, if its gate still stands. A second lead signs.

    `evaluation` reads the gate into the present level; None at `human`, which has no gate.
    """
    line = _locked(line)
    if not Hold.objects.in_force().filter(line=line, kind=Hold.STOP).exists():
        raise NotStopped(f"{line} is not stopped.")
    if evaluation is not None and evaluation.status != "open":
        raise GateShut
    standing = open_proposal(line)
    if standing is not None:
        return _sign_first(standing, by=by, reason=reason, now=now)
    return _open(
        line, Level(line.level), evaluation, now=now, proposer=by, proposed_at=now, reason=reason, resumes=True
    )


@transaction.atomic
def place_hold(line: Line, *, kind: str, reason: str, now: datetime) -> Hold:
    """Hold the line by rule (camera, alarm, challenge). One hold of a kind at a time."""
    line = _locked(line)
    standing = Hold.objects.in_force().filter(line=line, kind=kind).first()
    return standing or Hold.objects.create(line=line, kind=kind, reason=reason[:300], placed_at=now)


def lift_hold(hold: Hold, *, by: User, now: datetime) -> None:
    """Lift a hold that a rule placed. STOP is lifted by `approve` alone: the database sees to it."""
    Hold.objects.filter(~Q(kind=Hold.STOP), pk=hold.pk, lifted_at=None).update(lifted_by=by, lifted_at=now)


@transaction.atomic
def freeze(line: Line, *, cause: str, reason: str, now: datetime) -> Freeze:
    """Let nobody go up until it is lifted. One freeze of a cause at a time."""
    line = _locked(line)
    standing = Freeze.objects.in_force().filter(line=line, cause=cause).first()
    return standing or Freeze.objects.create(line=line, cause=cause, reason=reason[:300], placed_at=now)


def thaw(line: Line, *, cause: str, by: User | None = None, now: datetime) -> int:
    """Lift the line's freezes of a cause. Return how many there were."""
    return Freeze.objects.in_force().filter(line=line, cause=cause).update(lifted_by=by, lifted_at=now)


# Helpers --------------------------------------------------------------------------------------------------------


def _locked(line: Line) -> Line:
    return (
        Line.objects.select_for_update(of=("self",)).select_related("epoch__model_version", "product").get(pk=line.pk)
    )


def _is_frozen(line: Line) -> bool:
    return Freeze.objects.in_force().filter(line=line).exists()


def _is_held(line: Line) -> bool:
    return Hold.objects.in_force().filter(line=line).exists()


def _still_opens(line: Line, evaluation: GateEvaluation) -> bool:
    """Say whether the locked line stands where its gate was read: below it, in the same epoch, not held."""
    is_below = Level(line.level).above == Level(evaluation.to_level) and line.epoch_id == evaluation.epoch_id
    return is_below and not _is_held(line)


def _open(
    line: Line, to_level: Level, evaluation: GateEvaluation | None, *, now: datetime, **facts: Any
) -> LevelProposal:
    return LevelProposal.objects.create(
        line=line,
        from_level=line.level,
        to_level=to_level.value,
        evaluation=evaluation,
        evidence_hash=evaluation.evidence_hash if evaluation else "",
        opened_at=now,
        expires_at=now + EVIDENCE_LIFE,
        **facts,
    )


def _sign_first(proposal: LevelProposal, *, by: User, reason: str, now: datetime) -> LevelProposal:
    if proposal.proposer_id == by.pk:
        raise SelfApproval(f"{by} signed this proposal already.")
    if proposal.proposer_id is not None:
        raise ProposalClosed(f"Proposal {proposal.pk} has its first signature; approve it instead.")
    proposal.proposer, proposal.proposed_at, proposal.reason = by, now, reason[:500]
    proposal.save(update_fields=["proposer", "proposed_at", "reason"])
    return proposal


def _enact(line: Line, proposal: LevelProposal, *, by: User, now: datetime) -> LevelProposal:
    proposal.approver, proposal.approved_at, proposal.closed_at = by, now, now
    proposal.status = ProposalStatus.APPROVED.value
    proposal.save(update_fields=["approver", "approved_at", "closed_at", "status"])
    if proposal.resumes:
        stops = Hold.objects.in_force().filter(line=line, kind=Hold.STOP)
        stops.update(lifted_at=now, lifted_by=by, proposal=proposal)
        return proposal
    cause = f"signed by {proposal.proposer} and {by}"
    _move(line, Level(proposal.to_level), cause=cause, by=by, now=now, proposal=proposal)
    return proposal


def _move(line: Line, to_level: Level, *, cause: str, by: User | None, now: datetime, **facts: Any) -> LevelChange:
    change = LevelChange.objects.create(
        line=line,
        from_level=line.level,
        to_level=to_level.value,
        epoch=line.epoch,
        cause=cause[:300],
        changed_by=by,
        changed_at=now,
        **facts,
    )
    line.level = to_level.value
    line.save(update_fields=["level"])
    return change


def _void_open(line: Line, *, why: str, now: datetime) -> None:
    LevelProposal.objects.filter(line=line, status=ProposalStatus.OPEN.value).update(
        status=ProposalStatus.VOID.value, status_reason=why, closed_at=now
    )


def _plain(value: Any) -> Any:
    """Return the value as JSON would give it back: tuples as lists, words as text."""
    return json.loads(json.dumps(value, default=str))
