"""Is the port free, and does the web server answer on it."""

import socket

from config.engine.failure import CannotStart

LOOPBACK = "127.0.0.1"
ANSWER_WITHIN_S = 5.0


def check_port(port: int) -> None:
    """Raise CannotStart when somebody else has the port."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError as error:
            raise CannotStart(f"Port {port} cannot be used ({error.strerror}); choose another with --port.") from error


def is_ready(port: int) -> bool:
    """Say whether the web server finds database, broker, storage and a worker."""
    request = b"GET /readyz HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n"
    try:
        with socket.create_connection((LOOPBACK, port), timeout=ANSWER_WITHIN_S) as probe:
            probe.sendall(request)
            return b" 200 " in probe.recv(64)
    except OSError:
        return False
