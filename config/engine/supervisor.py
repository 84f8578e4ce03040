"""Starts every process, keeps it running, and ends all of them together."""

import json
import os
import socket
import sys
import threading
import time
from argparse import Namespace
from pathlib import Path

from config.engine import broker, plan
from config.engine.failure import CannotStart
from config.engine.home import Home
from config.engine.processes import Child, stop_all
from config.progress import busy_for

HANG_S = 10.0
ROUND_S = 0.5
UP_WITHIN_S = 60.0
DEATHS_IN_A_ROW_MAX = 5
STABLE_AFTER_S = 20.0


class Supervisor:
    def __init__(self, options: Namespace, home: Home, stop: threading.Event) -> None:
        self.options = options
        self.home = home
        self.stop = stop
        self.url = f"http://127.0.0.1:{options.port}"
        self.children: list[Child] = []

    def run(self) -> int:
        """Run until asked to stop or until enough items are answered. Return the exit status."""
        _check_port(self.options.port)
        self.home.run_file.unlink(missing_ok=True)
        try:
            self._start_all()
            return 0 if self.stop.is_set() else self._watch()
        finally:
            stop_all(self.children)
            self.home.run_file.unlink(missing_ok=True)

    # Starting -----------------------------------------------------------------------------------------------------

    def _start_all(self) -> None:
        elsewhere = broker.external()
        broker_url = elsewhere or f"redis+socket://{broker.socket_path(self.home.folder)}"
        env = plan.environment(self.home, demo=not self.options.no_demo, broker_url=broker_url)
        os.environ.update(env)
        if elsewhere is None:
            self._start_broker(broker_url, env)
        # Imported late on purpose: Django reads its settings from the environment that was just made.
        from config.engine import product  # noqa: PLC0415

        self.product = product
        people = product.prepare(demo=not self.options.no_demo)
        if self.stop.is_set():
            return
        self._start(plan.relay(self.home, env))
        self._start(plan.verdict_worker(self.home, env))
        self._start(plan.web(self.home, env, self.options.port))
        self._start(plan.second_worker(self.home, env))
        self._await_web()
        if people.stations:
            self._start_station(people, env)
        self._write_run_file(people)
        print(product.welcome(self.url, people, options=self.options), flush=True)

    def _start(self, child: Child) -> None:
        child.start()
        self.children.append(child)

    def _start_broker(self, url: str, env: dict[str, str]) -> None:
        path = Path(url.removeprefix("redis+socket://"))
        path.unlink(missing_ok=True)
        self._start(plan.broker(broker.command(path, self.home.folder), self.home, env))
        _wait_until(path.exists, "The broker did not start", self.children[-1])

    def _start_station(self, people, env: dict[str, str]) -> None:
        keys = self.home.folder / "stations.json"
        _write_private(keys, json.dumps(people.stations))
        rate, images = self.options.rate, self.options.images
        self._start(plan.station(self.home, env, url=self.url, keys=keys, rate=rate, images=images))

    def _await_web(self) -> None:
        web = next(child for child in self.children if child.name == "web")
        _wait_until(lambda: _answers(self.options.port), "The web server did not start", web)

    def _write_run_file(self, people) -> None:
        facts = {
            "url": self.url,
            "pids": {child.name: child.pid for child in self.children},
            "people": people.people,
            "stations": people.stations,
        }
        _write_private(self.home.run_file, json.dumps(facts, indent=1))

    # Watching -----------------------------------------------------------------------------------------------------

    def _watch(self) -> int:
        people = json.loads(self.home.run_file.read_text())
        while not self.stop.wait(ROUND_S):
            if self._revive():
                people["pids"] = {child.name: child.pid for child in self.children}
                _write_private(self.home.run_file, json.dumps(people, indent=1))
            if self.options.exit_after and self.product.answered_items() >= self.options.exit_after:
                return 0
        return 0

    def _revive(self) -> bool:
        """Start again what died and what hangs. Return whether anything changed."""
        worker = next(child for child in self.children if child.name == "worker")
        if busy_for(plan.progress_file(self.home), now=time.time()) > HANG_S:
            worker.kill()
        dead = [child for child in self.children if not child.is_alive()]
        for child in dead:
            self._revive_one(child)
        return bool(dead)

    def _revive_one(self, child: Child) -> None:
        child.kill()
        plan.progress_file(self.home).unlink(missing_ok=True) if child.name == "worker" else None
        lived_s = time.monotonic() - child.started_at
        child.deaths = 1 if lived_s > STABLE_AFTER_S else child.deaths + 1
        if child.deaths > DEATHS_IN_A_ROW_MAX:
            raise CannotStart(f"{child.name} keeps dying. Its last words:\n{child.last_words()}")
        print(f"{child.name} ended unexpectedly; starting it again.", file=sys.stderr, flush=True)
        child.start()


def _check_port(port: int) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            raise CannotStart(f"Port {port} is taken ({error.strerror}); choose another with --port.") from error


def _answers(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=5) as probe:
            probe.sendall(b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n")
            return b"200" in probe.recv(64)
    except OSError:
        return False


def _wait_until(condition, complaint: str, child: Child) -> None:
    deadline = time.monotonic() + UP_WITHIN_S
    while not condition():
        if not child.is_alive() or time.monotonic() > deadline:
            raise CannotStart(f"{complaint}. Its last words:\n{child.last_words()}")
        time.sleep(0.05)


def _write_private(path: Path, text: str) -> None:
    """Write whole or not at all, readable by the owner alone."""
    partial = path.with_suffix(".part")
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as out:
        out.write(text)
    partial.replace(path)
