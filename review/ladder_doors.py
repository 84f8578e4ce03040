"""The ladder's deeds as a form asks for them, for the product's pages and the Django admin alike.

Each takes the request and the line, checks who may, confirms who signs, makes one call, and returns what to say.
"""

from collections.abc import Callable

from django.contrib import messages
from django.http import HttpRequest
from django.utils.dateparse import parse_date
from django.utils.timezone import now
from django.utils.translation import gettext as _

from inspection import automation, permissions, waivers
from inspection.models import Hold, LevelProposal, Line
from inspection.rules.words import DECIDING, AssistStyle, Level, ProposalStatus
from review import assist_styles, sentences, signing, watches

# What drift freezes only a new reference thaws.
DRIFT = "drift"


class NotAllowed(Exception):
    """The person may see the line but not do this, or did not say why."""


Deed = Callable[[HttpRequest, Line], str]


def do(name: str, request: HttpRequest, line: Line) -> bool:
    """Do one of the deeds and leave a message for the next page. Return whether it was done."""
    try:
        messages.success(request, DEEDS[name](request, line))
    except tuple(REFUSALS) as refusal:
        messages.error(request, REFUSALS[type(refusal)](refusal, line))
        return False
    return True


def _propose(request: HttpRequest, line: Line) -> str:
    _signs(request, line)
    to_level = _rung(request, line)
    reason = _reason(request)
    _confirm(request)
    signing.propose(line, to_level=to_level, by=permissions.person(request), reason=reason, now=now())
    return _("Proposed and signed. A second lead signs now.")


def _approve(request: HttpRequest, line: Line) -> str:
    _signs(request, line)
    proposal = _shown(request, line)
    if proposal.proposer_id == request.user.pk:
        raise automation.SelfApproval
    _confirm(request)
    proposal = signing.approve(proposal, by=permissions.person(request), now=now())
    return _signed(proposal)


def _signed(proposal: LevelProposal) -> str:
    """Say what the signature did: the way back after STOP moves nothing."""
    if proposal.status != ProposalStatus.APPROVED:
        return _("Signed. A second lead signs now.")
    if proposal.resumes:
        words = {"level": sentences.level_name(Level(proposal.to_level))}
        return _("Signed. STOP is lifted; the line is at %(level)s as before.") % words
    return _("Signed. The line moved.")


def _reject(request: HttpRequest, line: Line) -> str:
    _signs(request, line)
    automation.reject(_shown(request, line), by=permissions.person(request), reason=_reason(request), now=now())
    return _("The proposal is closed.")


def _lower(request: HttpRequest, line: Line) -> str:
    _lowers(request, line)
    asked = request.POST.get("to_level", "")
    if asked not in list(Level):
        raise NotAllowed(_("Choose a level below the present one."))
    watches.lower(line, to_level=Level(asked), by=permissions.person(request), reason=_reason(request), now=now())
    return _and_contained(line, _("Lowered, from the next item on. Evidence starts at 0."))


def _stop(request: HttpRequest, line: Line) -> str:
    _lowers(request, line)
    hold = watches.stop(line, by=permissions.person(request), reason=_reason(request), now=now())
    said = _("Stopped %(time)s. Everything goes to people.")
    return _and_contained(line, said % {"time": sentences.moment(hold.placed_at, line.time_zone)})


def _and_contained(line: Line, said: str) -> str:
    """Add what else follows where the model decided until now."""
    if line.level not in DECIDING:
        return said
    return f"{said} {_('What the model passed since the last good audit is contained.')}"


def _lift(request: HttpRequest, line: Line) -> str:
    _lowers(request, line)
    number = request.POST.get("hold", "")
    hold = line.holds.in_force().filter(pk=number).first() if number.isdecimal() else None
    if hold is None or hold.kind == Hold.STOP:
        raise NotAllowed(_("There is no such hold to lift. STOP is lifted by two leads."))
    automation.lift_hold(hold, by=permissions.person(request), now=now())
    return _("Lifted. The model decides again from the next item on.")


def _thaw(request: HttpRequest, line: Line) -> str:
    _signs(request, line)
    number = request.POST.get("freeze", "")
    freeze = line.freezes.in_force().filter(pk=number).first() if number.isdecimal() else None
    if freeze is None or freeze.cause == DRIFT:
        raise NotAllowed(_("There is no such freeze to lift. Drift is answered with a new reference."))
    _confirm(request)
    automation.thaw(line, cause=freeze.cause, by=permissions.person(request), now=now())
    return _("Promotions may go on.")


def _resume(request: HttpRequest, line: Line) -> str:
    _signs(request, line)
    reason = _reason(request)
    _confirm(request)
    signing.resume(line, by=permissions.person(request), reason=reason, now=now())
    return _("Proposed and signed. A second lead signs now.")


def _waive(request: HttpRequest, line: Line) -> str:
    _signs(request, line)
    reason = _reason(request)
    until = parse_date(request.POST.get("until", ""))
    if until is None:
        raise NotAllowed(_("Give the date until which it is waived."))
    _confirm(request)
    subject = request.POST.get("subject", "")
    waivers.ask(line, subject=subject, until=until, reason=reason, by=permissions.person(request), now=now())
    return _("Waived by one lead. A second lead signs now.")


def _sign_waiver(request: HttpRequest, line: Line) -> str:
    _signs(request, line)
    asked = request.POST.get("waiver", "")
    waiver = waivers.of(line, now=now()).filter(pk=int(asked)).first() if asked.isdecimal() else None
    if waiver is None:
        raise waivers.WaiverClosed
    _confirm(request)
    waivers.sign(waiver, by=permissions.person(request), now=now())
    return _("Signed. The waiver holds until its date.")


def _show(request: HttpRequest, line: Line) -> str:
    _signs(request, line)
    asked = request.POST.get("style", "")
    if asked not in list(AssistStyle):
        raise NotAllowed(_("Choose when inspectors see the prediction."))
    by = permissions.person(request)
    assist_styles.change(line, to_style=AssistStyle(asked), by=by, reason=_reason(request), now=now())
    return _("Changed, from the next image on.")


DEEDS: dict[str, Deed] = {
    "propose": _propose,
    "approve": _approve,
    "reject": _reject,
    "lower": _lower,
    "stop": _stop,
    "resume": _resume,
    "waive": _waive,
    "sign-waiver": _sign_waiver,
    "lift": _lift,
    "thaw": _thaw,
    "show": _show,
}

# What keeps a deed from being done, in the words of the page. The deeds' own words are for logs.
REFUSALS: dict[type[Exception], Callable[[Exception, Line], str]] = {
    NotAllowed: lambda refusal, _line: str(refusal),
    automation.LevelOrder: lambda *_told: _("The ladder is climbed one rung at a time."),
    automation.GateShut: lambda refusal, line: " ".join([_("The gate is shut."), *_reasons_of(refusal, line)]),
    automation.Frozen: lambda *_told: _("Promotions are frozen on this line: a chart warns or the images drift."),
    automation.SelfApproval: lambda *_told: _("You signed this first: another lead must sign it."),
    automation.EvidenceStale: lambda *_told: _("The evidence no longer holds, so the proposal is void."),
    automation.ProposalClosed: lambda *_told: _(
        "What you read does not stand any more. Nothing was done: read what stands now."
    ),
    automation.AlreadyStopped: lambda *_told: _("The line is stopped already."),
    waivers.NothingToWaive: lambda *_told: _("Only a defect class of this line can be waived, until a date to come."),
    waivers.WaiverClosed: lambda *_told: _("There is no such waiver to sign any more."),
    automation.NotStopped: lambda *_told: _("The line is not stopped."),
    assist_styles.Unchanged: lambda *_told: _("Inspectors see the prediction in this way already."),
    signing.NotConfirmed: lambda *_told: _("The password or code is not right. Nothing was signed."),
}


def _reasons_of(refusal: Exception, line: Line) -> list[str]:
    judgement = getattr(refusal, "judgement", None)
    return sentences.reasons(judgement, line.class_names()) if judgement else []


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


def _shown(request: HttpRequest, line: Line) -> LevelProposal:
    """Return the proposal that the page showed. A page may be old: nobody signs what they have not read."""
    proposal = automation.open_proposal(line)
    if proposal is None or request.POST.get("proposal") != str(proposal.pk):
        raise automation.ProposalClosed
    return proposal


def _rung(request: HttpRequest, line: Line) -> Level:
    """Return the level that the page offered, as long as it is the next one."""
    to_level = Level(line.level).above
    if to_level is None or request.POST.get("to_level") != to_level.value:
        raise automation.LevelOrder
    return to_level


def _reason(request: HttpRequest) -> str:
    """Return the reason that was chosen, or the words in place of one."""
    reason = request.POST.get("reason", "").strip() or request.POST.get("words", "").strip()
    if not reason:
        raise NotAllowed(_("Give a reason in a few words."))
    return reason
