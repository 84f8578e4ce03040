"""What is noted while the world turns: counts since the run began, and now and then how the line stands."""

from bisect import bisect_right
from dataclasses import dataclass
from datetime import datetime
from math import log
from typing import TYPE_CHECKING

from inspection.models import Disposition
from inspection.rules.words import DecidedBy, Level
from review.models import Watch

if TYPE_CHECKING:
    from monitoring.simulation.world import World


@dataclass(frozen=True)
class Sample:
    """One hour's standing: how far the worst check has come (1.0 passes), and the share decided automatically."""

    item: int
    level: Level
    evidence: float
    automated: float


class Witness:
    """Counts from the moment the run begins."""

    def __init__(self) -> None:
        self.began_at: datetime | None = None
        self.gate_evaluations = 0
        self.samples: list[Sample] = []
        self.tightened_at_item: int | None = None
        self._readings_before = 0
        self._sequence = 0
        self._ticks: list[datetime] = []
        self._readings: list[int] = []

    def begin(self, world: "World") -> None:
        self.began_at = world.now
        self._readings_before = world.inspectors.readings
        self._decided(world)

    def readings(self, world: "World") -> int:
        return world.inspectors.readings - self._readings_before

    def readings_at(self, moment: datetime) -> int:
        """Return how many readings were given by a moment, to the tick."""
        place = bisect_right(self._ticks, moment)
        return self._readings[place - 1] if place else 0

    def note(self, world: "World") -> None:
        """Keep how much was read by now, and see whether the audit was tightened after the event."""
        self._ticks.append(world.now)
        self._readings.append(self.readings(world))
        event = world.scenario.event_item
        if event is None or self.tightened_at_item is not None or len(world.made) <= event:
            return
        if Watch.objects.filter(line=world.line, switched_at__gt=world.made[event].captured_at).exists():
            self.tightened_at_item = len(world.made) - 1

    def sample(self, world: "World") -> None:
        if self.began_at is None:
            return
        settled, automatic = self._decided(world)
        self.samples.append(
            Sample(
                item=max(0, len(world.made) - 1),
                level=Level(world.line.level),
                evidence=_evidence(world),
                automated=automatic / settled if settled else 0.0,
            )
        )

    def _decided(self, world: "World") -> tuple[int, int]:
        """Count the runs that had their place in the line's sequence since the last time, and the automatic ones."""
        numbered = Disposition.objects.filter(line=world.line, sequence__gt=self._sequence)
        by = list(numbered.values_list("decided_by", flat=True))
        self._sequence += len(by)
        return len(by), by.count(DecidedBy.MODEL.value)


def _evidence(world: "World") -> float:
    """Return ln E of the check that is furthest from passing, as a share of what it needs."""
    checks = world.last_reading.judgement.checks if world.last_reading else ()
    shares = [check.log_e / log(check.needed_ratio) for check in checks]
    return min(shares, default=0.0)
