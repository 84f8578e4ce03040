"""Is the port free, and does the web server answer on it."""

import json
import socket
from http.client import HTTPConnection, HTTPException

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
    """Say whether the web server finds database, broker, storage, relay and a worker.

    Work that waited while everything stood still is no reason to give up: they are here to do it.
    """
    server = HTTPConnection(LOOPBACK, port, timeout=ANSWER_WITHIN_S)
    try:
        # As the proxy would ask: where TLS ends before us, plain HTTP is sent elsewhere.
        server.request("GET", "/readyz", headers={"X-Forwarded-Proto": "https"})
        checks = json.loads(server.getresponse().read())["checks"]
    except (OSError, HTTPException, ValueError, KeyError):
        return False
    finally:
        server.close()
    return all(answer == "ok" for part, answer in checks.items() if part != "outbox")
