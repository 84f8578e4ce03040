"""Who needs more time has it: windows and leases ten times as long, but no part misses its deadline for that."""

import json
import re

import pytest
from django.urls import reverse

from inspection import dispositions
from inspection.models import Disposition
from inspection.rules.words import Call, Label, Level
from review import decisions, queues
from review.decisions import UndoExpired
from review.rules import keys
from tests.builders import NOON
from tests.review.scene import answer, later, lease, make_task, make_watched_line

pytestmark = pytest.mark.django_db


@pytest.fixture
def slow(ana):
    ana.preferences = {"more_time": True}
    ana.save()
    return ana


def line_due_in(seconds, **fields):
    return make_watched_line("phone-lens", review_deadline_s=seconds, **fields)


@pytest.mark.parametrize(
    ("due", "closes"), [(600, 100), (30, 25), (12, 10)], ids=["whole", "up to the deadline", "usual"]
)
def test_a_call_may_be_taken_back_for_ten_times_as_long_where_the_part_can_wait(slow, due, closes):
    call = answer(make_task(line_due_in(due)), slow).decision
    assert call.final_at == later(closes)
    with pytest.raises(UndoExpired):
        decisions.undo(call.pk, person=slow, now=later(closes))


def test_the_line_hears_the_person_and_not_the_fail_safe(slow):
    answer(make_task(line_due_in(30)), slow, Label.DEFECT)
    decisions.finalise_due(now=later(29))
    dispositions.fail_safe_due(now=later(30))
    assert Disposition.objects.get().decided_by == "human"


def test_a_part_for_which_nobody_waits_any_more_gives_the_whole_time(slow):
    task = lease(make_task(line_due_in(30)), slow, at=later(60))
    assert task.lease_until == later(60 + 900)


def test_a_lease_lasts_ten_times_as_long_but_not_into_the_deadline_of_its_part(slow):
    line = line_due_in(300)
    make_task(line, "A-1"), make_task(line, "A-2", at=later(60))
    first, second = queues.claim(slow, line, count=2, tab="t", now=later(60))
    assert (first.lease_until, second.lease_until) == (later(295), later(355))
    assert queues.heartbeat(first, person=slow, token=1, now=later(280)) == later(370)
    second.refresh_from_db()
    assert second.lease_until == later(370)


def test_the_choice_after_a_reveal_waits_too(slow):
    task = make_task(line_due_in(900, level=Level.ASSIST), call=Call.DEFECT)
    call = answer(task, slow, Label.PASS).decision
    task.refresh_from_db()
    assert (call.final_at, task.lease_until) == (later(300), later(895))


def test_who_asks_for_nothing_keeps_the_usual_times(ana):
    line = line_due_in(600)
    make_task(line)
    [task] = queues.claim(ana, line, count=1, tab="t", now=NOON)
    assert task.lease_until == later(90)
    assert answer(task, ana).decision.final_at == later(10)


def test_the_choice_is_kept_and_reaches_the_loop(client, ana, line):
    client.force_login(ana)
    client.post(reverse("preferences"), {**keys.PRODUCT, "more_time": "on"})
    html = client.get(reverse("review", args=[line.slug])).content.decode()
    loop = json.loads(re.search(r'id="loop" type="application/json">(.*?)</script>', html, re.S)[1])
    assert (loop["patience"], loop["undo_s"]) == (10, 100)
    assert "In 300 s the item goes back" in loop["texts"]["stillThereNext"]
    shown = client.get(reverse("preferences")).content.decode()
    assert " checked" in re.search(r'<input[^>]*name="more_time"[^>]*>', shown)[0]
