import time

import pytest

from tests.edge.builders import LineOfTests, make_station
from tests.edge.stub_server import StubServer


@pytest.fixture
def server():
    stub = StubServer().start()
    yield stub
    stub.stop()


@pytest.fixture
def make_server():
    """Another stub each time."""
    stubs = []

    def make():
        stubs.append(StubServer().start())
        return stubs[-1]

    yield make
    for stub in stubs:
        stub.stop()


@pytest.fixture
def line():
    return LineOfTests()


@pytest.fixture
def start_station(server, line, tmp_path):
    """Start a station against the stub; all are stopped at the end."""
    started = []

    def start(**settings):
        station = make_station(server.url, tmp_path / "spool", line, **settings)
        started.append(station)
        station.start()
        return station

    yield start
    for station in started:
        station.stop()
    # Ends the requests that still wait, so that no thread lives on into the next test.
    server.stop()
    for station in started:
        station.join(5.0)


@pytest.fixture
def eventually():
    """Wait until a fact holds, looking often; fail when it never does."""

    def wait(fact, within=60.0):
        end = time.monotonic() + within
        while not fact():
            assert time.monotonic() < end, f"waited {within} s in vain"
            time.sleep(0.01)

    return wait
