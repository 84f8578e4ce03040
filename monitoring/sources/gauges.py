"""Levels that are read now and then: queues, stations, charts, disk, database, broker, processes."""

import os
import time
from collections.abc import Iterator
from datetime import datetime, timedelta

from django.db import connection
from django.db.models import Count, Max, Min
from django.utils.dateparse import parse_datetime

from inspection import claims, images, zones
from inspection.models import Hold, Item, Line, Outbox, ProcessSeen, Station
from monitoring import alarm_settings, health
from monitoring.metric_models import HOUR, MetricWindow
from monitoring.models import Baseline
from monitoring.rules.drift import SCORE, reach
from monitoring.rules.metrics import days_left
from monitoring.sources import processes
from monitoring.sources.seen import Seen
from review import watches
from review.arrivals import RECEIVED
from review.audit_models import WatchChart
from review.models import PendingDecision, ReviewTask

# A line without an image for longer than this is not running: its silence is no news any more.
IDLE_AFTER_S = 12 * 3600
# Less than a day of a disk says nothing about its pace: a new installation fills it first.
DISK_KNOWN_AFTER_S = 24 * 3600
# So long a refused decision of a station is news.
REFUSED_WITHIN = timedelta(hours=1)


def of_line(line: Line, *, now: datetime) -> list[Seen]:
    """Return the levels of one line."""
    read = (*_flow(line, now), *_stations(line, now), *_charts(line, now))
    return [Seen(line.pk, metric, now, float(value)) for metric, value in read]


def of_installation(*, now: datetime) -> list[Seen]:
    """Return the levels of what all lines share."""
    read = (*_outbox(now), *_storage(now), *_services(), *_worker(now), *processes.levels())
    return [Seen(None, metric, now, float(value)) for metric, value in read]


# A line ---------------------------------------------------------------------------------------------------------


def _flow(line: Line, now: datetime) -> Iterator[tuple[str, float]]:
    waiting = ReviewTask.objects.filter(line=line, queue_rank__isnull=False)
    queue = waiting.aggregate(count=Count("pk"), oldest=Min("created_at"))
    yield "queue_waiting", queue["count"]
    yield "queue_age", _seconds(queue["oldest"], now) if queue["oldest"] else 0.0
    due = PendingDecision.objects.filter(decision__task__line=line, final_at__lte=now).aggregate(oldest=Min("final_at"))
    yield "final_lag", _seconds(due["oldest"], now) if due["oldest"] else 0.0
    reviews = [row.review_on for row in alarm_settings.standing(line).values() if row.review_on]
    if reviews:
        yield "review_days", (min(reviews) - zones.day(line, now)).days
    yield "on_hold", Hold.objects.in_force().filter(line=line).exists()
    newest = Item.objects.filter(line=line).aggregate(newest=Max("received_at"))["newest"]
    if newest and _seconds(newest, now) < IDLE_AFTER_S:
        yield "image_age", _seconds(newest, now)


def _stations(line: Line, now: datetime) -> Iterator[tuple[str, float]]:
    stations = list(Station.objects.filter(line=line, is_active=True, last_seen_at__isnull=False))
    if not stations:
        return
    yield "station_silence", max(_seconds(one.last_seen_at, now) for one in stations if one.last_seen_at)
    yield "clock_skew", max(abs(one.clock_skew_s or 0.0) for one in stations)
    yield "claims_refused", claims.refused_since(line, now - REFUSED_WITHIN)
    yield "spooled", sum(one.spooled for one in stations)
    yield "camera_dropped", sum(int(one.camera.get("dropped") or 0) for one in stations)
    captures = [parse_datetime(str(one.camera.get("last_capture_at"))) for one in stations]
    known = [moment for moment in captures if moment is not None]
    if known:
        yield "camera_age", max(_seconds(moment, now) for moment in known)


def _charts(line: Line, now: datetime) -> Iterator[tuple[str, float]]:
    """How near each chart is to its limit: at 1 it acts."""
    baseline = Baseline.objects.filter(line=line, replaced_at=None).defer("embeddings").first()
    if baseline is not None and baseline.certify_again_by is not None:
        yield "certify_days", (baseline.certify_again_by - zones.day(line, now)).days
    if baseline is not None:
        limits = {name: facts["threshold"] for name, facts in baseline.metrics.items()}
        last = list(baseline.windows.order_by("-pk").values_list("distances", flat=True)[:3])
        yield "drift", reach(last[::-1], limits)
        if last and SCORE in last[0] and SCORE in limits:
            yield "score_shift", last[0][SCORE] / limits[SCORE]
    watch = watches.standing(line)
    if watch is None:
        return
    for chart in WatchChart.objects.filter(
        watch=watch, closed_at=None, name__in=(WatchChart.SILENCE, WatchChart.ESCAPE)
    ):
        yield ("silence" if chart.name == WatchChart.SILENCE else "escape_chart"), max(chart.w, 0.0) / chart.act


# The installation -----------------------------------------------------------------------------------------------


def _outbox(now: datetime) -> Iterator[tuple[str, float]]:
    # Verdicts come late by images that wait; looks without hurry and notices may be old and nobody misses them.
    waiting = Outbox.objects.filter(topic=RECEIVED, done_at=None, available_at__lte=now)
    work = waiting.aggregate(count=Count("pk"), oldest=Min("available_at"))
    yield "outbox_waiting", work["count"]
    yield "outbox_age", _seconds(work["oldest"], now) if work["oldest"] else 0.0


def _storage(now: datetime) -> Iterator[tuple[str, float]]:
    room = images.room()
    if room is None:
        return
    yield "storage_free", room.free / room.total
    before = MetricWindow.objects.filter(
        line=None, metric="storage_free", tier=HOUR, began_at__gte=now - timedelta(days=7)
    )
    first = before.order_by("began_at").first()
    elapsed_s = _seconds(first.began_at, now) - 3600 if first is not None else 0.0
    if first is not None and elapsed_s >= DISK_KNOWN_AFTER_S:
        left = days_left(first.last, room.free / room.total, elapsed_s=elapsed_s)
        if left is not None:
            yield "storage_days", left


def _services() -> Iterator[tuple[str, float]]:
    started = time.perf_counter()
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    yield "database_ms", (time.perf_counter() - started) * 1000
    yield "broker_down", health.broker() != "ok"
    yield "load", os.getloadavg()[0] / (os.cpu_count() or 1)


def _worker(now: datetime) -> Iterator[tuple[str, float]]:
    seen = ProcessSeen.objects.filter(name="worker").first()
    if seen is not None:
        yield "worker_silence", _seconds(seen.seen_at, now)


def _seconds(then: datetime, now: datetime) -> float:
    return max(0.0, (now - then).total_seconds())
