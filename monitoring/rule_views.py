"""How the alarms on a metric are set: tried, put in force, added, switched off, set as shipped. Signed by a lead."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.db.models import Q
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.timezone import now
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from inspection import permissions, zones
from inspection.models import Line
from inspection.rules.words import Priority
from monitoring import alarm_settings, replays
from monitoring.alarm_words import WORDS, number
from monitoring.image_views import line_of
from monitoring.models import AlarmThreshold
from monitoring.rules.alarm_rules import BY_CODE, CATALOGUE, Rule
from monitoring.rules.alarm_settings import DELAY_MAX_S, NotAllowed, Refusal, Setting, applied, is_safety
from monitoring.rules.metrics import Metric
from review import signing

SHOWN_HISTORY = 10
ALL_LINES = "all"
# What a form that was tried or refused comes back with: all but the password.
WISHED = ("raise_at", "clear_at", "on_delay_s", "priority", "reason", "review_on")
REFUSALS = {
    Refusal.CROSSING: gettext_lazy("The limit where the alarm goes must lie on the good side of where it comes."),
    Refusal.DELAY: gettext_lazy("An alarm comes after an hour at most."),
    Refusal.LOOSER: gettext_lazy("This alarm holds the line: it may be tightened, never loosened or switched off."),
}


class SettingForm(forms.Form):
    """How an alarm shall be set. Delay and priority stay as they are where they are left out."""

    raise_at = forms.FloatField(min_value=-1e12, max_value=1e12)
    clear_at = forms.FloatField(min_value=-1e12, max_value=1e12)
    on_delay_s = forms.FloatField(min_value=0, max_value=DELAY_MAX_S, required=False)
    priority = forms.ChoiceField(choices=[(word.value, word.value) for word in Priority], required=False)

    def setting(self, standing: Rule, *, is_on: bool = True) -> Setting:
        facts = self.cleaned_data
        delay = facts["on_delay_s"]
        return Setting(
            raise_at=facts["raise_at"],
            clear_at=facts["clear_at"],
            on_delay_s=standing.limits.on_delay_s if delay is None else delay,
            priority=Priority(facts["priority"] or standing.priority),
            is_on=is_on,
        )


class SignatureForm(forms.Form):
    """Why, until when, and that it is the person who is signed in."""

    reason = forms.CharField(max_length=300)
    review_on = forms.DateField(required=False)
    password = forms.CharField(required=False)
    code = forms.CharField(required=False)


@login_required
@require_POST
def threshold(request: HttpRequest, slug: str, rule: str) -> HttpResponse:
    """Try how else an alarm could be set, put it in force, switch it off, or set it as it ships."""
    line, known = line_of(request, slug), BY_CODE.get(rule)
    if known is None:
        raise Http404
    place = line if known.of_line and request.POST.get("scope") != ALL_LINES else None
    if not may_set(request.user, place, now=now()):
        raise PermissionDenied
    refusal = "" if "try" in request.POST else _sign(request, place, known)
    if refusal:
        messages.error(request, refusal)
    if refusal or "try" in request.POST:
        wish = {name: request.POST.get(name, "") for name in WISHED}
        return redirect(f"{reverse('metric', args=[slug, known.metric])}?{urlencode({'try': rule, **wish})}#{rule}")
    return redirect("metric", slug, known.metric)


def may_set(user, place: Line | None, *, now: datetime) -> bool:
    """Whether a person may set alarms of a line, or of all lines and the machines."""
    if place is None:
        return permissions.may_sign_everywhere(user, now=now)
    return permissions.may_sign_levels(user, place, now=now)


def context(request: HttpRequest, line: Line, metric: Metric) -> dict[str, Any]:
    """Return what the page of a metric shows of its alarms: those that are on or ship, those to add, the history."""
    place = line if metric.of_line else None
    of_metric = [rule for rule in CATALOGUE if rule.metric == metric.name]
    rows, moment = alarm_settings.standing(place), now()
    shown = [_row(request, place, rule, rows.get(rule.code)) for rule in of_metric]
    codes = [rule.code for rule in of_metric]
    may_everywhere = may_set(request.user, None, now=moment)
    return {
        "rules": [row for row in shown if row["is_on"] or row["rule"].is_shipped],
        "offered": [row for row in shown if not (row["is_on"] or row["rule"].is_shipped)],
        "history": _history(place, codes),
        "first_review": zones.day(place, moment) + timedelta(days=1),
        "may_change": may_set(request.user, place, now=moment),
        "may_everywhere": may_everywhere and metric.of_line,
        "priorities": [word.value for word in Priority],
    }


def limits(rows: Sequence[dict[str, Any]]) -> list[tuple[float, str]]:
    """Return where the alarms that are on come, with their names, for the chart."""
    return [(row["limits"].raise_at, str(row["what"])) for row in rows if row["is_on"]]


# Helpers --------------------------------------------------------------------------------------------------------


def _sign(request: HttpRequest, place: Line | None, rule: Rule) -> str:
    """Do what is asked and say what a replay shows; return the sentence that says why not."""
    deed, signature = request.POST.get("deed", "put"), SignatureForm(request.POST)
    if not signature.is_valid():
        return _missing()
    facts = signature.cleaned_data
    try:
        signing.confirm(request, password=facts["password"], code=facts["code"])
    except signing.NotConfirmed:
        return _("The password or code is not right. Nothing was changed.")
    if deed == "restore":
        by = permissions.person(request)
        alarm_settings.restore(place, rule.code, reason=facts["reason"], by=by, now=now())
        messages.success(request, _("It is as it ships, or as all lines have it."))
        return ""
    return _put(request, place, rule, facts["reason"], facts["review_on"], is_on=deed != "off")


def _put(
    request: HttpRequest, place: Line | None, rule: Rule, reason: str, review_on: date | None, *, is_on: bool
) -> str:
    form = SettingForm(request.POST)
    if review_on is None or review_on <= zones.day(place, now()) or not form.is_valid():
        return _missing()
    by, row = permissions.person(request), alarm_settings.standing(place).get(rule.code)
    was_on = row.is_on if row else rule.is_shipped
    wish = form.setting(_as_set(rule, row), is_on=is_on)
    try:
        row = alarm_settings.put(place, rule.code, wish, reason=reason, review_on=review_on, by=by, now=now())
    except NotAllowed as refused:
        return str(REFUSALS[refused.why])
    messages.success(request, _said(row, is_added=not was_on))
    return ""


def _missing() -> str:
    return _("Give both limits, a reason and a review date that is to come.")


def _said(row: AlarmThreshold, *, is_added: bool) -> str:
    if not row.is_on:
        return _("Switched off. What it watched is watched by nothing until it is set again.")
    if not row.replay:
        return _("In force on all lines that have no setting of their own.")
    if is_added:
        return (
            _(
                "In force. Times it would have come in the last two days: %(after)s; hours before in which it may have "
                "come: %(after_hours)s."
            )
            % row.replay
        )
    return (
        _(
            "In force. Times it would have come in the last two days: %(after)s, with the old limits %(before)s; "
            "hours before in which it may have come: %(after_hours)s, with the old limits %(before_hours)s."
        )
        % row.replay
    )


def _as_set(rule: Rule, row: AlarmThreshold | None) -> Rule:
    return applied(rule, alarm_settings.setting_of(rule, row))


def _row(request: HttpRequest, place: Line | None, rule: Rule, row: AlarmThreshold | None) -> dict[str, Any]:
    standing, wished = _as_set(rule, row), _wish(request, rule, row)
    is_on = row.is_on if row else rule.is_shipped
    return {
        "rule": standing,
        "what": WORDS[rule.code].what,
        "limits": standing.limits,
        "delay": f"{standing.limits.on_delay_s:g}",
        "wished": wished.limits if wished else None,
        "typed": {name: request.GET.get(name, "") for name in WISHED} if request.GET.get("try") == rule.code else {},
        "is_on": is_on,
        "is_set": row is not None,
        "is_safety": is_safety(rule),
        "review_on": row.review_on if row else None,
        "raise_word": number(rule.metric, standing.limits.raise_at),
        "clear_word": number(rule.metric, standing.limits.clear_at),
        "replay": replays.of(place, rule, standing.limits, (wished or standing).limits, now=now())
        if place and (is_on or wished)
        else None,
    }


def _wish(request: HttpRequest, rule: Rule, row: AlarmThreshold | None) -> Rule | None:
    """Return the rule as somebody tries it, None where nobody does or it is not possible."""
    form = SettingForm(request.GET)
    if request.GET.get("try") != rule.code or not form.is_valid():
        return None
    try:
        return applied(rule, form.setting(_as_set(rule, row)))
    except NotAllowed:
        return None


def _history(place: Line | None, codes: Sequence[str]) -> Sequence[AlarmThreshold]:
    rows = AlarmThreshold.objects.filter(Q(line=place) | Q(line=None), rule__in=codes)
    return list(rows.select_related("changed_by").order_by("-changed_at", "-pk")[:SHOWN_HISTORY])
