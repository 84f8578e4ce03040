"""Planted calls at assist: like any reveal to the reader, and a measure of how far people follow a wrong model."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from inspection.rules.words import AssistStyle, Call, Label, Level, Phase
from review import decisions, evidence, gold, planting, queues, reliances
from review.gold_models import PlantedCall
from review.models import CountDelta, ReviewTask
from review.reliances import Harm
from review.rules.reliance import Seen, given_up, omission, reliance
from tests.builders import NOON
from tests.review.asking import claim, decide
from tests.review.gold_scene import make_giving, make_library, show
from tests.review.scene import an_answer, answer, later, make_task, make_watched_line
from tests.review.test_gold import drawn_id, shape

pytestmark = pytest.mark.django_db


# The rule -------------------------------------------------------------------------------------------------------


def seen(**changes):
    facts = {"truth": Call.DEFECT, "call": Call.PASS, "first": Label.DEFECT, "last": Label.DEFECT,
             "is_control": False, "is_shown": True}  # fmt: skip
    return Seen(**{**facts, **changes})


GAVE_UP = {"last": Label.PASS}
TOOK = {"call": Call.DEFECT, "first": Label.PASS}


@pytest.mark.parametrize(
    ("changes", "over", "alone", "switches"),
    [
        ({}, (0, 1), (0, 0), (0, 0)),
        (GAVE_UP, (1, 1), (0, 0), (1, 0)),
        (TOOK, (0, 0), (0, 1), (0, 1)),
        ({**TOOK, "last": Label.PASS}, (0, 0), (1, 1), (0, 0)),
        ({"is_shown": False, "is_control": True}, (0, 0), (0, 0), (0, 0)),
        ({"last": Label.CANNOT_JUDGE}, (0, 0), (0, 0), (0, 0)),
    ],
)
def test_over_and_self_reliance_count_what_was_shown(changes, over, alone, switches):
    found = reliance([seen(**changes)])
    assert (found.over.k, found.over.n) == over
    assert (found.self_reliance.k, found.self_reliance.n) == alone
    assert (found.harmful, found.helpful) == switches


def test_omission_and_commission_stand_beside_the_control():
    control = {"is_control": True, "is_shown": False}
    said = [seen(**GAVE_UP)] * 3 + [seen()] + [seen(**control)] * 4
    good = {"truth": Call.PASS, "call": Call.DEFECT, "first": Label.PASS}
    said += [seen(**good, last=Label.DEFECT), seen(**good, last=Label.PASS)]
    found = reliance(said)
    assert found.omission[0] == pytest.approx(0.75)
    assert found.omission[1] > 0
    assert found.commission is None
    assert found.arms == (6, 4)
    assert given_up(said) == (3, 4)
    assert omission(said) == ((3, 4), (0, 4))


# Planting -------------------------------------------------------------------------------------------------------


@pytest.fixture
def assisted():
    return make_watched_line(level=Level.ASSIST)


def both_calls(line):
    """Let the model have called one part good and another a defect."""
    make_task(line, "M-1", call=Call.PASS)
    make_task(line, "M-2", call=Call.DEFECT)


def planted(line, person, n=100, *, call=Call.DEFECT, is_wrong=True, is_control=False):
    both_calls(line)
    showing = show(line, person, n, call=call)
    assert planting.plant(showing, is_wrong=is_wrong, is_control=is_control, now=NOON)
    return showing


def the_task(client, line, pk):
    return next(task for task in claim(client, line, count=6).json()["tasks"] if task["id"] == str(pk))


@pytest.mark.parametrize(
    ("truth", "is_wrong", "label"),
    [
        (Call.DEFECT, True, "pass"),
        (Call.DEFECT, False, "defect"),
        (Call.PASS, True, "defect"),
        (Call.PASS, False, "pass"),
    ],
)
def test_the_planted_call_is_what_the_reader_is_told_after_the_call(assisted, ana, client_of, truth, is_wrong, label):
    showing = planted(assisted, ana, call=truth, is_wrong=is_wrong)
    client = client_of(ana)
    task = the_task(client, assisted, showing.task_id)
    assert "prediction" not in task
    said = decide(client, task, label="pass", ask_reveal=True).json()
    assert said["reveal"]["label"] == label
    heat = client.get(said["reveal"]["heatmap_url"]).json()
    assert heat["columns"] == 3


def test_a_planted_and_a_real_reveal_look_alike_and_cost_the_same(assisted, ana, client_of):
    showing = planted(assisted, ana, is_wrong=False)
    client = client_of(ana)
    tasks = claim(client, assisted, count=6).json()["tasks"]
    real = ReviewTask.objects.get(run__part__serial="M-2", run__part__is_staged=False)
    mine = next(task for task in tasks if task["id"] == str(showing.task_id))
    other = next(task for task in tasks if task["id"] == str(real.pk))
    assert {*mine} == {*other}
    answers, costs = [], []
    for task in (other, mine):
        with CaptureQueriesContext(connection) as spent:
            answers.append(decide(client, task, label="pass").json())
        costs.append(len(spent))
    assert {*answers[0]["reveal"]} == {*answers[1]["reveal"]}
    assert [one["reveal"]["label"] for one in answers] == ["defect", "defect"]
    assert shape(answers[0]["reveal"]["heatmap_url"]) == shape(answers[1]["reveal"]["heatmap_url"])
    assert costs[0] == costs[1]


def test_control_is_told_nothing_even_on_request(assisted, ana, client_of):
    showing = planted(assisted, ana, is_control=True)
    client = client_of(ana)
    task = the_task(client, assisted, showing.task_id)
    assert decide(client, task, ask_reveal=True).json()["reveal"] is None


def test_beside_the_image_a_planted_call_stands_like_a_prediction(ana, client_of):
    line = make_watched_line(level=Level.ASSIST, assist_style=AssistStyle.ALONGSIDE.value)
    showing = planted(line, ana)
    tasks = claim(client_of(ana), line, count=6).json()["tasks"]
    mine = next(task for task in tasks if task["id"] == str(showing.task_id))
    [other] = [task for task in tasks if task["item"]["serial"] == "M-1" and task is not mine]
    for task in (mine, other):
        # Each serial is in the manner of another neighbour's.
        task["item"].pop("serial")
    assert shape(mine) == shape(other)
    assert mine["prediction"]["label"] == "pass"


@pytest.mark.parametrize("level", [Level.HUMAN, Level.SHADOW, Level.FULL])
def test_nothing_is_planted_where_nothing_is_told(ana, level):
    line = make_watched_line(level=level)
    both_calls(line)
    showing = show(line, ana, 1)
    assert planting.by_chance(showing, now=NOON) is None
    assert ReviewTask.objects.get(pk=showing.task_id).is_control


def test_nothing_is_planted_without_a_real_call_to_copy(assisted, ana):
    showing = show(assisted, ana, 1)
    assert planting.plant(showing, is_wrong=False, is_control=False, now=NOON) is None


def test_the_clockwork_plants_on_gold_items_at_assist(assisted, ana, quinn):
    make_library(assisted, 3)
    make_giving(assisted, quinn, now=later(-1))
    both_calls(assisted)
    answer(make_task(assisted, "W-1"), ana, decision_id=drawn_id(assisted))
    make_task(assisted, "Next")
    assert gold.give_due(now=later(1)) == 1
    assert PlantedCall.objects.get().epoch == assisted.epoch


# What it tells --------------------------------------------------------------------------------------------------


def follow_the_model(showing, person):
    """Call the defect, be shown the planted pass, and give the call up."""
    task = next(one for one in queues.claim(person, showing.line, count=6, tab="t", now=NOON) if one == showing.task)
    first = an_answer(Label.DEFECT)
    decisions.record(task, person=person, token=task.lease_token, decision=first, now=NOON)
    last = an_answer(Label.PASS, phase=Phase.FINAL)
    decisions.record(task, person=person, token=task.lease_token, decision=last, now=later(5))
    decisions.finalise_due(now=later(120))


def test_a_right_call_given_up_is_in_the_report_and_at_the_gate_and_nowhere_else(assisted, ana, quinn, client):
    follow_the_model(planted(assisted, ana), ana)
    found = reliances.of(assisted.epoch)
    assert (found.over.k, found.over.n, found.harmful, found.helpful) == (1, 1, 1, 0)
    brought = evidence.read(assisted, Level.PARTIAL, now=later(200)).evidence
    assert (brought.harm, brought.omission) == ((1, 1), ((1, 1), (0, 0)))
    assert not CountDelta.objects.exists()

    answer(make_task(assisted, "A-1"), ana, at=later(300))
    decisions.finalise_due(now=later(400))
    client.force_login(quinn)
    page = client.get(f"/lines/{assisted.slug}/agreement/").content.decode()
    assert "How far people follow the model" in page
    said = client.get(f"/api/v1/lines/{assisted.slug}/agreement/").json()["reliance"]
    assert (said["over"]["k"], said["over"]["n"], said["omission"]) == (1, 1, None)


def test_before_anything_was_planted_there_is_nothing_to_tell(assisted):
    assert reliances.of(assisted.epoch) is None
    assert reliances.harm(assisted.epoch) == Harm((0, 0), ((0, 0), (0, 0)))
