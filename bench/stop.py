"""STOP in the moment in which a canary's share changes, under load: its answer, and what is decided alone after it.

    python -m bench.stop [--lines 20] [--seconds 2] [--rate 12]

Real PostgreSQL, Redis, relay, two web processes and two workers. On lines at `partial` whose bands decide most parts,
fed at a fixed rate, half of the runs belong to a canary. On one line after the other a lead changes its share and
another one stops the line, both at once. The limit is two seconds from the press to the last automatic decision of the
line in every process; when each was written is the database's word.
"""

import argparse
import importlib
import itertools
import os
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from threading import Event
from typing import Any
from uuid import uuid4

import requests
from django.utils.timezone import now as clock

from bench import figures
from bench.engine import running
from bench.shots import shots
from tools.with_postgres import cluster

WORKERS = 2
SENDERS = 4
LIMIT_S = 2.0
PICTURES = 900
CANARY = "drawn-net:2"
SHARES = (0.5, 0.2)


@dataclass(frozen=True)
class Press:
    """One STOP: of which line, when it was pressed, and when its answer came."""

    line: str
    pressed_at: datetime
    answered_at: datetime


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description="Time STOP in the moment in which a canary's share changes.")
    parser.add_argument("--lines", type=int, default=20, help="lines to stop, one after the other")
    parser.add_argument("--seconds", type=float, default=2.0, help="time between two presses")
    parser.add_argument("--rate", type=float, default=12.0, help="images a second over all lines")
    options = parser.parse_args(arguments)
    with cluster() as database:
        os.environ["DATABASE_URL"] = database
        with running(workers=WORKERS, has_second=True) as engine:
            figures.keep("stop", _measured(engine.url, options))


def _measured(url: str, options: argparse.Namespace) -> dict[str, Any]:
    # Its models exist only inside a set-up Django.
    rows = importlib.import_module("bench.stop_rows")
    floor = rows.prepare([f"stop-{n}:partial:1:600" for n in range(options.lines)])
    stations, people = floor["stations"], floor["people"]
    canaries = {one["line"]: _canary(url, one["line"], token=people["quill"]) for one in stations}
    with _load(url, stations, shots(PICTURES), rate=options.rate):
        time.sleep(5 * options.seconds)
        presses = []
        for line, canary in canaries.items():
            presses.append(_press(url, line, canary, leads=(people["quinn"], people["quill"])))
            time.sleep(options.seconds)
        time.sleep(LIMIT_S)
    answers = [(one.answered_at - one.pressed_at).total_seconds() for one in presses]
    return {
        "press to answer, ms": figures.spread([seconds * 1000 for seconds in answers]),
        "slowest answer over the limit of 2 s": round(max(answers) / LIMIT_S, 3),
        **rows.outcome(presses),
    }


def _canary(url: str, line: str, *, token: str) -> int:
    """Put the candidate beside what serves, for half of the runs. Return the rollout."""
    wanted = {"candidate": CANARY, "strategy": "canary", "share": SHARES[0], "reason": "bench"}
    return _posted(url, f"lines/{line}/rollouts/", token=token, **wanted)["id"]


def _press(url: str, line: str, canary: int, *, leads: tuple[str, str]) -> Press:
    """Stop a line while another lead changes the share of its canary."""
    stops, moves = leads
    with ThreadPoolExecutor(1) as other:
        moving = other.submit(_posted, url, f"rollouts/{canary}/share/", token=moves, share=SHARES[1])
        pressed = clock()
        _posted(url, f"lines/{line}/automation/stop/", token=stops, reason="bench")
        answered = clock()
        moving.result()
    return Press(line, pressed, answered)


def _posted(url: str, path: str, *, token: str, **body: Any) -> dict[str, Any]:
    signed_in = {"Authorization": f"Bearer {token}"}
    answer = requests.post(f"{url}/api/v1/{path}", headers=signed_in, json=body, timeout=60)
    answer.raise_for_status()
    return answer.json()


@contextmanager
def _load(url: str, stations: Sequence[dict[str, Any]], pictures: Sequence[bytes], *, rate: float) -> Iterator[None]:
    """Send to all lines in turn, at a fixed rate whatever the answers do."""
    done, started = Event(), time.monotonic()

    def send(first: int) -> None:
        for n in itertools.count(first, SENDERS):
            if done.wait(max(0.0, started + n / rate - time.monotonic())):
                return
            _post(url, stations[n % len(stations)], f"S-{n:06d}", pictures[n % len(pictures)])

    with ThreadPoolExecutor(SENDERS) as senders:
        sending = [senders.submit(send, n) for n in range(SENDERS)]
        try:
            yield
        finally:
            done.set()
        for one in sending:
            one.result()


def _post(url: str, station: dict[str, Any], serial: str, picture: bytes) -> None:
    answer = requests.post(
        f"{url}/api/v1/items/",
        headers={"Authorization": f"Station {station['key_id']}:{station['secret']}", "Idempotency-Key": uuid4().hex},
        data={"serial": serial, "captured_at": clock().isoformat()},
        files={"image": ("image", picture, "image/jpeg")},
        timeout=60,
    )
    if answer.status_code != requests.codes.too_many_requests:
        answer.raise_for_status()


if __name__ == "__main__":
    main()
