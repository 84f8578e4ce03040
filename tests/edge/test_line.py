import pytest

from edge.ledger import Ledger, Passage
from edge.line import Line
from edge.protocol import Verdict
from edge.watchdog import Watchdog
from tests.edge.builders import LOGGER, LineOfTests

NOON = 1_772_452_800.0


@pytest.fixture
def ledger(tmp_path):
    return Ledger(tmp_path / "ledger.sqlite3")


def make_line(ledger, output, *, deadline=10.0):
    return Line(ledger, output, deadline=deadline, logger=LOGGER)


def pass_camera(ledger, serial="A-1", run=1):
    seen = ledger.see(f"source of {serial} {run}", serial=serial, view=None, now=NOON)
    if run:
        ledger.acknowledge(seen.key, serial=serial, run=run)
    return seen.passage


def hear(line, *verdicts):
    line.hear(*verdicts)
    line.tell()


def watch(line, *, monotonic, wall=NOON):
    line.watch(monotonic=monotonic, wall=wall)
    line.tell()


def said(verdict, serial="A-1", run=1):
    return Verdict(serial=serial, run=run, verdict=verdict, reason="band", decided_by="model")


def test_a_verdict_is_driven_once_however_often_it_is_heard(ledger):
    output = LineOfTests()
    line = make_line(ledger, output)
    pass_camera(ledger)
    for _ in range(3):
        hear(line, said("pass"))
    assert output.told() == [("A-1", 1, "pass")]


def test_silence_beyond_the_deadline_holds_the_part(ledger):
    output = LineOfTests()
    line = make_line(ledger, output)
    pass_camera(ledger)
    watch(line, monotonic=100.0, wall=NOON)
    watch(line, monotonic=109.9, wall=NOON)
    assert output.told() == []
    watch(line, monotonic=110.0, wall=NOON)
    assert output.told() == [("A-1", 1, "hold")]
    assert output.commands[0].reason == "no verdict within the deadline"


def test_a_part_the_server_never_heard_of_is_held_too(ledger):
    output = LineOfTests()
    pass_camera(ledger, run=None)
    watch(make_line(ledger, output), monotonic=100.0, wall=NOON + 10.0)
    assert output.told() == [("A-1", None, "hold")]


def test_a_verdict_after_the_failsafe_is_recorded_and_not_driven(ledger):
    output = LineOfTests()
    line = make_line(ledger, output)
    pass_camera(ledger)
    watch(line, monotonic=100.0, wall=NOON + 10.0)
    hear(line, said("pass"))
    assert output.told() == [("A-1", 1, "hold")]
    assert ledger.said("A-1", 1) == ("pass", "band")


@pytest.mark.parametrize(
    ("told", "driven"), [("reject", "reject"), ("hold", "hold"), ("pass", "hold"), ("odd", "hold")]
)
def test_the_failsafe_is_the_one_the_server_told_but_never_pass(ledger, told, driven):
    output = LineOfTests()
    ledger.remember("failsafe", told)
    line = make_line(ledger, output)
    line.fail_safe(pass_camera(ledger, "A-1"), "refused")
    pass_camera(ledger, "A-2")
    watch(line, monotonic=100.0, wall=NOON + 10.0)
    assert output.told() == [("A-1", 1, driven), ("A-2", 1, driven)]


def test_a_line_that_does_not_answer_is_told_again_and_told_that_it_is_a_repeat(ledger):
    output = LineOfTests()
    line = make_line(ledger, output)
    pass_camera(ledger)
    output.broken = True
    hear(line, said("reject"))
    output.broken = False
    watch(line, monotonic=100.0, wall=NOON)
    watch(line, monotonic=100.1, wall=NOON)
    assert [(command.verdict, command.repeated) for command in output.commands] == [("reject", True)]


def test_what_was_settled_but_perhaps_not_told_before_a_kill_is_told_as_a_repeat(ledger):
    passage = pass_camera(ledger)
    ledger.decide(passage, verdict="reject", reason="scratch")
    output = LineOfTests()
    line = make_line(ledger, output)
    line.catch_up()
    line.tell()
    assert [(command.verdict, command.repeated) for command in output.commands] == [("reject", True)]


def test_what_was_heard_but_not_settled_before_a_kill_is_driven_after_it(ledger):
    pass_camera(ledger)
    ledger.hear(said("pass"), cursor=1)
    output = LineOfTests()
    line = make_line(ledger, output)
    line.catch_up()
    line.tell()
    assert output.told() == [("A-1", 1, "pass")]


def overdue(watchdog, *passages, monotonic, wall):
    return [passage.number for passage in watchdog.overdue(passages, monotonic=monotonic, wall=wall)]


def test_a_restart_does_not_give_a_silent_part_more_time():
    passage = Passage(number=1, opened_at=NOON)
    assert overdue(Watchdog(10.0), passage, monotonic=5.0, wall=NOON + 9.9) == []
    assert overdue(Watchdog(10.0), passage, monotonic=5.0, wall=NOON + 10.0) == [1]


def test_a_clock_set_back_or_forward_moves_no_deadline_of_a_running_station():
    watchdog, passage = Watchdog(10.0), Passage(number=1, opened_at=NOON)
    assert overdue(watchdog, passage, monotonic=5.0, wall=NOON) == []
    assert overdue(watchdog, passage, monotonic=6.0, wall=NOON + 3600) == []
    assert overdue(watchdog, passage, monotonic=15.0, wall=NOON - 3600) == [1]


def test_a_part_from_the_future_gets_the_deadline_and_no_more():
    watchdog, passage = Watchdog(10.0), Passage(number=1, opened_at=NOON + 3600)
    assert overdue(watchdog, passage, monotonic=5.0, wall=NOON) == []
    assert overdue(watchdog, passage, monotonic=15.0, wall=NOON) == [1]
