"""The factory simulator at size: wrong promotions from each rung, climbs, and a model that always says pass.

    python -m bench.simulated                     everything, resumes where it stopped
    python -m bench.simulated --only stay-shadow  one set
    python -m bench.simulated --seeds 20          fewer runs a set; what was run before is kept
    python -m bench.simulated --seconds 600       stop after so long
    python -m bench.simulated --processes 2       two seeds at a time
    python -m bench.simulated --only climb --until partial    let climbs end soon after this rung

Every run drives the product's own deeds in a scratch database of its own. Writes one JSON per set,
bench/results/simulated-<set>.json, after every run, and prints the table of all that there is.
"""

import argparse
import json
import os
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import django

RESULTS = Path(__file__).parent / "results"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run what is missing, then print the table."""
    options = _options(arguments)
    _set_up()
    ends_at = time.monotonic() + options.seconds if options.seconds else None
    sets = _sets(until=options.until)
    with ProcessPoolExecutor(options.processes, get_context("spawn"), initializer=_set_up) as pool:
        for name in options.only or sets:
            _complete(name, sets[name], options, pool, ends_at=ends_at)
    for name in sets:
        _print(name, _stored(name))
    return 0


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Run the factory simulator at size.")
    parser.add_argument("--only", nargs="+", metavar="SET", help="these sets")
    parser.add_argument("--seeds", type=int, help="at most so many runs a set")
    parser.add_argument("--until", choices=("assist", "partial", "full"), help="let climbs end soon after this rung")
    parser.add_argument("--seconds", type=float, help="begin no run after so long")
    parser.add_argument("--processes", type=int, default=1, help="so many runs at a time")
    return parser.parse_args(arguments)


def _set_up() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.base")
    django.setup()


# Sets -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Set:
    """Runs of one kind: how many seeds, and one run with a seed."""

    seeds: int
    run: Callable[[int], dict[str, Any]]


def _sets(*, until: str | None) -> dict[str, Set]:
    # The simulator needs the app registry, and this module must be importable before it exists.
    from bench import simulated_runs as runs  # noqa: PLC0415

    stays = {f"stay-{level}": Set(200, runs.stay(level)) for level in ("shadow", "assist", "partial")}
    passes = {f"always-pass-{rate}": Set(5, runs.always_pass(rate)) for rate in (0.001, 0.005, 0.01, 0.02)}
    return {**stays, "climb": Set(20, runs.climb(until)), **passes}


def _complete(
    name: str, wanted: Set, options: argparse.Namespace, pool: ProcessPoolExecutor, *, ends_at: float | None
) -> None:
    done = _stored(name)
    missing = [seed for seed in range(min(options.seeds or wanted.seeds, wanted.seeds)) if str(seed) not in done]
    for place in range(0, len(missing), options.processes):
        if ends_at is not None and time.monotonic() >= ends_at:
            return
        together = missing[place : place + options.processes]
        sys.stderr.write(f"\r{name}: seed {together[0]} of {wanted.seeds} ")
        for seed, report in zip(together, pool.map(partial(_run, name, options.until), together), strict=True):
            done[str(seed)] = {"at": datetime.now(UTC).isoformat(timespec="seconds"), **report}
            _store(name, done)


def _run(name: str, until: str | None, seed: int) -> dict[str, Any]:
    return _sets(until=until)[name].run(seed)


def _stored(name: str) -> dict[str, Any]:
    file = RESULTS / f"simulated-{name}.json"
    return json.loads(file.read_text()) if file.exists() else {}


def _store(name: str, done: dict[str, Any]) -> None:
    RESULTS.mkdir(exist_ok=True)
    fresh = RESULTS / f"simulated-{name}.json.new"
    fresh.write_text(json.dumps(done, indent=1) + "\n")
    fresh.replace(RESULTS / f"simulated-{name}.json")


# Table ----------------------------------------------------------------------------------------------------------


def _print(name: str, done: dict[str, Any]) -> None:
    from bench import simulated_runs as runs  # noqa: PLC0415

    print(f"{name:<20} {len(done):>3} runs  {runs.ratio(done.values())}")


if __name__ == "__main__":
    sys.exit(main())
