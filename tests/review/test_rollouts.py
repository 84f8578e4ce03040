"""A candidate's way onto a line, through the deeds: forward by people, back by itself."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, OperationalError, connection, transaction

from inspection import arms, pipeline, registry, rollouts
from inspection.models import (
    ArmEvent,
    DeploymentChange,
    Line,
    Outbox,
    Prediction,
    Rollout,
    RolloutMove,
    Routing,
)
from inspection.rules.rollouts import Guard, Move, Shift, Tally
from inspection.rules.words import Label
from review import adjudications, rollbacks
from review.models import Adjudication
from tests.builders import NOON, make_line, make_model_version
from tests.inspection.models import make_bands
from tests.review.rollout_scene import (
    BAD,
    GOOD,
    deployed,
    examined,
    look,
    look_silently,
    make_rollout,
    make_served_line,
    send,
    warmed,
)
from tests.review.scene import later, make_run, read

pytestmark = pytest.mark.django_db

DAY = 24 * 3600
BOTH_GOOD = {"blue": GOOD, "green": GOOD}


@pytest.fixture
def line():
    return make_served_line()


def fresh(rollout) -> Rollout:
    return Rollout.objects.select_related("line", "candidate", "incumbent").get(pk=rollout.pk)


# Starting -------------------------------------------------------------------------------------------------------


def test_a_candidate_stands_beside_the_model_and_every_move_is_kept(line):
    rollout = make_rollout(line)
    assert deployed(line) == ("blue:1", "green:1", "canary", 0.05)
    assert (rollout.incumbent.name, rollout.outcome) == ("blue", "open")
    assert [step["phase"] for step in rollout.plan] == ["canary", "canary", "canary", "watch"]
    assert RolloutMove.objects.get().deed == "start"
    assert DeploymentChange.objects.order_by("-pk")[0].share == 0.05


def test_the_first_model_of_a_line_can_only_watch():
    line = make_served_line()
    registry.serve(line, None, by=None, cause="taken away", now=NOON)
    for strategy in ("canary", "blue_green"):
        with pytest.raises(rollouts.FirstOnlyShadows):
            make_rollout(line, strategy)
    rollout = make_rollout(line, "shadow")
    assert deployed(line) == ("None", "green:1", "shadow", 1.0)
    task = send(line, "A-1")
    assert (task.item.routing.reason, task.item.routing.model_version) == ("level", None)
    with pytest.raises(rollouts.NotReady, match="parts"):
        rollouts.confirm(rollout, by=None, now=later(60))


def test_at_human_a_person_puts_the_first_model_into_service():
    line = make_served_line(level="human")
    registry.serve(line, None, by=None, cause="taken away", now=NOON)
    rollout = rollouts.confirm(make_rollout(line, "shadow"), by=None, now=later(60))
    assert (rollout.outcome, deployed(line)[0]) == ("promoted", "green:1")


def test_what_cannot_be_rolled_out_is_refused(line):
    with pytest.raises(rollouts.ServesAlready):
        rollouts.start(line, registry.present(line), strategy="canary", by=None, now=NOON)
    narrow = make_model_version("narrow", classes=["pass", "scratch"])
    with pytest.raises(rollouts.ClassMissing, match="crack"):
        rollouts.start(line, narrow, strategy="canary", by=None, now=NOON)
    for share in (0.0, 1.0, 1.5):
        with pytest.raises(rollouts.ShareRefused):
            make_rollout(line, share=share)
    make_rollout(line)
    with pytest.raises(rollouts.RolloutOpen):
        make_rollout(line)


def test_the_database_itself_allows_one_open_rollout_and_no_edited_history(line):
    rollout = make_rollout(line)
    with pytest.raises(IntegrityError), transaction.atomic():
        Rollout.objects.create(line=line, candidate=rollout.candidate, strategy="shadow", plan=[], opened_at=NOON)
    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
        RolloutMove.objects.update(cause="other")


# Canary ---------------------------------------------------------------------------------------------------------


def test_a_run_keeps_its_side_and_people_decide_what_the_candidate_says():
    line = make_served_line(level="partial")
    make_bands(line, registry.present(line), envelope={"size_bytes": [100, 100_000]})
    make_rollout(line)
    assert send(line, "A-1", position=0.5) is None
    task = send(line, "A-2", position=0.04)
    routing = task.item.routing
    assert (str(routing.model_version), routing.reason) == ("green:1", "no-certificate")


def test_the_next_step_waits_for_evidence_and_then_for_a_person(line, quinn):
    rollout = make_rollout(line)
    with pytest.raises(rollouts.NotReady) as refusal:
        rollouts.confirm(rollout, by=quinn, now=later(60))
    assert refusal.value.reasons[:2] == ("no-data", "hours")
    assert rollbacks.follow(rollout, now=later(60)).move == Move.WAIT
    assert deployed(line)[3] == 0.05


def test_a_ready_rollout_is_told_once_and_goes_on_when_a_person_says_so(line, quinn):
    rollout = make_rollout(line)
    rollout = _ready(rollout)
    rollbacks.follow(rollout, now=later(DAY))
    rollbacks.follow(fresh(rollout), now=later(DAY + 1))
    assert [move.deed for move in rollout.moves.order_by("pk")] == ["start", "ready"]
    assert deployed(line)[3] == 0.05
    rollouts.confirm(rollout, by=quinn, now=later(DAY + 2))
    assert deployed(line) == ("blue:1", "green:1", "canary", 0.2)
    last = rollout.moves.order_by("-pk")[0]
    assert (last.made_by, last.evidence["candidate"]["seen"]) == (quinn, 600)


def _ready(rollout):
    """Give the present step enough runs without any failure."""
    step = rollouts.current(rollout)
    runs = [make_run(rollout.line, f"many-{n}") for n in range(600)]
    ArmEvent.objects.bulk_create(
        ArmEvent(step=step, run=run, arm="candidate", kind=kind, seen_at=NOON)
        for run in runs
        for kind in ("seen", "read")
    )
    return fresh(rollout)


def test_overturns_roll_the_canary_back_by_itself(line, ana):
    rollout = make_rollout(line)
    for n in range(6):
        task = send(line, f"A-{n}", green=BAD, position=0.01, at=later(n * 20))
        read(task, ana, Label.PASS, at=later(n * 20 + 1))
    action = rollbacks.follow(fresh(rollout), now=later(200))
    assert (action.move, "overturns" in action.reasons) == (Move.ROLL_BACK, True)
    assert deployed(line) == ("blue:1", "", "", 0.0)
    rollout = fresh(rollout)
    assert (rollout.outcome, rollout.closed_at) == ("rolled_back", later(200))
    assert rollout.moves.order_by("-pk")[0].evidence["candidate"]["failures"]["overturns"] == 6
    assert send(line, "B-1", position=0.01, at=later(201)).item.routing.model_version.name == "blue"


def test_a_candidate_that_answers_nothing_is_gone_at_the_third_part(line):
    rollout = make_rollout(line)
    for n in range(3):
        assert rollbacks.follow(fresh(rollout), now=later(n)).move == Move.WAIT
        send(line, f"A-{n}", green=None, position=0.01, at=later(n))
    assert rollbacks.follow(fresh(rollout), now=later(4)).reasons[0] == "unanswered"
    assert deployed(line)[:2] == ("blue:1", "")


def test_guardrails_hold_while_the_rollout_waits_for_a_person(line):
    rollout = make_rollout(line)
    rollouts.pause(rollout, by=None, cause="looking", now=NOON)
    for n in range(3):
        send(line, f"A-{n}", green=None, position=0.01, at=later(n))
    assert [action.move for _, action in rollbacks.follow_all(now=later(4))] == [Move.ROLL_BACK]


def test_a_rollout_that_the_database_refuses_to_move_keeps_no_other_one_waiting(line):
    elsewhere = make_line("phone-lens", level="partial")
    registry.serve(elsewhere, registry.serving(line), by=None, cause="set-up", now=NOON)
    refused, other = make_rollout(line), make_rollout(elsewhere)
    for n in range(3):
        send(line, f"A-{n}", green=None, position=0.01, at=later(n))
        send(elsewhere, f"B-{n}", green=None, position=0.01, at=later(n))

    def refuse(execute, sql, params, *rest):
        if sql.startswith('UPDATE "inspection_rollout"') and refused.pk in params:
            raise OperationalError
        return execute(sql, params, *rest)

    with connection.execute_wrapper(refuse):
        acted = rollbacks.follow_all(now=later(4))
    assert [(rollout, action.move) for rollout, action in acted] == [(other, Move.ROLL_BACK)]
    assert (fresh(refused).outcome, fresh(other).outcome) == ("open", "rolled_back")

    assert [rollout for rollout, _ in rollbacks.follow_all(now=later(6))] == [refused]


def test_a_person_who_ends_a_rollout_before_its_guardrail_does_so_is_heard_and_no_other_rollout_waits(line):
    elsewhere = make_line("phone-lens", level="partial")
    registry.serve(elsewhere, registry.serving(line), by=None, cause="set-up", now=NOON)
    overtaken, other = make_rollout(line), make_rollout(elsewhere)
    for n in range(3):
        send(line, f"A-{n}", green=None, position=0.01, at=later(n))

    people = iter([lambda: rollouts.abort(overtaken, by=None, cause="no need", now=later(4))])

    def first_the_list_then_the_person(execute, *statement):
        listed = execute(*statement)
        for deed in people:
            deed()
        return listed

    with connection.execute_wrapper(first_the_list_then_the_person):
        acted = rollbacks.follow_all(now=later(4))

    assert [rollout for rollout, _ in acted] == [other]
    assert fresh(overtaken).outcome == "aborted"


def test_another_call_rate_pauses_and_a_person_goes_on_with_new_counts(line, quinn):
    rollout = make_rollout(line)
    call_defects(line, "A", at=0)
    assert rollbacks.follow(fresh(rollout), now=later(20)).reasons == ("calls",)
    assert deployed(line)[2:] == ("canary", 0.05)
    assert fresh(rollout).paused_at == later(20)
    rollouts.go_on(rollout, reviewed=Shift.MORE, by=quinn, now=later(30))
    assert fresh(rollout).paused_at is None
    assert rollouts.judge(fresh(rollout), now=later(31)).reasons[0] == "no-data"


def test_what_a_person_answered_is_not_asked_again_of_this_rollout_but_of_the_next(line, quinn):
    rollout = make_rollout(line)
    call_defects(line, "A", at=0)
    rollbacks.follow(fresh(rollout), now=later(20))
    rollouts.go_on(rollout, reviewed=Shift.MORE, by=quinn, now=later(30))
    assert (fresh(rollout).more_calls_reviewed_at, fresh(rollout).fewer_calls_reviewed_at) == (later(30), None)
    call_defects(line, "B", at=40)
    action = rollbacks.follow(fresh(rollout), now=later(60))
    assert action.move == Move.WAIT
    assert "unproven-calls" not in action.reasons
    assert fresh(rollout).paused_at is None
    rollouts.abort(rollout, by=quinn, cause="another try", now=later(61))
    again = make_rollout(line, at=later(62))
    call_defects(line, "C", at=63)
    assert rollbacks.follow(fresh(again), now=later(80)).reasons == ("calls",)


def test_nothing_is_answered_that_is_not_asked_and_what_is_asked_must_be(line, quinn):
    rollout = make_rollout(line)
    with pytest.raises(rollouts.ReviewDiffers):
        rollouts.go_on(rollout, reviewed=Shift.MORE, by=quinn, now=NOON)
    rollouts.pause(rollout, by=quinn, cause="shift change", now=NOON)
    with pytest.raises(rollouts.ReviewDiffers):
        rollouts.go_on(rollout, reviewed=Shift.MORE, by=quinn, now=later(1))
    call_defects(line, "A", at=2)
    for answer in (None, Shift.FEWER):
        with pytest.raises(rollouts.ReviewDiffers):
            rollouts.go_on(rollout, reviewed=answer, by=quinn, now=later(20))
    assert fresh(rollout).paused_at == NOON
    rollouts.go_on(rollout, reviewed=Shift.MORE, by=quinn, now=later(21))
    assert fresh(rollout).paused_at is None


@pytest.mark.parametrize(
    ("calls", "asked"), [({"green": BAD}, Shift.MORE), ({"green": GOOD, "blue": BAD}, Shift.FEWER)]
)
def test_a_pause_asks_about_what_it_paused_for_although_the_evidence_went_back_meanwhile(line, quinn, calls, asked):
    rollout = make_rollout(line, share=0.5)
    for n in range(60):
        send(line, f"A-{n}", **{"blue": GOOD, **calls}, position=0.01 + n % 2 * 0.9, at=later(n))
    assert rollbacks.follow(fresh(rollout), now=later(100)).reasons == ("calls",)
    rollouts.set_share(fresh(rollout), share=0.05, by=quinn, now=later(101))
    action = rollouts.judge(fresh(rollout), now=later(102))
    assert (action.calls.leans, rollouts.review_asked(fresh(rollout), action)) == (None, asked)
    rollouts.go_on(rollout, reviewed=asked, by=quinn, now=later(103))
    assert fresh(rollout).reviewed == {asked}


def test_nobody_goes_on_or_lowers_the_share_past_a_failure_that_is_about_to_take_it_back(line, quinn):
    rollout = make_rollout(line)
    rollouts.pause(rollout, by=quinn, cause="shift change", now=NOON)
    for n in range(3):
        send(line, f"A-{n}", green=None, position=0.01, at=later(n))
    with pytest.raises(rollouts.NotReady):
        rollouts.go_on(rollout, by=quinn, now=later(10))
    with pytest.raises(rollouts.NotReady):
        rollouts.set_share(rollout, share=0.01, by=quinn, now=later(10))
    assert rollbacks.follow(fresh(rollout), now=later(11)).move == Move.ROLL_BACK


def call_defects(line, name, *, at, count=9):
    """Take parts through the canary that the candidate calls defects, where the incumbent passes everything."""
    for n in range(count):
        send(line, f"{name}-{n}", green=BAD, position=0.01, at=later(at + n))


def test_less_share_at_any_time_more_only_with_evidence(line, quinn):
    rollout = make_rollout(line)
    with pytest.raises(rollouts.NotReady):
        rollouts.set_share(rollout, share=0.5, by=quinn, now=later(1))
    rollouts.set_share(rollout, share=0.01, by=quinn, now=later(2))
    assert deployed(line)[3] == 0.01
    assert rollout.steps.count() == 2


def test_a_slow_answer_and_one_after_the_deadline_count_against_their_version(line):
    rollout = make_rollout(line)
    send(line, "A-1", position=0.01, ms=1_500.0, at=later(1))
    send_late(line, "A-2", BOTH_GOOD, at=later(2))
    tally = arms.evidence_of(rollouts.current(rollout), now=later(6)).candidate
    assert (tally.seen, tally.failures[Guard.LATENCY], tally.failures[Guard.ERRORS]) == (2, 1, 1)


def send_late(line, serial, said, *, at):
    """Take a part of the canary through prediction after the model deadline has given it to people."""
    item = make_run(line, serial, position=0.01, at=at).items.select_related("run__part").get()
    Routing.objects.create(
        item=item, route="human", reason="model-deadline", level="shadow", epoch=item.run.epoch, routed_at=at
    )
    look(line, item, said, at=at + timedelta(seconds=3))


def test_answers_that_came_too_late_are_errors_and_no_missing_answers(line):
    rollout = make_rollout(line)
    for n in range(3):
        send_late(line, f"A-{n}", BOTH_GOOD, at=later(n))
    late = arms.evidence_of(rollouts.current(rollout), now=later(9))
    for n in range(3):
        send_late(line, f"B-{n}", {"green": None}, at=later(10 + n))
    silent = arms.evidence_of(rollouts.current(rollout), now=later(19))
    assert [(found.candidate.failures[Guard.ERRORS], found.unanswered) for found in (late, silent)] == [(3, 0), (6, 3)]


def test_the_model_in_service_looks_at_a_run_of_the_canary_once_the_line_has_its_answer(line):
    rollout = make_rollout(line)
    send(line, "A-1", blue=None, position=0.01, at=later(1))
    send(line, "A-2", position=0.01, at=later(2))
    send(line, "A-3", position=0.01, at=later(3), is_dropped=True)
    said = Prediction.objects.order_by("pk").values_list("item__run__part__serial", "model_version__name", "role")
    green = "green", "candidate"
    assert list(said) == [("A-1", *green), ("A-2", *green), ("A-2", "blue", "shadow"), ("A-3", *green)]
    step = rollouts.current(rollout)
    found = arms.evidence_of(step, now=later(9))
    assert (found.candidate.seen, found.incumbent.seen, arms.dropped(step)) == (3, 0, 0)
    assert found.candidate.failures[Guard.ERRORS] == 0


def test_what_was_in_flight_when_the_models_changed_counts_against_nobody(line):
    item = make_run(line, "A-1", position=0.01, at=NOON).items.select_related("run__part").get()
    rollout = make_rollout(line, at=later(1))
    look(line, item, {"green": None, "blue": GOOD}, at=later(2))
    assert arms.evidence_of(rollouts.current(rollout), now=later(3)).candidate == Tally(
        failures=dict.fromkeys(Guard, 0), compared=dict.fromkeys(Guard, 0)
    )


# Shadow and the paired comparison -------------------------------------------------------------------------------


def test_a_shadow_never_decides_and_is_asked_after_the_answer(line):
    make_rollout(line, "shadow")
    task = send(line, "A-1", green=BAD)
    assert task.item.routing.model_version.name == "blue"
    assert Outbox.objects.filter(topic="item.silent").count() == 1
    assert dict(Prediction.objects.values_list("model_version__name", "role")) == {"blue": "serving", "green": "shadow"}


def test_a_look_for_which_there_was_no_time_is_dropped_and_counted(line):
    rollout = make_rollout(line, "shadow")
    send(line, "A-1", is_dropped=True)
    step = rollouts.current(rollout)
    assert arms.dropped(step) == 1
    assert arms.evidence_of(step, now=later(1)).candidate.seen == 0


@pytest.fixture
def two_views(line):
    """A rollout in shadow, and a run of two views that came once it had begun."""
    rollout = make_rollout(line, "shadow")
    run = make_run(line, "A-1", views=("front", "back"), at=later(1))
    back, front = run.items.select_related("run__part").order_by("view")
    return rollout, front, back


def test_a_view_that_still_waits_for_its_turn_counts_against_nobody(line, two_views):
    rollout, front, back = two_views
    look(line, back, BOTH_GOOD, at=later(2))
    look_silently(line, back, BOTH_GOOD, at=later(2))
    assert seen_and_errors(rollout) == (0, 0)

    look(line, front, BOTH_GOOD, at=later(3))
    look_silently(line, front, BOTH_GOOD, at=later(3))
    assert seen_and_errors(rollout) == (1, 0)


def test_a_run_of_which_one_look_was_dropped_is_not_held_against_the_candidate(line, two_views):
    rollout, front, back = two_views
    for item in (front, back):
        look(line, item, BOTH_GOOD, at=later(2))
        look_silently(line, item, BOTH_GOOD, at=later(2), is_dropped=item == front)
    assert seen_and_errors(rollout) == (0, 0)
    assert arms.dropped(rollouts.current(rollout)) == 1


def test_a_run_with_a_view_that_no_camera_can_be_read_from_counts_against_nobody(line, two_views):
    rollout, front, back = two_views
    pipeline.quarantine(front, reason="decode-corrupt", now=later(2))
    look(line, back, BOTH_GOOD, at=later(3))
    look_silently(line, back, BOTH_GOOD, at=later(3))
    assert seen_and_errors(rollout) == (0, 0)


def test_a_run_with_a_view_that_stepped_aside_for_fresher_ones_counts_against_nobody(line, two_views):
    rollout, front, back = two_views
    late = examined(line, front, {"blue": GOOD, "green": GOOD}, at=later(3))
    pipeline.record_late(front, late, now=later(3))
    look(line, back, BOTH_GOOD, at=later(4))
    look_silently(line, back, BOTH_GOOD, at=later(4))
    assert seen_and_errors(rollout) == (0, 0)


def test_what_takes_both_versions_down_does_not_take_the_candidate_off(line):
    rollout = make_rollout(line, "shadow")
    for n in range(4):
        send(line, f"A-{n}", blue=None, green=None, at=later(n))
    assert seen_and_errors(rollout) == (4, 4)
    assert rollbacks.follow(fresh(rollout), now=later(9)).move == Move.WAIT

    for n in range(3):
        send(line, f"B-{n}", green=None, at=later(10 + n))
    assert rollbacks.follow(fresh(rollout), now=later(19)).reasons[0] == "unanswered"


def seen_and_errors(rollout) -> tuple[int, int]:
    found = arms.evidence_of(rollouts.current(rollout), now=later(10)).candidate
    return found.seen, found.failures[Guard.ERRORS]


def test_people_rule_where_the_candidate_differs_and_nowhere_else(line, ana):
    make_rollout(line, "shadow")
    same = send(line, "A-1")
    differs = send(line, "A-2", green=BAD)
    for task in (same, differs):
        read(task, ana, Label.PASS)
    case = Adjudication.objects.get()
    assert (case.item, case.cause) == (differs.item, "candidate")


def test_the_ruling_says_which_of_the_two_was_wrong(line, ana, quinn):
    rollout = make_rollout(line, "shadow")
    right = send(line, "A-1", green=BAD)
    wrong = send(line, "A-2", green=BAD)
    for task in (right, wrong):
        read(task, ana, Label.PASS)
    for task, label in ((right, Label.DEFECT), (wrong, Label.PASS)):
        case = Adjudication.objects.get(item=task.item)
        defect = "scratch" if label == Label.DEFECT else ""
        adjudications.rule(case, by=quinn, label=label, defect_class=defect, now=later(60))
    seen_of_both = arms.evidence_of(rollouts.current(rollout), now=later(61))
    assert seen_of_both.candidate.compared[Guard.RULINGS] == 1
    assert seen_of_both.incumbent.compared[Guard.RULINGS] == 1


def test_a_ruling_for_the_candidates_sake_is_no_part_of_the_random_check(line, ana, quinn):
    make_rollout(line, "shadow")
    task = send(line, "A-1", green=BAD)
    read(task, ana, Label.PASS)
    adjudications.rule(Adjudication.objects.get(), by=quinn, label=Label.PASS, now=later(60))
    streams = set(task.run.count_deltas.values_list("stream", flat=True))
    assert "read" in streams
    assert "ruled" not in streams


# Blue-green -----------------------------------------------------------------------------------------------------


def test_the_switch_is_one_row_and_the_old_colour_stays_warm(line, quinn):
    rollout = warmed(line)
    assert deployed(line)[:3] == ("blue:1", "green:1", "blue_green")
    rollouts.confirm(rollout, by=quinn, now=later(60))
    assert deployed(line)[:3] == ("green:1", "blue:1", "blue_green")
    line.refresh_from_db()
    assert line.deployment.standby.name == "blue"
    assert line.epoch.model_version.name == "green"
    assert send(line, "A-1", at=later(61)).item.routing.model_version.name == "green"


def test_a_bad_colour_goes_back_during_the_watch(line, ana, quinn):
    rollout = warmed(line)
    epoch = Line.objects.get(pk=line.pk).epoch
    rollout = rollouts.confirm(rollout, by=quinn, now=later(60))
    line.refresh_from_db()
    for n in range(12):
        task = send(line, f"A-{n}", green=BAD, at=later(100 + n * 20))
        read(task, ana, Label.PASS, at=later(101 + n * 20))
    assert rollbacks.follow(fresh(rollout), now=later(500)).move == Move.ROLL_BACK
    assert deployed(line) == ("blue:1", "", "", 0.0)
    assert Line.objects.get(pk=line.pk).epoch == epoch


def test_a_watch_without_trouble_ends_in_service(line, quinn):
    rollout = rollouts.confirm(warmed(line), by=quinn, now=later(60))
    rollout.steps.update(min_parts=1)
    line.refresh_from_db()
    send(line, "A-1", at=later(61))
    assert rollbacks.follow(fresh(rollout), now=later(DAY)).reasons == ("hours",)
    rollbacks.follow(fresh(rollout), now=later(DAY + 61))
    assert (fresh(rollout).outcome, deployed(line)) == ("promoted", ("green:1", "", "", 0.0))


def test_no_run_is_decided_by_two_models(quinn):
    line = make_served_line(level="partial")
    rollout = warmed(line)
    run = make_run(line, "A-1", views=("front", "back"), at=later(58))
    back, front = run.items.select_related("run__part").order_by("view")
    look(line, front, {"blue": GOOD, "green": GOOD}, at=later(59))
    rollouts.confirm(rollout, by=quinn, now=later(60))
    line.refresh_from_db()
    make_bands(line, rollout.candidate, envelope={"size_bytes": [100, 100_000]})
    look(line, back, {"blue": GOOD, "green": GOOD}, at=later(59.5))
    assert Routing.objects.get(item=back).reason == "model-changed"
