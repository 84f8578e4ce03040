"""Kills, pauses and empties the processes of a real engine while stations and inspectors work; then checks the rows.

    python -m bench.faults [--seeds 200] [--seconds 15]     every seed not yet passed; remembers in var/faults.jsonl
    python -m bench.faults --seed 17 --seconds 15           one seed, as a replay

A failing seed prints its replay command.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from pathlib import Path

from bench import floor
from bench.faults_clients import InspectorClient, LeadClient, StationClient
from bench.faults_history import OK, History
from bench.faults_nemesis import Nemesis
from bench.own_engine import ROOT, OwnEngine
from bench.shots import shots

REMEMBERED = ROOT / "var" / "faults.jsonl"
HUMAN, AUTOMATIC = "glass", "back"
LINES = (f"{HUMAN}:shadow:3", f"{AUTOMATIC}:partial:3")
INSPECTORS = ("ana", "andre", "aria", "asha")
PICTURES_A_SECOND = 4
SIZE = (320, 240)
ANSWERED_WITHIN_S = 120.0
ANSWERED = {"waiting", "provisional", "final", "quarantined"}


@dataclass
class Outcome:
    """What one seed came to."""

    seed: int
    seconds: float
    faults: list[str] = field(default_factory=list)
    posts: int = 0
    decisions: int = 0
    unknown: int = 0
    violations: list[str] = field(default_factory=list)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Hurt an engine by seed and check that nothing is lost.")
    parser.add_argument("--seeds", type=int, default=200, help="how many, from 1 on")
    parser.add_argument("--seconds", type=float, default=15.0, help="how long each is hurt")
    parser.add_argument("--seed", type=int, help="this one alone")
    options = parser.parse_args(arguments)
    if options.seed is not None:
        outcome = run_seed(options.seed, options.seconds)
        print(json.dumps(asdict(outcome)))
        return 1 if outcome.violations else 0
    return _run_missing(options.seeds, options.seconds)


Beside = Callable[[OwnEngine, threading.Event], None]


def run_seed(seed: int, seconds: float, *, beside: Beside | None = None) -> Outcome:
    """Run one seed in a folder of its own, which is gone afterwards. `beside` runs while the engine is hurt."""
    with tempfile.TemporaryDirectory(prefix="tollgate-faults-") as parent:
        folder = Path(parent) / "data"
        facts = floor.furnish(folder, *LINES)
        engine = OwnEngine(folder, "--no-demo", environment={"TOLLGATE_ENV": "demo"}).start()
        try:
            engine.await_up()
            outcome = _hurt(engine, facts, seed=seed, seconds=seconds, beside=beside)
        finally:
            engine.stop()
        return outcome


def _hurt(engine: OwnEngine, facts: dict, *, seed: int, seconds: float, beside: Beside | None) -> Outcome:
    history = History()
    nemesis = Nemesis(engine, f"{seed}/nemesis")
    pictures = shots(int(seconds * PICTURES_A_SECOND) * len(facts["stations"]), size=SIZE)
    stations = [
        StationClient(engine.url, station, pictures[n :: len(facts["stations"])], history, f"{seed}/{n}")
        for n, station in enumerate(facts["stations"])
    ]
    inspectors = [
        InspectorClient(engine.url, name, facts["people"][name], history, f"{seed}/{name}") for name in INSPECTORS
    ]
    lead = LeadClient(engine.url, "quinn", facts["people"]["quinn"], history, f"{seed}/lead")
    stop = threading.Event()
    deeds: list[Callable[[], None]] = [lambda: nemesis.work(stop)]
    deeds += [lambda one=one: one.work(stop) for one in stations]
    deeds += [lambda one=one: one.work(stop, (HUMAN, AUTOMATIC)) for one in inspectors]
    if beside is not None:
        deeds.append(lambda: beside(engine, stop))
    with ThreadPoolExecutor(len(deeds)) as pool:
        working = [pool.submit(deed) for deed in deeds]
        stop.wait(seconds / 2)
        lead.stop_line(AUTOMATIC)
        stop.wait(seconds / 2)
        stop.set()
        for one in working:
            one.result()
    silent = _settle(engine, stations)
    return _judged(engine, history, Outcome(seed, seconds, faults=nemesis.done, violations=silent))


def _settle(engine: OwnEngine, stations: list[StationClient]) -> list[str]:
    """Let everything come to rest; return the items that nobody answers for after that."""
    engine.await_ready()
    for station in stations:
        station.finish()
    open_items = {item: station for station in stations for item in station.items}
    deadline = time.monotonic() + ANSWERED_WITHIN_S
    while open_items and time.monotonic() < deadline:
        open_items = {item: of for item, of in open_items.items() if of.state(item) not in ANSWERED}
        time.sleep(0.2)
    unanswered = [f"I12: nobody answers for item {item}." for item in open_items]
    owed = [f"I1: {station.name} never heard about {shot.key}." for station in stations for shot in station.owed]
    return unanswered + owed


def _judged(engine: OwnEngine, history: History, outcome: Outcome) -> Outcome:
    engine.stop()
    path = engine.folder.parent / "history.jsonl"
    history.write(path)
    found = json.loads(floor.run(engine.folder, "-m", "bench.faults_checker", str(path)))
    outcome.violations += found
    outcome.posts = len({call.subject for call in history.calls if call.deed == "post" and call.outcome == OK})
    outcome.decisions = len({call.subject for call in history.calls if call.deed == "decide" and call.outcome == OK})
    outcome.unknown = sum(call.outcome == "unknown" for call in history.calls)
    return outcome


def _run_missing(seeds: int, seconds: float) -> int:
    """Run every seed that has not passed yet, each in a process of its own."""
    REMEMBERED.parent.mkdir(exist_ok=True)
    passed = _passed(seconds)
    failed = 0
    for seed in (seed for seed in range(1, seeds + 1) if seed not in passed):
        command = [sys.executable, "-m", "bench.faults", "--seed", str(seed), "--seconds", str(seconds)]
        done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=False)
        print(done.stdout.strip(), flush=True)
        if done.returncode:
            failed += 1
            print(f"Replay: {' '.join(['python', *command[1:]])}", flush=True)
            continue
        with REMEMBERED.open("a") as out:
            out.write(done.stdout.strip() + "\n")
    print(f"{len(passed)} seeds had passed before, {failed} failed now.")
    return 1 if failed else 0


def _passed(seconds: float) -> set[int]:
    if not REMEMBERED.exists():
        return set()
    outcomes = [json.loads(line) for line in REMEMBERED.read_text().splitlines()]
    return {outcome["seed"] for outcome in outcomes if outcome["seconds"] >= seconds and not outcome["violations"]}


if __name__ == "__main__":
    sys.exit(main())
