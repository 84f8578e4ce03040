"""Starts every process, keeps it running, and ends all of them together."""

import json
import os
import sys
import threading
import time
from argparse import Namespace
from collections.abc import Callable
from typing import Any

from config.engine import broker, plan, private, probes, welcome
from config.engine.failure import CannotStart
from config.engine.home import Home
from config.engine.processes import Child, stop_all
from config.progress import busy_for

ROUND_S = 0.25
LOOK_S = 0.05
UP_WITHIN_S = 120.0
SILENT_AT_MOST_S = 3.0
DEATHS_BEFORE_WORDS = 3


class Supervisor:
    def __init__(self, options: Namespace, home: Home, stop: threading.Event) -> None:
        self.options = options
        self.home = home
        self.stop = stop
        self.url = f"http://127.0.0.1:{options.port}"
        self.socket = broker.socket_path(home.folder)
        self.children: list[Child] = []
        self.counter: Child | None = None
        self.facts: dict[str, Any] = {}

    def run(self) -> int:
        """Run until asked to stop or until enough items are answered. Return the exit status."""
        probes.check_port(self.options.port)
        self.home.forget_run()
        try:
            self._start_all()
            while not self._is_over():
                self._revive()
            return 0
        finally:
            stop_all(self.children)
            broker.forget(self.socket, self.home.folder)
            self.home.forget_run()

    # Starting -----------------------------------------------------------------------------------------------------

    def _start_all(self) -> None:
        elsewhere = broker.external()
        address = elsewhere or f"redis+socket://{self.socket}"
        env = plan.environment(self.home, demo=not self.options.no_demo, broker_url=address, url=self.url)
        os.environ.update(env)
        # Planned before anything runs: a setting that cannot be read stops the start at once.
        product = [
            plan.relay(self.home, env),
            *plan.verdict_workers(self.home, env),
            plan.web(self.home, env, self.options.port),
            plan.second_worker(self.home, env),
            plan.training_worker(self.home, env),
        ]
        if elsewhere is None:
            self._start_broker(env)
        self.facts = self._prepare(env)
        if self.stop.is_set():
            return
        self._start(*product)
        self._wait_until(lambda: probes.is_ready(self.options.port), "Tollgate did not become ready", look_s=ROUND_S)
        if self.stop.is_set():
            return
        if self.facts["stations"]:
            self._start_station(env)
        self._write_run_file()
        print(welcome.text(self.url, self.facts, folder=self.home.folder), flush=True)
        if self.options.exit_after:
            self.counter = plan.counter(self.home, env, self.options.exit_after)
            self._start(self.counter)

    def _start(self, *children: Child) -> None:
        for child in children:
            child.start()
            self.children.append(child)

    def _start_broker(self, env: dict[str, str]) -> None:
        self.socket.unlink(missing_ok=True)
        self._start(plan.broker(broker.command(self.socket, self.home.folder), self.home, env))
        self._wait_until(self.socket.exists, "The broker did not start")

    def _prepare(self, env: dict[str, str]) -> dict[str, Any]:
        """Let a child prepare database, files and people; return what it found. Ctrl-C ends it."""
        child = plan.preparation(self.home, env, demo=not self.options.no_demo)
        child.start()
        said = False
        while child.is_alive() and not self.stop.wait(LOOK_S):
            if not said and time.monotonic() - child.started_at > SILENT_AT_MOST_S:
                print("Setting up. The first start takes a minute or two.", flush=True)
                said = True
        child.kill()
        return {} if self.stop.is_set() else self._prepared(child)

    def _prepared(self, child: Child) -> dict[str, Any]:
        try:
            found = json.loads(self.home.prepared_file.read_text())
        except FileNotFoundError as error:
            raise CannotStart(f"Setting up failed. Its last words:\n{child.last_words()}") from error
        self.home.prepared_file.unlink()
        if "refusal" in found:
            raise CannotStart(found["refusal"])
        return found

    def _start_station(self, env: dict[str, str]) -> None:
        keys = self.home.folder / "stations.json"
        private.write(keys, json.dumps(self.facts["stations"]))
        people = self.home.folder / "people.json"
        private.write(people, json.dumps(self.facts["people"]))
        rate, images = self.options.rate, self.options.images
        self._start(plan.station(self.home, env, url=self.url, keys=keys, people=people, rate=rate, images=images))

    def _wait_until(self, condition: Callable[[], bool], complaint: str, *, look_s: float = LOOK_S) -> None:
        """Wait for a child's sign, for Ctrl-C, or for the death of anybody. Raises CannotStart."""
        deadline = time.monotonic() + UP_WITHIN_S
        while not condition() and not self.stop.wait(look_s):
            dead = [child for child in self.children if not child.is_alive()]
            if dead or time.monotonic() > deadline:
                words = "\n".join(f"{child.name}: {child.last_words()}" for child in dead or self.children)
                raise CannotStart(f"{complaint}. Last words:\n{words}")

    def _write_run_file(self) -> None:
        known = {name: self.facts[name] for name in ("people", "stations")}
        pids = {child.name: child.pid for child in self.children if child is not self.counter}
        private.write(self.home.run_file, json.dumps({"url": self.url, "pids": pids, **known}, indent=1))

    # Watching -----------------------------------------------------------------------------------------------------

    def _is_over(self) -> bool:
        """Wait a moment. Say whether somebody asked to stop or enough items are answered."""
        return self.stop.wait(ROUND_S) or (self.counter is not None and self.counter.status == 0)

    def _revive(self) -> None:
        """End what hangs, start again what died, and turn logs that are full."""
        for child in self.children:
            child.turn_log()
            if child.stamp is not None and busy_for(child.stamp, now=time.monotonic()) > child.hangs_after_s:
                child.kill()
        due = [child for child in self.children if not child.is_alive() and self._is_due(child)]
        for child in due:
            child.start()
        if due:
            self._write_run_file()

    def _is_due(self, child: Child) -> bool:
        """Note a new death, and say whether it is time to start the child again."""
        if child.due_at < child.started_at:
            child.kill()
            child.note_death()
            words = f" Its last words:\n{child.last_words()}" if child.deaths == DEATHS_BEFORE_WORDS else ""
            print(f"{child.name} ended unexpectedly; starting it again.{words}", file=sys.stderr, flush=True)
        return time.monotonic() >= child.due_at
