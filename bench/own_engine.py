"""`python -m config.engine` as a process, in a folder and on a port of its own: started, hurt and ended by pid."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import requests

ROOT = Path(__file__).resolve().parents[1]
UP_WITHIN_S = 900.0
# What the machine's owner has set is not what these engines run with.
FOREIGN = ("DATABASE_URL", "REDIS_URL", "STORAGE_URL", "SECRET_KEY", "SECRET_KEY_FILE", "DJANGO_SETTINGS_MODULE")


class OwnEngine:
    """One engine. Its folder stays when it ends, so that it can be started again."""

    def __init__(self, folder: Path, *options: str, environment: Mapping[str, str] | None = None) -> None:
        self.folder = folder
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.options = options
        self.environment = {**clean_environment(), **(environment or {})}
        self.log = folder.with_suffix(".log")
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> "OwnEngine":
        command = [sys.executable, "-m", "config.engine", "--port", str(self.port), "--data", str(self.folder)]
        with self.log.open("ab") as out:
            self.process = subprocess.Popen(
                [*command, *self.options], cwd=ROOT, env=self.environment, stdout=out, stderr=out
            )
        return self

    def await_up(self) -> "OwnEngine":
        """Wait until it says that it runs."""
        wait_until(lambda: self._has_ended() or (self.folder / "run.json").exists(), "the engine to run", UP_WITHIN_S)
        if self._has_ended():
            raise RuntimeError(f"The engine ended: {self.words()}")
        return self

    def facts(self) -> dict[str, Any]:
        """Return what run.json says now."""
        return json.loads((self.folder / "run.json").read_text())

    def words(self) -> str:
        """Return what it printed."""
        return self.log.read_text(encoding="utf-8")

    def send(self, name: str, number: int) -> int:
        """Send a signal to one of its children and return whom it was sent to."""
        pid = self.facts()["pids"][name]
        os.kill(pid, number)
        return pid

    def kill(self, name: str) -> int:
        return self.send(name, signal.SIGKILL)

    def await_other(self, name: str, than: int) -> int:
        """Wait until another process stands in for the one of that pid; return the new pid."""
        wait_until(lambda: self.facts()["pids"][name] != than, f"another {name}", UP_WITHIN_S)
        return self.facts()["pids"][name]

    def await_ready(self) -> None:
        wait_until(self.is_ready, "the engine to be ready", UP_WITHIN_S)

    def is_ready(self) -> bool:
        try:
            return requests.get(f"{self.url}/readyz", timeout=5).ok
        except requests.RequestException:
            return False

    def wait(self, within_s: float = UP_WITHIN_S) -> int:
        """Wait for its own end and return the exit status."""
        assert self.process is not None
        return self.process.wait(within_s)

    def stop(self, number: int = signal.SIGTERM) -> int:
        """End it as a person would, and return the exit status."""
        if self.process is None:
            return 0
        if not self._has_ended():
            self.process.send_signal(number)
        return self.process.wait(60)

    def _has_ended(self) -> bool:
        return self.process is None or self.process.poll() is not None


def clean_environment() -> dict[str, str]:
    """Return this process's environment without anything that would reach into the product."""
    mine = {name: value for name, value in os.environ.items() if name not in FOREIGN}
    return {name: value for name, value in mine.items() if not name.startswith("TOLLGATE_")}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_until(condition: Callable[[], object], what: str, within_s: float) -> None:
    """Ask again and again until it holds. Raises TimeoutError."""
    deadline = time.monotonic() + within_s
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(f"Waited {within_s:g} s for {what}.")
        time.sleep(0.05)
