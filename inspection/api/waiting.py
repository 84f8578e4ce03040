"""Requests that wait for a verdict: few at a time, and never with a transaction open."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import monotonic, sleep
from typing import TypeVar

from django.conf import settings
from django.db import connection

Found = TypeVar("Found")

FIRST_PAUSE_S = 0.02
LONGEST_PAUSE_S = 0.25

_seats = threading.Lock()
_seated = 0


def look_until(look: Callable[[], Found | None], *, seconds: float) -> Found | None:
    """Look again and again until there is something to see, for so many seconds at most.

    Looks once and no more when no wait is asked for, or when as many requests of this process wait already
    as WAITING_REQUESTS_MAX allows.
    """
    found = look()
    if found is not None or seconds <= 0:
        return found
    with _seat() as is_free:
        return _watch(look, seconds=seconds) if is_free else None


def _watch(look: Callable[[], Found | None], *, seconds: float) -> Found | None:
    until, pause = monotonic() + seconds, FIRST_PAUSE_S
    while (left := until - monotonic()) > 0:
        _rest(min(pause, left))
        found = look()
        if found is not None:
            return found
        pause = min(pause * 1.25, LONGEST_PAUSE_S)
    return None


def _rest(seconds: float) -> None:
    # A connection borrowed from a pool goes back between looks; a kept one is this thread's own either way.
    if connection.settings_dict["CONN_MAX_AGE"] == 0 and not connection.in_atomic_block:
        connection.close()
    sleep(seconds)


@contextmanager
def _seat() -> Iterator[bool]:
    global _seated
    with _seats:
        is_free = _seated < settings.WAITING_REQUESTS_MAX
        _seated += is_free
    try:
        yield is_free
    finally:
        with _seats:
            _seated -= is_free
