"""Children of the engine: started in groups of their own, ended by pid, never by name."""

import os
import signal
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path

GRACE_S = 8.0


@dataclass
class Child:
    """One process that must run. `start` may be called again after a death."""

    name: str
    command: list[str]
    environment: dict[str, str]
    log: Path
    stop_signal: int = signal.SIGTERM
    process: subprocess.Popen | None = field(default=None, init=False)
    started_at: float = field(default=0.0, init=False)
    deaths: int = field(default=0, init=False)

    @property
    def pid(self) -> int | None:
        return self.process.pid if self.process else None

    def start(self) -> None:
        with self.log.open("ab") as out:
            # A session of its own, so that Ctrl-C reaches the engine alone and children end in its order.
            self.process = subprocess.Popen(
                self.command,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                start_new_session=True,
            )
        self.started_at = time.monotonic()

    def is_alive(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def ask_to_stop(self) -> None:
        if self.is_alive():
            os.kill(self.process.pid, self.stop_signal)

    def end(self, deadline: float) -> None:
        """Wait until the deadline (monotonic seconds), then end what is left of the group."""
        if self.process is None:
            return
        try:
            self.process.wait(timeout=max(0.0, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            self.kill()
        self._sweep_group()

    def kill(self) -> None:
        """End the whole group at once: a hung worker takes its decoder with it."""
        self._sweep_group()
        if self.process is not None:
            self.process.wait()

    def _sweep_group(self) -> None:
        try:
            os.killpg(self.process.pid, signal.SIGKILL)
        except ProcessLookupError:
            return

    def last_words(self, lines: int = 5) -> str:
        """Return the end of the log: what it said before it died."""
        text = self.log.read_text(encoding="utf-8", errors="replace") if self.log.exists() else ""
        return "\n".join(text.strip().splitlines()[-lines:])


def stop_all(children: list[Child]) -> None:
    """Ask everybody in turn, last started first, then make sure."""
    for child in reversed(children):
        child.ask_to_stop()
    deadline = time.monotonic() + GRACE_S
    for child in reversed(children):
        child.end(deadline)
