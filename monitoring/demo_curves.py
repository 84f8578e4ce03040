"""The past of the demo's measures: windows of metrics, and how far the images lay from a reference.

All is read from the demo's images by what reads those of real traffic. The relay finds none of it by itself: the
filling leaves the stage runs of long finished images out, and nobody looked for drift while they came.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import Exists, OuterRef

from inspection.models import Item, Line, StageRun
from inspection.rules.words import DECIDING
from monitoring import baselines, drift, rollups, sightings
from monitoring.metric_models import DAY, HOUR, MINUTE, MetricWindow
from monitoring.rules.drift import WINDOW_MIN
from monitoring.sources import items
from review import watches

READ_AT_ONCE = 500
# What the relay still merges from minutes into hours, so that late facts of the demo's loading find their place.
BY_MINUTES = timedelta(hours=2)
# The reference before the one that is taken when the line rises, so that a past of windows can be held against it.
FIRST_REFERENCE = 350
FIRST, MANY = UUID(int=0), 100_000


def draw(*, now: datetime) -> None:
    """Give the demo's lines the past of their images' measures, and those that decide a past of drift."""
    for line in Line.objects.filter(is_demo=True).select_related("epoch"):
        _sum_up(line, now=now)
        if line.level in DECIDING:
            _look_back(line, now=now)


def _sum_up(line: Line, *, now: datetime) -> None:
    """Write what each image shows into its hour and day, or into its minute where the relay has yet to merge the hour.

    Days are written here because a relay that had weeks of hours to merge would be busy with a visitor's first minutes.
    """
    ran = StageRun.objects.filter(item=OuterRef("pk"))
    past = Item.objects.filter(~Exists(ran), line=line, measures__isnull=False).order_by("received_at", "pk")
    came = list(past.values_list("pk", "received_at"))
    edge, today = rollups.start(now, HOUR) - BY_MINUTES, rollups.start(now, DAY)
    for begun in range(0, len(came), READ_AT_ONCE):
        seen = list(items.seen_on(items.as_examined(dict(came[begun : begun + READ_AT_ONCE]))))
        rollups.write((one for one in seen if one.at < edge), tier=HOUR)
        rollups.write((one for one in seen if one.at >= edge), tier=MINUTE)
        rollups.write((one for one in seen if one.at < today), tier=DAY)
    MetricWindow.objects.filter(line=line, tier=HOUR, began_at__lt=today).update(is_rolled=True)


def _look_back(line: Line, *, now: datetime) -> None:
    """Hold the line's past against a first reference, window by window, then take the one that is in force."""
    watch = watches.current(line, now=now)
    images = sightings.ids_after(line, FIRST, limit=MANY)
    if watch is None or len(images) < FIRST_REFERENCE:
        return
    ends = images[FIRST_REFERENCE - 1 :: WINDOW_MIN]
    at = _moments(ends)
    first = baselines.take(line, watch, reason="set-up of the demo", now=at[ends[0]], until=ends[0])
    if first is not None:
        for end in ends[1:]:
            drift.close_window(first, until=end, now=at[end])
    baselines.take(line, watch, reason="the line rose", now=now)


def _moments(images: Sequence[UUID]) -> dict[UUID, datetime]:
    return dict(Item.objects.filter(pk__in=images).values_list("pk", "received_at"))
