"""STOP under full load: how long until its answer, and what is still decided automatically after it.

    python -m bench.stop [--lines 20] [--seconds 2] [--rate 16]

Lines at `partial` whose bands decide most parts are fed nearly as fast as one worker can look, and stopped one after
the other by a lead. The limit is two seconds from the press to the last automatic decision of the line.
"""

import argparse
import importlib
import itertools
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import datetime, timedelta
from threading import Event
from typing import Any
from uuid import uuid4

import requests
from django.utils.timezone import now as clock

from bench import figures
from bench.engine import running
from bench.shots import shots

SENDERS = 4
LIMIT_S = 2.0
PICTURES = 900


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description="Time STOP under full load.")
    parser.add_argument("--lines", type=int, default=20, help="lines to stop, one after the other")
    parser.add_argument("--seconds", type=float, default=2.0, help="time between two presses")
    parser.add_argument("--rate", type=float, default=16.0, help="images a second over all lines")
    options = parser.parse_args(arguments)
    pictures = shots(PICTURES)
    with running() as engine:
        # Its models exist only inside a set-up Django.
        floor = importlib.import_module("bench.floor_rows").lay(
            [f"stop-{n}:partial:1:600" for n in range(options.lines)]
        )
        stations = floor["stations"]
        with _load(engine.url, stations, pictures, rate=options.rate):
            time.sleep(3 * options.seconds)
            presses = []
            for station in stations:
                presses.append(_press(engine.url, station["line"], token=floor["people"]["quinn"]))
                time.sleep(options.seconds)
        late = [_automatic_after(*press) for press in presses]
    answers = [(answered - pressed).total_seconds() for _, pressed, answered in presses]
    figures.keep(
        "stop",
        {
            "press to answer, ms": figures.spread([seconds * 1000 for seconds in answers]),
            "slowest answer over the limit of 2 s": round(max(answers) / LIMIT_S, 3),
            "press to last automatic decision, ms at most": round(max(ms for ms, _ in late)),
            "decided automatically after the answer": sum(after for _, after in late),
            "images at all": importlib.import_module("inspection.models").Item.objects.count(),
            "decided automatically at all": sum(_automatic(line).count() for line, *_ in presses),
        },
    )


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


def _press(url: str, line: str, *, token: str) -> tuple[str, datetime, datetime]:
    pressed = clock()
    answer = requests.post(
        f"{url}/api/v1/lines/{line}/automation/stop/",
        headers={"Authorization": f"Bearer {token}"},
        json={"reason": "bench"},
        timeout=60,
    )
    answer.raise_for_status()
    return line, pressed, clock()


def _automatic(line: str) -> Any:
    routings = importlib.import_module("inspection.models").Routing.objects
    return routings.filter(item__line__slug=line, route__in=["auto_pass", "auto_reject"])


def _automatic_after(line: str, pressed: datetime, answered: datetime) -> tuple[float, int]:
    """Return milliseconds from the press to the line's last automatic decision (0 if none), and how many came late."""
    moments = list(_automatic(line).filter(routed_at__gt=pressed).values_list("routed_at", flat=True))
    last = max(moments, default=pressed)
    return (last - pressed) / timedelta(milliseconds=1), sum(moment > answered for moment in moments)


if __name__ == "__main__":
    main()
