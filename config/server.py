"""The web server's worker: no client, however slow or broken, holds a thread that somebody else needs.

    gunicorn config.wsgi --worker-class config.server.Worker --threads 8

TLS and HTTP/2 end at the proxy.
"""

import socket
import threading
from collections import deque
from concurrent.futures import Future
from functools import partial
from selectors import EVENT_READ
from time import monotonic
from typing import Any

from django.utils.module_loading import import_string
from gunicorn import util
from gunicorn.http import get_parser
from gunicorn.http.errors import (
    InvalidResponseHeader,
    InvalidResponseHeaderName,
    LimitRequestHeaders,
    LimitRequestLine,
    ParseException,
)
from gunicorn.workers.gthread import TConn, ThreadWorker

from config.inlet import Inlet

HEAD_END = b"\r\n\r\n"
HEAD_MAX = 64 * 1024
HEAD_S = 10.0
# How long a client that was answered early may go on sending before its connection is cut.
LINGER_S = 5.0
READ = 64 * 1024


class Worker(ThreadWorker):
    """gunicorn's threaded worker, with heads gathered and leftovers discarded in the loop instead of in threads."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.seats = threading.Semaphore(max(1, self.cfg.threads * 5 // 8))
        self.lingering: deque[TConn] = deque()

    @classmethod
    def check_config(cls, cfg: Any, log: Any) -> None:
        if cfg.is_ssl:
            raise RuntimeError("This server speaks plain HTTP; end TLS at the proxy.")
        super().check_config(cfg, log)

    def run(self) -> None:
        # By name: the app registry is there only once the worker has loaded the product.
        import_string("monitoring.traffic.keep_writing")()
        super().run()

    # Before the request -------------------------------------------------------------------------------------------

    def enqueue_req(self, conn: TConn) -> None:
        """Give the connection a thread once its head is whole."""
        if conn.parser is None:
            conn.parser = get_parser(self.cfg, Inlet(conn.sock, self.seats), conn.client)
        if _is_whole(conn):
            super().enqueue_req(conn)
        else:
            self._await_head(conn)

    def on_pending_socket_readable(self, conn: TConn, client: socket.socket) -> None:
        read = _what_is_there(conn.sock)
        if read == b"":
            self.pending_conns.remove(conn)
            self._end(conn)
        elif read is not None:
            conn.parser.unreader.unread(conn.parser.unreader.take_buffered() + read)
            if _is_whole(conn):
                super().on_pending_socket_readable(conn, client)

    def _await_head(self, conn: TConn) -> None:
        conn.sock.setblocking(False)
        conn.timeout = monotonic() + HEAD_S
        self.pending_conns.append(conn)
        self.poller.register(conn.sock, EVENT_READ, partial(self.on_pending_socket_readable, conn))

    # The request --------------------------------------------------------------------------------------------------

    def handle_request(self, req: Any, conn: TConn) -> bool:
        inlet = conn.parser.unreader.sock
        # gunicorn would ask for the body before anybody has looked at the credentials.
        inlet.open(owes_continue=req._expected_100_continue)
        req._expected_100_continue = False
        try:
            return super().handle_request(req, conn)
        finally:
            inlet.shut()

    def _keepalive_after(self, conn: TConn, keepalive: bool) -> bool:
        is_kept = super()._keepalive_after(conn, keepalive)
        conn.parser.unreader.sock.next()
        return is_kept

    def handle_error(self, req: Any, client: socket.socket, addr: Any, exc: BaseException) -> None:
        """Answer what never reached the product with a problem of its catalogue. Nothing of the input comes back."""
        code = _code_of(exc)
        if code == "internal":
            self.log.exception("Unable to serve a request")
        else:
            self.log.warning("Refused a request that cannot be read: %s", type(exc).__name__)
        # By name: the catalogue needs the app registry, which the worker is loaded before.
        answer = import_string("inspection.api.problems.answer_unread")(code)
        util.write_nonblock(client, _on_the_wire(answer))

    # After the request --------------------------------------------------------------------------------------------

    def finish_request(self, conn: TConn, fs: Future) -> None:
        if fs.cancelled() or fs.exception() or fs.result():
            super().finish_request(conn, fs)
        else:
            self._linger(conn)

    def murder_pending(self) -> None:
        super().murder_pending()
        while self.lingering and self.lingering[0].timeout < monotonic():
            self._end(self.lingering.popleft())

    def _linger(self, conn: TConn) -> None:
        """Close so that the answer arrives: a socket closed over unread bytes is reset, and the client sees nothing."""
        try:
            conn.sock.shutdown(socket.SHUT_WR)
            conn.sock.setblocking(False)
            self.poller.register(conn.sock, EVENT_READ, partial(self._discard, conn))
        except OSError:
            self.nr_conns -= 1
            conn.close()
            return
        conn.timeout = monotonic() + LINGER_S
        self.lingering.append(conn)

    def _discard(self, conn: TConn, client: socket.socket) -> None:
        if _what_is_there(client) == b"":
            self.lingering.remove(conn)
            self._end(conn)

    def _end(self, conn: TConn) -> None:
        self.poller.unregister(conn.sock)
        self.nr_conns -= 1
        conn.close()


def _is_whole(conn: TConn) -> bool:
    """Say whether a head has come, or more than any head may have."""
    gathered = conn.parser.unreader.buf.getvalue()
    return HEAD_END in gathered or len(gathered) > HEAD_MAX


def _what_is_there(sock: socket.socket) -> bytes | None:
    """Return what a socket that never blocks holds: None for nothing yet, no bytes at its end."""
    try:
        return sock.recv(READ)
    except BlockingIOError:
        return None
    except OSError:
        return b""


def _code_of(error: BaseException) -> str:
    if isinstance(error, InvalidResponseHeader | InvalidResponseHeaderName):
        return "internal"
    if isinstance(error, LimitRequestLine):
        return "address-too-long"
    if isinstance(error, LimitRequestHeaders):
        return "headers-too-large"
    return "bad-request" if isinstance(error, ParseException) else "internal"


def _on_the_wire(answer: Any) -> bytes:
    answer["Connection"], answer["Content-Length"] = "close", str(len(answer.content))
    status = f"HTTP/1.1 {answer.status_code} {answer.reason_phrase}\r\n"
    return status.encode("latin-1") + answer.serialize_headers() + HEAD_END + answer.content
