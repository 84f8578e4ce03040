"""What a candidate in shadow costs the live verdict: the same line with and without one, in turns, on one machine.

    python -m bench.shadow [--turns 6] [--seconds 30] [--rate 10]

Real PostgreSQL, Redis, relay, two web processes, two workers and the one for what may wait; a line at `partial` whose
parts have two views, sent at a fixed rate. In every second turn a candidate looks at each part in shadow. The figure is
the time from an image's arrival to its routing, with the shadow over without it; beside it, how many of the shadow's
looks were done, and how many nobody had time for.
"""

import argparse
import importlib
import os
import sys
import time
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import requests
from django.utils.timezone import now as clock

from bench import figures
from bench.engine import Engine, running
from bench.shots import shots
from bench.switches import LINE, PICTURES, SETTLED_S, SIZE, VIEWS, WORKERS, Load
from tools.with_postgres import cluster

Turn = tuple[datetime, datetime, bool]


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Time live verdicts with and without a shadow.")
    parser.add_argument("--turns", type=int, default=6, help="turns without a shadow, and as many with one")
    parser.add_argument("--seconds", type=float, default=30.0, help="length of a turn")
    parser.add_argument("--rate", type=float, default=10.0, help="images a second")
    options = parser.parse_args(arguments)
    os.environ["GUNICORN_CMD_ARGS"] = "--config python:bench.switches_web"
    with cluster() as database:
        os.environ["DATABASE_URL"] = database
        with running(workers=WORKERS, has_second=True) as engine:
            found = _measured(engine, options)
    figures.keep("shadow", found)
    return 0


def _measured(engine: Engine, options: argparse.Namespace) -> dict[str, Any]:
    # Its models exist only inside a set-up Django.
    rows = importlib.import_module("bench.switches_rows")
    floor = rows.prepare(LINE, views=VIEWS)
    load = Load(engine.url, floor["stations"][0], shots(PICTURES, size=SIZE), options.rate)
    lead = floor["people"]["quinn"]
    turns: list[Turn] = []
    with load.flowing():
        time.sleep(SETTLED_S)
        for n in range(2 * options.turns):
            turns.append(_turn(engine.url, lead, candidate=rows.VERSIONS[1] if n % 2 else "", seconds=options.seconds))
            print(f"{n + 1} turns", file=sys.stderr)
    return {"items a second": options.rate, "refused at the door": load.refused[:5], **rows.beside_a_shadow(turns)}


def _turn(url: str, lead: str, *, candidate: str, seconds: float) -> Turn:
    """Let the line run for a while, with the candidate in shadow where one is named. What is left settles before."""
    rollout = (
        _posted(url, "lines/switch/rollouts/", lead, candidate=candidate, strategy="shadow") if candidate else None
    )
    time.sleep(SETTLED_S)
    began = clock()
    time.sleep(seconds)
    ended = clock()
    if rollout is not None:
        _posted(url, f"rollouts/{rollout['id']}/abort/", lead, reason="bench")
    return began, ended, rollout is not None


def _posted(url: str, path: str, lead: str, **body: Any) -> dict[str, Any]:
    signed_in = {"Authorization": f"Bearer {lead}"}
    answer = requests.post(f"{url}/api/v1/{path}", json=body, headers=signed_in, timeout=60)
    answer.raise_for_status()
    return answer.json()


if __name__ == "__main__":
    sys.exit(main())
