"""Alarms on pages and over HTTP: list, history, one alarm with its links, and what people do about it."""

from collections.abc import Callable
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.timezone import now
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import api_view
from rest_framework.request import Request
from rest_framework.response import Response

from inspection import permissions, zones
from inspection.api.problems import Problem
from inspection.rules.words import Role
from monitoring import alarm_settings, alarms, boards, causes, readings
from monitoring.alarm_models import AlarmQuerySet
from monitoring.alarm_words import DEEDS, EVENTS, WORDS, number
from monitoring.models import Alarm, AlarmChange, AlarmThreshold, Notice
from monitoring.rules.alarm_rules import BY_CODE, CATALOGUE, Rule
from monitoring.rules.alarms import SHELF_MAX, Event, NotPossible
from review.api.forms import StrictCharField, StrictForm

HISTORY_PAGE = 50
# More than a person reads one by one are shown by kind.
SHOWN_ALARMS = 100
SHOWN_CHANGES = 30


@login_required
@require_GET
def alarm_list(request: HttpRequest) -> HttpResponse:
    """What asks for somebody now, what happened before, and how well the alarms serve."""
    mine, slug, kind = _mine(request), request.GET.get("line", ""), request.GET.get("kind", "")
    changes = boards.changes_for(request.user).select_related("alarm__line", "by")
    if slug:
        mine, changes = mine.filter(line__slug=slug), changes.filter(alarm__line__slug=slug)
    health, count = boards.health(request.user, now=now()), mine.unexplained().count()
    kind = kind if kind in BY_CODE else ""
    is_long = not kind and (count > SHOWN_ALARMS or (health.in_flood and not slug))
    page = Paginator(changes.order_by("-pk"), HISTORY_PAGE).get_page(request.GET.get("page"))
    context = {
        "rows": _listed(mine, kind, is_long=is_long),
        "kind": WORDS[kind].what if kind else "",
        "count": count,
        "is_long": is_long,
        "health": health,
        "page": page,
        "changes": [_change(change) for change in page],
        "lines": permissions.lines_for(request.user, Role.QA_LEAD, Role.ADMINISTRATOR).order_by("slug"),
        "chosen": slug,
        "site_zone": zones.of_site(),
        "may_administer": permissions.may_administer(request.user),
        "dead": Notice.objects.filter(state=Notice.DEAD).count() if permissions.may_administer(request.user) else 0,
    }
    return render(request, "monitoring/alarms.html", context)


@login_required
@require_GET
def alarm_page(request: HttpRequest, pk: int) -> HttpResponse:
    """One alarm: what, since, consequence, what to do, and the way to its images."""
    alarm = get_object_or_404(_mine(request), pk=pk)
    rule = BY_CODE[alarm.rule]
    changes = alarm.changes.select_related("alarm", "by").order_by("-pk")[:SHOWN_CHANGES]
    context = {
        "row": boards.rows([alarm])[0],
        "because": causes.of(alarm),
        "metric": rule.metric,
        "comes_at": _comes_at(alarm),
        "review_on": _review_on(alarm),
        "due": _due(alarm),
        "zone": zones.of(alarm.line),
        "beneath": boards.rows(alarm.beneath.filter(state="suppressed").select_related("line", "handled_by")),
        "changes": [_change(change) for change in changes],
        "longest": int(SHELF_MAX[alarm.priority].total_seconds() // 60),
        "may_act": _may_act(request, alarm),
        "may_retire": permissions.may_administer(request.user, alarm.line),
        "images": _images(alarm),
        "days": _days(alarm),
    }
    return render(request, "monitoring/alarm.html", context)


@login_required
@require_POST
def alarm_deed(request: HttpRequest, pk: int, deed: str) -> HttpResponse:
    """Acknowledge, shelve, take back, take out of service or put back, and show the page one came from."""
    alarm = get_object_or_404(_mine(request), pk=pk)
    act = _DEEDS.get(deed)
    if act is None or not _may_act(request, alarm):
        raise PermissionDenied
    if deed in ("retire", "restore") and not permissions.may_administer(request.user, alarm.line):
        raise PermissionDenied
    try:
        act(request, alarm)
    except NotPossible:
        messages.error(request, _("This is not possible for the alarm as it stands, or the shelf is too long."))
    return redirect(_next(request, alarm))


@login_required
@require_GET
def runbook(request: HttpRequest) -> HttpResponse:
    """Every alarm that ships or was added: when it comes, what follows, what to do."""
    if not permissions.roles_of(request.user) & {Role.QA_LEAD, Role.ADMINISTRATOR}:
        raise PermissionDenied
    added = set(AlarmThreshold.objects.values_list("rule", flat=True))
    shown = [rule for rule in CATALOGUE if rule.is_shipped or rule.code in added]
    return render(request, "monitoring/runbook.html", {"rules": [(rule, WORDS[rule.code]) for rule in shown]})


# Over HTTP ------------------------------------------------------------------------------------------------------


class ShelfForm(StrictForm):
    """How long an alarm shall lie on the shelf, and why."""

    minutes = serializers.IntegerField(min_value=1, max_value=480)
    reason = StrictCharField(max_length=300)
    one_shot = serializers.BooleanField(default=False)


@extend_schema(operation_id="alarms", responses={200: dict})
@api_view(["GET", "HEAD"])
def alarms_api(request: Request) -> Response:
    """The active alarms of my lines, loudest first: so many at most, and how many there are."""
    mine = boards.active(boards.alarms_for(request.user))
    listed = boards.rows(mine[: boards.LISTED_MAX])
    return Response({"results": [_plain(row) for row in listed], "count": mine.count()})


@extend_schema(operation_id="acknowledge_alarm", request=None, responses={200: dict})
@api_view(["POST"])
def acknowledge_api(request: Request, pk: int) -> Response:
    """Say that somebody has seen it."""
    return _acted(request, pk, lambda alarm, by: alarms.acknowledge(alarm, by=by, now=now()))


@extend_schema(operation_id="shelve_alarm", request=ShelfForm, responses={200: dict})
@api_view(["POST"])
def shelve_api(request: Request, pk: int) -> Response:
    """Put it aside for a while."""
    wish = ShelfForm.read(request)
    return _acted(request, pk, lambda alarm, by: alarms.shelve(alarm, by=by, now=now(), **wish))


@extend_schema(operation_id="unshelve_alarm", request=None, responses={200: dict})
@api_view(["POST"])
def unshelve_api(request: Request, pk: int) -> Response:
    """Take it back from the shelf."""
    return _acted(request, pk, lambda alarm, by: alarms.unshelve(alarm, by=by, now=now()))


def _acted(request: Request, pk: int, act: Callable[[Alarm, Any], Alarm]) -> Response:
    alarm = get_object_or_404(boards.alarms_for(request.user), pk=pk)
    try:
        act(alarm, permissions.person(request))
    except NotPossible as refusal:
        raise Problem("alarm-state", detail=str(refusal)) from refusal
    return Response(_plain(boards.rows([boards.alarms_for(request.user).get(pk=pk)])[0]))


def _plain(row: boards.AlarmRow) -> dict[str, Any]:
    alarm = row.alarm
    return {
        "id": alarm.pk,
        "line": alarm.line.slug if alarm.line else None,
        "rule": alarm.rule,
        "metric": BY_CODE[alarm.rule].metric,
        "priority": row.priority,
        "state": alarm.state,
        "what": row.what,
        "consequence": row.consequence,
        "todo": row.todo,
        "value": alarm.value,
        "worst": alarm.worst,
        "raised_at": alarm.raised_at,
        "shelved_until": alarm.shelved_until,
        "handled_by": alarm.handled_by.username if alarm.handled_by else None,
        "owner": row.owner or None,
        "beneath": row.beneath,
        "runbook_url": reverse("alarm-runbook") + f"#{alarm.rule}",
    }


# Helpers --------------------------------------------------------------------------------------------------------


def _listed(mine: AlarmQuerySet, kind: str, *, is_long: bool) -> list[boards.AlarmRow]:
    if kind:
        return boards.of_kind(mine, kind)
    return boards.collapsed(mine) if is_long else boards.rows(boards.active(mine))


def _acknowledge(request: HttpRequest, alarm: Alarm) -> None:
    alarms.acknowledge(alarm, by=permissions.person(request), now=now())
    messages.success(request, _("Acknowledged."))


def _shelve(request: HttpRequest, alarm: Alarm) -> None:
    asked = request.POST.get("minutes", "")
    alarms.shelve(
        alarm,
        minutes=int(asked) if asked.isdecimal() and len(asked) < 5 else 0,
        reason=request.POST.get("reason", ""),
        one_shot="one_shot" in request.POST,
        by=permissions.person(request),
        now=now(),
    )
    messages.success(request, _("On the shelf."))


def _unshelve(request: HttpRequest, alarm: Alarm) -> None:
    alarms.unshelve(alarm, by=permissions.person(request), now=now())


def _retire(request: HttpRequest, alarm: Alarm) -> None:
    reason = request.POST.get("reason", "").strip()
    if not reason:
        raise NotPossible("Out of service wants a reason.")
    alarms.retire(alarm, reason=reason, by=permissions.person(request), now=now())


def _restore(request: HttpRequest, alarm: Alarm) -> None:
    alarms.restore(alarm, by=permissions.person(request), now=now())


def _judge(request: HttpRequest, alarm: Alarm) -> None:
    found = request.POST.get("found", "")
    if found not in ("real", "false"):
        raise NotPossible(f"{found!r} is no judgement.")
    by = permissions.person(request)
    alarms.judge(alarm, is_real=found == "real", cause=request.POST.get("cause", ""), by=by, now=now())
    messages.success(request, _("Kept. Replays of thresholds count it."))


_DEEDS = {
    "judge": _judge,
    "acknowledge": _acknowledge,
    "shelve": _shelve,
    "unshelve": _unshelve,
    "retire": _retire,
    "restore": _restore,
}


def _mine(request: HttpRequest):
    if not permissions.roles_of(request.user) & {Role.QA_LEAD, Role.ADMINISTRATOR}:
        raise PermissionDenied
    return boards.alarms_for(request.user)


def _may_act(request: HttpRequest, alarm: Alarm) -> bool:
    return alarm.line is None or permissions.may_lower(request.user, alarm.line)


def _next(request: HttpRequest, alarm: Alarm) -> str:
    wanted = request.POST.get("next", "")
    if url_has_allowed_host_and_scheme(wanted, allowed_hosts={request.get_host()}):
        return wanted
    return reverse("alarm", args=[alarm.pk])


def _comes_at(alarm: Alarm) -> str:
    """Return where it comes as it is set now, empty where its rule is switched off."""
    rule = _in_force(alarm)
    if rule is None:
        return ""
    return f"{'>' if rule.limits.is_above else '<'} {number(rule.metric, rule.limits.raise_at)}"


def _in_force(alarm: Alarm) -> Rule | None:
    return next((one for one in alarm_settings.in_force(alarm.line) if one.code == alarm.rule), None)


def _review_on(alarm: Alarm) -> date | None:
    """Return by when somebody looks again at how its rule is set, None where it is as shipped."""
    row = alarm_settings.standing(alarm.line).get(alarm.rule)
    return row.review_on if row else None


def _due(alarm: Alarm) -> list[dict[str, str]]:
    """Return the settings whose review an alarm of that kind asks for, the most overdue first."""
    if alarm.rule != "review-due" or alarm.line is None:
        return []
    dated = [(row.review_on, row.rule) for row in alarm_settings.standing(alarm.line).values() if row.review_on]
    return [
        {
            "word": f"{WORDS[rule].what} · {day}",
            "address": reverse("metric", args=[alarm.line.slug, BY_CODE[rule].metric]) + f"#{rule}",
        }
        for day, rule in sorted(dated)
        if day <= zones.day(alarm.line, now())
    ]


def _images(alarm: Alarm) -> str:
    """Return the address of the images around the moment it began, before its delay; empty where an alarm has none."""
    if alarm.line is None or alarm.raised_at is None:
        return ""
    rule = _in_force(alarm) or BY_CODE[alarm.rule]
    at = readings.bad_since(alarm.line, rule, raised_at=alarm.raised_at)
    query = f"?metric={rule.metric}&at={at:%Y-%m-%dT%H:%M:%S}Z"
    return reverse("line-images", args=[alarm.line.slug]) + query


def _days(alarm: Alarm) -> str:
    """Return the search of the data page for the days on which it was on, in the line's time; empty without a line."""
    if alarm.line is None or alarm.raised_at is None:
        return ""
    zone = ZoneInfo(alarm.line.time_zone)
    cleared = alarm.changes.filter(event=Event.CLEARED.value, changed_at__gte=alarm.raised_at).order_by("pk").first()
    until = cleared.changed_at if cleared else now()
    return f"date:{alarm.raised_at.astimezone(zone).date()}..{until.astimezone(zone).date()}"


def _change(change: AlarmChange) -> dict[str, Any]:
    return {
        "change": change,
        "priority": change.alarm.priority.value,
        "what": WORDS[change.alarm.rule].what,
        "event": EVENTS[Event(change.event)],
        "deed": DEEDS.get(change.deed, ""),
    }
