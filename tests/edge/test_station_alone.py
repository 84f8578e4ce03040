"""A real station process and the real server: the way between them is cut, parts go on, and all is taken over once."""

import json
import queue
import re
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from django.test import Client
from django.utils.timezone import now as clock

from inspection import dispositions, registry
from inspection.models import Item, OfflineDecision
from review.models import ReviewTask
from tests.edge.builders import lay
from tests.inspection.items import BRIGHT, DARK, picture
from tests.review.offline_scene import make_lonely_device, make_lonely_line, reconcile

pytestmark = [pytest.mark.django_db, pytest.mark.slow]
ROOT = Path(__file__).parents[2]
WITHIN_S = 120


class Way:
    """The way to the server: requests come in from outside and are answered by the test, with its own database."""

    def __init__(self):
        self.is_cut, self._asked, self._client = False, queue.Queue(), Client()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self._server.server_port}"

    def serve_until(self, fact, what):
        """Answer what comes in until a fact holds."""
        end = time.monotonic() + WITHIN_S
        while not fact():
            assert time.monotonic() < end, f"waited {WITHIN_S} s in vain for {what}"
            try:
                asked, answered = self._asked.get(timeout=0.05)
            except queue.Empty:
                continue
            answered.put(self._client.generic(**asked))

    def close(self):
        self.is_cut = True
        self._server.shutdown()
        self._server.server_close()

    def _handler(way):  # noqa: N805 - the handler has a self of its own
        class Handler(BaseHTTPRequestHandler):
            def answer(self):
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                if way.is_cut:
                    self.close_connection = True
                    return
                asked = {
                    "method": self.command,
                    # Nobody waits: who answers here is the one who would make the awaited thing happen.
                    "path": re.sub(r"wait=[0-9.]+", "wait=0", self.path),
                    "data": body,
                    "content_type": self.headers.get("Content-Type", ""),
                    "headers": dict(self.headers.items()),
                }
                answered = queue.Queue()
                way._asked.put((asked, answered))
                response = answered.get()
                content = b"".join(response) if response.streaming else response.content
                self.send_response(response.status_code)
                for name, value in response.headers.items():
                    if name != "Content-Length":
                        self.send_header(name, value)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def do_GET(self):
                self.answer()

            def do_POST(self):
                self.answer()

            def log_message(self, *_):
                """The test tells what went wrong."""

        return Handler


@pytest.fixture
def way():
    opened = Way()
    yield opened
    opened.close()


@pytest.fixture(autouse=True)
def _own_files(settings, tmp_path):
    settings.MODELS_ROOT = tmp_path / "models"
    settings.STORAGES = {
        **settings.STORAGES,
        "default": {**settings.STORAGES["default"], "OPTIONS": {"location": tmp_path / "images"}},
    }
    registry.forget_loaded()


@pytest.fixture
def device():
    return make_lonely_device(make_lonely_line())


@pytest.fixture
def folder(tmp_path, device):
    """Where the station process lives: its camera's folder, its spool, its key."""
    (tmp_path / "camera").mkdir()
    key = tmp_path / "key"
    key.write_text(json.dumps({"key_id": device.key.key_id, "secret": device.key.secret}))
    key.chmod(0o600)
    return tmp_path


@pytest.fixture
def station(way, folder):
    command = [sys.executable, "-m", "edge.station", "--url", way.url, "--key", str(folder / "key")]
    places = ["--watch", str(folder / "camera"), "--spool", str(folder / "spool")]
    with (folder / "console").open("wb") as out, (folder / "log").open("wb") as log:
        process = subprocess.Popen([*command, *places], cwd=ROOT, stdout=out, stderr=log)
    yield process
    process.kill()
    process.wait()


def told(folder):
    """What the line was told, by serial."""
    lines = (folder / "console").read_text().splitlines()
    return {serial: (verdict, reason) for serial, _, verdict, reason in (line.split("\t") for line in lines)}


def shoot(folder, serial, light=DARK):
    lay(folder / "camera", f"{serial}.jpg", picture(light, seed=sum(serial.encode())))


def test_a_station_whose_server_goes_away_passes_what_it_may_and_is_taken_over_once(way, folder, station, device):
    sha256 = registry.serving(device.station.line).onnx_sha256
    way.serve_until((folder / "spool" / "alone" / sha256).is_dir, "the model")

    way.is_cut = True
    for serial, light in (("A-0", DARK), ("A-1", DARK), ("A-2", BRIGHT)):
        shoot(folder, serial, light)
        time_is_theirs(lambda serial=serial: is_spooled(folder, serial))
    time_is_theirs(lambda: "A-1" in told(folder))
    assert told(folder)["A-1"][0] == "pass"
    assert told(folder)["A-1"][1].startswith("decided offline, ")
    assert not Item.objects.exists()

    way.is_cut = False
    way.serve_until(lambda: Item.objects.count() == 3 and not list((folder / "spool" / "pending").iterdir()), "3 parts")
    reconcile()
    dispositions.sequence_due(now=clock())

    decision = OfflineDecision.objects.get()
    item = decision.item
    assert (item.run.part.serial, decision.standing) == ("A-1", "agreed")
    assert (item.run.disposition.verdict, item.run.disposition.decided_by) == ("pass", "model")
    way.serve_until(lambda: "A-0" in told(folder), "the server's word on the part that was held")
    lines = (folder / "console").read_text().splitlines()
    assert len([line for line in lines if line.startswith("A-1\t")]) == 1
    assert not ReviewTask.objects.filter(item=item).exists()


def is_spooled(folder, serial):
    return any(f'"{serial}"'.encode() in path.read_bytes() for path in (folder / "spool" / "pending").iterdir())


def time_is_theirs(fact):
    """Wait for something that the station does by itself."""
    end = time.monotonic() + WITHIN_S
    while not fact():
        assert time.monotonic() < end, f"waited {WITHIN_S} s in vain"
        time.sleep(0.05)
