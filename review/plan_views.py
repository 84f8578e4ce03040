"""Step 5 of the line wizard: how long each rung takes, what could go wrong, and the signature."""

from datetime import datetime
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.timezone import now
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from inspection import campaigns, changeovers, permissions, risks, scopes
from inspection.models import FailureMode, FailureWatch, Line
from inspection.risks import Watch
from inspection.rules.words import Priority
from review import plan_sentences, plans, risk_words, scope_boards, signing
from review.permissions import line_for_leads
from review.plans import Plan, Plans
from review.scope_forms import CampaignForm, FailureForm, ReasonForm, WatchForm

get_or_post = require_http_methods(["GET", "HEAD", "POST"])


@login_required
@require_GET
def plan(request: HttpRequest, slug: str) -> HttpResponse:
    """The plan and the sheet of what could go wrong, before anything is collected."""
    line = line_for_leads(request.user, slug)
    moment = now()
    done = scopes.steps(line)
    found = plans.of_line(line, now=moment)
    is_campaign = request.GET.get("mode") == "campaign"
    chosen = found.campaign if is_campaign else found.normal
    context = {
        **scope_boards.page_of(line, "risks", done),
        "plans": found,
        "basis": plan_sentences.basis(found),
        "is_campaign": is_campaign,
        "chosen": chosen,
        "rungs": _rungs(chosen, found),
        "interruptions": plan_sentences.interruptions(chosen, changeovers.awaited(line)) if chosen else [],
        "assumed": plan_sentences.counted(found.rates.agreement),
        "assumed_detection": plan_sentences.counted(found.rates.detection),
        "sheet": scope_boards.sheet(risks.standing(line)),
        "history": scope_boards.past(risks.history(line, most=8)),
        "campaign": campaigns.standing(line, now=moment),
        "campaign_form": CampaignForm(line=line, now=moment),
        "may_campaign": permissions.may_sign_levels(request.user, line, now=moment),
        "signing": scope_boards.signing(permissions.person(request), line, done, now=moment),
    }
    return render(request, "review/plan.html", context)


@login_required
@require_POST
def campaign(request: HttpRequest, slug: str) -> HttpResponse:
    """Announce a campaign, or end the one that stands."""
    line, moment = line_for_leads(request.user, slug), now()
    if not permissions.may_sign_levels(request.user, line, now=moment):
        raise PermissionDenied
    try:
        messages.success(request, (_end if "end" in request.POST else _announce)(request, line, moment))
    except (campaigns.NotBeforehand, campaigns.CampaignStands, campaigns.NoCampaign, _Unclear) as refusal:
        messages.error(request, _CAMPAIGN_REFUSALS[type(refusal)]())
    return redirect(f"{reverse('plan', args=[slug])}?mode=campaign")


@login_required
@require_POST
def sign(request: HttpRequest, slug: str) -> HttpResponse:
    """Sign the scope, with the signatory's password or code."""
    line = line_for_leads(request.user, slug)
    moment = now()
    if not permissions.may_sign_levels(request.user, line, now=moment):
        raise PermissionDenied
    try:
        signing.confirm(request, password=request.POST.get("password", ""), code=request.POST.get("code", ""))
        signature = scopes.sign(line, by=permissions.person(request), now=moment)
    except signing.NotConfirmed:
        messages.error(request, _("The password or code is not right. Nothing was signed."))
    except scopes.ScopeIncomplete:
        messages.error(request, _("The scope is not complete. Nothing was signed."))
    else:
        messages.success(request, _("Scope signed, version %(n)s.") % {"n": signature.version})
    return redirect("plan", slug)


@login_required
@require_POST
def preload(request: HttpRequest, slug: str) -> HttpResponse:
    """Give a line from before scopes were kept the sheet that new lines begin with."""
    line = line_for_leads(request.user, slug)
    if not line.failure_modes.exists():
        risks.preload(line, by=permissions.person(request), now=now())
    return redirect("plan", slug)


@login_required
@get_or_post
def risk(request: HttpRequest, slug: str, code: str) -> HttpResponse:
    """Choose what watches one failure."""
    line, mode, standing = _failure(request, slug, code)
    form = WatchForm(request.POST or None, owners=scope_boards.owners(line), initial=_initial(standing))
    if not form.is_valid():
        return _risk_page(request, line, mode, standing, form=form, accept_form=ReasonForm(auto_id="accept_%s"))

    given = form.cleaned_data
    wish = Watch(
        metric=given["metric"],
        threshold=given["threshold"],
        priority=Priority(given["priority"]),
        action=given["action"],
        owner=form.owners[given["owner"]],
    )
    risks.watch(mode, wish, reason=given["reason"], by=permissions.person(request), now=now())
    return _kept(request, slug, _("%(failure)s is watched now.") % {"failure": mode.local_failure})


@login_required
@require_POST
def accept(request: HttpRequest, slug: str, code: str) -> HttpResponse:
    """Answer by name for a failure that nothing watches."""
    line, mode, standing = _failure(request, slug, code)
    accept_form = ReasonForm(request.POST, auto_id="accept_%s")
    if not accept_form.is_valid() or standing.is_watched:
        form = WatchForm(owners=scope_boards.owners(line), initial=_initial(standing))
        return _risk_page(request, line, mode, standing, form=form, accept_form=accept_form)

    person = permissions.person(request)
    risks.accept(mode, reason=accept_form.cleaned_data["reason"], by=person, now=now())
    return _kept(request, slug, _("You answer for: %(failure)s.") % {"failure": mode.local_failure})


@login_required
@get_or_post
def add_risk(request: HttpRequest, slug: str) -> HttpResponse:
    """Put another failure on the sheet; then choose what watches it."""
    line = line_for_leads(request.user, slug)
    form = FailureForm(request.POST or None)
    if form.is_valid():
        try:
            mode = risks.add(line, **form.cleaned_data, by=permissions.person(request), now=now())
        except risks.FailureKnown:
            form.add_error("failure", _("The sheet lists this failure already."))
        else:
            return redirect("risk", slug, mode.code)
    return _page(request, line, "review/scope/add_risk.html", form=form)


@login_required
@get_or_post
def prune(request: HttpRequest, slug: str, metric: str) -> HttpResponse:
    """Show which failures become unwatched without a metric, ask why, and take it away."""
    line = line_for_leads(request.user, slug)
    lost = risks.unwatched_without(line, metric)
    if not lost:
        raise Http404
    form = ReasonForm(request.POST or None)
    if not form.is_valid():
        word = risk_words.METRICS.get(metric, metric)
        return _page(request, line, "review/scope/prune.html", form=form, lost=lost, metric=word)

    risks.prune(line, metric, reason=form.cleaned_data["reason"], by=permissions.person(request), now=now())
    names = ", ".join(mode.local_failure for mode in lost)
    return _kept(request, slug, _("Nothing watches now: %(failures)s.") % {"failures": names})


# ----------------------------------------------------------------------------------------------------------------


class _Unclear(Exception):
    """The form of a campaign is not whole."""


def _announce(request: HttpRequest, line: Line, moment: datetime) -> str:
    form = CampaignForm(request.POST, line=line, now=moment)
    if not form.is_valid():
        raise _Unclear
    campaigns.announce(line, **form.facts(), by=permissions.person(request), now=moment)
    return _("Announced. It begins and ends by itself.")


def _end(request: HttpRequest, line: Line, moment: datetime) -> str:
    form = ReasonForm(request.POST)
    if not form.is_valid():
        raise _Unclear
    campaigns.end(line, reason=form.cleaned_data["reason"], by=permissions.person(request), now=moment)
    return _("Ended, from the next part on.")


_CAMPAIGN_REFUSALS = {
    _Unclear: lambda: _("Give a share, two days and a reason. Nothing was announced."),
    campaigns.NotBeforehand: lambda: _(
        "A campaign is announced beforehand: days to come, in order, and more than the line draws anyway."
    ),
    campaigns.CampaignStands: lambda: _("A campaign is announced already; it ends first."),
    campaigns.NoCampaign: lambda: _("No campaign stands."),
}


def _rungs(chosen: Plan | None, found: Plans) -> list[dict[str, Any]]:
    if chosen is None:
        return []
    return [
        {
            "rung": rung,
            "spread": plan_sentences.spreads(rung),
            "limited_by": plan_sentences.limited_by(rung, found),
        }
        for rung in chosen.rungs
    ]


def _failure(request: HttpRequest, slug: str, code: str) -> tuple[Line, FailureMode, FailureWatch]:
    line = line_for_leads(request.user, slug)
    mode = get_object_or_404(line.failure_modes, code=code)
    return line, mode, mode.watches.select_related("owner").order_by("-n")[0]


def _initial(standing: FailureWatch) -> dict[str, Any]:
    facts = {name: getattr(standing, name) for name in ("metric", "threshold", "priority", "action")}
    return {**{name: value for name, value in facts.items() if value}, "owner": standing.owner_id}


def _risk_page(request: HttpRequest, line: Line, mode: FailureMode, standing: FailureWatch, **forms) -> HttpResponse:
    metric = risk_words.METRICS.get(standing.metric, standing.metric)
    return _page(request, line, "review/scope/risk.html", mode=mode, standing=standing, metric=metric, **forms)


def _page(request: HttpRequest, line: Line, template: str, **shown: Any) -> HttpResponse:
    context = {**scope_boards.page_of(line, "risks", scopes.steps(line)), **shown}
    return render(request, template, context, status=422 if request.method == "POST" else 200)


def _kept(request: HttpRequest, slug: str, sentence: str) -> HttpResponse:
    messages.success(request, sentence)
    return redirect("plan", slug)
