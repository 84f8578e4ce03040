"""Folded counts of a rollout's step: they always tell what counting every row anew tells."""

from collections import Counter
from datetime import timedelta
from itertools import count
from random import Random
from threading import Event, Thread

import pytest
from django.conf import settings
from django.db import connection, connections, transaction
from django.test.utils import CaptureQueriesContext

from inspection import arm_counts, arms, rollouts, sql
from inspection.arm_counts import Folded
from inspection.models import ArmEvent, Line, RolloutStep
from inspection.models.rollout import KINDS
from inspection.rules.rollouts import Arm
from monitoring import rounds
from tests.builders import NOON, make_line
from tests.review.rollout_scene import make_rollout, make_served_line, send
from tests.review.scene import later, make_run

IS_POSTGRESQL = "postgresql" in settings.DATABASES["default"]["ENGINE"]

pytestmark = pytest.mark.django_db


class Floor:
    """Writers at work on one step. Each takes a number when it writes, and its row is seen when it is through."""

    def __init__(self, rng: Random) -> None:
        line = make_served_line()
        self.rng, self.now, self.numbers = rng, NOON, count(1)
        self.at_work: list[tuple] = []
        self.came_late = 0
        self.run = make_run(line)
        self.step = rollouts.current(make_rollout(line, "shadow"))

    def begin(self) -> None:
        self.at_work.append((self.now, next(self.numbers)))

    def end(self, which: int) -> None:
        """Let one of those at work be through."""
        _, number = self.at_work.pop(which)
        self.came_late += number <= Folded.of(self.fresh()).newest
        ArmEvent.objects.create(
            pk=number,
            step=self.step,
            run=self.run,
            n=number,
            arm=self.rng.choice(list(Arm)).value,
            kind=self.rng.choice(KINDS),
            is_compared=self.rng.random() < 0.5,
            weight=self.rng.choice((1, 1, -1)),
            seen_at=self.now,
        )

    def write(self) -> None:
        self.begin()
        self.end(-1)

    def end_of_any(self) -> None:
        self.end(self.rng.randrange(len(self.at_work)))

    def fold(self) -> None:
        arm_counts.fold_due(now=self.now)

    def longest_write(self) -> timedelta:
        return max((self.now - began for began, _ in self.at_work), default=timedelta(0))

    def fresh(self) -> RolloutStep:
        return RolloutStep.objects.get(pk=self.step.pk)


@pytest.fixture
def floor(request, monkeypatch):
    floor = Floor(Random(getattr(request, "param", 0)))
    monkeypatch.setattr(sql, "longest_write", floor.longest_write)
    return floor


def recounted(step: RolloutStep) -> Counter:
    found = Counter()
    for event in step.events.all():
        found[event.arm, event.kind, event.is_compared] += event.weight
    return found


@pytest.mark.parametrize("floor", range(8), indirect=True)
def test_at_every_moment_the_counts_are_those_of_all_rows_whoever_is_late(floor):
    stale = floor.step
    for _ in range(150):
        floor.now += timedelta(seconds=floor.rng.expovariate(0.1))
        deeds = [floor.write, floor.begin, floor.fold, *([floor.end_of_any] * min(2, len(floor.at_work)))]
        floor.rng.choice(deeds)()
        fresh = floor.fresh()
        assert arm_counts.counted(fresh) == arm_counts.counted(stale) == recounted(fresh)
        if floor.rng.random() < 0.1:
            stale = fresh
    assert floor.came_late
    assert Folded.of(floor.fresh()).up_to > 0


def test_nothing_is_folded_while_somebody_may_still_bring_a_row_from_before(floor):
    floor.begin()
    floor.write()
    for minute in (1, 2, 3):
        floor.now = later(60 * minute)
        floor.fold()
    assert (Folded.of(floor.fresh()).newest, Folded.of(floor.fresh()).up_to) == (2, 0)
    floor.end_of_any()
    floor.now = later(240)
    floor.fold()
    assert Folded.of(floor.fresh()).up_to == 2
    assert arm_counts.counted(floor.fresh()) == recounted(floor.step)


def test_a_step_is_folded_once_a_minute_up_to_what_was_there_a_minute_ago(floor):
    floor.write()
    states = []
    for seconds in (59, 60, 90, 119, 120, 180):
        floor.now = later(seconds)
        floor.fold()
        states.append(Folded.of(floor.fresh()).up_to)
        floor.write()
    assert states == [0, 0, 0, 0, 2, 5]


def test_a_clock_that_is_set_back_loses_nothing_and_folding_goes_on(floor):
    floor.write()
    for seconds in (3600, 0, 60):
        floor.now = later(seconds)
        floor.fold()
    assert Folded.of(floor.fresh()).up_to == 1
    assert arm_counts.counted(floor.fresh()) == recounted(floor.step)


def test_rounds_fold_and_the_evidence_is_the_same():
    line = make_served_line()
    rollout = make_rollout(line, "shadow")
    for n in range(3):
        send(line, f"A-{n}", green=None if n else 0.99, at=later(n))
    before = arms.evidence_of(rollouts.current(rollout), now=later(200))
    for seconds in (60, 120):
        rounds.go(now=later(seconds))
    step = rollouts.current(rollout)
    assert Folded.of(step).up_to == ArmEvent.objects.order_by("-pk")[0].pk
    assert arms.evidence_of(step, now=later(200)) == before


@pytest.mark.skipif(IS_POSTGRESQL, reason="PostgreSQL plans by how large its tables are")
def test_a_reading_goes_through_no_row_that_is_folded(floor):
    floor.write()
    with CaptureQueriesContext(connection) as captured:
        arms.evidence_of(floor.step, now=later(60))
    plans = [plan(one["sql"]) for one in captured if 'FROM "inspection_armevent"' in one["sql"]]
    assert [steps[0].partition("USING INDEX ")[2] for steps in plans] == [
        "arm_event_to_fold (step_id=? AND id>?)",
        "arm_event_of_kind (step_id=? AND kind=? AND arm=?)",
    ]
    assert "ORDER BY" not in str(plans)


def plan(statement: str) -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN QUERY PLAN {statement}")
        return [row[-1] for row in cursor.fetchall()]


@pytest.mark.skipif(not IS_POSTGRESQL, reason="SQLite has one writer at a time")
@pytest.mark.django_db(transaction=True)
def test_a_transaction_of_another_is_long_once_it_wrote_and_over_when_it_ends():
    make_line()
    has_read, may_write, has_written, may_end = (Event() for _ in range(4))

    def other():
        try:
            with transaction.atomic():
                assert Line.objects.count() == 1
                has_read.set()
                may_write.wait(30)
                Line.objects.update(name="other")
                has_written.set()
                may_end.wait(30)
        finally:
            connections.close_all()

    thread = Thread(target=other)
    thread.start()
    assert has_read.wait(30)
    assert sql.longest_write() == timedelta(0)
    may_write.set()
    assert has_written.wait(30)
    assert sql.longest_write() > timedelta(0)
    may_end.set()
    thread.join()
    assert sql.longest_write() == timedelta(0)
