import csv
import json
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from edge import simulated
from edge.conditions import Conditions
from edge.simulated import StationsFileError, play, read_stations
from tests.edge.builders import STOPS_WITHIN_S, picture
from tests.edge.stub_server import KEY_ID, SECRET

ROOT = Path(__file__).parents[2]
STATION = {"line": "phone-glass", "key_id": KEY_ID, "secret": SECRET, "product": "glass"}


class CountedLine:
    """A line that only counts its parts, and can be paused or run out of them."""

    def __init__(self, name, *, supply=10**9, paused=False):
        self.name, self.supply, self.paused, self.shots = name, supply, paused, 0

    def shoot(self):
        if self.shots >= self.supply:
            return False
        self.shots += 1
        return True


def play_until(lines, fact, *, parts_per_minute=60_000.0):
    stop = threading.Event()
    player = threading.Thread(target=play, args=(lines,), kwargs={"parts_per_minute": parts_per_minute, "stop": stop})
    player.start()
    end = time.monotonic() + 10
    while not fact():
        assert time.monotonic() < end
        time.sleep(0.005)
    stop.set()
    player.join(timeout=5)
    assert not player.is_alive()


def test_the_rate_is_that_of_all_lines_together_and_is_shared_evenly(monkeypatch):
    clock = iter(range(10**9))
    monkeypatch.setattr(simulated.time, "monotonic", lambda: next(clock) / 100)
    lines = [CountedLine("a"), CountedLine("b")]
    stop = threading.Event()
    waits = []
    monkeypatch.setattr(stop, "wait", lambda pause=None: waits.append(pause) or len(waits) >= 100)
    play(lines, parts_per_minute=120.0, stop=stop)
    assert abs(lines[0].shots - lines[1].shots) <= 1
    assert waits[10] == pytest.approx(10 * 0.5 - 0.22, abs=0.05)


def test_a_paused_line_leaves_its_share_to_the_others():
    lines = [CountedLine("a", paused=True), CountedLine("b")]
    play_until(lines, lambda: lines[1].shots >= 20)
    assert lines[0].shots == 0


def test_a_line_that_wakes_up_goes_on():
    lines = [CountedLine("a", paused=True)]
    threading.Timer(0.1, lambda: setattr(lines[0], "paused", False)).start()
    play_until(lines, lambda: lines[0].shots >= 5)


def test_a_line_out_of_parts_leaves_the_others_running():
    lines = [CountedLine("a", supply=3), CountedLine("b")]
    play_until(lines, lambda: lines[1].shots >= 20)
    assert lines[0].shots == 3


def test_when_all_parts_are_gone_the_stations_stay_to_hear_the_verdicts():
    lines = [CountedLine("a", supply=3)]
    stop = threading.Event()
    player = threading.Thread(target=play, args=(lines,), kwargs={"parts_per_minute": 60_000.0, "stop": stop})
    player.start()
    player.join(timeout=0.2)
    assert player.is_alive()
    stop.set()
    player.join(timeout=5)
    assert lines[0].shots == 3


@pytest.mark.parametrize("entry", [STATION, {name: STATION[name] for name in ("line", "key_id", "secret")}])
def test_a_stations_file_names_line_key_and_product(tmp_path, entry):
    path = tmp_path / "stations.json"
    path.write_text(json.dumps([entry]))
    (setup,) = read_stations(path)
    assert (setup.line, setup.key.key_id, setup.product) == ("phone-glass", KEY_ID, "glass")


@pytest.mark.parametrize("content", ["", "{}", "[]", '[{"line": "a"}]', "[1]", '[{"line": "a", "key_id": 1}]'])
def test_a_stations_file_that_lists_none_says_what_belongs_into_it(tmp_path, content):
    path = tmp_path / "stations.json"
    path.write_text(content)
    with pytest.raises(StationsFileError):
        read_stations(path)


class Simulation:
    """`python -m edge.simulated` with one station against the stub."""

    def __init__(self, url, folder, *options):
        (folder / "stations.json").write_text(json.dumps([STATION]))
        command = [sys.executable, "-m", "edge.simulated", "--url", url, "--stations", str(folder / "stations.json")]
        command += ["--spool", str(folder / "spool"), "--rate", "1200", *map(str, options)]
        self.console = (folder / "console").open("w+")
        self.process = subprocess.Popen(command, cwd=ROOT, stdout=self.console, stderr=subprocess.PIPE, text=True)

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout=STOPS_WITHIN_S)


@pytest.fixture
def simulate(server, tmp_path):
    started = []

    def start(*options):
        started.append(Simulation(server.url, tmp_path, *options))
        return started[-1]

    yield start
    for simulation in started:
        if simulation.process.poll() is None:
            simulation.process.kill()
        simulation.process.communicate()
        simulation.console.close()


def test_drawn_parts_reach_the_server_and_the_console_and_sigterm_ends_it(server, simulate, eventually, tmp_path):
    server.verdict = "pass"
    simulation = simulate("--truth", tmp_path / "truth.csv", "--incumbent", "0.1", "0.05", "--defect-rate", "0.5")
    server.wait_for(lambda: len(server.received) >= 8)
    assert simulation.stop() == 0
    simulation.console.seek(0)
    lines = [line.rstrip("\n").split("\t") for line in simulation.console]
    assert {(name, verdict) for name, _, _, verdict, _ in lines} == {("phone-glass", "pass")}
    assert {item.fields["incumbent_verdict"] for item in server.received} <= {"pass", "reject"}
    truth = {row["serial"] for row in csv.DictReader((tmp_path / "truth.csv").open())}
    assert set(server.serials()) <= truth


def write_data_set(folder, count):
    folder.mkdir()
    rows = ["path,label"]
    for number in range(count):
        (folder / f"good_{number}.jpg").write_bytes(picture(number))
        rows.append(f"good_{number}.jpg,ok")
    (folder / "manifest.csv").write_text("\n".join(rows))


def test_a_data_set_is_posted_once_even_when_the_process_is_killed_in_the_midst(server, simulate, tmp_path):
    write_data_set(tmp_path / "set", 40)
    options = ("--images", tmp_path / "set", "--images-line", "phone-glass", "--seed", "5")
    for enough in (10, 25):
        simulation = simulate(*options)
        server.wait_for(lambda enough=enough: len(server.received) >= enough)
        simulation.process.kill()
        simulation.process.wait()
    simulate(*options)
    server.wait_for(lambda: len({item.sha256 for item in server.received}) == 40)
    assert len(server.received) == len(set(server.attempts)) == 40
    assert not any("good" in item.serial or "good" in item.filename for item in server.received)


@pytest.mark.parametrize(
    ("change", "options", "sentence"),
    [
        ({"product": "teapot"}, (), "product is 'teapot'"),
        ({}, ("--images", ".", "--images-line", "elsewhere"), "--images-line is 'elsewhere'"),
    ],
)
def test_what_is_set_up_wrongly_is_said_in_one_sentence(tmp_path, change, options, sentence):
    (tmp_path / "stations.json").write_text(json.dumps([STATION | change]))
    command = [sys.executable, "-m", "edge.simulated", "--url", "http://127.0.0.1:1"]
    command += ["--stations", str(tmp_path / "stations.json"), "--spool", str(tmp_path / "spool"), *options]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=30, check=False)
    assert (ended.returncode, ended.stderr.count("\n")) == (1, 1)
    assert sentence in ended.stderr


def test_a_line_obeys_the_control_file_with_its_next_part():
    class Pictures:
        def __init__(self):
            self.seen = []

        def next(self, conditions):
            self.seen.append(conditions)

    class Controls:
        def of(self, line):
            return Conditions(new_scratch_share=0.25)

    pictures = Pictures()
    line = simulated.SimulatedLine(name="a", station=None, pictures=pictures, controls=Controls())
    assert line.shoot() is False
    assert pictures.seen == [Conditions(new_scratch_share=0.25)]
