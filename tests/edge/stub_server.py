"""A server that keeps the contract of the device API, in memory: items, dispositions, heartbeat.

It is the other side of the station's tests: what it was sent, in which order and with which keys can be asked,
and it can be told to refuse, to be busy, to go away, or to break the connection after it has taken a picture.
"""

import hashlib
import hmac
import json
import socket
import threading
import time
from collections import deque
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from random import Random
from urllib.parse import parse_qs, urlsplit

from vision.offline import signed_message

KEY_ID, SECRET = "st-1", "quite-secret"


def signed(text, *, answers, secret=SECRET):
    """The server's signature under terms, in answer to a heartbeat."""
    return hmac.new(secret.encode(), signed_message(text, answers=answers), hashlib.sha256).hexdigest()


@dataclass
class Run:
    serial: str
    number: int
    views: set[str] = field(default_factory=set)
    disposition: dict | None = None


@dataclass
class Received:
    """One accepted picture."""

    key: str
    sha256: str
    serial: str
    view: str
    fields: dict
    filename: str
    run: Run


class StubServer:
    """Knobs: `verdict` (given to every run at once, or None), `refusals` (sha256 to problem), `script` (answers to give
    before looking at a post), `break_rate` (share of posts that are taken and then not answered)."""

    def __init__(self, *, verdict=None, break_rate=0.0, seed=0):
        self.verdict, self.break_rate, self.random = verdict, break_rate, Random(seed)
        self.level, self.failsafe = "shadow", "hold"
        self.terms, self.model = None, b""
        self.refusals, self.script = {}, deque()
        self.received, self.attempts, self.pulses, self.posts_by_key = [], [], [], {}
        self.runs, self.log, self.requests, self.waits = {}, [], [], []
        self.changed = threading.Condition()
        self._port, self._server = 0, None

    @property
    def url(self):
        return f"http://127.0.0.1:{self._port}"

    def start(self):
        """Listen; after a stop, again on the same port and with all that was taken before."""
        handler = type("Handler", (_Handler,), {"stub": self})
        self._server = _Listener(("127.0.0.1", self._port), handler)
        self._port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        return self

    def stop(self):
        """Go away, breaking every connection. Stopping twice does no harm."""
        if self._server is None:
            return
        listener, self._server = self._server, None
        listener.shutdown()
        listener.break_connections()
        listener.server_close()
        with self.changed:
            self.changed.notify_all()

    def wait_for(self, fact, *, within=60.0):
        """Wait until something is so; say what was not, when it never was."""
        with self.changed:
            assert self.changed.wait_for(fact, timeout=within), f"waited {within} s for {fact}"

    def dispose(self, serial, verdict, *, run=None, reason="decided by a person", decided_by="human"):
        """Settle a run, as the finaliser does."""
        with self.changed:
            runs = self.runs[serial]
            self._settle(runs[-1 if run is None else run - 1], verdict, reason, decided_by)
            self.changed.notify_all()

    def serials(self):
        return [item.serial for item in self.received]

    def take(self, key, fields, image):
        """Accept a picture: status, answer."""
        fingerprint = json.dumps([image["sha256"], sorted(fields.items())])
        with self.changed:
            self.attempts.append(key)
            known = self.posts_by_key.get(key)
            if known and known[0] != fingerprint:
                return 422, {"code": "idempotency-key-reused", "status": 422, "retryable": False}
            if known:
                return 200, self._item(known[1])
            if image["sha256"] in self.refusals:
                return 422, self.refusals[image["sha256"]]
            item = self._enter(key, fields, image)
            self.posts_by_key[key] = (fingerprint, item)
            self.changed.notify_all()
            return (201 if item.run.disposition else 202), self._item(item)

    def _enter(self, key, fields, image):
        serial, view = fields["serial"], fields.get("view", "")
        runs = self.runs.setdefault(serial, [])
        if not runs or runs[-1].disposition or view in runs[-1].views:
            runs.append(Run(serial, len(runs) + 1))
        runs[-1].views.add(view)
        item = Received(key, image["sha256"], serial, view, fields, image["filename"], runs[-1])
        self.received.append(item)
        if self.verdict:
            self._settle(runs[-1], self.verdict, "auto-pass band", "model")
        return item

    def _settle(self, run, verdict, reason, decided_by):
        run.disposition = {
            "serial": run.serial,
            "run": run.number,
            "verdict": verdict,
            "final": True,
            "decided_by": decided_by,
            "reason": reason,
        }
        self.log.append({"cursor": len(self.log) + 1} | run.disposition)

    def _item(self, item):
        return {
            "id": item.key,
            "serial": item.serial,
            "run": item.run.number,
            "sha256": item.sha256,
            "disposition": item.run.disposition,
        }

    def dispositions(self, after, wait):
        with self.changed:
            self.changed.wait_for(lambda: len(self.log) > after or self._server is None, timeout=min(wait, 1.0))
            rows = self.log[after:]
        return {"results": rows, "next": rows[-1]["cursor"] if rows else after}

    def pulse(self, told):
        with self.changed:
            self.pulses.append(told)
            self.changed.notify_all()
        policy = {"failsafe": self.failsafe, "valid_for": 60}
        return {"level": self.level, "skew_s": 0.0, "policy": policy, "grant": self._grant(told)}

    def _grant(self, told):
        """The terms that the test gave, signed for this heartbeat."""
        if self.terms is None:
            return None
        return {"text": self.terms, "signatures": {KEY_ID: signed(self.terms, answers=told["sent_at"])}}


class _Listener(ThreadingHTTPServer):
    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, *arguments):
        self._open = set()
        super().__init__(*arguments)

    def process_request(self, request, client_address):
        self._open.add(request)
        super().process_request(request, client_address)

    def break_connections(self):
        for connection in self._open:
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue

    def handle_error(self, request, client_address):
        """A station that was killed in the midst of a request is no news here."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    stub: StubServer

    def log_message(self, *_):
        pass

    def do_GET(self):
        if not self._is_known(b""):
            return
        if "/models/" in self.path:
            start = int(self.headers.get("Range", "bytes=0-")[6:-1])
            self._answer(206 if start else 200, self.stub.model[start:])
        else:
            query = parse_qs(urlsplit(self.path).query)
            self._answer(200, self.stub.dispositions(int(query["after"][0]), float(query["wait"][0])))

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.stub.requests.append((time.monotonic(), urlsplit(self.path).path, dict(self.headers)))
        if not self._is_known(body):
            return
        if self.path.endswith("/heartbeat/"):
            self._answer(200, self.stub.pulse(json.loads(body)))
        elif self.stub.script:
            self._answer(*self.stub.script.popleft())
        else:
            self._take(body)

    def _take(self, body):
        fields, image = _multipart(body, self.headers["Content-Type"])
        self.stub.waits.append(float(parse_qs(urlsplit(self.path).query)["wait"][0]))
        status, answer = self.stub.take(self.headers["Idempotency-Key"], fields, image)
        if self.stub.random.random() < self.stub.break_rate:
            self.close_connection = True
            return
        self._answer(status, answer)

    def _is_known(self, body):
        shown = self.headers.get("Authorization") == f"Station {KEY_ID}:{SECRET}" or self._signature_holds(body)
        if not shown:
            self._answer(401, {"code": "unauthenticated", "status": 401})
        return shown

    def _signature_holds(self, body):
        parts = (
            self.command,
            urlsplit(self.path).path,
            self.headers.get("X-Station-Timestamp", ""),
            self.headers.get("X-Station-Nonce", ""),
            hashlib.sha256(body).hexdigest(),
        )
        expected = hmac.new(SECRET.encode(), "\n".join(parts).encode(), hashlib.sha256).hexdigest()
        return hmac.compare_digest(expected, self.headers.get("X-Station-Signature", ""))

    def _answer(self, status, answer, headers=()):
        body = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json" if status < 400 else "application/problem+json")
        self.send_header("Content-Length", str(len(body)))
        for name, value in dict(headers).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)


def _multipart(body, content_type):
    boundary = b"--" + content_type.partition("boundary=")[2].encode()
    fields, image = {}, {}
    for part in body.split(boundary)[1:-1]:
        head, _, content = part.partition(b"\r\n\r\n")
        disposition = head.decode().split("\r\n")[1]
        name = disposition.partition('name="')[2].partition('"')[0]
        if name == "image":
            filename = disposition.partition('filename="')[2].partition('"')[0]
            image = {"sha256": hashlib.sha256(content[:-2]).hexdigest(), "filename": filename}
        else:
            fields[name] = content[:-2].decode()
    return fields, image
