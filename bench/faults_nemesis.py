"""Picks faults by seed and does them to one engine's own processes, by pid."""

import os
import signal
import sqlite3
import threading
import time
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path
from random import Random

from redis import Redis
from redis.exceptions import RedisError

from bench.own_engine import OwnEngine

BETWEEN_S = (1.0, 3.5)
PAUSED_S = (0.5, 3.0)


class Nemesis:
    def __init__(self, engine: OwnEngine, seed: str) -> None:
        self.engine = engine
        self.random = Random(seed)
        self.done: list[str] = []
        self.faults: dict[str, Callable[[], None]] = {
            "empty the broker": self._empty_broker,
            "lock the database": self._lock_database,
            "kill a web child": self._kill_web_child,
        }
        for name in ("worker", "relay", "web", "broker", "second_worker"):
            self.faults[f"kill {name}"] = lambda name=name: self._send(name, signal.SIGKILL)
        for name in ("worker", "relay", "broker"):
            self.faults[f"pause {name}"] = lambda name=name: self._pause(name)

    def work(self, stop: threading.Event) -> None:
        while not stop.wait(self.random.uniform(*BETWEEN_S)):
            name = self.random.choice(sorted(self.faults))
            self.done.append(name)
            # Whoever is to be hurt may have died a moment ago.
            with suppress(ProcessLookupError, FileNotFoundError, KeyError, RedisError):
                self.faults[name]()

    def _send(self, name: str, number: int) -> None:
        self.engine.send(name, number)

    def _pause(self, name: str) -> None:
        pid = self.engine.send(name, signal.SIGSTOP)
        time.sleep(self.random.uniform(*PAUSED_S))
        os.kill(pid, signal.SIGCONT)

    def _kill_web_child(self) -> None:
        master = self.engine.facts()["pids"]["web"]
        children = Path(f"/proc/{master}/task/{master}/children").read_text().split()
        if children:
            os.kill(int(self.random.choice(children)), signal.SIGKILL)

    def _empty_broker(self) -> None:
        with closing(Redis(unix_socket_path=str(self.engine.folder / "broker.sock"), socket_timeout=1)) as broker:
            broker.flushall()

    def _lock_database(self) -> None:
        with closing(sqlite3.connect(self.engine.folder / "tollgate.sqlite3", timeout=10)) as held:
            with suppress(sqlite3.OperationalError):
                held.execute("BEGIN IMMEDIATE")
                time.sleep(self.random.uniform(*PAUSED_S))
            held.rollback()
