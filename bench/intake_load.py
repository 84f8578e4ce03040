"""The load of `bench.intake`: posts images as a station does, and reads from the rows when each was routed."""

import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import requests
from django.db import connection
from django.utils.timezone import now as clock

from bench import figures
from inspection import epochs, registry, stations
from inspection.models import Item, Line, Prediction, Product, Routing, Station
from inspection.rules.words import Origin

SENDERS = 4
ROUTED_WITHIN_S = 120.0
PATIENCE_S = 3600.0


@dataclass(frozen=True)
class Door:
    """One station's door on a line at `shadow`: every image is predicted and goes to people."""

    url: str
    key: stations.IssuedKey
    line: Line

    def pace(self, pictures: Sequence[bytes], *, rate: float, warm_up_s: float) -> dict[str, Any]:
        """Send at a fixed rate whatever the answers do; return milliseconds from capture to routing and of the post."""
        started = time.monotonic()
        with ThreadPoolExecutor(SENDERS) as senders:
            posts = []
            for n, picture in enumerate(pictures):
                time.sleep(max(0.0, started + n / rate - time.monotonic()))
                posts.append(senders.submit(self._post, f"P-{n:05d}", picture))
            answers = [post.result() for post in posts][int(warm_up_s * rate) :]
        self._await_routed(len(pictures))
        routed = dict(Routing.objects.values_list("item__run__part__serial", "routed_at"))
        times = [(routed[serial] - captured).total_seconds() * 1000 for serial, captured, _ in answers]
        late = Routing.objects.filter(item__run__part__serial__startswith="P-", reason="model-deadline").count()
        return {
            "capture to routed, ms": figures.spread(times),
            "post, ms": figures.spread([ms for _, _, ms in answers]),
            "routed by the deadline instead": late,
        }

    def burst(self, pictures: Sequence[bytes]) -> dict[str, float]:
        """Send as fast as the door takes it; return the rate at which predictions come out until all are there."""
        Line.objects.filter(pk=self.line.pk).update(model_deadline_s=PATIENCE_S, review_deadline_s=PATIENCE_S)
        before = Item.objects.count()
        started = time.monotonic()
        with ThreadPoolExecutor(SENDERS) as senders:
            list(senders.map(self._post, [f"B-{n:05d}" for n in range(len(pictures))], pictures))
        door_s = time.monotonic() - started
        self._await_routed(before + len(pictures))
        made = Prediction.objects.filter(item__run__part__serial__startswith="B-").order_by("created_at")
        times = list(made.values_list("created_at", flat=True))
        return {
            "door, images/s": round(len(pictures) / door_s, 1),
            "sustained, items/s": round((len(times) - 1) / (times[-1] - times[0]).total_seconds(), 1),
            "lost": len(pictures) - len(times),
        }

    def _post(self, serial: str, picture: bytes):
        captured, started = clock(), time.monotonic()
        answer = requests.post(
            f"{self.url}/api/v1/items/",
            headers={
                "Authorization": f"Station {self.key.key_id}:{self.key.secret}",
                "Idempotency-Key": uuid4().hex,
            },
            data={"serial": serial, "captured_at": captured.isoformat()},
            files={"image": ("image", picture, "image/jpeg")},
            timeout=60,
        )
        answer.raise_for_status()
        return serial, captured, (time.monotonic() - started) * 1000

    def _await_routed(self, count: int) -> None:
        deadline = time.monotonic() + ROUTED_WITHIN_S
        while Routing.objects.count() < count:
            if time.monotonic() > deadline:
                raise TimeoutError(f"{Routing.objects.count()} of {count} items were routed.")
            time.sleep(0.2)
        connection.close()


def open_door(url: str, *, model: Path) -> Door:
    """Make a line at `shadow` with the model, and a station that may send as fast as it likes."""
    now = clock()
    product = Product.objects.create(sku="bench", name="Bench")
    line = Line.objects.create(
        slug="bench", name="Bench", product=product, level="shadow", created_at=now, scope_signed_at=now
    )
    epochs.enter(line, None, cause="bench", now=now)
    version = registry.register(model, name="bench", origin=Origin.SETUP, now=now)
    registry.serve(line, version, by=None, cause="bench", now=now)
    station = Station.objects.create(line=line, name="bench", rate_per_s=10_000, burst=100_000, created_at=now)
    return Door(url, stations.issue_key(station, now=now), line)
