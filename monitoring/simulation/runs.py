"""One run of the simulator, from an empty scratch database to its report."""

import gc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from time import perf_counter
from typing import Any

from monitoring.simulation import report
from monitoring.simulation.eyes import Eyes, ScoreModel
from monitoring.simulation.scenarios import Scenario
from monitoring.simulation.scratch import scratch, seeded_ids
from monitoring.simulation.witness import Witness
from monitoring.simulation.world import Clock, World

Progress = Callable[[int, int, str], None]
# Rows come and go by the hundred: looking for circles among them every 700 took a sixth of a run.
COLLECTED_EVERY = 200_000


@dataclass(frozen=True)
class Told:
    """What a run tells: the JSON object, and what its picture is drawn from."""

    report: dict[str, Any]
    witness: Witness


def simulate(
    scenario: Scenario,
    *,
    seed: int = 0,
    eyes: Callable[[int], Eyes] = ScoreModel.seeded,
    keeps_pictures: bool = False,
    progress: Progress = lambda _done, _total, _note: None,
) -> Told:
    """Let a scenario happen. The configured database is not touched, and nothing of the run is kept but its report."""
    began = perf_counter()
    clock = Clock()
    with _seldom_collected(), scratch(seed=seed, keeps_pictures=keeps_pictures), seeded_ids(seed, clock) as ids:
        world = World(scenario, seed=seed, clock=clock, ids=ids, eyes=eyes(seed))
        world.stand_on(scenario.from_level)
        while len(world.made) < scenario.items and not scenario.is_over(world):
            world.tick(min(world.factory.parts_per_tick, scenario.items - len(world.made)))
            progress(len(world.made), scenario.items, world.line.level)
        world.settle()
        return Told(report.of(world, seed=seed, wall_seconds=perf_counter() - began), world.witness)


@contextmanager
def _seldom_collected() -> Iterator[None]:
    before = gc.get_threshold()
    gc.set_threshold(COLLECTED_EVERY, *before[1:])
    try:
        yield
    finally:
        gc.set_threshold(*before)
