"""The line wizard, steps 1 to 4: one plain form each, kept at once, in any order."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.forms import BaseForm
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.timezone import now
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from inspection import permissions, scopes
from inspection.models import Line
from inspection.rules.words import Decider
from review import gate_limits, limits, plans, risk_words, scope_boards
from review.limit_forms import GateLimitsForm
from review.permissions import line_for_leads
from review.scope_forms import BaselineForm, ChangeForm, ClassForm, NewLineForm, ScopeForm, TargetsForm, TodayForm

get_or_post = require_http_methods(["GET", "HEAD", "POST"])


@login_required
@get_or_post
def new_line(request: HttpRequest) -> HttpResponse:
    """Step 1 of a line that is not there yet."""
    if not permissions.may_found_lines(request.user):
        raise PermissionDenied
    form = NewLineForm(request.POST or None)
    if not form.is_valid():
        context = {"form": form, "tabs": scope_boards.tabs(None, "scope", None)}
        return render(request, "review/scope/scope.html", context, status=_status(request))

    facts = form.facts()
    slug, sku = facts.pop("slug"), facts.pop("sku")
    scopes.found(slug=slug, sku=sku, facts=facts, by=permissions.person(request), now=now())
    return redirect("scope-classes", slug)


@login_required
@get_or_post
def scope(request: HttpRequest, slug: str) -> HttpResponse:
    """Step 1: what the line makes, what is a defect, how fast it changes."""
    line = line_for_leads(request.user, slug)
    form = ScopeForm(request.POST or None, initial=ScopeForm.initial_of(line, scopes.scope_of(line)))
    if not form.is_valid():
        return _scope_page(request, line, form=form, change_form=ChangeForm())

    scopes.describe(line, facts=form.facts(), by=permissions.person(request), now=now())
    return _kept(request, "scope-classes", slug)


@login_required
@require_POST
def add_change(request: HttpRequest, slug: str) -> HttpResponse:
    """Note a planned change."""
    line = line_for_leads(request.user, slug)
    change_form = ChangeForm(request.POST)
    if not change_form.is_valid():
        form = ScopeForm(initial=ScopeForm.initial_of(line, scopes.scope_of(line)))
        return _scope_page(request, line, form=form, change_form=change_form)

    scopes.plan_change(line, **change_form.facts(), by=permissions.person(request), now=now())
    return _kept(request, "scope", slug)


@login_required
@require_POST
def withdraw_change(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Take a planned change off the calendar."""
    line = line_for_leads(request.user, slug)
    change = get_object_or_404(line.planned_changes, pk=pk)
    scopes.withdraw_change(change, by=permissions.person(request), now=now())
    return _kept(request, "scope", slug)


@login_required
@get_or_post
def classes(request: HttpRequest, slug: str) -> HttpResponse:
    """Step 2: kinds of defect with their risk and limit samples."""
    line = line_for_leads(request.user, slug)
    kept = scopes.classes_of(line)
    chosen = request.GET.get("class", "")
    initial = next((ClassForm.initial_of(*one) for one in kept if one[0].code == chosen), {"key": _free_key(kept)})
    form = ClassForm(request.POST or None, line=line, initial=initial)
    if not form.is_valid():
        shown = {one.kind: one for one in limits.of([kind for kind, _sample in kept])}
        rows = [(kind, risk_words.RISKS[kind.risk_class], shown.get(kind)) for kind, _sample in kept]
        return _page(request, line, "classes", form=form, rows=rows, chosen=chosen)

    facts = dict(form.cleaned_data)
    scopes.keep_class(line, code=facts.pop("code"), facts=facts, by=permissions.person(request), now=now())
    return _kept(request, "scope-classes", slug)


@login_required
@require_POST
def retire_class(request: HttpRequest, slug: str, code: str) -> HttpResponse:
    """Take a class out of use."""
    line = line_for_leads(request.user, slug)
    kind = get_object_or_404(line.defect_classes.select_related("line__epoch", "line__product"), code=code)
    scopes.retire_class(kind, by=permissions.person(request), now=now())
    return _kept(request, "scope-classes", slug)


@login_required
@get_or_post
def targets(request: HttpRequest, slug: str) -> HttpResponse:
    """Step 3: limits as ppm and money."""
    line = line_for_leads(request.user, slug)
    agreed = scopes.scope_of(line)
    form = TargetsForm(request.POST or None, initial=TargetsForm.initial_of(agreed))
    if not form.is_valid():
        return _page(request, line, "targets", form=form, worth=scope_boards.worth(agreed))

    scopes.aim(line, facts=form.facts(), by=permissions.person(request), now=now())
    return _kept(request, "scope-today", slug)


@login_required
@get_or_post
def today(request: HttpRequest, slug: str) -> HttpResponse:
    """Step 4: who decides today."""
    line = line_for_leads(request.user, slug)
    form = TodayForm(request.POST or None, initial=_today_of(line))
    if not form.is_valid():
        return _today_page(request, line, form=form, baseline_form=BaselineForm())

    decider = Decider(form.cleaned_data["decides_today"])
    name = form.cleaned_data["system_name"]
    scopes.say_who_decides(line, decider=decider, system_name=name, by=permissions.person(request), now=now())
    return _kept(request, "scope-today", slug)


@login_required
@require_POST
def add_baseline(request: HttpRequest, slug: str) -> HttpResponse:
    """Keep how well parts are judged today, as counted."""
    line = line_for_leads(request.user, slug)
    baseline_form = BaselineForm(request.POST)
    if not baseline_form.is_valid():
        return _today_page(request, line, form=TodayForm(initial=_today_of(line)), baseline_form=baseline_form)

    scopes.measure(line, facts=baseline_form.cleaned_data, by=permissions.person(request), now=now())
    return _kept(request, "scope-today", slug)


@login_required
@get_or_post
def choose_limits(request: HttpRequest, slug: str) -> HttpResponse:
    """What the gates ask of the line, and the days to each rung under it; set before evidence is collected."""
    line, moment = line_for_leads(request.user, slug), now()
    asked, is_locked = plans.gates_of(line), gate_limits.is_locked(line)
    form = GateLimitsForm(request.POST or None, asked=asked, is_locked=is_locked)
    typed = form.chosen() if form.is_valid() else None
    if typed is None or "show" in request.POST:
        shown = {
            "form": form,
            "is_locked": is_locked,
            "may_set": permissions.may_sign_levels(request.user, line, now=moment),
            "rungs": scope_boards.days_under(line, asked, typed, now=moment),
            "has_typed": typed is not None,
        }
        context = {**scope_boards.page_of(line, "targets", scopes.steps(line)), **shown}
        return render(request, "review/scope/limits.html", context, status=422 if form.errors else 200)

    if not permissions.may_sign_levels(request.user, line, now=moment):
        raise PermissionDenied
    try:
        gate_limits.choose(line, typed, by=permissions.person(request), now=moment)
    except gate_limits.Locked:
        messages.error(request, _("Evidence is collected under these limits already. Nothing was changed."))
        return redirect("scope-limits", slug)
    return _kept(request, "scope-limits", slug)


# ----------------------------------------------------------------------------------------------------------------


def _page(request: HttpRequest, line: Line, step: str, **shown: Any) -> HttpResponse:
    context = {**scope_boards.page_of(line, step, scopes.steps(line)), **shown}
    return render(request, f"review/scope/{step}.html", context, status=_status(request))


def _scope_page(request: HttpRequest, line: Line, *, form: BaseForm, change_form: BaseForm) -> HttpResponse:
    changes = [(change, risk_words.CHANGES[change.kind]) for change in scopes.changes_of(line)]
    return _page(request, line, "scope", form=form, change_form=change_form, changes=changes)


def _today_page(request: HttpRequest, line: Line, *, form: BaseForm, baseline_form: BaseForm) -> HttpResponse:
    judged = scope_boards.judged(line)
    return _page(request, line, "today", form=form, baseline_form=baseline_form, judged=judged)


def _kept(request: HttpRequest, address: str, slug: str) -> HttpResponse:
    messages.success(request, _("Kept."))
    return redirect(address, slug)


def _today_of(line: Line) -> dict[str, str]:
    agreed = scopes.scope_of(line)
    return {"decides_today": agreed.decides_today, "system_name": agreed.system_name}


def _free_key(kept: list) -> int | None:
    taken = {kind.key for kind, _sample in kept}
    return next((key for key in range(1, 10) if key not in taken), None)


def _status(request: HttpRequest) -> int:
    return 422 if request.method == "POST" else 200
