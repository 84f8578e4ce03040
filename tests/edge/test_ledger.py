import sqlite3
from dataclasses import replace

import pytest

from edge.ledger import Ledger
from edge.protocol import Verdict

NOON = 1_772_452_800.0
DAY = 24 * 3600


@pytest.fixture
def ledger(tmp_path):
    return Ledger(tmp_path / "ledger.sqlite3")


def see(ledger, source, *, serial="A-1", view=None, now=NOON):
    return ledger.see(source, serial=serial, view=view, now=now)


def said(verdict="pass", *, serial="A-1", run=1):
    return Verdict(serial=serial, run=run, verdict=verdict, reason="band", decided_by="model")


def drives(ledger):
    return [(drive.serial, drive.run, drive.verdict) for drive in ledger.untold()]


def test_a_picture_keeps_its_key_however_often_it_is_seen(ledger, tmp_path):
    first = see(ledger, "x")
    assert see(ledger, "x") == first
    assert see(Ledger(tmp_path / "ledger.sqlite3"), "x") == first


def test_no_number_is_given_twice_also_after_a_restart_and_when_all_before_is_forgotten(ledger, tmp_path):
    old = NOON - 40 * DAY
    seen = [see(ledger, source, serial=source, now=old) for source in ("x", "y", "x")]
    assert [one.sequence for one in seen] == [1, 2, 1]
    for one in seen:
        ledger.acknowledge(one.key, serial="A-1", run=1)
        ledger.decide(one.passage, verdict="hold", reason="silent")
    for drive in ledger.untold():
        ledger.told(drive)
    ledger.forget_old(NOON)
    assert ledger.pictures() == []
    assert see(Ledger(tmp_path / "ledger.sqlite3"), "z").sequence == 3


def test_a_picture_of_a_ledger_that_did_not_number_yet_has_none(ledger, tmp_path):
    first = see(ledger, "x")
    with sqlite3.connect(tmp_path / "ledger.sqlite3") as before:
        before.execute("DROP TABLE numbering")
    after = Ledger(tmp_path / "ledger.sqlite3")
    assert see(after, "x") == replace(first, sequence=None)
    assert see(after, "y").sequence == 1


def test_views_of_one_part_share_a_passage(ledger):
    assert see(ledger, "x", view="front").passage == see(ledger, "y", view="back").passage


def test_the_same_view_again_is_the_next_passage(ledger):
    assert see(ledger, "x", view="front").passage != see(ledger, "y", view="front").passage


def test_a_part_that_comes_back_after_its_verdict_is_the_next_passage(ledger):
    first = see(ledger, "x", view="front")
    ledger.decide(first.passage, verdict="reject", reason="scratch")
    assert see(ledger, "y", view="back").passage != first.passage


@pytest.mark.parametrize("verdict_first", [True, False])
def test_a_verdict_finds_its_part_whichever_of_answer_and_verdict_comes_first(ledger, verdict_first):
    key = see(ledger, "x").key
    if verdict_first:
        ledger.hear(said())
    ledger.acknowledge(key, serial="A-1", run=1)
    if not verdict_first:
        ledger.hear(said())
    ledger.decide_by_what_was_said()
    assert drives(ledger) == [("A-1", 1, "pass")]


def test_a_verdict_on_a_part_this_station_never_saw_drives_nothing(ledger):
    ledger.hear(said(serial="Z-9"))
    ledger.decide_by_what_was_said()
    assert drives(ledger) == []


def test_a_later_verdict_is_kept_and_changes_nothing(ledger):
    seen = see(ledger, "x")
    ledger.acknowledge(seen.key, serial="A-1", run=1)
    assert ledger.decide(seen.passage, verdict="hold", reason="silent")
    ledger.hear(said("pass"))
    ledger.decide_by_what_was_said()
    assert not ledger.decide(seen.passage, verdict="pass", reason="late")
    assert drives(ledger) == [("A-1", 1, "hold")]
    assert ledger.said("A-1", 1) == ("pass", "band")


def test_the_first_word_on_a_run_stands(ledger):
    ledger.hear(said("hold"))
    ledger.hear(said("pass"))
    assert ledger.said("A-1", 1) == ("hold", "band")


def test_verdicts_are_driven_in_the_order_in_which_they_were_said(ledger):
    for number in (1, 2, 3):
        ledger.acknowledge(see(ledger, f"x{number}", serial=f"A-{number}").key, serial=f"A-{number}", run=1)
    ledger.hear(said(serial="A-3"), said(serial="A-1"), said(serial="A-2"))
    ledger.decide_by_what_was_said()
    assert [serial for serial, _, _ in drives(ledger)] == ["A-3", "A-1", "A-2"]


def test_where_the_server_counts_two_runs_there_are_two_parts_to_drive(ledger):
    front, back = see(ledger, "x", view="front"), see(ledger, "y", view="back")
    ledger.acknowledge(front.key, serial="A-1", run=1)
    ledger.acknowledge(back.key, serial="A-1", run=2)
    ledger.hear(said("hold", run=1), said("pass", run=2))
    ledger.decide_by_what_was_said()
    assert drives(ledger) == [("A-1", 1, "hold"), ("A-1", 2, "pass")]


def test_where_the_server_counts_one_run_the_line_is_told_once(ledger):
    front = see(ledger, "x", view="front")
    ledger.decide(front.passage, verdict="hold", reason="silent")
    back = see(ledger, "y", view="back")
    ledger.acknowledge(front.key, serial="A-1", run=1)
    ledger.acknowledge(back.key, serial="A-1", run=1)
    ledger.hear(said("pass"))
    ledger.decide_by_what_was_said()
    assert drives(ledger) == [("A-1", 1, "hold")]
    assert ledger.undriven() == []


def test_the_servers_way_to_write_a_serial_is_the_one_that_counts(ledger):
    ledger.acknowledge(see(ledger, "x", serial="a-1 ").key, serial="A-1", run=1)
    ledger.hear(said())
    ledger.decide_by_what_was_said()
    assert drives(ledger) == [("A-1", 1, "pass")]


def test_what_was_told_is_not_told_again(ledger):
    seen = see(ledger, "x")
    ledger.decide(seen.passage, verdict="hold", reason="silent")
    (drive,) = ledger.untold()
    ledger.told(drive)
    assert ledger.untold() == []


def test_acknowledging_twice_does_no_harm(ledger):
    seen = see(ledger, "x")
    for _ in range(2):
        ledger.acknowledge(seen.key, serial="A-1", run=1)
    assert see(ledger, "x").settled
    assert len(ledger.undriven()) == 1


def test_cursor_and_verdicts_are_kept_together(ledger, tmp_path):
    assert ledger.cursor == 0
    ledger.hear(said(), cursor=812)
    again = Ledger(tmp_path / "ledger.sqlite3")
    assert (again.cursor, again.said("A-1", 1)) == (812, ("pass", "band"))


def test_a_broken_write_leaves_the_ledger_usable_and_unchanged(ledger):
    seen = see(ledger, "x")
    with pytest.raises(Exception, match="CHECK constraint"):
        ledger.decide(seen.passage, verdict="perhaps", reason="?")
    assert len(ledger.undriven()) == 1
    assert ledger.decide(seen.passage, verdict="hold", reason="silent")


def test_what_is_closed_for_a_month_is_forgotten_and_nothing_else(ledger):
    old = NOON - 40 * DAY
    closed, unsent, fresh = see(ledger, "x", now=old), see(ledger, "y", now=old), see(ledger, "z")
    for seen, run in ((closed, 1), (fresh, 3)):
        ledger.acknowledge(seen.key, serial="A-1", run=run)
    ledger.hear(said(run=1))
    for seen in (closed, unsent, fresh):
        ledger.decide(seen.passage, verdict="hold", reason="silent")
    for drive in ledger.untold():
        ledger.told(drive)
    ledger.forget_old(NOON)
    assert {source for source, _, _ in ledger.pictures()} == {"y", "z"}
    assert ledger.said("A-1", 1) is None
