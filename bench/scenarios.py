"""What the simulator's scenarios come to, over seeds: one row a promise, with its limit and how near it the runs are.

    python -m bench.scenarios                                   the table of every set that was run
    python -m bench.scenarios concept --seeds 50 [--seconds S]  runs what is missing of a scenario, then its rows
    python -m bench.scenarios --all                             runs what is missing of every scenario
    python -m bench.scenarios dark --drawn                      with pixels: parts are drawn
    python -m bench.scenarios dark --images FOLDER --model DIR  with pixels: a folder's images, and a model for them
    python -m bench.scenarios bad-candidate --factor 3

Runs are without pixels unless asked for. A set's file is written anew after every seed and seeds that are there are
not run again, so it may be stopped at any time. Climbs and lines whose model always says pass: `bench.simulated`.
"""

import argparse
import importlib
import json
import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import django

from bench import figures, scenario_rows
from bench.scenario_rows import Report

FACTOR = 2.0
PREFIX = "simulated-"
# Runs of a scenario unless the person says so: as many as its promise needs.
SEEDS = {
    "dead-model": 5,
    "starved-audit": 5,
    "dark": 3,
    "concept": 50,
    "noisy-inspectors": 3,
    "bad-candidate": 3,
    "good-candidate": 1,
}
KEPT = (
    "seed",
    "factor",
    "items",
    "timeline",
    "event_item",
    "first_after_event",
    "auto_decided",
    "auto_decided_after_event",
    "audits",
    "figures",
    "rollout",
    "level",
)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run what is missing of the scenario that is named, and print the rows; of every set where none is named."""
    options = _options(arguments)
    if options.images is not None and not options.images.is_dir():
        print(f"{options.images} is not there: nothing was run.")
        return
    chosen = list(SEEDS) if options.all else [options.scenario] if options.scenario else []
    for scenario in chosen:
        _complete(argparse.Namespace(**{**vars(options), "scenario": scenario}))
    names = [_named(options)] if options.scenario else sorted(file.stem for file in _files())
    for row in table(names):
        print(row)


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("scenario", nargs="?", choices=SEEDS)
    parser.add_argument("--all", action="store_true", help="every scenario")
    parser.add_argument("--seeds", type=int)
    parser.add_argument("--items", type=int)
    parser.add_argument("--factor", type=float, default=FACTOR)
    parser.add_argument("--seconds", type=float, help="begin no run after so long")
    parser.add_argument("--drawn", action="store_true", help="with pixels, of drawn parts")
    parser.add_argument("--images", type=Path, help="with pixels, of a data-set folder")
    parser.add_argument("--model", type=Path, help="the folder of the model that looks at them")
    return parser.parse_args(arguments)


# Runs -----------------------------------------------------------------------------------------------------------


def _complete(options: argparse.Namespace) -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.test")
    django.setup()
    ends_at = time.monotonic() + options.seconds if options.seconds else None
    told = {report["seed"]: report for report in stored(_named(options))}
    seeds = options.seeds or SEEDS[options.scenario]
    for seed in range(seeds):
        if seed in told:
            continue
        if ends_at is not None and time.monotonic() >= ends_at:
            return
        sys.stderr.write(f"\r{options.scenario}: seed {seed} of {seeds} ")
        told[seed] = _run(options, seed)
        _store(_named(options), [told[done] for done in sorted(told)])


def _run(options: argparse.Namespace, seed: int) -> Report:
    # Its models exist only inside a set-up Django.
    runs = importlib.import_module("monitoring.simulation.runs")
    scenarios = importlib.import_module("monitoring.simulation.scenarios").SCENARIOS
    scenario = scenarios[options.scenario](items=options.items, factor=options.factor)
    report = runs.simulate(scenario, seed=seed, **_eyes(options)).report
    return {name: report[name] for name in KEPT}


def _eyes(options: argparse.Namespace) -> dict[str, Any]:
    """Return what looks at the parts, where there are pixels."""
    if not options.drawn and options.images is None:
        return {}
    pictures = importlib.import_module("monitoring.simulation.pictures")
    return {"eyes": pictures.source(options.images, model=options.model), "keeps_pictures": True}


def _named(options: argparse.Namespace) -> str:
    """Return the name of a set: other pictures, or another factor than the usual, keep a file of their own."""
    pictures = options.images.name if options.images else "drawn" if options.drawn else ""
    factor = "" if options.factor == FACTOR else f"{options.factor:g}"
    return PREFIX + "-".join(part for part in (options.scenario, pictures, factor) if part)


# Files ----------------------------------------------------------------------------------------------------------


def table(names: Sequence[str]) -> list[scenario_rows.Row]:
    """Return the rows of sets by the names of their files."""
    return [row for name in names for row in scenario_rows.rows(name.removeprefix(PREFIX), stored(name))]


def stored(name: str) -> list[Report]:
    """Return the runs of a set, by seed; nothing where none was run."""
    file = figures.RESULTS / f"{name}.json"
    if not file.exists():
        return []
    kept = json.loads(file.read_text())
    return list(kept["figures"]["runs"] if "figures" in kept else kept.values())


def summary(told: Sequence[Report]) -> dict[str, Any]:
    """Return how many seeds were run, and the mean of every number that the scenario itself tells."""
    names = dict.fromkeys(name for one in told for name in one["figures"])
    numbers = {name: [one["figures"].get(name) for one in told] for name in names}
    means = {
        f"mean {name}": round(sum(values) / len(values), 5)
        for name, values in numbers.items()
        if all(isinstance(value, int | float) for value in values)
    }
    return {"seeds": len(told), **means}


def _store(name: str, told: Sequence[Report]) -> None:
    figures.write(name, summary(told) | {"runs": list(told)})


def _files() -> list[Path]:
    return list(figures.RESULTS.glob(f"{PREFIX}*.json"))


if __name__ == "__main__":
    main()
