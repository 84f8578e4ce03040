"""When the engine counts as started."""

import json
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread

import pytest

from config.engine import probes


@pytest.fixture
def answering():
    """Return a port that answers every request once with a status and a body."""
    servers = []

    def serve(status, body):
        class Answer(BaseHTTPRequestHandler):
            def do_GET(self):
                self.send_response(status)
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                """Say nothing."""

        servers.append(HTTPServer(("127.0.0.1", 0), Answer))
        Thread(target=servers[-1].handle_request, daemon=True).start()
        return servers[-1].server_port

    yield serve
    for server in servers:
        server.server_close()


def checks(**answers):
    return json.dumps({"status": "", "checks": {"database": "ok", "worker": "ok", "outbox": "ok", **answers}}).encode()


@pytest.mark.parametrize(
    ("status", "body", "is_ready"),
    [
        (200, checks(), True),
        (503, checks(outbox="The oldest waiting work is 900 seconds old."), True),
        (503, checks(worker="No worker was seen in the last 30 seconds."), False),
        (502, b"<html>", False),
        (500, b"{}", False),
    ],
)
def test_a_start_waits_for_every_part_but_not_for_the_work_of_before(answering, status, body, is_ready):
    assert probes.is_ready(answering(status, body)) is is_ready


def test_a_start_waits_where_nobody_answers_yet(answering):
    port = answering(200, checks())
    probes.is_ready(port)
    assert not probes.is_ready(port)
