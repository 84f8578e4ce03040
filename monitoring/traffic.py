"""What a web process answered: kept in memory as it happens, and put into the windows every few seconds."""

import logging
import threading
import time
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from django.db import DatabaseError, connection
from django.utils.timezone import now as clock

from monitoring import rollups
from monitoring.sources import processes
from monitoring.sources.seen import Seen

logger = logging.getLogger(__name__)

EVERY_S = 10.0
# While the database is away the oldest answers are forgotten, not the memory filled.
KEPT = 20_000


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """One answered request. `took_s` is None where the caller asked to wait, `waited_s` where nothing was written."""

    status: int
    took_s: float | None
    waited_s: float | None


_answers: deque[Answer] = deque(maxlen=KEPT)


def note(answer: Answer) -> None:
    """Keep an answer until the next writing. Costs no statement."""
    _answers.append(answer)


def write(*, now: datetime) -> int:
    """Put what was answered since the last time into its minute. Return how many answers there were.

    What cannot be written is kept for the next time.
    """
    taken = [_answers.popleft() for _ in range(len(_answers))]
    if not taken:
        return 0
    try:
        rollups.write(_seen(taken, now))
    except DatabaseError:
        _answers.extendleft(reversed(taken))
        raise
    return len(taken)


def keep_writing() -> None:
    """Write every few seconds from a thread of this process, so that no request pays for it."""
    threading.Thread(target=_write_for_ever, name="traffic", daemon=True).start()


def _write_for_ever() -> None:
    while True:
        time.sleep(EVERY_S)
        try:
            write(now=clock())
        except DatabaseError:
            logger.warning("Unable to keep what was answered; it is tried again.", exc_info=True)
        finally:
            connection.close()


def _seen(answers: list[Answer], now: datetime) -> Iterator[Seen]:
    yield Seen(None, "web_requests", now, float(len(answers)))
    yield from (Seen(None, metric, now, value) for metric, value in processes.own("web"))
    for answer in answers:
        yield Seen(None, "web_errors", now, float(answer.status >= 500))
        if answer.took_s is not None:
            yield Seen(None, "web_time", now, answer.took_s)
        if answer.waited_s is not None:
            yield Seen(None, "write_wait", now, answer.waited_s)
