import json
import sqlite3
import threading

import pytest

from edge import loops
from edge.camera import WatchedFolder
from edge.ledger import Ledger
from edge.wholeness import Wholeness
from tests.edge.builders import lay, make_capture, make_station, picture

AT_ONCE = Wholeness(quiet=0.0, patience=0.5)


@pytest.fixture
def folder(tmp_path):
    path = tmp_path / "camera"
    path.mkdir()
    return path


@pytest.fixture
def swift(monkeypatch):
    """Retries without the long pauses: what is tested is that they happen, not how long they are."""
    monkeypatch.setattr(loops, "pause_before_retry", lambda asked, attempt, random: 0.02)


def test_a_part_goes_from_the_camera_to_the_server_and_its_verdict_to_the_line(
    start_station, server, line, folder, eventually
):
    server.verdict = "pass"
    start_station(camera=WatchedFolder(folder, wholeness=AT_ONCE))
    lay(folder, "A-17.jpg", picture(1))
    eventually(lambda: line.told() == [("A-17", 1, "pass")])
    assert server.serials() == ["A-17"]
    assert line.commands[0].reason == "auto-pass band"


def test_a_verdict_that_comes_later_is_driven_when_it_comes(start_station, server, line, eventually):
    station = start_station()
    station.take(make_capture(1))
    server.wait_for(lambda: server.received)
    assert line.told() == []
    server.dispose("A-1", "reject")
    eventually(lambda: line.told() == [("A-1", 1, "reject")])


def test_the_worst_of_the_views_is_the_servers_to_say_and_the_line_hears_it_once(
    start_station, server, line, eventually
):
    station = start_station()
    for view in ("front", "back"):
        station.take(make_capture(source=view, serial="A-1", view=view))
    server.wait_for(lambda: len(server.received) == 2)
    server.dispose("A-1", "reject")
    eventually(lambda: line.told() == [("A-1", 1, "reject")])


def numbers(server):
    return [json.loads(item.fields["meta"])["sequence"] for item in server.received]


def test_a_picture_that_was_lost_leaves_a_gap_in_the_numbers(start_station, server):
    station = start_station(limit=50_000)
    for number, content in enumerate((picture(0), bytes(50_000), picture(2))):
        taken = station.take(make_capture(number, picture=content))
        assert taken == (number != 1)
        server.wait_for(lambda number=number: len(server.received) == (number + 2) // 2)
    assert numbers(server) == [1, 3]


def test_a_station_goes_on_numbering_after_a_restart_with_nothing_left_to_send(server, line, tmp_path):
    for number in (1, 2):
        station = make_station(server.url, tmp_path / "spool", line)
        station.start()
        station.take(make_capture(number))
        server.wait_for(lambda number=number: len(server.received) == number)
        station.stop()
        station.join(5.0)
        station._kit.spool.close()
    assert numbers(server) == [1, 2]


def test_rework_makes_the_next_run(start_station, server, line, eventually):
    server.verdict = "reject"
    station = start_station()
    for number in (1, 2):
        station.take(make_capture(number, serial="A-1"))
        eventually(lambda number=number: len(line.commands) == number)
    assert line.told() == [("A-1", 1, "reject"), ("A-1", 2, "reject")]


def test_while_the_server_is_away_parts_are_spooled_and_then_drain_in_order(
    start_station, server, line, eventually, swift, tmp_path
):
    server.verdict = "pass"
    station = start_station()
    station.take(make_capture(0))
    pending = tmp_path / "spool" / "pending"
    # The server has it before the station knows: only then does it leave the spool.
    server.wait_for(lambda: server.serials() == ["A-0"])
    eventually(lambda: list(pending.iterdir()) == [])
    server.stop()
    for number in range(1, 21):
        assert station.take(make_capture(number))
    assert len(list(pending.iterdir())) == 20
    server.start()
    eventually(lambda: len(line.commands) == 21)
    assert server.serials() == [f"A-{number}" for number in range(21)]
    eventually(lambda: list(pending.iterdir()) == [])


def test_parts_whose_server_stays_away_are_held_by_the_watchdog(start_station, server, line, eventually):
    server.stop()
    station = start_station(deadline=0.2)
    station.take(make_capture(1))
    eventually(lambda: line.told() == [("A-1", None, "hold")])


def test_a_verdict_after_the_failsafe_is_kept_and_not_driven(start_station, server, line, eventually, swift, tmp_path):
    server.stop()
    server.verdict = "pass"
    station = start_station(deadline=0.2)
    station.take(make_capture(1))
    eventually(lambda: line.told() == [("A-1", None, "hold")])
    server.start()
    server.wait_for(lambda: server.received)
    ledger = Ledger(tmp_path / "spool" / "ledger.sqlite3")
    eventually(lambda: ledger.said("A-1", 1) == ("pass", "auto-pass band"))
    assert line.told() == [("A-1", None, "hold")]


def test_a_rate_limit_is_waited_out_with_the_same_key(start_station, server, line, eventually, monkeypatch):
    asked = []
    monkeypatch.setattr(loops, "pause_before_retry", lambda after, attempt, random: asked.append(after) or 0.0)
    server.verdict = "pass"
    server.script.extend([(429, {"code": "rate-limited"}, {"Retry-After": "2"})] * 3)
    station = start_station()
    station.take(make_capture(1))
    eventually(lambda: line.told() == [("A-1", 1, "pass")])
    assert asked[:3] == [2.0, 2.0, 2.0]
    assert len(server.attempts) == 1


def test_retry_after_is_obeyed_on_the_wire(start_station, server):
    server.script.append((429, {"code": "rate-limited"}, {"Retry-After": "1"}))
    start_station().take(make_capture(1))
    server.wait_for(lambda: server.received)
    first, second = (moment for moment, path, _ in server.requests if path == "/api/v1/items/")
    assert second - first >= 1.0


@pytest.mark.parametrize("status", [500, 502, 503, 507, 401, 409])
def test_trouble_that_passes_loses_nothing_and_sends_nothing_twice(
    start_station, server, line, eventually, swift, status
):
    server.verdict = "pass"
    server.script.extend([(status, {"code": "trouble"})] * 2)
    station = start_station()
    for number in (1, 2):
        station.take(make_capture(number))
    eventually(lambda: line.told() == [("A-1", 1, "pass"), ("A-2", 1, "pass")])
    assert len(server.attempts) == 2


def test_a_connection_that_breaks_after_the_server_took_the_picture_makes_no_second_part(
    start_station, server, line, eventually, swift
):
    server.verdict, server.break_rate = "pass", 0.5
    station = start_station()
    for number in range(20):
        station.take(make_capture(number))
    eventually(lambda: len(line.commands) == 20)
    assert len(server.received) == len(set(server.attempts)) == 20
    assert len(server.attempts) > 20


def test_a_refused_picture_is_held_and_set_aside_and_blocks_nobody(start_station, server, line, eventually, tmp_path):
    server.verdict = "pass"
    server.refusals[make_capture(1).sha256] = {"code": "image-corrupt", "detail": "The JPEG ends early."}
    station = start_station()
    for number in (1, 2):
        station.take(make_capture(number))
    eventually(lambda: len(line.commands) == 2)
    assert line.told() == [("A-1", None, "hold"), ("A-2", 1, "pass")]
    assert line.commands[0].reason == "refused by the server, image-corrupt: The JPEG ends early."
    (refused,) = (tmp_path / "spool" / "refused").iterdir()
    assert (refused / "picture").read_bytes() == picture(1)
    assert "image-corrupt" in (refused / "problem.json").read_text()


def test_a_part_for_which_the_spool_has_no_room_is_held_and_its_picture_stays_in_the_folder(
    start_station, server, line, folder, eventually, monkeypatch
):
    server.stop()
    monkeypatch.setattr(loops, "CAMERA_PAUSE", 0.05)
    monkeypatch.setattr(loops, "pause_before_retry", lambda asked, attempt, random: 0.05)
    start_station(camera=WatchedFolder(folder, wholeness=AT_ONCE), limit=5_000)
    lay(folder, "A-1.jpg", picture(1), at=100)
    lay(folder, "A-2.jpg", picture(2), at=200)
    eventually(lambda: line.told() == [("A-2", None, "hold")])
    assert line.commands[0].reason == "no room in the spool"
    assert (folder / "A-2.jpg").exists()
    server.start()
    server.wait_for(lambda: server.serials() == ["A-1", "A-2"])
    server.dispose("A-2", "pass")
    eventually(lambda: not (folder / "A-2.jpg").exists())
    assert ("A-2", 1, "pass") not in line.told()


def test_a_camera_that_cannot_wait_counts_what_was_dropped(start_station, server, line, eventually):
    server.stop()
    station = start_station(limit=100)
    assert not station.take(make_capture(1))
    eventually(lambda: line.told() == [("A-1", None, "hold")])
    server.start()
    server.wait_for(lambda: server.pulses and server.pulses[-1]["camera"]["dropped"] == 1)


def test_a_disk_on_which_nothing_can_be_written_holds_every_part_once(
    start_station, line, folder, eventually, monkeypatch
):
    def full(*_, **__):
        raise sqlite3.OperationalError("database or disk is full")

    monkeypatch.setattr(Ledger, "see", full)
    monkeypatch.setattr(loops, "CAMERA_PAUSE", 0.01)
    looks = threading.Semaphore(0)
    camera = WatchedFolder(folder, wholeness=AT_ONCE)
    look = camera.next
    monkeypatch.setattr(camera, "next", lambda now: looks.release() or look(now))
    lay(folder, "A-1.jpg", picture(1))
    start_station(camera=camera)
    for _ in range(5):
        assert looks.acquire(timeout=10)
    assert line.told() == [("A-1", None, "hold")]
    assert (folder / "A-1.jpg").exists()


def test_a_picture_with_an_unreadable_sidecar_is_held_and_never_sent(start_station, server, line, folder, eventually):
    (folder / "A-1.json").write_text("{")
    lay(folder, "A-1.jpg", picture(1))
    start_station(camera=WatchedFolder(folder, wholeness=AT_ONCE))
    eventually(lambda: line.told() == [("A-1", None, "hold")])
    eventually(lambda: (folder / "unusable" / "A-1.jpg").exists())
    assert server.received == []


def test_a_damaged_spool_file_is_held_and_the_rest_goes_on(server, line, tmp_path, eventually):
    first = make_station(server.url, tmp_path / "spool", line)
    for number in (1, 2):
        first.take(make_capture(number))
    first._kit.spool.close()
    sorted((tmp_path / "spool" / "pending").iterdir())[0].write_bytes(b"rot")
    server.verdict = "pass"
    second = make_station(server.url, tmp_path / "spool", line)
    second.start()
    eventually(lambda: line.told() == [("A-1", None, "hold"), ("A-2", 1, "pass")])
    second.stop()


def test_the_level_told_by_the_heartbeat_lets_a_post_wait_for_its_verdict(start_station, server, eventually, tmp_path):
    server.level = "partial"
    station = start_station(wait=1.5)
    ledger = Ledger(tmp_path / "spool" / "ledger.sqlite3")
    eventually(lambda: ledger.recall("level") == "partial")
    station.take(make_capture(1))
    server.wait_for(lambda: server.received)
    assert server.waits == [1.5]


def test_an_output_that_hangs_does_not_keep_pictures_from_the_server(start_station, server, line, monkeypatch):
    released = threading.Event()
    monkeypatch.setattr(line, "drive", lambda command: released.wait(20))
    server.verdict = "pass"
    station = start_station()
    for number in range(5):
        station.take(make_capture(number))
    server.wait_for(lambda: len(server.received) == 5)
    released.set()


def test_a_new_station_does_not_drive_the_history_of_the_one_it_replaces(server, tmp_path, line, eventually):
    before = make_station(server.url, tmp_path / "first", line)
    before.start()
    server.verdict = "pass"
    before.take(make_capture(1))
    eventually(lambda: len(line.commands) == 1)
    before.stop()
    after = make_station(server.url, tmp_path / "second", line)
    after.start()
    after.take(make_capture(2))
    eventually(lambda: len(line.commands) == 2)
    after.stop()
    assert line.told() == [("A-1", 1, "pass"), ("A-2", 1, "pass")]
