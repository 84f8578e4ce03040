"""Every durable step of a station as a place to die: before each one and after it, one after the other."""

import os
import pathlib
from contextlib import contextmanager
from random import Random

import pytest

from edge import loops
from edge.camera import WatchedFolder
from edge.client import Client
from edge.ledger import Ledger
from edge.line import Line
from edge.spool import Spool
from edge.wholeness import Wholeness
from tests.edge.builders import KEY, LOGGER, LineOfTests, lay, picture

AT_ONCE = Wholeness(quiet=0.0, patience=0.0)


class Killed(BaseException):
    """The process ended here. No `except` of the station may answer it."""


class Fuse:
    """Burns down by one at each durable step; at the end the station dies."""

    def __init__(self):
        self.left = None
        self.burnt = 0

    def burn(self):
        self.burnt += 1
        if self.left is not None:
            self.left -= 1
            if self.left == 0:
                raise Killed

    def around(self, step):
        def fused(*arguments, **settings):
            self.burn()
            result = step(*arguments, **settings)
            self.burn()
            return result

        return fused


@pytest.fixture
def fuse(monkeypatch):
    fuse = Fuse()
    monkeypatch.setattr(os, "fsync", fuse.around(os.fsync))
    for name in ("rename", "unlink"):
        monkeypatch.setattr(pathlib.Path, name, fuse.around(getattr(pathlib.Path, name)))
    writing = Ledger._writing

    @contextmanager
    def fused(ledger):
        with writing(ledger) as rows:
            yield rows
            fuse.burn()
        fuse.burn()

    monkeypatch.setattr(Ledger, "_writing", fused)
    monkeypatch.setattr(LineOfTests, "drive", fuse.around(LineOfTests.drive))
    return fuse


class Life:
    """A station from its start to its death, its loops taken step by step."""

    def __init__(self, server, folder, output):
        self.camera = WatchedFolder(folder / "camera", wholeness=AT_ONCE)
        self.spool, self.ledger = Spool(folder / "spool"), Ledger(folder / "spool" / "ledger.sqlite3")
        self.line = Line(self.ledger, output, deadline=1000.0, logger=LOGGER)
        kit = loops.Kit(spool=self.spool, ledger=self.ledger, line=self.line, logger=LOGGER, random=Random(1))
        client = Client(server.url, KEY)
        self.intake = loops.Intake(kit)
        self.uploader = loops.Uploader(kit, client, arrived=self.intake.arrived, wait=0.0)
        self.follower = loops.Follower(kit, client)

    def live(self, server):
        self.line.catch_up()
        while self.intake.step(self.camera) == 0.0:
            continue
        while len(self.spool):
            self.uploader.step()
        if not server.log:
            server.dispose("A-1", "pass")
            server.dispose("A-2", "reject")
        if self.ledger.cursor < len(server.log):
            self.follower.step()
        self.line.tell()


def live_and_die(server, folder, output):
    """True when the station got through alive."""
    life = Life(server, folder, output)
    try:
        life.live(server)
    except Killed:
        return False
    finally:
        life.spool.close()
    return True


def prepare(folder):
    folder.mkdir()
    (folder / "camera").mkdir()
    (folder / "spool").mkdir()
    for number in (1, 2):
        (folder / "camera" / f"A-{number}.json").write_text('{"incumbent_verdict": "pass"}')
        lay(folder / "camera", f"A-{number}.jpg", picture(number), at=100 + number)


def assert_conserved(server, folder, output):
    assert server.serials() == ["A-1", "A-2"]
    assert len(set(server.attempts)) == 2
    assert {item.fields["incumbent_verdict"] for item in server.received} == {"pass"}
    first_words = [command for command in output.commands if not command.repeated]
    assert set(output.told()) == {("A-1", 1, "pass"), ("A-2", 1, "reject")}
    assert len(first_words) <= 2
    assert len(list((folder / "camera" / "taken").iterdir())) == 4
    assert list((folder / "spool" / "pending").iterdir()) == []


@pytest.fixture
def steps(fuse, server, tmp_path):
    """How many places to die an undisturbed life has."""
    prepare(tmp_path / "undisturbed")
    output = LineOfTests()
    fuse.burnt = 0
    assert live_and_die(server, tmp_path / "undisturbed", output)
    assert_conserved(server, tmp_path / "undisturbed", output)
    return fuse.burnt


@pytest.mark.slow
def test_wherever_a_station_dies_nothing_is_lost_and_nothing_done_twice(fuse, steps, tmp_path, make_server):
    assert steps > 40
    for place in range(1, steps + 1):
        server, folder, output = make_server(), tmp_path / str(place), LineOfTests()
        prepare(folder)
        fuse.left = place
        assert not live_and_die(server, folder, output)
        fuse.left = None
        assert live_and_die(server, folder, output)
        assert_conserved(server, folder, output)
