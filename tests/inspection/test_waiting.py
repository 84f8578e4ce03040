"""Waiting for a verdict: answered by final, hold or fail-safe alone, and never by many at once."""

from datetime import timedelta

import pytest
from django.utils.timezone import now as clock

from inspection import dispositions
from inspection.api import waiting
from inspection.models import Item
from inspection.rules.words import DecidedBy, Level, Verdict
from tests.inspection.doors import assert_kept

pytestmark = pytest.mark.django_db


class Clock:
    """Stands for the clock's owner: time passes only when somebody sleeps, and things happen meanwhile."""

    def __init__(self) -> None:
        self.now = 0.0
        self.rests: list[float] = []
        self.events: list = []

    def at(self, moment: float, deed) -> None:
        self.events.append((moment, deed))

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.rests.append(seconds)
        self.now += seconds
        due = [deed for moment, deed in self.events if moment <= self.now]
        self.events = [event for event in self.events if event[0] > self.now]
        for deed in due:
            deed()


@pytest.fixture
def time(monkeypatch) -> Clock:
    hand = Clock()
    monkeypatch.setattr(waiting, "monotonic", hand.monotonic)
    monkeypatch.setattr(waiting, "sleep", hand.sleep)
    return hand


def judge(verdict: Verdict, by: DecidedBy):
    def deed() -> None:
        item = Item.objects.get()
        dispositions.settle_view(item, verdict=verdict, decided_by=by, level=Level.PARTIAL, reason="r", at=clock())

    return deed


def fail_safe() -> None:
    dispositions.fail_safe_due(now=clock() + timedelta(minutes=1))


def sequence() -> None:
    dispositions.sequence_due(now=clock())


@pytest.mark.parametrize(
    ("deed", "verdict"),
    [
        (judge(Verdict.PASS, DecidedBy.MODEL), "pass"),
        (judge(Verdict.REJECT, DecidedBy.MODEL), "reject"),
        (judge(Verdict.HOLD, DecidedBy.FAILSAFE), "hold"),
        (fail_safe, "hold"),
    ],
)
def test_a_waiting_post_is_answered_with_201_once_the_verdict_is_known(device, time, deed, verdict):
    time.at(0.3, deed)
    answer = device.post(query="?wait=5")
    assert (answer.status_code, answer.json()["disposition"]["verdict"]) == (201, verdict)
    assert 0.3 <= time.now < 0.6


def test_a_provisional_verdict_does_not_end_the_wait(device, time):
    time.at(0.5, lambda: dispositions.expect([Item.objects.get().run_id], final_at=clock()))
    time.at(1.0, judge(Verdict.PASS, DecidedBy.HUMAN))
    time.at(3.0, sequence)
    answer = device.post(query="?wait=5")
    assert (answer.status_code, answer.json()["state"]) == (201, "final")
    assert time.now >= 3.0


def test_a_wait_that_ends_without_a_verdict_is_202(device, time):
    answer = device.post(query="?wait=2.5")
    assert (answer.status_code, answer.json()["disposition"]) == (202, None)
    assert time.now == pytest.approx(2.5)


def test_the_first_looks_are_close_and_the_later_ones_spare_the_database(device, time):
    device.post(query="?wait=30")
    assert time.rests[0] == waiting.FIRST_PAUSE_S
    assert max(time.rests) == waiting.LONGEST_PAUSE_S
    assert len(time.rests) < 140


def test_each_look_is_one_statement(device, time, django_assert_max_num_queries):
    with django_assert_max_num_queries(14 + 2 + 30):
        device.post(query="?wait=2")
    assert len(time.rests) > 10


def test_without_wait_nobody_sleeps(device, time):
    device.post()
    assert time.rests == []


@pytest.mark.parametrize("cap", [0, 1])
def test_over_the_cap_a_request_is_answered_at_once(device, time, settings, cap):
    settings.WAITING_REQUESTS_MAX = cap
    second: list[int] = []
    time.at(0.1, lambda: second.append(device.post(query="?wait=5", serial="B-2").status_code))
    assert device.post(query="?wait=5").status_code == 202
    assert (second, time.now > 1) == (([202], True) if cap else ([], False))


def test_a_seat_is_free_again_after_a_fault(device, time, settings):
    settings.WAITING_REQUESTS_MAX = 1

    def fail() -> None:
        raise RuntimeError("planted")

    time.at(0.1, fail)
    assert device.post(query="?wait=5", serial="A-1").status_code == 500
    before = time.now
    device.post(query="?wait=5", serial="A-2")
    assert time.now - before > 4


def test_a_repeat_waits_too_and_takes_nothing_in_again(device, time):
    device.post(key="k-1")
    time.at(0.3, judge(Verdict.PASS, DecidedBy.MODEL))
    again = device.post(key="k-1", query="?wait=5")
    assert (again.status_code, again.json()["disposition"]["verdict"]) == (200, "pass")
    assert_kept(1)


def test_the_disposition_of_an_item_can_be_waited_for(device, time):
    address = device.post().json()["links"]["disposition"]
    before = device.get(address)
    time.at(0.3, judge(Verdict.REJECT, DecidedBy.MODEL))
    after = device.get(f"{address}?wait=5")
    assert (before.status_code, before.json()) == (202, None)
    assert (after.status_code, after.json()["verdict"], after.json()["serial"]) == (200, "reject", "A-17")
    assert device.get(address).json() == after.json()


def test_the_stations_verdicts_can_be_waited_for(device, time):
    device.post()
    time.at(0.3, judge(Verdict.PASS, DecidedBy.MODEL))
    time.at(0.6, sequence)
    page = device.get("/api/v1/dispositions/?wait=5").json()
    assert [(row["cursor"], row["serial"]) for row in page["results"]] == [(1, "A-17")]
    assert 0.6 <= time.now < 1.0
