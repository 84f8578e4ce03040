"""The station as a process, killed at random moments: no part lost, none sent twice, the line told one thing."""

import hashlib
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from random import Random

import pytest

from tests.edge.builders import STOPS_WITHIN_S, lay, picture, write_key
from tests.edge.stub_server import KEY_ID, SECRET, StubServer

ROOT = Path(__file__).parents[2]
PARTS = 30


class StationProcess:
    """`python -m edge.station` and what it wrote to its console, over all its lives."""

    def __init__(self, url, folder, *options):
        self._folder = folder
        for name in ("camera", "spool"):
            (folder / name).mkdir()
        self._command = [
            *(sys.executable, "-m", "edge.station", "--url", url, "--key", str(write_key(folder / "key"))),
            *("--watch", str(folder / "camera"), "--spool", str(folder / "spool"), *options),
        ]
        self.process = None

    def start(self):
        with (self._folder / "console").open("ab") as out, (self._folder / "log").open("ab") as log:
            self.process = subprocess.Popen(self._command, cwd=ROOT, stdout=out, stderr=log)

    def kill(self):
        self.process.kill()
        self.process.wait()

    def console(self):
        """What the line was told, as (serial, run, verdict, reason). A line cut short by a kill was not told."""
        whole, _, _ = (self._folder / "console").read_text().rpartition("\n")
        return [tuple(line.split("\t")) for line in whole.split("\n") if line.count("\t") == 3]

    def told(self):
        return {serial for serial, *_ in self.console()}

    def log(self):
        return (self._folder / "log").read_text()


@pytest.fixture
def stations(tmp_path):
    started = []

    def make(url, *options):
        started.append(StationProcess(url, tmp_path, *options))
        started[-1].start()
        return started[-1]

    yield make
    for station in started:
        if station.process.poll() is None:
            station.kill()


def assert_nothing_lost_and_nothing_twice(server, station, pictures):
    sent = sorted(item.sha256 for item in server.received)
    assert sent == sorted(hashlib.sha256(content).hexdigest() for content in pictures)
    assert len({item.key for item in server.received}) == len(pictures)
    assert len(set(server.attempts)) == len(pictures)
    assert server.serials() == sorted(server.serials())


def assert_the_line_was_told_one_thing_about_each_part(station):
    first = {}
    for serial, run, verdict, reason in station.console():
        if reason.endswith("(repeated)"):
            assert first.get(serial, (run, verdict)) == (run, verdict)
        else:
            assert serial not in first
        first[serial] = (run, verdict)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(4))
def test_a_station_killed_again_and_again_loses_nothing_and_sends_nothing_twice(tmp_path, stations, eventually, seed):
    random = Random(seed)
    server = StubServer(verdict="pass", break_rate=0.15, seed=seed).start()
    station = stations(server.url)
    pictures = [picture(1000 * seed + number) for number in range(PARTS)]
    waiting = list(enumerate(pictures))
    while waiting:
        for _ in range(random.randint(2, 6)):
            if waiting:
                number, content = waiting.pop(0)
                lay(tmp_path / "camera", f"A-{number:03}.jpg", content, at=1_000_000 + number)
        time.sleep(random.uniform(0.2, 1.1))
        station.kill()
        station.start()
    eventually(lambda: len(station.told()) == PARTS, within=60)
    station.kill()
    server.stop()
    assert_nothing_lost_and_nothing_twice(server, station, pictures)
    assert_the_line_was_told_one_thing_about_each_part(station)
    assert {verdict for _, _, verdict, _ in station.console()} == {"pass"}


@pytest.mark.slow
def test_station_and_server_both_killed_lose_nothing(tmp_path, stations, eventually):
    server = StubServer(verdict="reject", break_rate=0.3, seed=7).start()
    station = stations(server.url)
    pictures = [picture(9000 + number) for number in range(12)]
    for number, content in enumerate(pictures):
        lay(tmp_path / "camera", f"A-{number:03}.jpg", content, at=1_000_000 + number)
        if number % 4 == 1:
            server.stop()
            station.kill()
            station.start()
        if number % 4 == 3:
            server.start()
    eventually(lambda: len(station.told()) == len(pictures), within=60)
    station.kill()
    server.stop()
    assert_nothing_lost_and_nothing_twice(server, station, pictures)
    assert_the_line_was_told_one_thing_about_each_part(station)


def test_a_station_stops_at_sigterm_though_it_waits_for_verdicts(tmp_path, server, stations):
    station = stations(server.url)
    lay(tmp_path / "camera", "A-1.jpg", picture(1))
    server.wait_for(lambda: server.received)
    station.process.send_signal(signal.SIGTERM)
    assert station.process.wait(timeout=STOPS_WITHIN_S) == 0


def test_parts_left_open_by_a_killed_station_are_held_by_the_next(tmp_path, stations, server, eventually):
    station = stations(server.url, "--deadline", "2")
    lay(tmp_path / "camera", "A-1.jpg", picture(1))
    server.wait_for(lambda: server.received)
    station.kill()
    station.start()
    eventually(lambda: station.console())
    ((serial, _, verdict, reason),) = station.console()
    assert (serial, verdict, reason) == ("A-1", "hold", "no verdict within the deadline")


def run_and_fail(*arguments):
    command = [sys.executable, "-m", "edge.station", "--url", "http://127.0.0.1:1", *map(str, arguments)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=30, check=False)


def test_what_is_set_up_wrongly_is_said_in_one_sentence(tmp_path):
    key = write_key(tmp_path / "key")
    for arguments, sentence in [
        (("--key", tmp_path / "none", "--watch", tmp_path), "cannot be read"),
        (("--key", key, "--watch", tmp_path / "none"), "is not a folder that can be watched."),
    ]:
        ended = run_and_fail(*arguments, "--spool", tmp_path / "spool")
        assert (ended.returncode, ended.stderr.count("\n")) == (1, 1)
        assert sentence in ended.stderr


def test_a_second_station_on_the_same_spool_is_refused(tmp_path, server, stations, eventually):
    station = stations(server.url)
    eventually(lambda: (tmp_path / "spool" / "ledger.sqlite3").exists())
    ended = run_and_fail("--key", tmp_path / "key", "--watch", tmp_path / "camera", "--spool", tmp_path / "spool")
    assert ended.returncode == 1
    assert "give each its own --spool." in ended.stderr
    assert station.process.poll() is None


def test_a_key_file_that_others_may_read_is_warned_about_and_never_shown(tmp_path, server, stations, eventually):
    station = stations(server.url)
    server.wait_for(lambda: server.pulses)
    station.kill()
    (tmp_path / "key").write_text(json.dumps({"key_id": KEY_ID, "secret": SECRET}))
    os.chmod(tmp_path / "key", 0o644)
    station.start()
    eventually(lambda: "set its mode to 600" in station.log())
    assert SECRET not in station.log()
