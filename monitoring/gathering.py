"""Facts become windows: each source is followed from its mark, and each fact is counted once, also after a kill."""

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial

from django.db import transaction

from inspection.models import Line
from monitoring import rollups
from monitoring.metric_models import GatherMark
from monitoring.sources import gauges, items, sequences, verdicts
from monitoring.sources.seen import Seen

# Rows get their number before their transaction ends: what is younger may still have a neighbour under way.
SETTLE = timedelta(seconds=3)
LIMIT = 200

Read = Callable[[int], tuple[list[Seen], int]]


def follow(*, now: datetime) -> int:
    """Sum up what happened since the last time. Return how many observations there were."""
    until = now - SETTLE
    seen = _from("items", partial(items.examined, until=until, limit=LIMIT), now=now)
    seen += _from("numbers", partial(sequences.numbered, until=until, limit=LIMIT, now=now), now=now)
    seen += _from("audits", partial(verdicts.audited, limit=LIMIT), now=now)
    seen += _from("challenges", partial(verdicts.challenged, limit=LIMIT), now=now)
    for line in Line.objects.filter(is_active=True).values_list("pk", flat=True):
        seen += _from(f"verdicts-{line}", partial(verdicts.settled, line, limit=LIMIT), now=now)
    return seen


def read_levels(*, now: datetime) -> int:
    """Read every level once. Return how many there were."""
    seen = gauges.of_installation(now=now)
    for line in Line.objects.filter(is_active=True):
        seen += gauges.of_line(line, now=now)
    rollups.write(seen)
    return len(seen)


@transaction.atomic
def _from(source: str, read: Read, *, now: datetime) -> int:
    mark, _ = GatherMark.objects.select_for_update().get_or_create(source=source, defaults={"read_at": now})
    seen, place = read(mark.place)
    if place == mark.place:
        return 0
    rollups.write(seen)
    GatherMark.objects.filter(pk=source).update(place=place, read_at=now)
    return len(seen)
