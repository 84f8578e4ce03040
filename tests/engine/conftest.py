"""The engine as real processes, on a free port and in a folder of its own; whatever a test starts is ended by pid."""

from pathlib import Path

import pytest

from bench import floor
from bench.own_engine import OwnEngine

HERE = Path(__file__).parent
FLOOR = ("glass:shadow:1", "back:partial:1")


def pytest_collection_modifyitems(items):
    for item in items:
        if HERE in item.path.parents and item.path.stem != "test_light_processes":
            item.add_marker(pytest.mark.engine)


@pytest.fixture
def start():
    """Start an engine: `start(folder, "--no-demo")`."""
    started = []

    def make(folder, *options, **environment):
        engine = OwnEngine(folder, *options, environment=environment).start()
        started.append(engine)
        return engine

    yield make
    for engine in started:
        engine.stop()


@pytest.fixture(scope="module")
def demo_folder(tmp_path_factory):
    """A state folder that tests of one module start again and again."""
    return tmp_path_factory.mktemp("demo") / "data"


@pytest.fixture
def floor_engine(start, tmp_path):
    """An engine that runs with two lines, a station on each, and people; and who they are."""
    facts = floor.furnish(tmp_path / "data", *FLOOR)
    engine = start(tmp_path / "data", "--no-demo", TOLLGATE_ENV="demo").await_up()
    return engine, facts
