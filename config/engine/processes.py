"""Children of the engine: started in groups of their own, ended by pid, never by name."""

import ctypes
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

GRACE_S = 5.0
# What lived this long did not die of what it died of before.
STABLE_AFTER_S = 20.0
PAUSE_S, LONGEST_PAUSE_S = 0.5, 10.0
# Full logs put aside for each process: together they never take more than six times this.
LOG_MAX_BYTES, LOGS_KEPT = 20 * 2**20, 5
_PARENT_DEATH_SIGNAL = 1

_libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


def _end_with_parent() -> None:
    """Let the kernel end this child should the engine be killed without a chance to do so."""
    if _libc is not None:
        _libc.prctl(_PARENT_DEATH_SIGNAL, signal.SIGTERM)


@dataclass
class Child:
    """One process that must run. `stamp` is the file that shows for how long it has not moved on."""

    name: str
    command: list[str]
    environment: dict[str, str]
    log: Path
    stamp: Path | None = None
    hangs_after_s: float = 10.0
    process: subprocess.Popen | None = field(default=None, init=False)
    started_at: float = field(default=0.0, init=False)
    deaths: int = field(default=0, init=False)
    due_at: float = field(default=0.0, init=False)

    @property
    def pid(self) -> int | None:
        return self.process.pid if self.process else None

    @property
    def status(self) -> int | None:
        """The exit status, None while it runs."""
        return self.process.poll() if self.process else None

    def start(self) -> None:
        """Start it; may be called again after a death."""
        if self.stamp is not None:
            self.stamp.unlink(missing_ok=True)
        self.turn_log()
        with self.log.open("ab") as out:
            # A session of its own, so that Ctrl-C reaches the engine alone and children end in its order.
            self.process = subprocess.Popen(
                self.command,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                start_new_session=True,
                preexec_fn=_end_with_parent,
            )
        self.started_at = time.monotonic()

    def is_alive(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def note_death(self) -> None:
        """Count a death and say when to start again: at once, and later each time it dies young."""
        now = time.monotonic()
        self.deaths = 1 if now - self.started_at > STABLE_AFTER_S else self.deaths + 1
        pause = min(LONGEST_PAUSE_S, PAUSE_S * 2 ** (self.deaths - 2)) if self.deaths > 1 else 0.0
        self.due_at = now + pause

    def ask_to_stop(self) -> None:
        if self.process is not None and self.is_alive():
            os.kill(self.process.pid, signal.SIGTERM)

    def end(self, deadline: float) -> None:
        """Wait until the deadline (monotonic seconds), then end what is left of the group."""
        if self.process is None:
            return
        with suppress(subprocess.TimeoutExpired):
            self.process.wait(timeout=max(0.0, deadline - time.monotonic()))
        self.kill()

    def kill(self) -> None:
        """End the whole group at once: a hung process takes its own children with it."""
        if self.process is None:
            return
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def turn_log(self) -> None:
        """Put a full log aside and let the oldest go. The process writes on into the same file, which begins anew."""
        if not self.log.exists() or self.log.stat().st_size <= LOG_MAX_BYTES:
            return
        for n in range(LOGS_KEPT, 1, -1):
            with suppress(FileNotFoundError):
                self._aside(n - 1).replace(self._aside(n))
        # Without room for a copy its lines go: a log must not fill the disk that STOP and decisions need.
        with suppress(OSError):
            shutil.copyfile(self.log, self._aside(1))
        os.truncate(self.log, 0)

    def _aside(self, n: int) -> Path:
        return self.log.with_suffix(f".{n}.log")

    def last_words(self, lines: int = 5) -> str:
        """Return the end of the log: what it said before it died."""
        text = self.log.read_text(encoding="utf-8", errors="replace") if self.log.exists() else ""
        return "\n".join(text.strip().splitlines()[-lines:])


def stop_all(children: Iterable[Child]) -> None:
    """Ask everybody but the broker, make sure, and then the broker: who loses it first waits for it in vain."""
    everybody = list(children)
    brokers = [child for child in everybody if child.name == "broker"]
    _stop([child for child in everybody if child not in brokers])
    _stop(brokers)


def _stop(children: list[Child]) -> None:
    for child in reversed(children):
        child.ask_to_stop()
    deadline = time.monotonic() + GRACE_S
    for child in reversed(children):
        child.end(deadline)
