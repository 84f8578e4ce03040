"""How fast the simulator goes: the processor's time and the statements of a long climb without pixels, part by part.

    python -m bench.simulator_speed [--items 20000]

The limit is 180 s for 20,000 parts, founding of line and bank included. The processor's time is set against it: it
says the same on a machine that others share.
"""

import argparse
import importlib
import os
import time
from collections.abc import Callable, Sequence
from typing import Any

import django
from django.db import connection

from bench import figures

LIMIT_S, LIMIT_ITEMS = 180.0, 20_000


class Counter:
    """Counts the statements of the scratch database from the first part on."""

    def __init__(self) -> None:
        self.statements = 0

    def begin(self, _world: Any) -> None:
        connection.execute_wrappers.append(self._count)

    def _count(self, execute: Callable[..., Any], *args: Any) -> Any:
        self.statements += 1
        return execute(*args)


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description="Time the simulator without pixels.")
    parser.add_argument("--items", type=int, default=LIMIT_ITEMS, help="parts of the climb")
    items = parser.parse_args(arguments).items
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.base")
    django.setup()
    # Its models exist only inside a set-up Django.
    runs = importlib.import_module("monitoring.simulation.runs")
    climb = importlib.import_module("monitoring.simulation.scenarios.climb").Climb
    counter, scenario = Counter(), climb(items=items)
    scenario.begin = counter.begin
    wall, processor = time.perf_counter(), time.process_time()
    report = runs.simulate(scenario).report
    figures.keep(
        "simulator-speed",
        _told(report, time.process_time() - processor, time.perf_counter() - wall, counter.statements),
    )


def _told(report: dict[str, Any], processor: float, wall: float, statements: int) -> dict[str, Any]:
    items = report["items"]
    return {
        "items": items,
        "level at the end": report["level"],
        "processor, s": round(processor, 1),
        "wall, s": round(wall, 1),
        "processor, ms a part": round(1000 * processor / items, 2),
        "statements a part": round(statements / items, 2),
        "processor over the limit": round(processor / items * LIMIT_ITEMS / LIMIT_S, 3),
    }


if __name__ == "__main__":
    main()
