"""References of a line's images: taken when it rises, replaced by a lead's signature, shown beside what came after."""

from collections import defaultdict
from dataclasses import asdict
from datetime import datetime
from uuid import UUID

from django.db import transaction

from inspection import automation
from inspection.models import Line, Measures, User
from inspection.rules.shifts import shift_of
from monitoring.models import Baseline
from monitoring.rules import drift as rules
from monitoring.rules.drift import METRICS, Reference
from review.audit_models import Watch

FREEZE = "drift"


class TooFewImages(Exception):
    """A reference needs more images than the line has."""


@transaction.atomic
def take(line: Line, watch: Watch, *, reason: str, now: datetime, by: User | None = None) -> Baseline | None:
    """Freeze the line's last images as its reference. None while there are too few of them."""
    line = Line.objects.select_for_update().get(pk=line.pk)
    rows = list(_newest(line))
    if len(rows) < rules.REFERENCE_MIN:
        return None
    metrics, shifts = _metrics(line, rows[::-1])
    Baseline.objects.filter(line=line, replaced_at=None).update(replaced_at=now)
    return Baseline.objects.create(
        line=line,
        watch=watch,
        metrics={name: asdict(found) for name, found in metrics.items()},
        images=len(rows),
        shifts=shifts,
        reason=reason[:300],
        taken_by=by,
        taken_at=now,
        ends_with=rows[0][0],
        cursor=rows[0][0],
        window_after=rows[0][0],
        window_began_at=now,
    )


@transaction.atomic
def replace(baseline: Baseline, *, by: User, reason: str, now: datetime) -> Baseline:
    """Take what the images are like now as the new reference, and let promotions go on. Raises TooFewImages."""
    fresh = take(baseline.line, baseline.watch, reason=reason, now=now, by=by)
    if fresh is None:
        raise TooFewImages(f"{rules.REFERENCE_MIN} images are needed.")
    automation.thaw(baseline.line, cause=FREEZE, by=by, now=now)
    return fresh


def in_force(line: Line) -> Baseline | None:
    return Baseline.objects.filter(line=line, replaced_at=None).select_related("line", "watch").first()


def references(baseline: Baseline) -> dict[str, Reference]:
    return {name: Reference(**facts) for name, facts in baseline.metrics.items()}


def _newest(line: Line):
    """Return id, time and measures of the last images of the product that the line makes, newest first."""
    measured = Measures.objects.filter(item__line=line, item__run__epoch__product=line.product_id).order_by("-item")
    return measured.values_list("item", "item__received_at", *METRICS)[: rules.REFERENCE_IMAGES]


def _metrics(line: Line, rows: list[tuple]) -> tuple[dict[str, Reference], int]:
    """Return each metric's reference, its values grouped by shift in order of time, and how many shifts there are."""
    by_shift: dict[str, list[tuple]] = defaultdict(list)
    for _, received_at, *values in rows:
        by_shift[str(shift_of(line.shift_pattern, line.time_zone, received_at))].append(tuple(values))
    found = {}
    for place, name in enumerate(METRICS):
        reference = rules.reference([[values[place] for values in shift] for shift in by_shift.values()])
        if reference is not None:
            found[name] = reference
    return found, len(by_shift)


def images_after(line: Line, item: UUID, *, limit: int) -> list[tuple]:
    """Return id, time and measures of the images after one, oldest first."""
    measured = Measures.objects.filter(item__line=line, item__gt=item).order_by("item")
    return list(measured.values_list("item", "item__received_at", *METRICS)[:limit])


def images_before(line: Line, item: UUID, *, limit: int) -> list[tuple]:
    """Return id, time and measures of the images up to and with one, oldest first."""
    measured = Measures.objects.filter(item__line=line, item__lte=item).order_by("-item")
    return list(measured.values_list("item", "item__received_at", *METRICS)[:limit])[::-1]
