"""Blue-green under load: how long until every process has switched, what fails meanwhile, and what is mixed.

    python -m bench.switches [--switches 200] [--rate 20] [--kill-each 25] [--minutes 20]

Real PostgreSQL, Redis, relay, two web processes and two workers on a line at `partial` whose parts have two views, sent
at a fixed rate. A lead starts a blue-green rollout, switches as soon as the evidence lets them, and rolls back: two
switches a round. A worker is killed in the moment of some of the switches, and started anew as the engine would.
The limits: no failed item, no run decided by two models, and 95 % of the switches within a second in every process.
"""

import argparse
import importlib
import itertools
import os
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import uuid4

import requests
from django.utils.timezone import now as clock

from bench import figures
from bench.engine import Engine, running
from bench.shots import shots
from tools.with_postgres import cluster

WORKERS = 2
SENDERS = 8
PICTURES = 400
SIZE = (320, 240)
VIEWS = ("front", "back")
LINE = "switch:partial:1:3600:2"
PAUSE_S = 0.7
READY_WITHIN_S = 60.0
SETTLED_S = 8.0


@dataclass(frozen=True)
class Switch:
    """One switch: what was asked for, when, when the answer came, and whom it cost its life."""

    deed: str
    version: str
    pressed_at: datetime
    answered_at: datetime
    killed: str = ""


@dataclass
class Load:
    """Posts two-view parts at a fixed rate whatever the answers do; keeps what was not taken in."""

    url: str
    station: Mapping[str, Any]
    pictures: Sequence[bytes]
    rate: float
    sent: int = 0
    refused: list[str] = field(default_factory=list)
    _done: threading.Event = field(default_factory=threading.Event)

    @contextmanager
    def flowing(self) -> Iterator[None]:
        started = time.monotonic()
        with ThreadPoolExecutor(SENDERS) as senders:
            sending = [senders.submit(self._send, first, started) for first in range(SENDERS)]
            try:
                yield
            finally:
                self._done.set()
            self.sent = sum(one.result() for one in sending)

    def _send(self, first: int, started: float) -> int:
        sent = 0
        # A station keeps its connection from one image to the next.
        with requests.Session() as station:
            for n in itertools.count(first, SENDERS):
                if self._done.wait(max(0.0, started + n / self.rate - time.monotonic())):
                    break
                picture = self.pictures[n % len(self.pictures)]
                self._post(station, f"S-{n // len(VIEWS):06d}", VIEWS[n % len(VIEWS)], picture)
                sent += 1
        return sent

    def _post(self, station: requests.Session, serial: str, view: str, picture: bytes) -> None:
        key = f"Station {self.station['key_id']}:{self.station['secret']}"
        answer = station.post(
            f"{self.url}/api/v1/items/",
            headers={"Authorization": key, "Idempotency-Key": uuid4().hex},
            data={"serial": serial, "view": view, "captured_at": clock().isoformat()},
            files={"image": ("image", picture, "image/jpeg")},
            timeout=60,
        )
        if not answer.ok:
            self.refused.append(f"{answer.status_code}: {answer.text[:200]}")


@dataclass
class Lead:
    """A QA lead who rolls out and back over HTTP. The switch is another lead's: it takes their token and password."""

    engine: Engine
    token: str
    approver: str
    password: str
    kill_each: int
    switches: list[Switch] = field(default_factory=list)
    unready: list[str] = field(default_factory=list)

    def round_trip(self, candidate: str, incumbent: str) -> None:
        """Put the candidate beside the incumbent, switch to it once the evidence allows, and back."""
        started = self._post("lines/switch/rollouts/", candidate=candidate, strategy="blue_green")
        started.raise_for_status()
        path = f"rollouts/{started.json()['id']}"
        if not self._is_ready(path):
            self.unready.append(path)
            self._post(f"{path}/abort/", reason="bench")
            return
        self._switch(f"{path}/promote/", version=candidate, by=self.approver, password=self.password)
        time.sleep(PAUSE_S)
        self._switch(f"{path}/rollback/", version=incumbent, by=self.token)
        time.sleep(PAUSE_S)

    def _is_ready(self, path: str) -> bool:
        """Wait for the evidence; False where it does not come, or a guardrail took the candidate off."""
        deadline = time.monotonic() + READY_WITHIN_S
        seen = self._seen(path)
        while seen["recommendation"]["move"] != "propose":
            if time.monotonic() > deadline or seen["outcome"] != "open":
                return False
            time.sleep(0.3)
            seen = self._seen(path)
        return True

    def _switch(self, path: str, *, version: str, by: str, **body: Any) -> None:
        victim = self._victim()
        # In the very moment of the switch: it is on its way when the worker dies.
        killing = [threading.Timer(0.01, victim.kill)] if victim is not None else []
        pressed = clock()
        for one in killing:
            one.start()
        answer = self._post(path, by=by, **body)
        answered = clock()
        answer.raise_for_status()
        for one in killing:
            one.join()
        if victim is not None:
            victim.start()
        self.switches.append(Switch(path, version, pressed, answered, victim.name if victim else ""))

    def _victim(self) -> Any:
        n = len(self.switches) + 1
        is_due = bool(self.kill_each) and n % self.kill_each == 0
        return self.engine.children[f"worker{'_2' if n // self.kill_each % 2 else ''}"] if is_due else None

    def _post(self, path: str, *, by: str = "", **body: Any) -> requests.Response:
        signed_in = {"Authorization": f"Bearer {by or self.token}"}
        return requests.post(f"{self.engine.url}/api/v1/{path}", json=body, headers=signed_in, timeout=60)

    def _seen(self, path: str) -> dict[str, Any]:
        signed_in = {"Authorization": f"Bearer {self.token}"}
        return requests.get(f"{self.engine.url}/api/v1/{path}/", headers=signed_in, timeout=60).json()


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Switch a line between two models under load.")
    parser.add_argument("--switches", type=int, default=200)
    parser.add_argument("--rate", type=float, default=20.0, help="images a second")
    parser.add_argument("--kill-each", type=int, default=25, help="kill a worker in each n-th switch; 0 for never")
    parser.add_argument("--minutes", type=float, default=20.0, help="end after so long, with what was reached")
    options = parser.parse_args(arguments)
    os.environ["GUNICORN_CMD_ARGS"] = "--config python:bench.switches_web"
    with cluster() as database:
        os.environ["DATABASE_URL"] = database
        with running(workers=WORKERS, has_second=True) as engine:
            found = _measured(engine, options)
    figures.keep("switches", found)
    return 0


def _measured(engine: Engine, options: argparse.Namespace) -> dict[str, Any]:
    # Its models exist only inside a set-up Django.
    rows = importlib.import_module("bench.switches_rows")
    floor = rows.prepare(LINE, views=VIEWS)
    people = floor["people"]
    lead = Lead(engine, people["quinn"], people["quill"], floor["password"], options.kill_each)
    load = Load(engine.url, floor["stations"][0], shots(PICTURES, size=SIZE), options.rate)
    incumbent, candidate = rows.VERSIONS
    with load.flowing():
        time.sleep(SETTLED_S)
        began = time.monotonic()
        while len(lead.switches) < options.switches and time.monotonic() < began + options.minutes * 60:
            lead.round_trip(candidate, incumbent)
            print(f"{len(lead.switches)} switches", file=sys.stderr)
        lasted = time.monotonic() - began
        time.sleep(SETTLED_S)
    return {
        "items sent": load.sent,
        "items a second": round(load.sent / (lasted + 2 * SETTLED_S), 1),
        "refused at the door": load.refused[:5],
        "rounds whose candidate was not looked at enough, or was taken off": len(lead.unready),
        **rows.outcome(load.sent),
        **rows.times(lead.switches),
    }


if __name__ == "__main__":
    sys.exit(main())
