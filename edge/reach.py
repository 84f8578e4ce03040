"""Whether the server can be reached: the longest silence since something of it was last heard."""

import threading
import time
from collections.abc import Callable

from edge.protocol import Again

Clock = Callable[[], float]


def boot_clock() -> float:
    """Seconds since the machine started, sleep included. Nobody can set it."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


class Reach:
    """Shared by the loops that ask the server: each tells how its last request ended."""

    def __init__(self, clock: Clock = boot_clock) -> None:
        self._clock, self._lock = clock, threading.Lock()
        self._lost_at: float | None = None

    def note(self, outcome: object) -> None:
        """Keep whether the server answered; a refusal is an answer, an error page of somebody in between is none."""
        is_away = isinstance(outcome, Again) and outcome.is_away
        with self._lock:
            self._lost_at = (self._lost_at or self._clock()) if is_away else None

    @property
    def away_for(self) -> float:
        """Seconds since the first request of many in a row that got no answer; 0 while the server answers."""
        with self._lock:
            return 0.0 if self._lost_at is None else self._clock() - self._lost_at
