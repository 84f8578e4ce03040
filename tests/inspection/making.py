"""Stations with keys, and images on their way, for the tests of inspection."""

from datetime import datetime

from inspection import intake, stations
from inspection.models import Item, Line, Station
from tests.builders import NOON, make_station
from tests.inspection.device import Device
from tests.inspection.pictures import file_of, jpeg


def make_device(line: Line, name: str = "st-01", **fields) -> Device:
    station = make_station(line, name, **fields)
    return Device(station, stations.issue_key(station, now=NOON))


def upload(**changes) -> intake.Upload:
    """Return a good upload, with what the test changes about it."""
    facts = {"serial": "A-17", "view": "front", "captured_at": NOON, "file": file_of(jpeg()), "idempotency_key": "k-1"}
    return intake.Upload(**{**facts, **changes})


def make_item(station: Station, *, now: datetime = NOON, **changes) -> Item:
    """Return an item taken in through the front door."""
    return intake.accept(station, upload=upload(**changes), now=now).item
