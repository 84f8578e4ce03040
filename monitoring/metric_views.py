"""Metrics on pages and over HTTP: what is measured, over time, with the limits of its alarms."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.dateparse import parse_date
from django.utils.timezone import now
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import api_view
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from inspection import permissions
from inspection.models import Line
from monitoring import alarms, boards, owners, replays, rollups, series, stages, upstream
from monitoring.alarm_words import WORDS, number
from monitoring.image_views import line_of, moment_of
from monitoring.metric_models import DAY, HOUR, MINUTE
from monitoring.metric_words import KINDS, NAMES
from monitoring.models import AlarmThreshold
from monitoring.rules.alarm_rules import BY_CODE, RULES, Rule
from monitoring.rules.alarms import Limits
from monitoring.rules.metrics import BY_NAME, METRICS, Metric
from review.api.people import reported_line

STEPS = {60: MINUTE, 3600: HOUR, 86400: DAY}
POINTS_MAX = 5_000


@login_required
@require_GET
def metrics_page(request: HttpRequest, slug: str) -> HttpResponse:
    """Everything that is measured on a line now, with the failures it watches; and what watches nothing."""
    line = line_of(request, slug)
    moment = now()
    names = [metric.name for metric in METRICS]
    kinds = boards.by_kind(boards.tiles(line, names, now=moment, failures=True))
    shared = boards.tiles(None, names, now=moment)
    seen = {tile.metric.name for tile in [*(tile for found in kinds.values() for tile in found), *shared]}
    unseen = [
        {"word": NAMES.get(metric, metric), "failures": [mode.local_failure for mode in modes]}
        for metric, modes in owners.failures(line).items()
        if metric not in seen
    ]
    context = {
        "line": line,
        "kinds": [(KINDS[kind], found) for kind, found in kinds.items() if found],
        "shared": shared,
        "unseen": unseen,
    }
    return render(request, "monitoring/metrics.html", context)


@login_required
@require_GET
def metric_page(request: HttpRequest, slug: str, metric: str) -> HttpResponse:
    """One metric over time with the limits of its alarms, its table, and the images of each point."""
    line, known = line_of(request, slug), _metric(metric)
    span = request.GET.get("span", "hour")
    span = span if span in series.SPANS else "hour"
    found = series.rows(line if known.of_line else None, known, span=span, now=now())
    changed = upstream.changes(line, since=found[0].began_at, until=now()) if found and known.of_line else []
    rules = [rule for rule in RULES if rule.metric == metric]
    limits = alarms.limits_of(line)
    drawn = [(limits[rule.code].raise_at, str(WORDS[rule.code].what)) for rule in rules]
    context = {
        "line": line,
        "metric": known,
        "word": NAMES[metric],
        "span": span,
        "spans": _spans(),
        "rows": found[::-1],
        "chart": series.chart(found, limits=drawn, metric=metric, zone=line.time_zone, changes=changed),
        "changed": changed,
        "failures": [mode.local_failure for mode in owners.failures(line).get(metric, [])],
        "rules": [_rule_row(line, rule, limits, _wish(request, rule)) for rule in rules],
        "history": AlarmThreshold.objects.filter(line=line, rule__in=[rule.code for rule in rules])
        .select_related("changed_by")
        .order_by("-pk")[:10],
        "may_change": known.of_line and permissions.may_sign_levels(request.user, line, now=now()),
    }
    return render(request, "monitoring/metric.html", context)


@login_required
@require_POST
def threshold(request: HttpRequest, slug: str, rule: str) -> HttpResponse:
    """Try where else an alarm could come and go, or put it in force with a reason and a review date."""
    line = line_of(request, slug)
    known = BY_CODE.get(rule)
    if known is None or not known.of_line:
        raise Http404
    if not permissions.may_sign_levels(request.user, line, now=now()):
        raise PermissionDenied
    if "try" in request.POST:
        wish = {name: request.POST.get(name, "") for name in ("raise_at", "clear_at")}
        return redirect(f"{reverse('metric', args=[slug, known.metric])}?{urlencode({'try': rule, **wish})}#{rule}")
    refusal = _change_threshold(request, line, known)
    if refusal:
        messages.error(request, refusal)
    return redirect("metric", slug, known.metric)


# Over HTTP ------------------------------------------------------------------------------------------------------


@extend_schema(operation_id="metrics", responses={200: dict})
@api_view(["GET", "HEAD"])
def metrics_api(request: Request, slug: str) -> Response:
    """One metric's windows from a moment to another, by the minute, hour or day; without a name the list of metrics."""
    line = reported_line(request, slug)
    name = request.query_params.get("name", "")
    if not name:
        return Response({"metrics": [_description(metric) for metric in METRICS]})
    metric = BY_NAME.get(name)
    until = moment_of(request.query_params.get("to", "")) or now()
    since = moment_of(request.query_params.get("from", "")) or until - timedelta(hours=1)
    tier = STEPS.get(_step(request))
    if metric is None or tier is None or not since < until <= since + POINTS_MAX * rollups.LENGTH[tier]:
        raise ValidationError({"name": [_("Ask for a known name, a step of 60, 3600 or 86400, and a stretch.")]})
    found = rollups.read(line.pk if metric.of_line else None, name, since=since, until=until, tier=tier)
    return Response(
        {"name": name, "unit": metric.unit, "step": _step(request), "points": [_point(*one) for one in found]}
    )


@extend_schema(operation_id="stages", responses={200: dict})
@api_view(["GET", "HEAD"])
def stages_api(request: Request, slug: str) -> Response:
    """The stages of a line, and where the images of the last hour are."""
    line = reported_line(request, slug)
    flow = stages.flow(line, now=now())
    return Response(
        {
            "stages": [vars(row) for row in stages.board(line, now=now())],
            "flow": {**vars(flow), "lost": flow.lost, "hours": stages.FLOW_HOURS},
        }
    )


# Helpers --------------------------------------------------------------------------------------------------------


def _change_threshold(request: HttpRequest, line: Line, rule: Rule) -> str:
    """Do it and say what a replay shows; return the sentence that says why not."""
    raise_at, clear_at = _number(request.POST.get("raise_at", "")), _number(request.POST.get("clear_at", ""))
    review_on, reason = _date(request.POST.get("review_on", "")), request.POST.get("reason", "").strip()
    if raise_at is None or clear_at is None or not reason or review_on is None or review_on <= now().date():
        return _("Give both limits, a reason and a review date that is to come.")
    try:
        row = alarms.set_threshold(
            line,
            rule,
            raise_at=raise_at,
            clear_at=clear_at,
            reason=reason,
            review_on=review_on,
            by=permissions.person(request),
            now=now(),
        )
    except ValueError:
        return _("The limit where the alarm goes must lie on the good side of where it comes.")
    messages.success(
        request,
        _(
            "In force. Times it would have come in the last two days: %(after)s, with the old limits %(before)s; "
            "hours before in which it may have come: %(after_hours)s, with the old limits %(before_hours)s."
        )
        % row.replay,
    )
    return ""


def _date(text: str) -> date | None:
    try:
        return parse_date(text)
    except ValueError:
        return None


def _wish(request: HttpRequest, rule: Rule) -> Limits | None:
    """Return the limits that somebody tries on an alarm, None where nobody does or they cross."""
    raise_at, clear_at = _number(request.GET.get("raise_at", "")), _number(request.GET.get("clear_at", ""))
    if request.GET.get("try") != rule.code or raise_at is None or clear_at is None:
        return None
    try:
        return rule.limits.moved(raise_at=raise_at, clear_at=clear_at)
    except ValueError:
        return None


def _rule_row(line: Line, rule: Rule, limits: Mapping[str, Limits], wished: Limits | None) -> dict[str, Any]:
    standing = limits[rule.code]
    return {
        "rule": rule,
        "what": WORDS[rule.code].what,
        "limits": standing,
        "wished": wished,
        "raise_word": number(rule.metric, standing.raise_at),
        "clear_word": number(rule.metric, standing.clear_at),
        "replay": replays.of(line, rule, standing, wished or standing, now=now()) if rule.of_line else None,
    }


def _spans() -> list[tuple[str, str]]:
    return [("hour", _("hour")), ("day", _("day")), ("month", _("30 days")), ("year", _("year"))]


def _description(metric: Metric) -> dict[str, Any]:
    return {"name": metric.name, "kind": metric.kind, "unit": metric.unit, "of_line": metric.of_line}


def _point(began: datetime, summary) -> dict[str, Any]:
    return {
        "began_at": began,
        "n": summary.n,
        "mean": summary.mean,
        "low": summary.low,
        "high": summary.high,
        "p50": summary.quantile(0.5),
        "p95": summary.quantile(0.95),
        "p99": summary.quantile(0.99),
    }


def _step(request: Request) -> int:
    asked = request.query_params.get("step", "60")
    return int(asked) if asked.isdecimal() and len(asked) < 7 else 0


def _number(text: str) -> float | None:
    try:
        found = float(text)
    except ValueError:
        return None
    return found if abs(found) < 1e12 else None


def _metric(name: str) -> Metric:
    if name not in BY_NAME:
        raise Http404
    return BY_NAME[name]
