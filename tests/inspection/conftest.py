"""What the tests of inspection share: a line with its station and key, and a client that speaks as it."""

import pytest

from inspection import stations
from tests.builders import NOON, make_line, make_station
from tests.inspection.device import Device


@pytest.fixture(autouse=True)
def _images_of_its_own(settings, tmp_path):
    """Give every test an empty image store."""
    settings.STORAGES = settings.STORAGES | {
        "default": {
            "BACKEND": "config.storage.DurableFileSystemStorage",
            "OPTIONS": {"location": tmp_path / "images"},
        }
    }


@pytest.fixture
def device(db) -> Device:
    """A station of `phone-glass` with a live key."""
    return make_device(make_line())


def make_device(line, name: str = "st-01", **fields) -> Device:
    station = make_station(line, name, **fields)
    return Device(station, stations.issue_key(station, now=NOON))
