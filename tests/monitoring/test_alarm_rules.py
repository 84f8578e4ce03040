"""The life of an alarm by ISA-18.2, as pure steps."""

from dataclasses import replace
from datetime import timedelta

import pytest

from inspection.rules.words import Priority
from monitoring.alarm_words import WORDS, what
from monitoring.models import Alarm
from monitoring.rules import alarms, notices
from monitoring.rules.alarm_rules import BY_CODE, RULES
from monitoring.rules.alarms import Event, Limits, NotPossible, Standing, State
from monitoring.rules.firings import Firing, judged, known_of, replayed
from monitoring.rules.metrics import BY_NAME
from tests.builders import NOON

LIMITS = Limits(raise_at=10.0, clear_at=8.0)
ON = Standing(state=State.UNACKNOWLEDGED, is_on=True)


def at(seconds: float):
    return NOON + timedelta(seconds=seconds)


def over(values, *, limits: Limits = LIMITS, standing: Standing | None = None):
    """Walk an alarm over (second, value) pairs; return where it stands and what happened when."""
    standing, happened = standing or Standing(), []
    for second, value in values:
        moved = alarms.measured(limits, standing, value, at=at(second))
        standing = moved.standing
        if moved.event:
            happened.append((second, moved.event))
    return standing, happened


# Delays and deadband --------------------------------------------------------------------------------------------


def test_an_alarm_comes_after_its_delay_and_not_before():
    standing, happened = over([(0, 11), (59, 11), (60, 11)])
    assert happened == [(60, Event.RAISED)]
    assert (standing.state, standing.is_on) == (State.UNACKNOWLEDGED, True)


def test_a_value_that_falls_back_in_between_starts_the_delay_anew():
    assert over([(0, 11), (50, 9), (55, 11), (110, 11)])[1] == []


def test_within_the_deadband_an_alarm_stays():
    standing, happened = over([(0, 9), (500, 9)], standing=ON)
    assert (standing.is_on, happened) == (True, [])


def test_an_alarm_goes_after_its_delay_below_the_deadband():
    standing, happened = over([(0, 7), (119, 7), (120, 7)], standing=ON)
    assert happened == [(120, Event.CLEARED)]
    assert standing.state == State.RETURNED


def test_not_knowing_is_no_good_news():
    assert over([(0, None), (900, None)], standing=ON)[0].is_on
    assert over([(0, None), (900, None)])[1] == []


def test_an_alarm_of_low_values_comes_below():
    low = Limits(raise_at=0.1, clear_at=0.12, is_above=False, on_delay_s=0)
    assert over([(0, 0.2), (1, 0.09)], limits=low)[1] == [(1, Event.RAISED)]


@pytest.mark.parametrize("limits", [{"raise_at": 1, "clear_at": 2}, {"raise_at": 2, "clear_at": 1, "is_above": False}])
def test_limits_that_cross_are_refused(limits):
    with pytest.raises(ValueError, match="must not be"):
        Limits(**limits)


# People ---------------------------------------------------------------------------------------------------------


def test_acknowledged_and_then_gone_is_normal():
    moved = alarms.acknowledge(ON)
    assert (moved.standing.state, moved.event) == (State.ACKNOWLEDGED, Event.ACKNOWLEDGED)
    assert over([(0, 1), (120, 1)], standing=moved.standing)[0].state == State.NORMAL


def test_what_went_unseen_wants_to_be_seen():
    returned = over([(0, 1), (120, 1)], standing=ON)[0]
    assert returned.state == State.RETURNED
    assert alarms.acknowledge(returned).standing.state == State.NORMAL
    assert over([(200, 11), (260, 11)], standing=returned)[0].state == State.UNACKNOWLEDGED


@pytest.mark.parametrize("state", [State.NORMAL, State.ACKNOWLEDGED, State.SHELVED, State.OUT_OF_SERVICE])
def test_what_needs_no_eyes_cannot_be_acknowledged(state):
    with pytest.raises(NotPossible):
        alarms.acknowledge(Standing(state=state))


@pytest.mark.parametrize(
    ("priority", "minutes", "fits"),
    [(Priority.P1, 30, True), (Priority.P1, 31, False), (Priority.P2, 480, True), (Priority.P3, 481, False),
     (Priority.P2, 0, False)],
)  # fmt: skip
def test_a_shelf_has_an_end(priority, minutes, fits):
    until = NOON + timedelta(minutes=minutes)
    if fits:
        assert alarms.shelve(ON, until=until, at=NOON, priority=priority).standing.shelved_until == until
    else:
        with pytest.raises(NotPossible):
            alarms.shelve(ON, until=until, at=NOON, priority=priority)


def shelved(*, one_shot: bool = False) -> Standing:
    return alarms.shelve(ON, until=at(600), at=NOON, priority=Priority.P2, one_shot=one_shot).standing


def test_after_its_time_it_comes_back_as_it_is_then():
    assert alarms.expired(shelved(), at=at(599)).event is None
    assert alarms.expired(shelved(), at=at(600)).standing.state == State.UNACKNOWLEDGED
    gone = over([(0, 1), (120, 1)], standing=shelved())[0]
    assert gone.state == State.SHELVED
    assert alarms.expired(gone, at=at(600)).standing.state == State.NORMAL


def test_a_one_shot_shelf_ends_when_the_alarm_goes():
    standing, happened = over([(0, 1), (120, 1)], standing=shelved(one_shot=True))
    assert (standing.state, standing.shelved_until, happened) == (State.NORMAL, None, [(120, Event.CLEARED)])


def test_what_lies_on_the_shelf_can_be_taken_back():
    assert alarms.unshelve(shelved()).standing.state == State.UNACKNOWLEDGED
    with pytest.raises(NotPossible):
        alarms.unshelve(ON)


# Causes and service ---------------------------------------------------------------------------------------------


def test_an_alarm_that_another_explains_is_put_aside_and_comes_back():
    aside = alarms.suppressed(ON, by_cause=True)
    assert (aside.standing.state, aside.event) == (State.SUPPRESSED, Event.SUPPRESSED)
    assert alarms.suppressed(aside.standing, by_cause=True).event is None
    assert alarms.suppressed(aside.standing, by_cause=False).standing.state == State.UNACKNOWLEDGED
    assert over([(0, 1), (120, 1)], standing=aside.standing)[0].state == State.NORMAL


def test_out_of_service_it_asks_for_nothing_and_history_goes_on():
    out = alarms.retire(Standing()).standing
    standing, happened = over([(0, 11), (60, 11)], standing=out)
    assert (standing.state, happened) == (State.OUT_OF_SERVICE, [(60, Event.RAISED)])
    assert alarms.restore(standing).standing.state == State.UNACKNOWLEDGED
    for refused in (lambda: alarms.retire(out), lambda: alarms.restore(ON)):
        with pytest.raises(NotPossible):
            refused()


# Telling --------------------------------------------------------------------------------------------------------


def tell(untold, raised, *, urgent=(), told=(), digest=None, flood=None, now=NOON):
    return notices.letter(
        untold,
        raised,
        urgent=set(urgent),
        urgent_told=told,
        last_digest_at=digest or {},
        last_flood_at=flood,
        now=now,
    )


def test_what_is_raised_is_told_in_one_letter():
    assert tell([1, 2], {1: [NOON], 2: [NOON]}).alarms == (1, 2)
    assert tell([], {}) is None


def test_a_flood_is_one_letter_in_ten_minutes():
    raised = {n: [NOON] for n in range(5_000)}
    letter = tell(list(raised), raised)
    assert (letter.is_flood, len(letter.alarms)) == (True, 5_000)
    assert tell([6_000], raised, flood=NOON, now=at(599)) is None
    assert tell([6_000], raised, flood=NOON, now=at(600)).is_flood


def test_what_is_urgent_breaks_into_a_flood_and_takes_along_what_waits():
    raised = {n: [NOON] for n in range(11)}
    assert tell([20, 21], raised, urgent=[21], flood=NOON, now=at(92)).alarms == (20, 21)
    assert tell([22], raised, urgent=[22], told=[at(92)], flood=at(92), now=at(112)).alarms == (22,)


def test_what_is_urgent_breaks_into_a_flood_twice_a_minute_at_most():
    raised = {n: [NOON] for n in range(11)}
    assert tell([20], raised, urgent=[20], told=[at(1), at(30)], flood=at(30), now=at(60)) is None
    assert tell([20], raised, urgent=[20], told=[at(1), at(30)], flood=at(30), now=at(61)).alarms == (20,)


def test_an_urgent_alarm_that_flaps_breaks_into_no_flood():
    raised = {**{n: [NOON] for n in range(11)}, 20: [at(-600 * n) for n in range(5)]}
    assert tell([20], raised, urgent=[20], digest={20: at(-60)}, flood=at(-60)) is None


def test_what_another_alarm_explains_counts_for_no_flood():
    came = [(1, Event.RAISED, State.UNACKNOWLEDGED, NOON), (2, Event.RAISED, State.UNACKNOWLEDGED, NOON)]
    explained = [(2, Event.SUPPRESSED, State.SUPPRESSED, NOON), (3, Event.RAISED, State.SHELVED, at(9))]
    assert notices.standing_raises([*came, *explained]) == {1: [NOON], 2: []}


def test_ten_alarms_are_no_flood():
    raised = {n: [NOON] for n in range(10)}
    assert not tell(list(raised), raised).is_flood


def test_an_alarm_that_flaps_is_told_once_an_hour():
    flapping = {1: [at(-600 * n) for n in range(5)]}
    assert tell([1], flapping, digest={1: at(-1800)}) is None
    assert tell([1], flapping, digest={1: at(-3600)}).alarms == (1,)
    assert tell([1, 2], {**flapping, 2: [NOON]}, digest={1: at(-1800)}).alarms == (2,)


def test_four_times_an_hour_is_not_flapping():
    assert tell([1], {1: [at(-600 * n) for n in range(4)]}, digest={1: at(-60)}).alarms == (1,)


def test_a_message_is_tried_seven_times_within_a_day_and_a_half():
    waits = [notices.retry_at(n, now=NOON) - NOON for n in range(1, 7)]
    assert (waits[0], waits[-2], waits[-1]) == (timedelta(minutes=1), timedelta(hours=6), timedelta(hours=24))
    assert notices.retry_at(7, now=NOON) is None


# The rules that ship --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.code)
def test_every_rule_has_words_a_metric_and_known_causes(rule):
    words = WORDS[rule.code]
    assert all(str(text) for text in (words.what, words.consequence, words.todo))
    assert rule.metric in BY_NAME
    assert set(rule.under) <= BY_CODE.keys() - {rule.code}
    assert rule.minutes >= 1


def test_words_are_of_rules_that_exist():
    assert WORDS.keys() == BY_CODE.keys()


def test_a_replay_counts_how_often_limits_would_have_been_crossed():
    at_once = replace(LIMITS, on_delay_s=0, off_delay_s=0)
    values = [(n * 60.0, value) for n, value in enumerate([1, 11, 9, 11, 7, 12, 1])]
    assert replayed(at_once, values) == [Firing(60, 240), Firing(300, 360)]
    assert replayed(at_once, values[:-1])[-1] == Firing(300)
    assert replayed(LIMITS, values) == []
    assert replayed(at_once, []) == []


def test_people_judge_the_last_time_an_alarm_came_and_the_last_word_counts():
    changes = [(0, "raised"), (5, "found_false"), (9, "cleared"), (20, "raised"), (30, "cleared"), (50, "found_false"),
               (60, "found_real"), (70, "raised")]  # fmt: skip
    assert judged(changes) == [Firing(0, 9, is_real=False), Firing(20, 30, is_real=True)]
    assert judged([(0, "found_real")]) == []


@pytest.mark.parametrize(
    ("began", "ended", "said"), [(1, 3, None), (1, 4, False), (6, 8, True), (25, None, True), (41, 60, None)]
)
def test_a_replayed_firing_is_real_when_people_found_a_cause_at_that_time(began, ended, said):
    known = [Firing(4, 9, is_real=False), Firing(6, 7, is_real=True), Firing(30, 40, is_real=True)]
    assert known_of(Firing(began, ended), known) is said


def test_what_goes_on_meets_whatever_comes_later():
    assert known_of(Firing(50, 60), [Firing(10, None, is_real=True)]) is True


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"state": State.UNACKNOWLEDGED, "is_on": True}, "0.1 s"),
        ({"state": State.UNACKNOWLEDGED, "is_on": True, "crossing_since": NOON}, "1\u00a0m\u00a030\u00a0s"),
        ({"state": State.RETURNED}, "1\u00a0m\u00a030\u00a0s"),
    ],
)
def test_an_alarm_whose_value_is_good_again_tells_the_worst_one(fields, told):
    alarm = Alarm(rule="outbox-old", value=0.1, worst=90.0, **fields)
    assert what(alarm).endswith(f": {told}")
