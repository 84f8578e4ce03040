"""The cockpit of a line, and all lines at a glance."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.timezone import now
from django.views.decorators.http import require_GET

from inspection import permissions, zones
from inspection.models import Hold, Line
from inspection.rules.words import Level, Role
from monitoring import baselines, causes, readings, rollups, sightings, stages
from monitoring import boards as boards_of_metrics
from monitoring.alarm_models import AlarmQuerySet
from monitoring.metric_words import KINDS
from monitoring.models import Baseline, DriftWindow
from monitoring.rules.alarms import State
from monitoring.rules.drift import METRICS as DRIFTING
from monitoring.rules.drift import WINDOW
from monitoring.rules.metrics import Kind
from monitoring.rules.summaries import Summary
from review import audit_boards, evidence, sentences
from review.models import Adjudication

SHOWN_ALARMS = 6
GLANCE = ("volume", "queue_waiting", "queue_age", "stage_p95", "call_rate")
SHARED = (
    "outbox_age",
    "storage_free",
    "storage_days",
    "database_ms",
    "write_wait",
    "web_time",
    "web_errors",
    "worker_memory",
    "relay_processor",
    "load",
)


@login_required
@require_GET
def monitor(request: HttpRequest, slug: str) -> HttpResponse:
    """One line now: level and evidence, the loudest alarm, stages, metrics, drift, audits, alarms."""
    lines = permissions.lines_for(request.user, Role.QA_LEAD, Role.ADMINISTRATOR)
    line = get_object_or_404(lines.select_related("epoch__model_version", "product"), slug=slug)
    moment = now()
    mine = boards_of_metrics.alarms_for(request.user)
    rows = boards_of_metrics.rows(boards_of_metrics.active(mine.filter(Q(line=line) | Q(line=None))))
    loudest = next((row for row in rows if row.priority == "P1" and not State(row.alarm.state).is_aside), None)
    names = [name for of_kind in boards_of_metrics.TILES.values() for name in of_kind]
    tiles = boards_of_metrics.by_kind(boards_of_metrics.tiles(line, names, now=moment))
    tiles[Kind.SOFTWARE] += boards_of_metrics.tiles(None, ("worker_memory", "storage_free"), now=moment)
    context = {
        "line": line,
        "moment": moment,
        "seen_at": readings.newest_at(line),
        "loudest": loudest,
        "because": causes.of(loudest.alarm) if loudest else "",
        "rows": rows[:SHOWN_ALARMS],
        "hidden": max(0, len(rows) - SHOWN_ALARMS),
        "site_zone": zones.of_site(),
        "health": boards_of_metrics.health(request.user, now=moment),
        "stages": stages.board(line, now=moment),
        "flow": stages.flow(line, now=moment),
        "kinds": [(KINDS[kind], tiles[kind]) for kind in (Kind.SOFTWARE, Kind.INPUT, Kind.OUTPUT)],
        **_drift(line),
        "audit": audit_boards.of(line, now=moment),
        "open_cases": Adjudication.objects.filter(line=line, ruled_at=None).count(),
        "evidence": _evidence(line, moment),
    }
    return render(request, "monitoring/monitor.html", context)


@login_required
@require_GET
def fleet(request: HttpRequest) -> HttpResponse:
    """Every line that a person leads: level, hold, alarms, flow."""
    lines = permissions.lines_for(request.user, Role.QA_LEAD, Role.ADMINISTRATOR).order_by("slug")
    if not lines:
        raise PermissionDenied
    moment, mine = now(), boards_of_metrics.alarms_for(request.user)
    shared = boards_of_metrics.tiles(None, SHARED, now=moment)
    measured = {tile.metric.name for tile in shared}
    context = {
        "lines": _glances(list(lines), mine, moment),
        "shared": shared,
        "site_zone": zones.of_site(),
        "disk_days_unknown": "storage_free" in measured and "storage_days" not in measured,
        "rows": boards_of_metrics.rows(boards_of_metrics.active(mine.filter(line=None))),
        "health": boards_of_metrics.health(request.user, now=moment),
    }
    return render(request, "monitoring/fleet.html", context)


def _glances(lines: list[Line], alarms: AlarmQuerySet, moment: datetime) -> list[dict[str, Any]]:
    """Return every line at a glance: as many questions for a hundred lines as for one."""
    pks = [line.pk for line in lines]
    seen = rollups.newest_by_line(pks, GLANCE, now=moment, minutes=stages.MINUTES)
    held = set(Hold.objects.in_force().values_list("line", flat=True))
    loudest = list(alarms.filter(line__in=pks).unexplained().first_of_each_line())
    counts = {alarm.line_id: alarm.alike for alarm in loudest}
    firsts = {row.alarm.line_id: row for row in boards_of_metrics.rows(loudest)}
    return [
        {
            "line": line,
            "held": line.pk in held,
            "first": firsts.get(line.pk),
            "alarms": counts.get(line.pk, 0),
            **_glance(seen.get(line.pk, {})),
        }
        for line in lines
    ]


def _glance(seen: Mapping[str, Summary]) -> dict[str, Any]:
    volume = seen.get("volume")
    return {
        "rate": volume.n / (60 * stages.MINUTES) if volume else None,
        "waiting": int(seen["queue_waiting"].last) if "queue_waiting" in seen else None,
        "oldest": seen["queue_age"].last if "queue_age" in seen else None,
        "p95": seen["stage_p95"].quantile(0.95) if "stage_p95" in seen else None,
        "calls": seen["call_rate"].mean if "call_rate" in seen else None,
    }


def _drift(line: Line) -> dict[str, Any]:
    """Return the newest mark since the reference, and how far each measure lay in the last window, if there is one."""
    baseline = baselines.in_force(line)
    if baseline is None:
        return {"baseline": None, "drift": []}
    window = baseline.windows.order_by("-pk").first()
    return {
        "baseline": baseline,
        "mark": baseline.marks.order_by("-pk").first(),
        "drift": _distances(baseline, window) if window else [],
        "window_images": len(sightings.ids_after(line, baseline.window_after, limit=WINDOW)),
        "window_wants": WINDOW,
    }


def _distances(baseline: Baseline, window: DriftWindow) -> list[dict[str, Any]]:
    found = [
        {
            "name": name,
            "distance": window.distances[name],
            "share": min(100, round(50 * window.distances[name] / baseline.metrics[name]["threshold"])),
            "is_over": name in window.over,
        }
        for name in DRIFTING
        if name in window.distances and name in baseline.metrics
    ]
    return sorted(found, key=lambda row: -row["share"])[:5]


def _evidence(line: Line, moment: datetime) -> str:
    """Return in one sentence what the next rung wants; empty at the top."""
    above = Level(line.level).above
    if above is None:
        return ""
    reading = evidence.read(line, above, now=moment)
    return sentences.verdict(reading.judgement, reading.gate.to_level, line.class_names())
