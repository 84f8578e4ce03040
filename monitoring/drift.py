"""Drift of a line's images: a notice holds the line, an alarm freezes promotions and tightens the audit, then down.

Notices look at every few images with a change detector; alarms at windows of 500. A line that is held goes on being
measured, so that the alarm still comes.
"""

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Max

from inspection import automation
from inspection.models import Hold, Line
from monitoring import baselines
from monitoring.models import Baseline, DriftMark, DriftWindow
from monitoring.rules import drift as rules
from monitoring.rules.drift import METRICS
from review import watches
from stats.adwin import change_points

# The change detector decides in steps of 32, so looking oftener finds nothing sooner.
LOOK_EVERY = 16
LOOK_MAX = 5_000
WINDOWS_SEEN = 4
# Holds after which a person has looked at the images; what came before is not held against the line again.
HOLDS_OF_IMAGES = (Hold.ALARM, Hold.CAMERA)


def check_all(*, now: datetime) -> None:
    """Look at the newest images of every line that decides by itself."""
    for line in Line.objects.filter(level__in=watches.DECIDING, is_active=True, epoch__isnull=False):
        check(line, now=now)


@transaction.atomic
def check(line: Line, *, now: datetime) -> Baseline | None:
    """Look at a line's newest images against its reference, which is taken now if its stretch has none yet."""
    watch = watches.current(line, now=now)
    if watch is None:
        return None
    # The line before its reference, as a lead's signature takes them.
    Line.objects.select_for_update().values_list("pk").get(pk=line.pk)
    baseline = baselines.in_force(line)
    if baseline is None or baseline.watch_id != watch.pk:
        return baselines.take(line, watch, reason="the line rose", now=now)
    baseline = Baseline.objects.select_for_update(of=("self",)).select_related("line", "watch").get(pk=baseline.pk)
    _look(baseline, now=now)
    while _close_window(baseline, now=now):
        continue
    return baseline


# Notices --------------------------------------------------------------------------------------------------------


def _look(baseline: Baseline, *, now: datetime) -> None:
    fresh = baselines.images_after(baseline.line, baseline.cursor, limit=LOOK_MAX)
    if len(fresh) < LOOK_EVERY:
        return
    baseline.cursor = fresh[-1][0]
    baseline.save(update_fields=["cursor"])
    if Hold.objects.in_force().filter(line=baseline.line_id, kind__in=HOLDS_OF_IMAGES).exists():
        return
    found = _noticed(baseline)
    if found:
        metric, sds = max(found.items(), key=lambda one: abs(one[1]))
        _mark(baseline, DriftMark.NOTICE, metric, sds, now=now)
        reason = f"Image drift: {metric.replace('_', ' ')} moved by {sds:+.1f} standard deviations."
        automation.place_hold(baseline.line, kind=Hold.ALARM, reason=reason, now=now)


def _noticed(baseline: Baseline) -> dict[str, float]:
    """Return the metrics whose mean has changed among the newest images and still lies away, with how far."""
    newest = _last_images(baseline)
    found = {}
    for name, before in baselines.references(baseline).items():
        z, begin = rules.stretch(before, [row[2 + METRICS.index(name)] for row in newest])
        far = rules.moved(z[begin:])
        if abs(far) >= rules.NOTICE_SD and any(place >= begin for place in change_points(z)):
            found[name] = far
    return found


def _last_images(baseline: Baseline) -> list[tuple]:
    """Return the images since the reference, the last notice, and what a person has looked at: the newest thousand."""
    last = baseline.marks.filter(kind=DriftMark.NOTICE).order_by("-pk").first()
    begin = last.item if last else baseline.ends_with
    looked_at = Hold.objects.filter(line=baseline.line_id, kind__in=HOLDS_OF_IMAGES).aggregate(last=Max("lifted_at"))
    rows = baselines.images_before(baseline.line, baseline.cursor, limit=rules.NOTICE_AFTER)
    return [row for row in rows if row[0] > begin and (looked_at["last"] is None or row[1] >= looked_at["last"])]


# Windows --------------------------------------------------------------------------------------------------------


def _close_window(baseline: Baseline, *, now: datetime) -> bool:
    """Judge the next window when it is full, or has run for two hours with enough images. False when neither."""
    rows = baselines.images_after(baseline.line, baseline.window_after, limit=rules.WINDOW)
    is_late = now - baseline.window_began_at >= timedelta(hours=rules.WINDOW_HOURS)
    if len(rows) < rules.WINDOW and not (is_late and len(rows) >= rules.WINDOW_MIN):
        return False
    references = baselines.references(baseline)
    distances = {
        name: rules.distance(before, [row[2 + METRICS.index(name)] for row in rows])
        for name, before in references.items()
    }
    DriftWindow.objects.create(
        baseline=baseline,
        images=len(rows),
        distances=distances,
        over=sorted(name for name, far in distances.items() if far > references[name].threshold),
        began_at=rows[0][1],
        closed_at=now,
    )
    baseline.window_after, baseline.window_began_at = rows[-1][0], now
    baseline.save(update_fields=["window_after", "window_began_at"])
    _judge(baseline, {name: before.threshold for name, before in references.items()}, now=now)
    return True


def _judge(baseline: Baseline, thresholds: dict[str, float], *, now: datetime) -> None:
    last = baseline.windows.order_by("-pk").values_list("distances", flat=True)[:WINDOWS_SEEN]
    history = list(last)[::-1]
    going_on = rules.sustained(history, thresholds)
    alarming = rules.alarming(history, thresholds)
    if alarming and not _has(baseline, DriftMark.ALARM):
        _alarm(baseline, alarming[0], history[-1][alarming[0]], now=now)
    if going_on and not _has(baseline, DriftMark.SUSTAINED):
        _fall(baseline, going_on[0], history[-1][going_on[0]], now=now)


def _alarm(baseline: Baseline, metric: str, sds: float, *, now: datetime) -> None:
    _mark(baseline, DriftMark.ALARM, metric, sds, now=now)
    watches.tighten(baseline.watch, now=now)
    reason = f"Image drift: {metric.replace('_', ' ')} {sds:.2f} standard deviations from the reference."
    automation.freeze(baseline.line, cause=baselines.FREEZE, reason=reason, now=now)


def _fall(baseline: Baseline, metric: str, sds: float, *, now: datetime) -> None:
    _mark(baseline, DriftMark.SUSTAINED, metric, sds, now=now)
    line = Line.objects.select_for_update().get(pk=baseline.line_id)
    if watches.is_of(baseline.watch, line):
        reason = f"image drift over {rules.SUSTAINED} windows: {metric.replace('_', ' ')}"
        watches.step_down(line, reason=reason, detail={"metric": metric, "distance": sds}, now=now)


def _has(baseline: Baseline, kind: str) -> bool:
    return baseline.marks.filter(kind=kind).exists()


def _mark(baseline: Baseline, kind: str, metric: str, sds: float, *, now: datetime) -> DriftMark:
    return DriftMark.objects.create(
        baseline=baseline, kind=kind, metric=metric, sds=sds, item=baseline.cursor, marked_at=now
    )
