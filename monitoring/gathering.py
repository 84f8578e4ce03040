"""Facts become windows: each source is followed from its mark, and each fact is counted once, also after a kill."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from functools import partial
from typing import Protocol

from django.db import transaction

from inspection.models import Line
from monitoring import rollups
from monitoring.metric_models import GatherMark
from monitoring.sources import answers, gauges, items, sequences, verdicts
from monitoring.sources.seen import Seen

# Rows get their number before their transaction ends: what is younger may still have a neighbour under way.
SETTLE = timedelta(seconds=3)
LIMIT = 500
IMAGES, ANSWERS = "items", "answers"

Marks = Mapping[str, int]


class Read(Protocol):
    """A source: what it tells after a place, and the new place."""

    def __call__(self, after: int, /, *, limit: int) -> tuple[list[Seen], int]: ...


def follow(*, now: datetime) -> int:
    """Sum up what happened since the last time. Return how many observations there were.

    What is new is read first and written with its marks in one short transaction: verdicts wait for the same lock.
    """
    marks = dict(GatherMark.objects.values_list("source", "place"))
    seen, places = _read(marks, until=now - SETTLE)
    moved = {source: place for source, place in places.items() if place != marks.get(source, 0)}
    return _keep(seen, moved, marks, now=now) if moved else 0


def read_levels(*, now: datetime) -> int:
    """Read every level once. Return how many there were."""
    seen = gauges.of_installation(now=now)
    for line in Line.objects.filter(is_active=True):
        seen += gauges.of_line(line, now=now)
    rollups.write(seen)
    return len(seen)


def _read(marks: Marks, *, until: datetime) -> tuple[list[Seen], dict[str, int]]:
    """Return what each source tells after its mark, and where its mark then belongs."""
    images, place = items.examined(marks.get(IMAGES, 0), until=until, limit=LIMIT)
    gaps, places = sequences.gaps(images, marks)
    said, at = answers.final(marks.get(ANSWERS, 0), until=until)
    seen, places = [*items.seen_on(images), *gaps, *said], {**places, IMAGES: place, ANSWERS: at}
    for source, read in _sources(until).items():
        found, places[source] = read(marks.get(source, 0), limit=LIMIT)
        seen += found
    return seen, places


def _sources(until: datetime) -> dict[str, Read]:
    lines = Line.objects.filter(is_active=True).values_list("pk", flat=True)
    of_lines = {f"verdicts-{line}": partial(verdicts.settled, line) for line in lines}
    of_all = {
        "audits": partial(verdicts.audited, until=until),
        "challenges": partial(verdicts.challenged, until=until),
    }
    return {**of_all, **of_lines}


@transaction.atomic
def _keep(seen: Iterable[Seen], places: Mapping[str, int], marks: Marks, *, now: datetime) -> int:
    """Write what was seen with how far it was read; nothing where somebody else has read on meanwhile."""
    fresh = [GatherMark(source=source, read_at=now) for source in places if source not in marks]
    GatherMark.objects.bulk_create(fresh, ignore_conflicts=True)
    locked = GatherMark.objects.select_for_update().filter(source__in=places).order_by("source")
    if any(mark.place != marks.get(mark.source, 0) for mark in locked):
        return 0
    seen = list(seen)
    rollups.write(seen)
    GatherMark.objects.bulk_create(
        [GatherMark(source=source, place=place, read_at=now) for source, place in places.items()],
        update_conflicts=True,
        unique_fields=["source"],
        update_fields=["place", "read_at"],
    )
    return len(seen)
