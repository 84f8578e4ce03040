"""What a round of the clockwork shuts off from the rest: one deed, or one deed on one line."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import TypeVar

import structlog
from django.db import DatabaseError, close_old_connections, connection

from inspection.rules.shifts import UnreadableClock

logger = structlog.get_logger(__name__)

Row = TypeVar("Row")


@contextmanager
def around(deed: str, *, line: int | None = None) -> Iterator[None]:
    """Tell of what fails inside and go on behind it: what the database refuses, and a line whose clock is unreadable.

    The next round tries again. Anything else is a fault of the program and ends the process, as it should.
    """
    try:
        yield
    except (DatabaseError, UnreadableClock):
        logger.exception("Unable to finish a deed of the round", deed=deed, line=line)
        # One that was lost is opened anew; inside a transaction it is its owner's.
        if not connection.in_atomic_block:
            close_old_connections()


def each(deed: str, rows: Iterable[tuple[int, Row]], do: Callable[[Row], int]) -> int:
    """Do a deed for each row, named beside its line, whatever fails on another. Return the sum of what came of it."""
    done = 0
    for line, row in rows:
        with around(deed, line=line):
            done += do(row)
    return done
