"""Processes die and hang while a station posts: everything is answered, nothing twice, and the dead come back."""

import json
import os
import signal
import threading
import time

from bench import floor
from bench.faults_clients import StationClient
from bench.faults_history import History
from bench.own_engine import UP_WITHIN_S, wait_until
from bench.shots import shots

ANSWERED = {"waiting", "provisional", "final", "quarantined"}
ANSWERED_WITHIN_S = 300
PICTURES = 40


class Posting:
    """Stations that post all the while, and what came of it."""

    def __init__(self, engine, facts):
        self.engine, self.history, self.stop = engine, History(), threading.Event()
        pictures = shots(PICTURES * 2, size=(320, 240))
        self.stations = [
            StationClient(engine.url, station, pictures[n::2], self.history, f"deaths/{n}")
            for n, station in enumerate(facts["stations"])
        ]
        self.threads = [threading.Thread(target=one.work, args=(self.stop,)) for one in self.stations]

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.stop.set()
        for thread in self.threads:
            thread.join()

    def acknowledged(self):
        return sum(len(one.items) for one in self.stations)

    def await_more(self):
        """Wait until the door has taken some more items."""
        before = self.acknowledged()
        wait_until(lambda: self.acknowledged() >= before + 3, "more items", UP_WITHIN_S)

    def await_answers(self):
        self.engine.await_ready()
        for station in self.stations:
            station.finish()
        items = [(one, item) for one in self.stations for item in one.items]
        wait_until(lambda: all(one.state(item) in ANSWERED for one, item in items), "answers", ANSWERED_WITHIN_S)

    def broken_invariants(self, folder):
        """Stop the engine and set what the stations were told against its rows."""
        self.engine.stop()
        self.history.write(folder.parent / "history.jsonl")
        return json.loads(floor.run(folder, "-m", "bench.faults_checker", str(folder.parent / "history.jsonl")))


def test_kills_of_every_process_lose_nothing_and_double_nothing(floor_engine):
    engine, facts = floor_engine
    with Posting(engine, facts) as posting:
        for name in ("worker", "relay", "web", "broker", "second_worker"):
            posting.await_more()
            engine.await_other(name, than=engine.kill(name))
        posting.await_more()
    posting.await_answers()
    assert posting.acknowledged() >= 18
    assert "broker ended unexpectedly; starting it again." in engine.words()
    assert posting.broken_invariants(engine.folder) == []


def test_a_worker_that_hangs_in_a_task_is_replaced(floor_engine):
    engine, facts = floor_engine
    with Posting(engine, facts) as posting:
        hung = stop_in_a_task(engine)
        engine.await_other("worker", than=hung)
        posting.await_more()
    posting.await_answers()
    assert posting.broken_invariants(engine.folder) == []


def test_f03_a_relay_that_freezes_is_replaced(floor_engine):
    engine, _ = floor_engine
    frozen = engine.send("relay", signal.SIGSTOP)
    engine.await_other("relay", than=frozen)
    engine.await_ready()


def stop_in_a_task(engine):
    """Halt the worker while it works on an item, as native code that never returns would; return its pid."""
    stamp = engine.folder / "worker.progress"
    pid = engine.facts()["pids"]["worker"]
    deadline = time.monotonic() + UP_WITHIN_S
    while time.monotonic() < deadline:
        if not stamp.exists():
            continue
        os.kill(pid, signal.SIGSTOP)
        if stamp.exists():
            return pid
        os.kill(pid, signal.SIGCONT)
    raise TimeoutError("The worker never was in a task.")
