"""Half an hour of work under faults: what short runs cannot see is memory that grows and work that slows down.

    python -m bench.soak [--minutes 30] [--seed 1]     one engine; writes bench/results/soak.json

The faults, the people and what must hold afterwards are those of `bench.faults`.
"""

import argparse
import sys
import threading
import time
from dataclasses import dataclass, field

from bench import faults, figures
from bench.engine import family_mb
from bench.own_engine import OwnEngine

EVERY_S = 2.0
GROWTH_MAX_MB = 200.0
"""How much more all processes together may hold in the last third than in the first, which begins with them fresh."""


@dataclass
class Scales:
    """What the processes of an engine hold in memory together, from time to time."""

    held_mb: list[float] = field(default_factory=list)

    def watch(self, engine: OwnEngine, stop: threading.Event) -> None:
        while not stop.wait(EVERY_S):
            self.held_mb.append(family_mb(engine.process.pid))

    def thirds(self) -> tuple[float, float]:
        """Return the most that was held in the first and in the last third of the time; nothing of a run too short."""
        third = len(self.held_mb) // 3
        return (max(self.held_mb[:third]), max(self.held_mb[-third:])) if third else (0.0, 0.0)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=30.0)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args(arguments)
    scales, began = Scales(), time.monotonic()
    outcome = faults.run_seed(options.seed, 60 * options.minutes, beside=scales.watch)
    early, late = scales.thirds()
    violations = list(outcome.violations)
    if late - early > GROWTH_MAX_MB:
        violations.append(f"Memory grew from {early:.0f} to {late:.0f} MB; {GROWTH_MAX_MB:.0f} MB more are allowed.")
    told = {
        "minutes": options.minutes,
        "seed": options.seed,
        "minutes with set-up and coming to rest": round((time.monotonic() - began) / 60, 1),
        "faults": len(outcome.faults),
        "kinds of faults": len(set(outcome.faults)),
        "images acknowledged": outcome.posts,
        "decisions acknowledged": outcome.decisions,
        "calls without an answer": outcome.unknown,
        "memory in the first third, MB at most": round(early),
        "memory in the last third, MB at most": round(late),
        "violations": violations,
    }
    figures.keep("soak", told)
    return 1 if violations else 0


if __name__ == "__main__":
    sys.exit(main())
