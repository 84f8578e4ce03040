"""The deeds of the ladder as a person does them: the gate is read at the click, then inspection moves the line."""

from datetime import datetime

from allauth.mfa.models import Authenticator
from axes.handlers.proxy import AxesProxyHandler
from django.contrib.auth import authenticate
from django.db import transaction
from django.http import HttpRequest

from inspection import automation, permissions
from inspection.models import GateEvaluation, LevelProposal, Line, User
from inspection.rules.words import Level, ProposalStatus
from review import evidence, queues


class NotConfirmed(Exception):
    """The password or code given with a signature is not this person's."""


def propose(line: Line, *, to_level: Level, by: User, reason: str, now: datetime) -> LevelProposal:
    """Sign first on the gate as it stands now. Raises what `automation.propose` raises."""
    if Level(line.level).above != to_level:
        raise automation.LevelOrder(f"From {line.level} the next level is {Level(line.level).above}, not {to_level}.")
    reading = evidence.read(line, to_level, now=now)
    if not reading.judgement.is_open:
        raise automation.GateShut(reading.judgement)
    evaluation = reading.keep(now=now)
    return automation.propose(line, to_level=to_level, by=by, reason=reason, evaluation=evaluation, now=now)


def approve(proposal: LevelProposal, *, by: User, now: datetime) -> LevelProposal:
    """Give the next signature on the gate as it stands now; stale evidence voids the proposal and is told."""
    evaluation = _into(proposal.line, Level(proposal.to_level), now=now, ignore_stop=proposal.resumes)
    try:
        return _approve(proposal, by=by, evaluation=evaluation, now=now)
    except automation.EvidenceStale as stale:
        automation.void_stale(proposal, why=str(stale), now=now)
        raise


@transaction.atomic
def _approve(proposal: LevelProposal, *, by: User, evaluation: GateEvaluation | None, now: datetime) -> LevelProposal:
    signed = automation.approve(proposal, by=by, evaluation=evaluation, now=now)
    if signed.status == ProposalStatus.APPROVED and not signed.resumes:
        queues.follow(Line.objects.get(pk=signed.line_id))
    return signed


def resume(line: Line, *, by: User, reason: str, now: datetime) -> LevelProposal:
    """Propose the way back after STOP, if the gate into the line's level still stands."""
    reading = _reading_into(line, Level(line.level), now=now, ignore_stop=True)
    evaluation = reading.keep(now=now) if reading else None
    try:
        return automation.resume(line, by=by, reason=reason, evaluation=evaluation, now=now)
    except automation.GateShut as shut:
        raise automation.GateShut(reading.judgement if reading else None) from shut


def reading_of(proposal: LevelProposal, *, now: datetime) -> evidence.Reading | None:
    """Return the gate as the next signature would read it now. None at `human`, which has no gate."""
    return _reading_into(proposal.line, Level(proposal.to_level), now=now, ignore_stop=proposal.resumes)


def confirm(request: HttpRequest, *, password: str = "", code: str = "") -> None:
    """Make sure that the person at the keyboard is the one who is signed in. Raises NotConfirmed.

    Goes through the sign-in backends, so that guessing here is throttled as it is there: a wrong code counts as a
    wrong password does, and after too many of them no code is looked at either.
    """
    who = {"username": request.user.get_username()}
    if code and AxesProxyHandler.is_allowed(request, who) and _is_their_code(permissions.person(request), code):
        return
    given = password or code
    found = authenticate(request, **who, password=given) if given else None
    if found is None or found.pk != request.user.pk:
        raise NotConfirmed("The password or code is not right.")


def _is_their_code(user: User, code: str) -> bool:
    totp = Authenticator.objects.filter(user=user, type=Authenticator.Type.TOTP).first()
    return totp is not None and totp.wrap().validate_code(code)


def _into(line: Line, level: Level, *, now: datetime, ignore_stop: bool) -> GateEvaluation | None:
    """Read the gate into a level and keep the reading. None at `human`, which has no gate."""
    reading = _reading_into(line, level, now=now, ignore_stop=ignore_stop)
    return reading.keep(now=now) if reading else None


def _reading_into(line: Line, level: Level, *, now: datetime, ignore_stop: bool) -> evidence.Reading | None:
    if level == Level.HUMAN:
        return None
    return evidence.read(line, level, now=now, ignore_stop=ignore_stop)
