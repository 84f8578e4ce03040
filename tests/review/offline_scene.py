"""A station that decided alone while the server was away, as the server meets it afterwards: over HTTP."""

import json
from typing import Any

from django.utils.timezone import now as clock

from inspection import grants
from inspection.models import Item, Line, OfflineDecision, Outbox, Run
from review import arrivals, reconciling
from tests.builders import make_line, make_user
from tests.inspection.device import Device
from tests.inspection.items import DARK, picture
from tests.inspection.making import make_device
from tests.inspection.models import make_bands, make_serving

MINUTES = 5


def make_lonely_line(**fields) -> Line:
    """Return a line at partial with nothing drawn, patient enough for a slow machine."""
    shares = dict.fromkeys(("truth_share", "overlap_share", "control_share", "audit_share"), 0.0)
    patience = {"model_deadline_s": 600.0, "review_deadline_s": 900.0}
    line = make_line(**{"level": "partial", **patience, **shares, **fields})
    make_bands(line, make_serving(line))
    return line


def make_lonely_device(line: Line, *, minutes: int = MINUTES) -> Device:
    """Return a station that an administrator lets decide alone for so many minutes."""
    device = make_device(line)
    if minutes:
        grants.allow(device.station, minutes=minutes, by=make_user("admin", role=None), now=clock())
    return device


def beat(device: Device, **said) -> dict[str, Any]:
    """Return the server's answer to a heartbeat of this moment."""
    body = {"sent_at": clock().isoformat(), **said}
    return device.send("/api/v1/stations/me/heartbeat/", json.dumps(body)).json()


def claim(orders: dict[str, Any], **changes) -> dict[str, Any]:
    """Return what an honest station says it decided a moment after these orders, with what the test changes."""
    terms = json.loads(orders["grant"]["text"])
    honest = {
        "grant": orders["grant"]["id"],
        "model_sha256": terms["model"]["sha256"],
        "verdict": "pass",
        "decided_at": clock().isoformat(),
        "age_s": 12.0,
        "probability": 0.01,
    }
    return honest | changes


def send(device: Device, said: dict[str, Any] | None, *, serial: str = "A-1", light: float = DARK, key: str = ""):
    """Post an image with what the station says it decided about it."""
    decided = {} if said is None else {"decided": json.dumps(said)}
    body = picture(light, seed=sum(serial.encode()))
    return device.post(body, serial=serial, key=key or serial, **decided)


def reconcile(*, drawn: bool = False) -> None:
    """Let the models look at what came in, drawn for an audit or not, and a round of the relay follow."""
    Run.objects.filter(is_settled=False).update(drawn_audit=drawn)
    arrivals.predict_all(list(Outbox.objects.filter(done_at=None).values_list("key", flat=True)), clock=clock)
    reconciling.follow_due(now=clock())


def decided_alone(
    device: Device, *, serial: str = "A-1", light: float = DARK, drawn: bool = False, **changes
) -> OfflineDecision:
    """Return a decision taken alone after a heartbeat, reconciled; `drawn` says what chance said about its audit."""
    send(device, claim(beat(device), **changes), serial=serial, light=light)
    reconcile(drawn=drawn)
    return OfflineDecision.objects.select_related("item__run", "item__routing").get(item__run__part__serial=serial)


def item_of(serial: str = "A-1") -> Item:
    return Item.objects.select_related("run__disposition", "routing").get(run__part__serial=serial)
