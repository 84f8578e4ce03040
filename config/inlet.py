"""A connection's way in: whoever sends slowly gets so many seconds, and a seat among few."""

import errno
import socket
from contextlib import suppress
from threading import Semaphore
from time import monotonic

from gunicorn.http.errors import LimitRequestHeaders

CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
BODY_S = 30.0
# A body that comes at a network's usual pace is whole by then; what takes longer needs a seat.
FREE_S = 0.5


class Inlet:
    """Stands for the socket where the parser reads.

    The head was gathered before a thread was spent on it, so nothing is read for it here. The body may be waited
    for until its deadline, beyond the first half second only with one of the seats. After the answer only what
    is there already is taken.
    """

    def __init__(self, sock: socket.socket, seats: Semaphore) -> None:
        self._sock = sock
        self._seats = seats
        self._is_head = True
        self._owes_continue = False
        self._is_seated = False
        self._free_until = self._until = 0.0

    def open(self, *, owes_continue: bool) -> None:
        """Let the body in. A client that asked first is told to go on when somebody reads, not before."""
        self._is_head, self._owes_continue = False, owes_continue
        self._free_until, self._until = monotonic() + FREE_S, monotonic() + BODY_S
        self._sock.settimeout(BODY_S)

    def shut(self) -> None:
        """Wait for nothing any more."""
        self._free_until = self._until = 0.0
        self._owes_continue = False
        if self._is_seated:
            self._is_seated = False
            self._seats.release()

    def next(self) -> None:
        """Expect the head of the next request."""
        self._is_head = True

    def recv(self, size: int) -> bytes:
        """Return some bytes of the body. Raises TimeoutError past the deadline, BlockingIOError without a seat."""
        if self._is_head:
            raise LimitRequestHeaders("The head is larger than anything that is read.")
        if self._owes_continue:
            self._owes_continue = False
            self._sock.sendall(CONTINUE)
        if not self._is_seated:
            with suppress(TimeoutError):
                return self._within(self._free_until, size)
            self._sit()
        return self._within(self._until, size)

    def gettimeout(self) -> float | None:
        return self._sock.gettimeout()

    def settimeout(self, seconds: float | None) -> None:
        self._sock.settimeout(seconds)

    def _sit(self) -> None:
        if monotonic() > self._until:
            raise TimeoutError(errno.ETIMEDOUT, "The body took too long.")
        if not self._seats.acquire(blocking=False):
            raise BlockingIOError(errno.EAGAIN, "Too many slow bodies are being read.")
        self._is_seated = True

    def _within(self, until: float, size: int) -> bytes:
        self._sock.settimeout(max(0.0, until - monotonic()))
        try:
            return self._sock.recv(size)
        except (TimeoutError, BlockingIOError) as error:
            raise TimeoutError(errno.ETIMEDOUT, "The body took too long.") from error
        finally:
            self._sock.settimeout(BODY_S)
