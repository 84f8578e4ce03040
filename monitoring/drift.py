"""Drift of a line's images: a notice holds the line, an alarm freezes promotions and tightens the audit, then down.

Notices look at every few images with a change detector; alarms at windows of 500. A line that is held goes on being
measured, so that the alarm still comes.
"""

from datetime import datetime, timedelta
from functools import partial
from uuid import UUID

from django.db import transaction
from django.db.models import Count, Max, Q

from inspection import automation, bulkheads
from inspection.models import Hold, Line, Measures
from inspection.rules.words import DECIDING
from monitoring import baselines, sightings
from monitoring.models import Baseline, DriftMark, DriftWindow, EmbeddingTest
from monitoring.rules import drift as rules
from monitoring.rules.drift_notice import noticed
from review import watches
from review.audit_models import Watch
from stats.domain import domain_auc
from vision.embedding import unpacked

# The change detector decides in steps of 32, so looking oftener finds nothing sooner.
LOOK_EVERY = 16
LOOK_MAX = 5_000
# As many images as the end of each measure is told from, and as many again for those that lack one.
END = 2 * rules.NOTICE_LAST
WINDOWS_SEEN = 4
WINDOW_RUNS = timedelta(hours=rules.WINDOW_HOURS)
# Holds after which a person has looked at the images; what came before is not held against the line again.
HOLDS_OF_IMAGES = (Hold.ALARM, Hold.CAMERA)


def check_all(*, now: datetime) -> None:
    """Look at the newest images of every line that decides by itself."""
    for line in Line.objects.filter(level__in=DECIDING, is_active=True, epoch__isnull=False):
        with bulkheads.around("look for drift", line=line.pk):
            check(line, now=now)


def check(line: Line, *, now: datetime) -> Baseline | None:
    """Look at a line's newest images against its reference, which is taken now if its stretch has none yet."""
    standing = baselines.standing(line)
    # Most rounds find too few new images: they ask for nothing more, and lock nothing.
    if standing is None or not watches.is_of(standing.watch, line):
        return _check(line, watches.current(line, now=now), now=now)
    return standing if _rests(standing, line, now=now) else _check(line, standing.watch, now=now)


@transaction.atomic
def close_window(baseline: Baseline, *, until: UUID, now: datetime) -> None:
    """Judge the images since the last window, up to and with one."""
    rows = sightings.between(baseline.line, baseline.window_after, until)
    references = baselines.references(baseline)
    columns = {name: sightings.column(rows, name) for name in references}
    # A window of which few images have a value tells nothing about all.
    distances = {
        name: rules.distance(references[name], values)
        for name, values in columns.items()
        if len(values) >= rules.WINDOW_MIN
    }
    DriftWindow.objects.create(
        baseline=baseline,
        images=len(rows),
        distances=distances,
        over=sorted(name for name, far in distances.items() if far > references[name].threshold),
        began_at=rows[0].at,
        closed_at=now,
        after=baseline.window_after,
        until=rows[-1].item,
        estimates=rules.estimates(columns.get(rules.SCORE, [])),
    )
    baseline.window_after, baseline.window_began_at = rows[-1].item, now
    baseline.save(update_fields=["window_after", "window_began_at"])
    _judge(baseline, {name: before.threshold for name, before in references.items()}, now=now)


def _rests(baseline: Baseline, line: Line, *, now: datetime) -> bool:
    """Say whether too few images came to look at, and the window still runs."""
    if now - baseline.window_began_at >= WINDOW_RUNS:
        return False
    return len(sightings.ids_after(line, baseline.cursor, limit=LOOK_EVERY)) < LOOK_EVERY


@transaction.atomic
def _check(line: Line, watch: Watch | None, *, now: datetime) -> Baseline | None:
    if watch is None:
        return None
    # The line before its reference, as a lead's signature takes them.
    Line.objects.select_for_update().values_list("pk").get(pk=line.pk)
    locked = Baseline.objects.select_for_update(of=("self",)).defer("embeddings", "shown")
    baseline = locked.filter(line=line, replaced_at=None).first()
    if baseline is None or baseline.watch_id != watch.pk:
        return baselines.take(line, watch, reason="the line rose", now=now)
    baseline.line, baseline.watch = line, watch
    _look(baseline, now=now)
    while _close_window(baseline, now=now):
        continue
    _test(baseline, now=now)
    return baseline


# Notices --------------------------------------------------------------------------------------------------------


def _look(baseline: Baseline, *, now: datetime) -> None:
    fresh = sightings.ids_after(baseline.line, baseline.cursor, limit=LOOK_MAX)
    if len(fresh) < LOOK_EVERY:
        return
    baseline.cursor = fresh[-1]
    baseline.save(update_fields=["cursor"])
    holds = Hold.objects.filter(line=baseline.line_id, kind__in=HOLDS_OF_IMAGES)
    looked_at = holds.aggregate(last=Max("lifted_at"), standing=Count("pk", filter=Q(lifted_at=None)))
    if looked_at["standing"]:
        return
    newest = partial(_newest_images, baseline, since=looked_at["last"])
    images = {name: one for name, one in baselines.references(baseline).items() if name in rules.IMAGE_METRICS}
    # Most of the time the end of the images says that nothing moved, and no more of them need to be read.
    if not rules.ends_away(images, newest(most=END)):
        return
    found = noticed(images, newest(most=rules.NOTICE_AFTER))
    if found:
        metric, sds = max(found.items(), key=lambda one: abs(one[1]))
        _mark(baseline, DriftMark.NOTICE, metric, sds, now=now)
        reason = f"Image drift: {metric.replace('_', ' ')} moved by {sds:+.1f} standard deviations."
        automation.place_hold(baseline.line, kind=Hold.ALARM, reason=reason, now=now)


def _newest_images(baseline: Baseline, *, since: datetime | None, most: int) -> dict[str, list[float]]:
    """Return each measure of the newest images since the reference, the last notice, and what a person looked at."""
    last = baseline.marks.filter(kind=DriftMark.NOTICE, metric__in=rules.IMAGE_METRICS).order_by("-pk").first()
    after = last.item if last else baseline.ends_with
    return sightings.newest(baseline.line, after=after, since=since, until=baseline.cursor, limit=most)


# Embeddings -----------------------------------------------------------------------------------------------------


def _test(baseline: Baseline, *, now: datetime) -> None:
    """Once a day, ask whether the newest pictures can be told from those of the reference."""
    last = baseline.embedding_tests.order_by("-pk").first()
    if now - (last.tested_at if last else baseline.taken_at) < rules.TESTED_EVERY:
        return
    before = baselines.embeddings(baseline)
    newest = _newest_embeddings(baseline) if len(before) >= rules.TESTED_MIN else []
    if len(newest) < rules.TESTED_MIN:
        return
    found = domain_auc([row.tolist() for row in before], [unpacked(kept).tolist() for _, kept in newest])
    farthest = sorted(zip(found.likeness, newest, strict=True), key=lambda one: -one[0])[: rules.MOST_ALIKE]
    EmbeddingTest.objects.create(
        baseline=baseline,
        auc=found.auc,
        images=len(newest),
        alike=[str(item) for _, (item, _) in farthest],
        tested_at=now,
    )
    _judge_test(baseline, found.auc, now=now)


def _newest_embeddings(baseline: Baseline) -> list[tuple[UUID, bytes]]:
    seen = Measures.objects.filter(item__line=baseline.line_id, item__gt=baseline.ends_with, embedding__isnull=False)
    newest = seen.order_by("-item").values_list("item", "embedding")[: rules.TESTED_IMAGES]
    return [(item, bytes(kept)) for item, kept in newest if kept is not None]


def _judge_test(baseline: Baseline, auc: float, *, now: datetime) -> None:
    aucs = list(baseline.embedding_tests.order_by("-pk").values_list("auc", flat=True)[:2])[::-1]
    if rules.is_apart(aucs) and not _has(baseline, DriftMark.ALARM):
        _alarm(
            baseline,
            rules.EMBEDDING,
            auc,
            f"a classifier tells new pictures from the reference, AUC {auc:.2f}",
            now=now,
        )
    elif auc > rules.APART_NOTICE:
        _mark(baseline, DriftMark.NOTICE, rules.EMBEDDING, auc, now=now)


# Windows --------------------------------------------------------------------------------------------------------


def _close_window(baseline: Baseline, *, now: datetime) -> bool:
    """Judge the next window when it is full, or has run for two hours with enough images. False when neither."""
    until = _end_of_window(baseline, now=now)
    if until is None:
        return False
    close_window(baseline, until=until, now=now)
    return True


def _end_of_window(baseline: Baseline, *, now: datetime) -> UUID | None:
    full = sightings.nth_after(baseline.line, baseline.window_after, rules.WINDOW)
    if full is not None or now - baseline.window_began_at < WINDOW_RUNS:
        return full
    fresh = sightings.ids_after(baseline.line, baseline.window_after, limit=rules.WINDOW)
    return fresh[-1] if len(fresh) >= rules.WINDOW_MIN else None


def _judge(baseline: Baseline, thresholds: dict[str, float], *, now: datetime) -> None:
    last = baseline.windows.order_by("-pk").values_list("distances", flat=True)[:WINDOWS_SEEN]
    history = list(last)[::-1]
    going_on = rules.sustained(history, thresholds)
    alarming = rules.alarming(history, thresholds)
    if alarming and not _has(baseline, DriftMark.ALARM):
        metric, sds = alarming[0], history[-1].get(alarming[0], 0.0)
        said = f"{metric.replace('_', ' ')} {sds:.2f} standard deviations from the reference"
        _alarm(baseline, metric, sds, said, now=now)
    if going_on and not _has(baseline, DriftMark.SUSTAINED):
        _fall(baseline, going_on[0], history[-1].get(going_on[0], 0.0), now=now)


def _alarm(baseline: Baseline, metric: str, far: float, said: str, *, now: datetime) -> None:
    _mark(baseline, DriftMark.ALARM, metric, far, now=now)
    watches.tighten(baseline.watch, now=now)
    automation.freeze(baseline.line, cause=baselines.FREEZE, reason=f"Image drift: {said}.", now=now)


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
