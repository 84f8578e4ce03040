"""The rows of a long history on one line, for `bench.gate`. Needs a set-up Django."""

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import product
from typing import Any

from django.db import connection
from django.test.utils import CaptureQueriesContext

from bench.gate import AT_ONCE, SHIFTS, STREAMS, days
from inspection.models import Run
from inspection.rules.words import Level
from monitoring.simulation.eyes import ScoreModel
from monitoring.simulation.factory import Factory
from monitoring.simulation.scenarios import Scenario
from monitoring.simulation.scratch import scratch, seeded_ids
from monitoring.simulation.world import Clock, World
from review import counts, evidence
from review.models import Count, CountDelta

TAIL = 2_000


class Short(Scenario):
    """A line at `assist` with a small bank, before its first part."""

    def factory(self) -> Factory:
        return Factory(bank=20, history=0)


class History:
    """A line's counts, grown in bulk and read through the gate to `partial`."""

    def __init__(self, world: World) -> None:
        self._now, self._line = world.now, world.fresh_line()
        self._people = world.inspectors.users
        self._run = Run.objects.filter(line=self._line).order_by("pk")[0]
        self._written = 0

    def grow(self, size: int, *, day_count: int, deltas: int) -> None:
        """Bring the history to so many decisions over so many days, the last 2,000 of them not folded."""
        tail = min(TAIL, size // 2)
        self._fold(size - tail, day_count)
        CountDelta.objects.filter(epoch=self._line.epoch, folded_at=None).delete()
        self._write(range(self._written, max(deltas, self._written)), folded=True)
        self._written = max(deltas, self._written)
        self._write(range(size, size + tail), folded=False)

    def read(self) -> evidence.Reading:
        return evidence.read(self._line, Level.PARTIAL, now=self._now)

    def statements(self) -> int:
        with CaptureQueriesContext(connection) as caught:
            self.read()
        return len(caught)

    def folded(self) -> int:
        return Count.objects.filter(epoch=self._line.epoch).count()

    def deltas(self) -> int:
        return CountDelta.objects.filter(epoch=self._line.epoch).count()

    def _places(self, day_count: int) -> list[tuple[str, int]]:
        shifts = [f"{day}/{shift}" for day, shift in product(days(day_count, before=self._now), SHIFTS)]
        return [(shift, person.pk) for shift, person in product(shifts, self._people)]

    def _fold(self, decisions: int, day_count: int) -> None:
        """Write the counts that the folder would have come to."""
        Count.objects.filter(epoch=self._line.epoch).delete()
        places = self._places(day_count)
        each = max(1, decisions // len(places))
        Count.objects.bulk_create(
            (
                Count(
                    line=self._line, epoch=self._line.epoch, stream=stream, shift=shift, person_id=person, **_of(each)
                )
                for stream in STREAMS
                for shift, person in places
            ),
            batch_size=AT_ONCE,
        )

    def _at(self, stream: str, shift: str, person: int) -> dict[str, Any]:
        return {"line": self._line, "epoch": self._line.epoch, "stream": stream, "shift": shift, "person_id": person}

    def _write(self, numbers: range, *, folded: bool) -> None:
        places = self._places(30)
        rows = (
            CountDelta(
                **self._at(STREAMS[0], *places[n % len(places)]),
                run=self._run,
                cause=f"{'folded' if folded else 'decision'}:{n}",
                created_at=self._now,
                folded_at=self._now if folded else None,
                **_of(1),
            )
            for n in numbers
        )
        CountDelta.objects.bulk_create(rows, batch_size=AT_ONCE)


def _of(parts: int) -> dict[str, int]:
    return {"s": parts, "pp": parts}


@contextmanager
def laid_line() -> Iterator[History]:
    """Lend a line without a past, in a scratch database of its own."""
    clock = Clock()
    with scratch(seed=1, keeps_pictures=False), seeded_ids(1, clock) as ids:
        world = World(Short(from_level=Level.ASSIST), seed=1, clock=clock, ids=ids, eyes=ScoreModel(seed=1))
        world.stand_on(Level.ASSIST)
        counts.fold(now=world.now)
        yield History(world)
