"""What a rollout does next, by its step and the evidence alone."""

from dataclasses import replace

import pytest

from inspection.rules.rollouts import (
    Arm,
    Evidence,
    Guard,
    Move,
    Phase,
    Shift,
    State,
    Step,
    Tally,
    advance,
    compared,
    plan,
)
from inspection.rules.words import RolloutStrategy

CANARY = Step(phase=Phase.CANARY, share=0.05, min_hours=24)
SHADOW, WARM, WATCH = (Step(phase=phase, share=1.0) for phase in (Phase.SHADOW, Phase.WARM, Phase.WATCH))


def tally(seen: int, **failures: int) -> Tally:
    found = {Guard(name): n for name, n in failures.items()}
    return Tally(seen=seen, read=seen, failures=found, compared=found)


def evidence(candidate: Tally, incumbent: Tally | None = None, **facts) -> Evidence:
    return Evidence(candidate=candidate, incumbent=incumbent or Tally(), **{"hours": 30.0, **facts})


GOOD = evidence(tally(1_000, overturns=10, calls=30), tally(19_000, overturns=190, calls=570))
"""At least as good as the incumbent, with all the data that a first canary asks for."""


def moved(step: Step, seen: Evidence, **facts) -> tuple[Move, tuple[str, ...]]:
    action = advance(State(step=step, **facts), seen)
    return action.move, action.reasons


def test_a_good_candidate_is_proposed_and_never_raised_without_a_person():
    assert moved(CANARY, GOOD) == (Move.PROPOSE, ())


def test_without_data_it_waits():
    move, reasons = moved(CANARY, Evidence())
    assert (move, reasons[:2]) == (Move.WAIT, ("no-data", "hours"))


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        (replace(GOOD, hours=23.9), "hours"),
        (replace(GOOD, candidate=replace(GOOD.candidate, seen=199)), "parts"),
        (replace(GOOD, candidate=replace(GOOD.candidate, read=20)), "unproven-escapes"),
    ],
)
def test_one_thing_missing_keeps_it_where_it_is(changed, reason):
    move, reasons = moved(CANARY, changed)
    assert move == Move.WAIT
    assert reason in reasons


@pytest.mark.parametrize("guard", ["errors", "overturns", "escapes"])
def test_more_failures_than_its_share_roll_it_back(guard):
    # 8 of 28 failures at a share of 5 %: ln E 5.68, and 4.605 is enough.
    bad = evidence(tally(400, **{guard: 8}), tally(7_600, **{guard: 20}))
    assert moved(CANARY, bad) == (Move.ROLL_BACK, (guard,))


def test_its_share_of_the_failures_is_no_ground():
    fair = evidence(tally(400, overturns=3), tally(7_600, overturns=60))
    assert moved(CANARY, fair)[0] == Move.WAIT


def test_latency_has_a_fifth_of_grace():
    # ln E is 5.2 against the incumbent's own rate, and 4.1 against 1.2 times it.
    seen = evidence(tally(400, latency=8), tally(7_600, latency=23))
    assert moved(CANARY, seen)[0] == Move.WAIT
    assert moved(CANARY, evidence(tally(400, overturns=8), tally(7_600, overturns=23)))[0] == Move.ROLL_BACK


@pytest.mark.parametrize("calls", [(20, 60), (0, 400)])
def test_another_call_rate_in_either_direction_pauses_for_a_person(calls):
    seen = evidence(tally(400, calls=calls[0]), tally(7_600, calls=calls[1]))
    assert moved(CANARY, seen) == (Move.PAUSE, ("calls",))


def test_a_pause_is_called_once_and_nothing_advances_meanwhile():
    seen = evidence(tally(400, calls=20), tally(7_600, calls=60))
    assert moved(CANARY, seen, is_paused=True) == (Move.WAIT, ("paused",))
    assert moved(CANARY, GOOD, is_paused=True) == (Move.WAIT, ("paused",))


MORE, FEWER = frozenset({Shift.MORE}), frozenset({Shift.FEWER})
# A candidate that finds what the incumbent passes calls more, however long one looks.
KEENER = evidence(tally(1_000, overturns=10, calls=400), tally(19_000, overturns=190, calls=570))
BLINDER = evidence(tally(1_000, overturns=10), tally(19_000, overturns=190, calls=570))


@pytest.mark.parametrize(("seen", "reviewed"), [(KEENER, MORE), (BLINDER, FEWER), (KEENER, MORE | FEWER)])
def test_what_a_person_reviewed_neither_pauses_again_nor_has_to_be_proven(seen, reviewed):
    assert moved(CANARY, seen) == (Move.PAUSE, ("calls",))
    assert moved(CANARY, seen, reviewed=reviewed) == (Move.PROPOSE, ())


@pytest.mark.parametrize(("seen", "reviewed"), [(KEENER, FEWER), (BLINDER, MORE)])
def test_a_review_of_more_calls_answers_for_no_fewer_and_the_other_way_round(seen, reviewed):
    assert moved(CANARY, seen, reviewed=reviewed) == (Move.PAUSE, ("calls",))


@pytest.mark.parametrize(("seen", "leans"), [(KEENER, Shift.MORE), (BLINDER, Shift.FEWER)])
def test_a_pause_says_which_way_the_calls_lean(seen, leans):
    assert advance(State(step=CANARY), seen).calls.leans == leans


def test_a_review_of_the_calls_excuses_no_failure():
    wrong = evidence(tally(400, calls=20, escapes=8), tally(7_600, calls=60, escapes=20))
    assert moved(CANARY, wrong, reviewed=MORE) == (Move.ROLL_BACK, ("escapes",))
    unread = evidence(replace(tally(1_000, calls=400), read=0), tally(19_000, calls=570))
    assert moved(CANARY, unread, reviewed=MORE)[1] == ("unproven-overturns", "unproven-escapes")


def test_guardrails_run_while_it_is_paused():
    bad = evidence(tally(400, escapes=8), tally(7_600, escapes=20))
    assert moved(CANARY, bad, is_paused=True) == (Move.ROLL_BACK, ("escapes",))


@pytest.mark.parametrize("step", [CANARY, SHADOW, WARM, WATCH])
def test_three_runs_in_a_row_without_an_answer_need_no_statistics(step):
    assert moved(step, evidence(tally(3, errors=3), unanswered=3))[1][0] == "unanswered"
    assert moved(step, evidence(tally(3), unanswered=2))[0] == Move.WAIT


def test_every_reason_is_told():
    bad = evidence(tally(400, overturns=8, escapes=8), tally(7_600, overturns=20, escapes=20), unanswered=3)
    assert moved(CANARY, bad) == (Move.ROLL_BACK, ("unanswered", "overturns", "escapes"))


def test_the_watch_ends_by_itself_after_its_time():
    seen = evidence(tally(300), tally(300))
    assert moved(replace(WATCH, min_hours=24), replace(seen, hours=23.0)) == (Move.WAIT, ("hours",))
    assert moved(replace(WATCH, min_hours=24), seen) == (Move.COMPLETE, ())


def test_the_other_colour_is_warm_after_a_few_parts_and_a_person_switches():
    warm = replace(WARM, min_parts=20)
    assert moved(warm, evidence(tally(19), hours=0.0)) == (Move.WAIT, ("parts",))
    assert moved(warm, evidence(tally(20), hours=0.0)) == (Move.PROPOSE, ())


def test_a_first_model_has_nobody_to_be_compared_with():
    assert moved(SHADOW, evidence(tally(200, overturns=90)), has_incumbent=False) == (Move.PROPOSE, ())


def test_rulings_count_only_where_both_versions_see_every_run():
    wrong = evidence(tally(400, rulings=12), tally(400, rulings=0))
    assert moved(SHADOW, wrong) == (Move.ROLL_BACK, ("rulings",))
    assert "rulings" not in [reading.guard.value for reading in advance(State(step=CANARY), wrong).readings]


@pytest.mark.parametrize(
    ("guard", "phase", "failed", "position", "counts"),
    [
        (Guard.OVERTURNS, Phase.CANARY, {Arm.CANDIDATE: True}, 0.01, {Arm.CANDIDATE}),
        (Guard.OVERTURNS, Phase.SHADOW, {Arm.CANDIDATE: True, Arm.INCUMBENT: False}, 0.9, {Arm.CANDIDATE}),
        (Guard.OVERTURNS, Phase.WATCH, {Arm.CANDIDATE: True, Arm.INCUMBENT: True}, 0.1, set()),
        (Guard.CALLS, Phase.SHADOW, {Arm.CANDIDATE: True, Arm.INCUMBENT: True}, 0.49, {Arm.CANDIDATE}),
        (Guard.CALLS, Phase.SHADOW, {Arm.CANDIDATE: True, Arm.INCUMBENT: True}, 0.5, {Arm.INCUMBENT}),
        (Guard.LATENCY, Phase.WATCH, {Arm.CANDIDATE: True, Arm.INCUMBENT: False}, 0.9, set()),
    ],
)
def test_which_failures_enter_the_comparison(guard, phase, failed, position, counts):
    assert compared(guard, phase, failed, position=position) == counts


@pytest.mark.parametrize(
    ("strategy", "facts", "steps"),
    [
        ("shadow", {}, ["shadow 1", "canary 0.05", "canary 0.2", "canary 0.5", "watch 1"]),
        ("shadow", {"share": 0.1, "has_incumbent": False}, ["shadow 0.1"]),
        ("canary", {}, ["canary 0.05", "canary 0.2", "canary 0.5", "watch 1"]),
        ("canary", {"share": 0.3}, ["canary 0.3", "canary 0.5", "watch 1"]),
        ("blue_green", {}, ["warm 1", "watch 1"]),
    ],
)
def test_a_plan_chains_the_strategies_to_the_end(strategy, facts, steps):
    made = plan(RolloutStrategy(strategy), **facts)
    assert [f"{step.phase.value} {step.share:g}" for step in made] == steps


def test_the_shares_have_their_days():
    hours = [step.min_hours for step in plan(RolloutStrategy.CANARY)]
    assert hours == [24, 72, 24, 24]
