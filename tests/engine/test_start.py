"""From nothing to a running demo, and back: one folder, started again and again, in the order of the tests."""

import json
import os
import signal
import stat
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import requests

from bench.own_engine import wait_until

LINES = {"phone-glass", "phone-frame", "phone-lens", "phone-back"}
PEOPLE = {"ana", "andre", "aria", "quinn", "quill", "admin"}
LOADED_WITHIN_S = 900
SOON_S = 60


def children_of(pid):
    return {int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()}


def is_alive(pid):
    """Whether a process still runs; one that ended and waits to be collected does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def await_end(pids):
    wait_until(lambda: not any(map(is_alive, pids)), f"the end of {pids}", SOON_S)


def kept_password(folder):
    return json.loads((folder / "demo.json").read_text())["people"][0]["password"]


@pytest.fixture
def bystander():
    """Somebody else's process with a command that looks like one of the engine's."""
    other = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)", "-m", "celery", "config.celery"])
    yield other
    other.kill()
    other.wait()


def test_a_start_that_is_killed_while_it_loads_the_demo_takes_its_children_along(start, demo_folder):
    engine = start(demo_folder)
    wait_until(lambda: list((demo_folder / "images").rglob("*")), "the first pictures of the demo", LOADED_WITHIN_S)
    children = children_of(engine.process.pid)

    engine.process.kill()

    assert len(children) == 2
    await_end(children)
    assert not (demo_folder / "demo.json").exists()


def test_the_next_start_loads_the_demo_whole_and_ends_when_enough_items_are_answered(start, demo_folder):
    engine = start(demo_folder, "--exit-after", "10", "--rate", "240")
    assert engine.wait() == 0
    words = engine.words()
    assert f"Tollgate runs at {engine.url}" in words
    assert f"with the password {kept_password(demo_folder)}" in words
    assert f"{engine.url}/lines/phone-lens/automation/" in words
    assert not (demo_folder / "run.json").exists()


def test_a_later_start_tells_of_the_same_people_and_their_tokens_work(start, demo_folder):
    engine = start(demo_folder).await_up()
    facts = engine.facts()
    assert facts["url"] == engine.url
    assert {person["username"] for person in facts["people"]} == PEOPLE
    assert {person["password"] for person in facts["people"]} == {kept_password(demo_folder)}
    assert {station["line"] for station in facts["stations"]} == LINES
    assert {"broker", "relay", "worker", "second_worker", "training_worker", "web", "station"} == set(facts["pids"])
    assert stat.S_IMODE((demo_folder / "run.json").stat().st_mode) == 0o600
    quinn = next(person for person in facts["people"] if person["username"] == "quinn")
    asking = {"headers": {"Authorization": f"Bearer {quinn['token']}"}, "timeout": 60}
    lines = requests.get(f"{engine.url}/api/v1/lines/", **asking)
    assert {line["slug"] for line in lines.json()["results"]} == LINES
    days = {"name": "brightness", "step": "86400", "from": (datetime.now(UTC) - timedelta(days=9)).isoformat()}
    past = requests.get(f"{engine.url}/api/v1/lines/phone-back/metrics/", params=days, **asking)
    assert len(past.json()["points"]) >= 8


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_ends_what_the_engine_started_and_nothing_else(start, demo_folder, bystander, number):
    engine = start(demo_folder).await_up()
    pids = set(engine.facts()["pids"].values())
    pids |= {grandchild for pid in pids for grandchild in children_of(pid)}

    assert engine.stop(number) == 0

    await_end(pids)
    assert bystander.poll() is None
    assert not (demo_folder / "run.json").exists()


def test_a_lost_file_of_sign_ins_is_told(start, demo_folder):
    os.rename(demo_folder / "demo.json", demo_folder / "elsewhere.json")
    engine = start(demo_folder)
    assert engine.wait() == 1
    assert engine.words().strip().endswith(f"its sign-ins are gone: {demo_folder / 'demo.json'} is missing.")
