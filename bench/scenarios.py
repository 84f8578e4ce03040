"""What the simulator's scenarios come to, over seeds: how soon a line that goes bad is brought down, and by what.

    python -m bench.scenarios dark [--seeds 3] [--items N] [--first-seed 0]
    python -m bench.scenarios bad-candidate --factor 3

Runs are without pixels. A scenario's file is written anew after every seed, so a run that is cut short keeps what
it has; `seeds` says how many that are.
"""

import argparse
import importlib
import os
from collections.abc import Sequence
from statistics import mean
from typing import Any

import django

from bench import figures

FACTOR = 2.0
KEPT = (
    "seed",
    "factor",
    "items",
    "timeline",
    "first_after_event",
    "auto_decided_after_event",
    "audits",
    "figures",
    "rollout",
    "level",
)


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("scenario")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--first-seed", type=int, default=0)
    parser.add_argument("--items", type=int)
    parser.add_argument("--factor", type=float, default=FACTOR)
    options = parser.parse_args(arguments)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.test")
    django.setup()
    # Its models exist only inside a set-up Django.
    runs = importlib.import_module("monitoring.simulation.runs")
    scenarios = importlib.import_module("monitoring.simulation.scenarios").SCENARIOS
    told: list[dict[str, Any]] = []
    for seed in range(options.first_seed, options.first_seed + options.seeds):
        scenario = scenarios[options.scenario](items=options.items, factor=options.factor)
        report = runs.simulate(scenario, seed=seed).report
        told.append({name: report[name] for name in KEPT} | {"event_item": report["event_item"]})
        figures.keep(_named(options), summary(told) | {"runs": told})


def _named(options: argparse.Namespace) -> str:
    """Return the name of the figures: another factor than the usual keeps a file of its own."""
    factor = "" if options.factor == FACTOR else f"-{options.factor:g}"
    return f"simulated-{options.scenario}{factor}"


def summary(told: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Return how many seeds were run, and the mean of every number that the scenario itself tells."""
    names = dict.fromkeys(name for one in told for name in one["figures"])
    numbers = {name: [one["figures"].get(name) for one in told] for name in names}
    means = {
        f"mean {name}": round(mean(values), 5)
        for name, values in numbers.items()
        if all(isinstance(value, int | float) for value in values)
    }
    return {"seeds": len(told), **means}


if __name__ == "__main__":
    main()
