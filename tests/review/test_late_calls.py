"""A call that comes after its lease is refused and kept as a note: it counts nowhere and leads nobody."""

import pytest
from django.db import DatabaseError, transaction
from django.urls import reverse
from django.utils.timezone import now as clock

from inspection.rules.words import AssistStyle, Label, Level, Phase
from review import adjudications, decisions, late_calls, queues, searches
from review.late_models import LateCall
from review.models import Adjudication, CountDelta, Decision, ReviewTask, Truth
from review.queues import LeaseLost
from tests.builders import make_user
from tests.review.asking import code_of, decide, the_task
from tests.review.scene import an_answer, answer, later, lease, make_task, read

pytestmark = pytest.mark.django_db


def come_too_late(task, person, label=Label.DEFECT, *, at=0, **fields):
    """Hold a task until the lease ends, and call it then."""
    held = lease(task, person, at=later(at))
    queues.sweep_expired(now=later(at + 100))
    late = an_answer(label, **fields)
    with pytest.raises(LeaseLost):
        decisions.record(held, person=person, token=held.lease_token, decision=late, now=later(at + 100))


def a_case(line, first, second, *, late):
    """Return the case of two who differ, after somebody's call on it came too late."""
    task = make_task(line, drawn=("overlap",))
    come_too_late(task, late, comment="near the lens")
    read(task, first, Label.PASS, at=later(200))
    again = ReviewTask.objects.get(item=task.item, purpose="overlap")
    read(again, second, Label.DEFECT, at=later(300))
    return Adjudication.objects.get(item=task.item)


def test_it_is_refused_and_kept_and_counts_for_nothing(line, ana, andre, client_of):
    make_task(line)
    mine = client_of(ana)
    task = the_task(mine, line)
    ReviewTask.objects.update(lease_until=clock())

    assert code_of(decide(mine, task, label="defect", defect_class="scratch", comment="dark")) == (409, "lease-lost")
    assert code_of(decide(mine, task, label="pass")) == (409, "lease-lost")

    note = LateCall.objects.get()
    assert (note.person, note.label, note.defect_class, note.comment, note.blind) == (
        ana,
        "defect",
        "scratch",
        "dark",
        True,
    )
    assert not Decision.objects.exists()
    assert not CountDelta.objects.exists()
    assert not Truth.objects.exists()


def test_a_token_that_was_never_ones_own_leaves_no_note(line, ana, andre, client_of):
    make_task(line)
    mine, theirs = client_of(ana), client_of(andre)
    task = the_task(mine, line)

    assert code_of(decide(mine, {**task, "lease_token": 9})) == (409, "lease-lost")
    assert code_of(decide(theirs, task)) == (409, "lease-lost")

    assert not LateCall.objects.exists()


def test_whose_lease_came_back_reads_it_like_anybody(line, ana):
    task = make_task(line)
    come_too_late(task, ana, Label.PASS)

    decision = read(task, ana, Label.PASS, at=later(200))

    assert decision.fate.fate == "final"
    assert CountDelta.objects.filter(stream="agreement").count() == 1


def test_the_history_of_the_image_tells_it_as_what_it_is(line, ana, andre):
    task = make_task(line)
    come_too_late(task, ana, comment="dark")
    read(task, andre, Label.PASS, at=later(200))

    [told] = [step for step in searches.steps(task.item) if step.kind == "late"]

    assert (told.label, told.who, told.note) == ("defect", "ana", "dark")


def test_who_rules_sees_it_only_where_the_line_wants_it(line, ana, andre, quinn, client):
    case = a_case(line, ana, andre, late=make_user("jonas"))
    client.force_login(quinn)
    address = reverse("adjudication", args=[line.slug, case.pk])

    assert "near the lens" not in client.get(address).content.decode()
    line.second_opinion = True
    line.save(update_fields=["second_opinion"])
    page = client.get(address).content.decode()

    assert "near the lens" in page
    assert "jonas" not in page


def test_one_of_the_two_whose_calls_differ_is_not_heard_twice(line, ana, andre):
    line.second_opinion = True
    line.save(update_fields=["second_opinion"])

    assert late_calls.opinions_on(a_case(line, ana, andre, late=ana)) == []


def test_a_case_that_shows_no_call_shows_no_note_either(line, ana, andre):
    line.second_opinion = True
    line.save(update_fields=["second_opinion"])
    task = make_task(line)
    come_too_late(task, andre)
    read(task, ana, Label.CANNOT_JUDGE, at=later(200))

    assert late_calls.opinions_on(Adjudication.objects.get()) == []


@pytest.mark.parametrize("style", AssistStyle)
def test_who_had_seen_the_prediction_is_not_told_to_who_rules(line, ana, style):
    line.level, line.assist_style = Level.ASSIST.value, style.value
    line.save(update_fields=["level", "assist_style"])
    task = make_task(line)

    come_too_late(task, ana)

    assert LateCall.objects.get().blind is (style == AssistStyle.REVEAL)


def test_a_final_call_that_came_too_late_is_no_blind_note(line, ana):
    line.level = Level.ASSIST.value
    line.save(update_fields=["level"])
    task = make_task(line)
    answer(task, ana, Label.DEFECT)
    held = ReviewTask.objects.select_related("line", "item", "run").get(pk=task.pk)
    final = an_answer(Label.PASS, phase=Phase.FINAL)

    with pytest.raises(LeaseLost):
        decisions.record(held, person=ana, token=held.lease_token, decision=final, now=later(500))

    assert LateCall.objects.get().blind is False


def test_who_came_too_late_does_not_rule_on_the_image(line, ana, andre, quinn, quill):
    case = a_case(line, ana, andre, late=quinn)

    assert list(adjudications.waiting_for(quinn, lines=[line])) == []
    with pytest.raises(adjudications.ConflictOfInterest):
        adjudications.rule(case, by=quinn, label=Label.PASS, now=later(900))
    assert list(adjudications.waiting_for(quill, lines=[line])) == [case]


@pytest.mark.parametrize("deed", [lambda notes: notes.update(label="pass"), lambda notes: notes.delete()])
def test_a_note_is_never_changed(line, ana, deed):
    come_too_late(make_task(line), ana)

    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        deed(LateCall.objects.all())
