"""Metrics on pages and over HTTP: what is measured, over time, with the limits of its alarms."""

from datetime import datetime, timedelta
from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.timezone import now
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import api_view
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from monitoring import boards, owners, rollups, rule_views, series, stages, upstream
from monitoring.image_views import line_of, moment_of
from monitoring.metric_models import DAY, HOUR, MINUTE
from monitoring.metric_words import KINDS, NAMES
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
    of_alarms = rule_views.context(request, line, known)
    drawn = rule_views.limits(of_alarms["rules"])
    context = {
        "line": line,
        "metric": known,
        "word": NAMES[metric],
        "span": span,
        "spans": _spans(),
        "rows": series.with_gaps(found, span=span)[::-1],
        "chart": series.chart(found, span=span, limits=drawn, metric=metric, zone=line.time_zone, changes=changed),
        "changed": changed,
        "legend": series.LEGENDS.get(known.fold, ""),
        "failures": [mode.local_failure for mode in owners.failures(line).get(metric, [])],
        **of_alarms,
    }
    return render(request, "monitoring/metric.html", context)


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


def _metric(name: str) -> Metric:
    if name not in BY_NAME:
        raise Http404
    return BY_NAME[name]
