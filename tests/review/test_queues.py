"""The queue: what enters, who holds what, and what comes back."""

from datetime import timedelta

import pytest
from django.db import connection

from inspection import sql
from inspection.models import Disposition, Line, Routing
from inspection.rules.words import Call, Label, Level, Phase
from review import decisions, queues
from review.models import Decision, ReviewTask
from review.queues import LeaseLost
from tests.builders import NOON, make_line
from tests.review.scene import (
    an_answer,
    answer,
    later,
    lease,
    make_run,
    make_task,
    make_watched_line,
    predict,
    read,
    route_to_people,
)

pytestmark = pytest.mark.django_db


def claimed(person, line, *, count=6, tab="t", at=NOON):
    return [task.run.part.serial for task in queues.claim(person, line, count=count, tab=tab, now=at)]


def fill(line, parts):
    return [make_task(line, f"A-{n}", at=later(n)) for n in range(parts)]


# What enters ----------------------------------------------------------------------------------------------------


def test_an_item_for_people_gets_its_task_with_the_level_and_draws_of_its_run(line):
    task = make_task(line, drawn=("control",))

    assert (task.purpose, task.level, task.is_control) == ("primary", "shadow", True)
    assert task.due_at == task.run.review_due_at


def test_admitting_twice_gives_one_task(line):
    task = make_task(line)

    assert queues.admit(task.item.routing, now=later(1)) == [task]
    assert ReviewTask.objects.count() == 1


@pytest.mark.parametrize("route", ["auto_pass", "auto_reject", "quarantine"])
def test_what_needs_no_person_gets_no_task(line, route):
    routing = Routing(item=make_run(line).items.get(), route=route, level="partial")

    assert queues.admit(routing, now=NOON) == []


def test_an_item_without_a_prediction_goes_to_people_at_the_model_deadline(line):
    make_run(line)

    assert queues.admit_overdue(now=later(1.9)) == 0
    assert queues.admit_overdue(now=later(2.0)) == 1
    assert queues.admit_overdue(now=later(3.0)) == 0
    assert Routing.objects.get().reason == "model-deadline"
    assert ReviewTask.objects.get().queue_rank is not None


def test_a_view_that_joins_late_has_the_models_time_from_its_own_arrival(line):
    run = make_run(line, views=("front", "back"), joining={"back": later(5)})

    assert queues.admit_overdue(now=later(6)) == 1
    assert run.items.get(view="front").routing.reason == "model-deadline"
    assert queues.admit_overdue(now=later(7)) == 1


# Claiming -------------------------------------------------------------------------------------------------------


def test_the_most_urgent_come_first_each_with_a_new_token(line, ana):
    fill(line, 3)

    tasks = queues.claim(ana, line, count=2, tab="t", now=NOON)

    assert [task.run.part.serial for task in tasks] == ["A-0", "A-1"]
    assert {(task.lease_holder, task.lease_token, task.queue_rank) for task in tasks} == {(ana, 1, None)}
    assert {task.lease_until for task in tasks} == {NOON + timedelta(seconds=90)}


def test_what_one_holds_another_does_not_get(line, ana, andre):
    fill(line, 3)

    assert claimed(ana, line, count=2) == ["A-0", "A-1"]
    assert claimed(andre, line) == ["A-2"]
    assert claimed(ana, line) == []


def test_six_a_call_and_tab_twelve_a_person(line, ana, andre):
    fill(line, 20)

    assert len(claimed(ana, line, count=50)) == 6
    assert claimed(ana, line) == []
    assert len(claimed(ana, line, tab="u", count=4)) == 4
    assert len(claimed(ana, line, tab="v")) == 2
    assert claimed(ana, line, tab="w") == []
    assert len(claimed(andre, line)) == 6


def test_a_claim_never_leases_more_than_it_asks_for_among_equals(line, ana):
    for n in range(40):
        make_task(line, f"A-{n}")

    for n in range(12):
        assert len(claimed(ana, line, tab=str(n), count=1)) == 1
        assert ReviewTask.objects.filter(lease_holder=ana).count() == n + 1


def test_a_claim_stays_on_its_line(line, ana):
    make_task(make_watched_line("phone-back"), "B-1")

    assert claimed(ana, line) == []


def test_a_second_reading_is_not_for_the_first_reader(line, ana, andre):
    task = make_task(line)
    queues.admit_again([(task, ana.pk)], now=NOON)

    assert [one.purpose for one in queues.claim(ana, line, count=6, tab="t", now=NOON)] == ["primary"]
    assert [one.purpose for one in queues.claim(andre, line, count=6, tab="t", now=NOON)] == ["overlap"]


def test_a_claim_takes_three_statements_and_so_does_an_empty_one_at_most(line, ana, django_assert_num_queries):
    fill(line, 8)
    with django_assert_num_queries(3):
        tasks = queues.claim(ana, line, count=6, tab="t", now=NOON)
        assert {(task.run.part.serial[:1], task.item.view, task.line.slug) for task in tasks} == {
            ("A", "front", line.slug)
        }
    with django_assert_num_queries(2):
        queues.claim(ana, line, count=6, tab="t", now=NOON)


def test_the_claim_reads_the_partial_index_of_waiting_tasks(line, ana):
    fill(line, 3)
    statement, bound = sql.claim_statement(
        line_id=line.pk, person_id=ana.pk, tab="t", count=6, tab_max=6, person_max=12, until=later(90)
    )
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            # A table of three rows is cheaper to read whole; the question is which index serves the order.
            cursor.execute("SET LOCAL enable_seqscan = off; SET LOCAL enable_sort = off")
        cursor.execute(f"EXPLAIN {'' if connection.vendor == 'postgresql' else 'QUERY PLAN '}{statement}", bound)
        plan = " ".join(str(row) for row in cursor.fetchall())

    assert "review_task_waiting" in plan
    assert "SCAN review_reviewtask" not in plan
    assert "Seq Scan on review_reviewtask" not in plan
    assert "TEMP B-TREE" not in plan
    assert "Sort" not in plan


# Keeping and giving back ----------------------------------------------------------------------------------------


def test_a_heartbeat_renews_the_task_and_what_is_prefetched_in_its_tab(line, ana):
    fill(line, 3)
    first, _ = queues.claim(ana, line, count=2, tab="t", now=NOON)
    [elsewhere] = queues.claim(ana, line, count=1, tab="u", now=NOON)

    until = queues.heartbeat(first, person=ana, token=first.lease_token, now=later(60))

    assert until == later(150)
    assert set(ReviewTask.objects.filter(lease_tab="t").values_list("lease_until", flat=True)) == {later(150)}
    elsewhere.refresh_from_db()
    assert elsewhere.lease_until == later(90)


@pytest.mark.parametrize("deed", [queues.heartbeat, queues.release])
def test_only_the_holder_under_the_living_token_may_keep_or_release(line, ana, andre, deed):
    mine = lease(make_task(line), ana)

    for person, token, at in [(andre, 1, NOON), (ana, 0, NOON), (ana, 2, NOON), (ana, 1, later(90))]:
        with pytest.raises(LeaseLost):
            deed(mine, person=person, token=token, now=at)
    deed(mine, person=ana, token=1, now=later(89))


def test_a_released_task_waits_in_its_old_place(line, ana, andre):
    fill(line, 2)
    [first] = queues.claim(ana, line, count=1, tab="t", now=NOON)

    queues.release(first, person=ana, token=1, now=later(1))

    assert claimed(andre, line) == ["A-0", "A-1"]
    first.refresh_from_db()
    assert first.lease_token == 2


def test_an_answered_task_stays_with_its_reader_when_it_is_given_back(ana, andre):
    assist = make_watched_line("phone-lens", level=Level.ASSIST)
    task = make_task(assist, call=Call.DEFECT)
    mine = lease(task, ana)
    assert answer(task, ana, Label.PASS).reveal is not None

    queues.release(mine, person=ana, token=1, now=later(3))

    assert claimed(andre, assist, at=later(3)) == []
    final = an_answer(Label.DEFECT, phase=Phase.FINAL)
    decisions.record(mine, person=ana, token=1, decision=final, now=later(4))
    decisions.finalise_due(now=later(40))
    assert set(Decision.objects.values_list("person", flat=True)) == {ana.pk}
    assert Disposition.objects.get().verdict == "reject"


def test_a_lapsed_lease_goes_back_once_and_the_old_token_is_dead(line, ana, andre):
    mine = lease(make_task(line), ana)

    assert queues.sweep_expired(now=later(89)) == 0
    assert queues.sweep_expired(now=later(90)) == 1
    assert queues.sweep_expired(now=later(90)) == 0
    theirs = lease(mine, andre, at=later(91))
    assert theirs.lease_token == 2
    with pytest.raises(LeaseLost):
        decisions.record(mine, person=ana, token=1, decision=an_answer(), now=later(92))


def test_a_decided_task_does_not_come_back(line, ana, andre):
    read(make_task(line), ana)

    assert queues.sweep_expired(now=later(1000)) == 0
    assert claimed(andre, line, at=later(1000)) == []


# Counting what waits --------------------------------------------------------------------------------------------


def test_the_counts_tell_empty_from_all_held_by_others(line, ana, andre):
    fill(line, 3)
    queues.claim(andre, line, count=2, tab="t", now=NOON)

    [found] = queues.waiting_on(Line.objects.all(), person=ana)

    assert (found.waiting, found.leased_by_others, found.oldest_at) == (1, 2, later(2))


def test_what_is_not_for_me_does_not_wait_for_me(line, ana, andre):
    queues.admit_again([(make_task(line), ana.pk)], now=NOON)
    lines = Line.objects.all()

    assert queues.waiting_on(lines, person=ana)[0].waiting == 1
    assert queues.waiting_on(lines, person=andre)[0].waiting == 2


def test_the_counts_of_many_lines_are_one_statement_longest_wait_first(ana, django_assert_num_queries):
    make_line("line-a")
    make_task(make_watched_line("line-b"), at=later(-1))
    make_task(make_watched_line("line-c"), at=later(-2))
    with django_assert_num_queries(1):
        found = queues.waiting_on(Line.objects.all(), person=ana)

    assert [one.line.slug for one in found] == ["line-c", "line-b", "line-a"]


# Order and score ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("level", [Level.HUMAN, Level.SHADOW, Level.ASSIST])
def test_the_order_of_the_queue_tells_nothing_about_the_score(level, ana):
    line = make_watched_line(level=level)
    for n in range(6):
        item = make_run(line, f"A-{n}", at=later(n)).items.get()
        predict(item, Call.DEFECT if n % 2 else Call.PASS, score=1 - n / 6)
        route_to_people(item, at=later(n))

    assert claimed(ana, line) == [f"A-{n}" for n in range(6)]
