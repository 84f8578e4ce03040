"""Many readings and rulings at once: kept together or not at all, each as if it had come alone."""

import pytest

from inspection.models import Disposition
from inspection.rules.words import Call, Label, Stream
from review import adjudications, counts, decisions, queues
from review.adjudications import ConflictOfInterest, Spoken
from review.calls import Said
from review.models import Adjudication, Decision, ReviewTask
from review.queues import LeaseLost
from tests.builders import NOON
from tests.review.scene import an_answer, later, make_run, make_task, make_watched_line, read, route_to_people

pytestmark = pytest.mark.django_db

PASS, DEFECT = Label.PASS, Label.DEFECT


def claimed(line, person, *serials) -> list[ReviewTask]:
    for serial in serials:
        make_task(line, serial)
    return queues.claim(person, line, count=6, tab="t", now=NOON)


def said_of(tasks, *labels) -> list[Said]:
    return [Said(task, task.lease_token, an_answer(label)) for task, label in zip(tasks, labels, strict=True)]


def test_the_calls_of_a_claim_are_kept_together_and_made_final_together(line, ana):
    tasks = claimed(line, ana, "A-1", "A-2", "A-3")

    kept = decisions.record_all(said_of(tasks, PASS, DEFECT, PASS), person=ana, now=later(9))

    assert [one.decision.task_id for one in kept] == [task.pk for task in tasks]
    assert decisions.finalise_due(now=later(30)) == 3
    verdicts = dict(Disposition.objects.values_list("run__part__serial", "verdict"))
    assert verdicts == {"A-1": "pass", "A-2": "reject", "A-3": "pass"}
    assert counts.sums(line.epoch, Stream.AGREEMENT).s == 2
    assert counts.ledger(line.epoch) == counts.recompute(line.epoch)


@pytest.mark.django_db(transaction=True)
def test_where_one_lease_is_lost_no_call_is_kept(line, ana):
    tasks = claimed(line, ana, "A-1", "A-2")
    said = said_of(tasks, PASS, PASS)
    queues.release(tasks[1], person=ana, token=tasks[1].lease_token, now=NOON)

    with pytest.raises(LeaseLost):
        decisions.record_all(said, person=ana, now=later(5))

    assert not Decision.objects.exists()


def test_the_same_calls_again_are_the_same_and_a_new_one_beside_them_is_kept(line, ana):
    tasks = claimed(line, ana, "A-1", "A-2")
    said = said_of(tasks, PASS, DEFECT)
    first = decisions.record_all(said[:1], person=ana, now=later(2))

    again = decisions.record_all(said, person=ana, now=later(4))

    assert [one.is_replay for one in again] == [True, False]
    assert again[0].decision == first[0].decision
    assert Decision.objects.count() == 2


def test_two_views_of_a_run_made_final_in_one_round_follow_each_other(ana):
    line = make_watched_line(views=["front", "back"])
    run = make_run(line, "A-1", views=("front", "back"))
    for item in run.items.order_by("pk"):
        route_to_people(item)
    tasks = queues.claim(ana, line, count=6, tab="t", now=NOON)
    decisions.record_all(said_of(tasks, PASS, DEFECT), person=ana, now=later(5))

    assert decisions.finalise_due(now=later(30)) == 2

    assert Disposition.objects.get().verdict == "reject"
    assert counts.ledger(line.epoch) == counts.recompute(line.epoch)


def test_rulings_given_together_correct_the_counts_of_each_run(line, ana, quinn):
    for n in range(3):
        read(make_task(line, f"A-{n}", call=Call.DEFECT), ana, PASS, at=later(60 * n))
    cases = list(adjudications.waiting_for(quinn, lines=[line]))
    spoken = [
        Spoken(case=case, label=label, defect_class="scratch" if label == DEFECT else "")
        for case, label in zip(cases, (DEFECT, PASS, DEFECT), strict=True)
    ]

    ruled = adjudications.rule_all(spoken, by=quinn, now=later(300))

    assert [case.label for case in ruled] == ["defect", "pass", "defect"]
    assert counts.sums(line.epoch, Stream.AGREEMENT).s == 2
    assert counts.ledger(line.epoch) == counts.recompute(line.epoch)
    assert adjudications.rule_all(spoken, by=quinn, now=later(301)) == ruled


def test_one_conflict_of_interest_lets_no_ruling_pass(line, ana, andre):
    read(make_task(line, "A-1", call=Call.DEFECT), ana, PASS)
    read(make_task(line, "A-2", call=Call.DEFECT), andre, PASS, at=later(60))
    spoken = [Spoken(case=case, label=PASS) for case in Adjudication.objects.select_related("run__part", "line")]

    with pytest.raises(ConflictOfInterest):
        adjudications.rule_all(spoken, by=ana, now=later(300))

    assert not Adjudication.objects.filter(ruled_at__isnull=False).exists()
