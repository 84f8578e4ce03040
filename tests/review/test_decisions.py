"""Calls: recorded once, answered by the level's rule, taken back in time, corrected later."""

from datetime import timedelta
from uuid import uuid4

import pytest

from inspection.models import Disposition
from inspection.rules.words import AssistStyle, Call, Label, Level, Phase
from review import decisions, queues
from review.decisions import AlreadyDecided, NotAmendable, UndoExpired
from review.faults import COMMENT_MAX, REGIONS_MAX, Invalid
from review.models import Adjudication, Decision, DecisionFate, PendingDecision
from review.queues import LeaseLost
from tests.builders import NOON, make_line
from tests.review.scene import an_answer, answer, later, lease, make_task, make_watched_line, read

pytestmark = pytest.mark.django_db

PASS, DEFECT, CANNOT = Label.PASS, Label.DEFECT, Label.CANNOT_JUDGE


@pytest.fixture
def assist():
    return make_watched_line("phone-lens", level=Level.ASSIST)


def record(task, person, *, token=None, at=NOON, **fields):
    token = task.lease_token if token is None else token
    return decisions.record(task, person=person, token=token, decision=an_answer(**fields), now=at)


# Recording ------------------------------------------------------------------------------------------------------


def test_a_call_is_provisional_until_its_undo_window_closes(line, ana):
    task = make_task(line)

    recorded = answer(task, ana, DEFECT)

    assert recorded.decision.final_at == later(10)
    assert Disposition.objects.get().final_at == later(10)
    assert decisions.finalise_due(now=later(9.9)) == 0
    assert Disposition.objects.get().settled_at is None
    assert decisions.finalise_due(now=later(10)) == 1
    assert decisions.finalise_due(now=later(11)) == 0
    assert Disposition.objects.get().verdict == "reject"
    assert not PendingDecision.objects.exists()


def test_the_call_keeps_level_blindness_and_what_the_page_tells(line, ana):
    decision = answer(make_task(line), ana, page={"prefetch_hit": True}).decision

    assert (decision.level, decision.blind, decision.phase, decision.round) == ("shadow", True, "initial", 1)
    assert (decision.revealed_at, decision.page) == (None, {"prefetch_hit": True})


def test_the_same_id_again_gives_the_same_answer(line, ana):
    mine = lease(make_task(line), ana)
    given = an_answer(DEFECT)
    first = decisions.record(mine, person=ana, token=1, decision=given, now=NOON)

    again = decisions.record(mine, person=ana, token=1, decision=given, now=later(3))

    assert again.is_replay
    assert (again.decision, again.decision.final_at) == (first.decision, first.decision.final_at)
    assert Decision.objects.count() == 1


def test_an_id_of_another_call_is_refused(line, ana):
    given = an_answer()
    one, other = make_task(line, "A-1"), make_task(line, "A-2")
    one, other = queues.claim(ana, line, count=2, tab="t", now=NOON)
    decisions.record(one, person=ana, token=1, decision=given, now=NOON)

    with pytest.raises(Invalid) as refusal:
        decisions.record(other, person=ana, token=1, decision=given, now=NOON)
    assert refusal.value.faults[0].pointer == "/decision_id"


@pytest.mark.parametrize(("token", "at"), [(0, 0), (2, 0), (1, 90), (1, 1000)])
def test_a_stale_token_or_a_lapsed_lease_is_refused(line, ana, token, at):
    mine = lease(make_task(line), ana)

    with pytest.raises(LeaseLost):
        record(mine, ana, token=token, at=later(at))
    assert not Decision.objects.exists()


def test_another_persons_lease_is_refused(line, ana, andre):
    mine = lease(make_task(line), ana)

    with pytest.raises(LeaseLost):
        record(mine, andre)


def test_a_second_call_in_the_round_is_refused(line, ana):
    mine = lease(make_task(line), ana)
    record(mine, ana)

    with pytest.raises(AlreadyDecided):
        record(mine, ana)
    decisions.finalise_due(now=later(10))
    with pytest.raises(AlreadyDecided):
        record(mine, ana, at=later(11))


def test_a_call_takes_eight_statements_at_most_at_every_level(ana, line, assist, django_assert_max_num_queries):
    quiet, loud = lease(make_task(line), ana), lease(make_task(assist, "B-1"), ana)
    with django_assert_max_num_queries(8) as asked:
        record(quiet, ana, label=DEFECT)
    assert len(asked) == 6
    with django_assert_max_num_queries(8):
        assert record(loud, ana, label=DEFECT).reveal
    with django_assert_max_num_queries(8):
        record(loud, ana, label=DEFECT, phase=Phase.FINAL, at=later(1))


# What a call must be --------------------------------------------------------------------------------------------

BOX = {"x": 10, "y": 10, "w": 5, "h": 5}


@pytest.mark.parametrize(
    ("fields", "pointer"),
    [
        ({"label": DEFECT, "defect_class": ""}, "/defect_class"),
        ({"label": PASS, "defect_class": "scratch"}, "/defect_class"),
        ({"label": CANNOT, "defect_class": "scratch"}, "/defect_class"),
        ({"label": DEFECT, "defect_class": "dent"}, "/defect_class"),
        ({"comment": "   "}, "/comment"),
        ({"comment": "a\x00b"}, "/comment"),
        ({"comment": "x" * (COMMENT_MAX + 1)}, "/comment"),
        ({"regions": [BOX] * (REGIONS_MAX + 1)}, "/regions"),
        ({"regions": [BOX, {**BOX, "x": -1}]}, "/regions/1/x"),
        ({"regions": [{**BOX, "y": 480}]}, "/regions/0/y"),
        ({"regions": [{**BOX, "w": 0}]}, "/regions/0/w"),
        ({"regions": [{**BOX, "h": -2}]}, "/regions/0/h"),
        ({"regions": [{**BOX, "x": 636}]}, "/regions/0/w"),
        ({"regions": [{**BOX, "w": float("nan")}]}, "/regions/0/w"),
        ({"regions": [{**BOX, "x": "10"}]}, "/regions/0/x"),
        ({"regions": [{**BOX, "x": True}]}, "/regions/0/x"),
        ({"regions": [{"x": 1}]}, "/regions/0"),
        ({"regions": [{**BOX, "z": 1}]}, "/regions/0"),
    ],
)
def test_what_means_nothing_is_refused_with_a_pointer(line, ana, fields, pointer):
    mine = lease(make_task(line), ana)

    with pytest.raises(Invalid) as refusal:
        record(mine, ana, **fields)

    assert [fault.pointer for fault in refusal.value.faults] == [pointer]
    mine.refresh_from_db()
    assert mine.lease_holder == ana


@pytest.mark.parametrize(
    "fields",
    [
        {"regions": [{"x": 0, "y": 0}, {"x": 639.5, "y": 479}, {"x": 0, "y": 0, "w": 640, "h": 480}]},
        {"comment": ""},
        {"comment": "x" * COMMENT_MAX},
        {"comment": "긁힘 \u202e 🔬"},
        {"label": CANNOT},
    ],
)
def test_what_lies_at_the_edge_is_taken(line, ana, fields):
    assert record(lease(make_task(line), ana), ana, **fields).decision


def test_a_retired_class_or_one_of_another_line_is_refused(line, ana):
    line.defect_classes.filter(code="crack").update(retired_at=NOON)
    other = make_line("phone-back")
    other.defect_classes.create(code="dent", name="dent", name_ko="눌림", risk_class="major", key=3)
    mine = lease(make_task(line), ana)

    for code in ("crack", "dent"):
        with pytest.raises(Invalid):
            record(mine, ana, label=DEFECT, defect_class=code)


# The prediction after the call ----------------------------------------------------------------------------------


def test_at_assist_a_disagreement_is_answered_and_the_final_call_goes_to_the_line(assist, ana):
    mine = lease(make_task(assist, call=Call.DEFECT), ana)

    first = record(mine, ana, label=PASS)
    final = record(mine, ana, label=DEFECT, phase=Phase.FINAL, at=later(20))

    assert first.reveal.call == "defect"
    assert (first.decision.blind, first.decision.revealed_at) == (True, NOON)
    assert (final.decision.blind, final.reveal) == (False, None)
    assert decisions.finalise_due(now=later(29)) == 0
    assert decisions.finalise_due(now=later(30)) == 2
    assert Disposition.objects.get().verdict == "reject"


def test_without_a_final_call_the_first_one_stands(assist, ana):
    recorded = answer(make_task(assist, call=Call.DEFECT), ana, PASS)

    assert recorded.decision.final_at == later(30)
    decisions.finalise_due(now=later(30))
    assert Disposition.objects.get().verdict == "pass"


def test_an_answered_call_waits_for_the_finaliser_however_long_its_lease_is_over(assist, ana, andre):
    task = make_task(assist, call=Call.DEFECT)
    answer(task, ana, PASS)

    assert queues.sweep_expired(now=later(91)) == 0
    assert queues.claim(andre, assist, count=6, tab="t", now=later(92)) == []
    assert decisions.finalise_due(now=later(93)) == 1


def test_agreement_is_answered_only_on_request(assist, ana):
    assert answer(make_task(assist, "B-1", call=Call.PASS), ana, PASS).reveal is None
    assert answer(make_task(assist, "B-2", call=Call.PASS), ana, PASS, ask_reveal=True).reveal.call == "pass"


@pytest.mark.parametrize("drawn", ["control", "truth", "audit"])
def test_controls_and_draws_are_never_answered_even_on_request(assist, ana, drawn):
    recorded = answer(make_task(assist, call=Call.DEFECT, drawn=(drawn,)), ana, PASS, ask_reveal=True)

    assert recorded.reveal is None
    assert recorded.decision.revealed_at is None


@pytest.mark.parametrize("level", [Level.HUMAN, Level.SHADOW, Level.FULL])
def test_below_assist_and_at_full_nothing_is_answered_nor_looked_up(ana, level, django_assert_num_queries):
    line = make_watched_line("phone-frame", level=level)
    mine = lease(make_task(line, call=Call.DEFECT), ana)

    with django_assert_num_queries(5) as asked:
        assert record(mine, ana, label=PASS, ask_reveal=True).reveal is None
    assert not any("inspection_prediction" in query["sql"] for query in asked.captured_queries)


def test_a_line_that_came_down_answers_no_more(assist, ana):
    mine = lease(make_task(assist, call=Call.DEFECT), ana)
    mine.line.level = Level.SHADOW.value

    assert record(mine, ana, label=PASS).reveal is None


def test_a_final_call_needs_a_first_one_that_was_answered(assist, ana):
    mine = lease(make_task(assist, call=Call.DEFECT), ana)

    with pytest.raises(Invalid) as refusal:
        record(mine, ana, phase=Phase.FINAL)
    assert refusal.value.faults[0].pointer == "/phase"


def test_a_call_beside_the_prediction_is_no_blind_evidence(ana):
    line = make_watched_line("phone-lens", level=Level.ASSIST, assist_style=AssistStyle.ALONGSIDE.value)
    beside = answer(make_task(line, "B-1", call=Call.DEFECT), ana, PASS)
    control = answer(make_task(line, "B-2", call=Call.DEFECT, drawn=("control",)), ana, PASS)

    assert (beside.decision.blind, beside.reveal) == (False, None)
    assert control.decision.blind


def test_a_style_changed_under_way_does_not_make_a_seen_call_blind(ana):
    line = make_watched_line("phone-lens", level=Level.ASSIST, assist_style=AssistStyle.ALONGSIDE.value)
    task = make_task(line, call=Call.DEFECT)
    type(line).objects.update(assist_style=AssistStyle.REVEAL.value, level=Level.SHADOW.value)

    assert not answer(task, ana, PASS).decision.blind


# Taking back ----------------------------------------------------------------------------------------------------


def test_undo_inside_the_window_gives_the_task_back_and_the_next_call_is_round_two(line, ana):
    first = answer(make_task(line), ana, PASS).decision

    undone = decisions.undo(first.pk, person=ana, now=later(9.9))

    assert (undone.task.lease_holder, undone.task.lease_token) == (ana, 2)
    assert Disposition.objects.get().final_at is None
    second = record(undone.task, ana, label=DEFECT, at=later(12)).decision
    assert second.round == 2
    assert decisions.finalise_due(now=later(22)) == 1
    assert Disposition.objects.get().verdict == "reject"
    assert first.fate.fate == DecisionFate.UNDONE


def test_undo_after_the_window_is_refused_even_before_the_finaliser_comes(line, ana):
    decision = answer(make_task(line), ana).decision

    with pytest.raises(UndoExpired):
        decisions.undo(decision.pk, person=ana, now=later(10))
    decisions.finalise_due(now=later(10))
    with pytest.raises(UndoExpired):
        decisions.undo(decision.pk, person=ana, now=later(9))


def test_undoing_twice_is_undoing_once(line, ana, andre):
    decision = answer(make_task(line), ana).decision
    decisions.undo(decision.pk, person=ana, now=later(1))

    again = decisions.undo(decision.pk, person=ana, now=later(2))

    assert again.task.lease_token == 2
    queues.sweep_expired(now=later(91))
    lease(decision.task, andre, at=later(92))
    assert decisions.undo(decision.pk, person=ana, now=later(93)).task is None


def test_nobody_undoes_anothers_call(line, ana, andre):
    decision = answer(make_task(line), ana).decision

    with pytest.raises(Decision.DoesNotExist):
        decisions.undo(decision.pk, person=andre, now=later(1))


def test_an_undo_after_the_answer_changes_the_final_call_only(assist, ana):
    mine = lease(make_task(assist, call=Call.DEFECT), ana)
    first = record(mine, ana, label=PASS).decision
    final = record(mine, ana, label=DEFECT, phase=Phase.FINAL, at=later(2)).decision

    undone = decisions.undo(final.pk, person=ana, now=later(5))
    assert undone.reopens_final
    assert undone.reveal.call == "defect"
    record(undone.task, ana, label=PASS, phase=Phase.FINAL, at=later(6))
    decisions.finalise_due(now=later(16))

    assert {first.fate.fate, Decision.objects.get(round=2).fate.fate} == {DecisionFate.FINAL}
    assert Disposition.objects.get().verdict == "pass"


def test_an_undo_of_the_final_call_at_the_last_moment_leaves_time_for_another(assist, ana):
    mine = lease(make_task(assist, call=Call.DEFECT), ana)
    record(mine, ana, label=PASS)
    final = record(mine, ana, label=PASS, phase=Phase.FINAL, at=later(2)).decision

    undone = decisions.undo(final.pk, person=ana, now=later(11.9))
    assert decisions.finalise_due(now=later(12.1)) == 0
    record(undone.task, ana, label=DEFECT, phase=Phase.FINAL, at=later(30))
    decisions.finalise_due(now=later(60))

    assert Disposition.objects.get().verdict == "reject"


def test_undoing_an_answered_first_call_opens_the_final_one_and_keeps_the_evidence(assist, ana):
    first = answer(make_task(assist, call=Call.DEFECT), ana, PASS).decision

    undone = decisions.undo(first.pk, person=ana, now=later(5))

    assert undone.reopens_final
    with pytest.raises(AlreadyDecided):
        record(undone.task, ana, label=DEFECT, at=later(6))
    record(undone.task, ana, label=DEFECT, phase=Phase.FINAL, at=later(6))
    decisions.finalise_due(now=later(60))
    assert first.fate.fate == DecisionFate.FINAL


# Correcting later -----------------------------------------------------------------------------------------------


def amend(decision, person, *, label=DEFECT, reason="a hairline near the lens", at=60.0, **fields):
    given = an_answer(label, comment=reason, phase=Phase.FINAL, **fields)
    return decisions.amend(decision.pk, person=person, amendment=given, now=later(at))


def test_an_amendment_opens_a_case_and_both_calls_stay(line, ana):
    decision = read(make_task(line), ana, PASS)

    kept = amend(decision, ana)

    case = Adjudication.objects.get()
    assert (case.cause, case.first, case.second) == ("dispute", decision, kept)
    assert kept.fate.fate == DecisionFate.AMENDED
    assert Disposition.objects.get().verdict == "pass"


def test_an_amendment_sent_again_is_kept_once(line, ana):
    decision, given = read(make_task(line), ana, PASS), uuid4()

    assert amend(decision, ana, decision_id=given) == amend(decision, ana, decision_id=given)
    with pytest.raises(NotAmendable):
        amend(decision, ana)


def test_only_a_final_call_of_ones_own_is_amended(line, ana, andre):
    decision = answer(make_task(line), ana, PASS).decision

    with pytest.raises(NotAmendable):
        amend(decision, ana, at=5)
    with pytest.raises(Decision.DoesNotExist):
        amend(decision, andre)


def test_an_undo_window_of_zero_is_final_at_once(ana):
    line = make_watched_line("phone-frame", undo_s=0)
    decision = answer(make_task(line), ana).decision

    assert decision.final_at - NOON == timedelta(0)
    assert decisions.finalise_due(now=NOON) == 1
