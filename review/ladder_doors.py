"""The ladder's deeds as a form asks for them, for the product's pages and the Django admin alike.

Each takes the request and the line, checks who may, confirms who signs, makes one call, and returns what to say.
"""

from collections.abc import Callable

from django.contrib import messages
from django.http import HttpRequest
from django.utils.timezone import now
from django.utils.translation import gettext as _

from inspection import automation, permissions
from inspection.models import LevelProposal, Line
from inspection.rules.words import Level
from review import sentences, signing


class NotAllowed(Exception):
    """The person may see the line but not do this, or did not say why."""


Deed = Callable[[HttpRequest, Line], str]


def do(name: str, request: HttpRequest, line: Line) -> bool:
    """Do one of the deeds and leave a message for the next page. Return whether it was done."""
    try:
        messages.success(request, DEEDS[name](request, line))
    except tuple(REFUSALS) as refusal:
        messages.error(request, _refused(refusal))
        return False
    return True


def _propose(request: HttpRequest, line: Line) -> str:
    _signs(request, line)
    reason = _reason(request)
    _confirm(request)
    to_level = Level(line.level).above or Level(line.level)
    signing.propose(line, to_level=to_level, by=permissions.person(request), reason=reason, now=now())
    return _("Proposed and signed. A second lead signs now.")


def _approve(request: HttpRequest, line: Line) -> str:
    _signs(request, line)
    proposal = _standing(line)
    if proposal.proposer_id == request.user.pk:
        raise automation.SelfApproval
    _confirm(request)
    proposal = signing.approve(proposal, by=permissions.person(request), now=now())
    return _("Signed. The line moved.") if proposal.status == "approved" else _("Signed. A second lead signs now.")


def _reject(request: HttpRequest, line: Line) -> str:
    _signs(request, line)
    automation.reject(_standing(line), by=permissions.person(request), reason=_reason(request), now=now())
    return _("The proposal is closed.")


def _lower(request: HttpRequest, line: Line) -> str:
    _lowers(request, line)
    asked = request.POST.get("to_level", "")
    if asked not in list(Level):
        raise NotAllowed(_("Choose a level below the present one."))
    automation.lower(line, to_level=Level(asked), by=permissions.person(request), reason=_reason(request), now=now())
    return _("Lowered, from the next item on. Evidence starts at 0.")


def _stop(request: HttpRequest, line: Line) -> str:
    _lowers(request, line)
    hold = automation.stop(line, by=permissions.person(request), reason=_reason(request), now=now())
    return _("Stopped %(time)s. Everything goes to people.") % {
        "time": sentences.moment(hold.placed_at, line.time_zone)
    }


def _resume(request: HttpRequest, line: Line) -> str:
    _signs(request, line)
    reason = _reason(request)
    _confirm(request)
    signing.resume(line, by=permissions.person(request), reason=reason, now=now())
    return _("Proposed and signed. A second lead signs now.")


DEEDS: dict[str, Deed] = {
    "propose": _propose,
    "approve": _approve,
    "reject": _reject,
    "lower": _lower,
    "stop": _stop,
    "resume": _resume,
}

# What keeps a deed from being done, in the words of the page. The deeds' own words are for logs.
REFUSALS: dict[type[Exception], Callable[[Exception], str]] = {
    NotAllowed: str,
    automation.LevelOrder: lambda _refusal: _("The ladder is climbed one rung at a time."),
    automation.GateShut: lambda refusal: " ".join([_("The gate is shut."), *_reasons_of(refusal)]),
    automation.SelfApproval: lambda _refusal: _("You signed this first: another lead must sign it."),
    automation.EvidenceStale: lambda _refusal: _("The evidence no longer holds, so the proposal is void."),
    automation.ProposalClosed: lambda _refusal: _("There is no proposal to sign any more."),
    automation.AlreadyStopped: lambda _refusal: _("The line is stopped already."),
    automation.NotStopped: lambda _refusal: _("The line is not stopped."),
    signing.NotConfirmed: lambda _refusal: _("The password or code is not right. Nothing was signed."),
}


def _refused(refusal: Exception) -> str:
    return REFUSALS[type(refusal)](refusal)


def _reasons_of(refusal: Exception) -> list[str]:
    judgement = getattr(refusal, "judgement", None)
    return sentences.reasons(judgement) if judgement else []


def _signs(request: HttpRequest, line: Line) -> None:
    if permissions.may_sign_levels(request.user, line, now=now()):
        return
    if permissions.may_administer(request.user, line):
        raise NotAllowed(_("Administrators do not sign: two QA leads do."))
    raise NotAllowed(_("Only active QA leads of this line sign, a day after they got the role."))


def _lowers(request: HttpRequest, line: Line) -> None:
    if not permissions.may_lower(request.user, line):
        raise NotAllowed(_("Only QA leads and administrators of this line may do this."))


def _confirm(request: HttpRequest) -> None:
    signing.confirm(request, password=request.POST.get("password", ""), code=request.POST.get("code", ""))


def _standing(line: Line) -> LevelProposal:
    proposal = automation.open_proposal(line)
    if proposal is None:
        raise automation.ProposalClosed
    return proposal


def _reason(request: HttpRequest) -> str:
    reason = request.POST.get("reason", "").strip()
    if not reason:
        raise NotAllowed(_("Give a reason in a few words."))
    return reason
