"""Alarms on rows: every rule that ships comes and goes, acts on its line, and answers to people."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from inspection import automation
from inspection.models import Freeze, Hold, LevelChange, Line
from inspection.rules.words import Priority, Role
from monitoring import alarm_settings, alarms, replays, rollups
from monitoring.models import Alarm, AlarmChange, AlarmThreshold
from monitoring.rules.alarm_rules import BY_CODE, RULES, Read
from monitoring.rules.alarm_settings import NotAllowed, shipped
from monitoring.rules.alarms import NotPossible
from review import watches
from tests.builders import NOON, make_user
from tests.monitoring.world import show
from tests.review.deciding import make_deciding_line

pytestmark = pytest.mark.django_db
MINUTE = timedelta(minutes=1)


@pytest.fixture
def line():
    return make_deciding_line()


@pytest.fixture
def quinn():
    return make_user("quinn", role=Role.QA_LEAD)


def beyond(rule) -> float:
    """A value that speaks for the alarm."""
    if rule.read == Read.MEAN and rule.limits.raise_at < 1:
        return float(rule.limits.is_above)
    return rule.limits.raise_at * (2.0 if rule.limits.is_above else 0.5)


def fine(rule) -> float:
    return 0.0 if rule.limits.is_above else rule.limits.clear_at * 2


def hold_against(rule, value: float, *, line: Line | None, begin, minutes: int) -> None:
    """Let the metric be seen with a value for some minutes, and evaluate in each."""
    for minute in range(minutes):
        now = begin + minute * MINUTE
        show(line, rule.metric, [value] * max(rule.least, 1), at=now)
        alarms.evaluate(line, now=now + timedelta(seconds=30))


def raise_alarm(code: str, line: Line | None) -> Alarm:
    rule = BY_CODE[code]
    hold_against(rule, beyond(rule), line=line if rule.of_line else None, begin=NOON, minutes=3)
    return Alarm.objects.get(rule=code)


def events(alarm: Alarm) -> list[str]:
    return list(AlarmChange.objects.filter(alarm=alarm).order_by("pk").values_list("event", flat=True))


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.code)
def test_every_rule_comes_and_goes(line, rule):
    place = line if rule.of_line else None
    hold_against(rule, fine(rule), line=place, begin=NOON, minutes=2)
    assert not Alarm.objects.filter(rule=rule.code).exists()

    bad = NOON + timedelta(minutes=rule.minutes + 5)
    hold_against(rule, beyond(rule), line=place, begin=bad, minutes=3)
    alarm = Alarm.objects.get(rule=rule.code)
    assert (alarm.state, alarm.is_on) == ("unacknowledged", True)

    good = bad + timedelta(minutes=rule.minutes + 5)
    hold_against(rule, fine(rule), line=place, begin=good, minutes=4)
    alarm.refresh_from_db()
    assert (alarm.state, alarm.is_on) == ("returned", False)
    assert events(alarm) == ["raised", "cleared"]


def test_too_few_values_raise_nothing(line):
    rule = BY_CODE["model-errors"]
    show(line, rule.metric, [1.0] * (rule.least - 1), at=NOON)
    alarms.evaluate(line, now=NOON)
    assert not Alarm.objects.exists()


def test_one_line_says_nothing_about_another(line):
    other = make_deciding_line("phone-lens")
    raise_alarm("queue-old", line)
    alarms.evaluate(other, now=NOON + 2 * MINUTE)
    assert Alarm.objects.get().line == line


def test_the_newest_and_the_worst_value_are_kept(line):
    raise_alarm("queue-old", line)
    for minute, value in ((3, 900.0), (4, 300.0)):
        show(line, "queue_age", [value], at=NOON + minute * MINUTE)
        alarms.evaluate(line, now=NOON + minute * MINUTE)
    alarm = Alarm.objects.get()
    assert (alarm.value, alarm.worst) == (300, 900)


# What an alarm does by itself -----------------------------------------------------------------------------------


def deed(code: str) -> str:
    return AlarmChange.objects.get(alarm__rule=code, event="raised").deed


def test_a_stuck_camera_holds_the_line(line):
    raise_alarm("camera-stuck", line)
    hold = Hold.objects.in_force().get()
    assert (hold.kind, hold.reason) == ("camera", "Alarm camera-stuck: same image 1.")
    assert deed("camera-stuck") == "held"


def test_history_tells_a_hold_only_where_it_was_placed(line):
    raise_alarm("blank-images", line)
    raise_alarm("camera-stuck", line)
    assert (deed("blank-images"), deed("camera-stuck")) == ("held", "")


def test_a_hold_that_comes_to_a_line_that_people_stopped_is_told_as_one_more(line, quinn):
    automation.stop(line, by=quinn, reason="smoke", now=NOON)
    raise_alarm("camera-stuck", line)
    assert deed("camera-stuck") == "held_again"


def test_a_model_without_answers_freezes_promotions_until_it_answers(line):
    raise_alarm("no-predictions", line)
    assert Freeze.objects.in_force().get().cause == "no-predictions"
    hold_against(BY_CODE["no-predictions"], 0.0, line=line, begin=NOON + 20 * MINUTE, minutes=4)
    assert not Freeze.objects.in_force().exists()


def test_images_outside_the_envelope_tighten_the_audit(line):
    watch = watches.current(line, now=NOON)
    watches.set_state(watch, "normal", now=NOON)
    raise_alarm("outside-envelope", line)
    watch.refresh_from_db()
    assert watch.state == "tightened"
    assert deed("outside-envelope") == "tightened"


def test_an_alarm_of_a_failing_model_leaves_the_level_to_the_items_that_failed(line):
    raise_alarm("model-errors", line)
    assert (LevelChange.objects.count(), deed("model-errors")) == (0, "")


# Causes ---------------------------------------------------------------------------------------------------------


def test_what_another_alarm_explains_is_put_aside_and_counted_beneath_it(line):
    first = raise_alarm("station-silent", line)
    hold_against(BY_CODE["station-silent"], 900, line=line, begin=NOON + 3 * MINUTE, minutes=1)
    second = raise_alarm("no-images", line)
    assert (second.state, second.suppressed_by) == ("suppressed", first)
    assert list(first.beneath.all()) == [second]


def held_in_the_dark(line) -> Alarm:
    """Return the alarm of the held line while the lamp is out."""
    raise_alarm("blank-images", line)
    return raise_alarm("line-held", line)


def test_one_dark_lamp_is_one_alarm(line):
    held = held_in_the_dark(line)
    stuck = raise_alarm("camera-stuck", line)
    alone = Alarm.objects.unexplained().get()
    assert alone.rule == "blank-images"
    assert {held.suppressed_by, stuck.suppressed_by} == {alone}


def test_the_hold_asks_again_when_its_cause_is_gone(line):
    held_in_the_dark(line)
    Alarm.objects.filter(rule="blank-images").update(is_on=False, state="normal")
    alarms.evaluate(line, now=NOON + 10 * MINUTE)
    assert Alarm.objects.get(rule="line-held").state == "unacknowledged"


def test_a_stop_by_people_is_not_explained_by_an_alarm(line, quinn):
    automation.stop(line, by=quinn, reason="smoke", now=NOON)
    assert held_in_the_dark(line).state == "unacknowledged"


def test_a_cause_of_the_installation_explains_alarms_of_lines(line):
    raise_alarm("worker-silent", None)
    assert raise_alarm("model-slow", line).state == "suppressed"


def test_without_its_cause_the_alarm_asks_again(line):
    raise_alarm("worker-silent", None)
    alarm = raise_alarm("model-slow", line)
    Alarm.objects.filter(rule="worker-silent").update(is_on=False, state="normal")
    alarms.evaluate(line, now=NOON + 3 * MINUTE)
    alarm.refresh_from_db()
    assert (alarm.state, alarm.suppressed_by) == ("unacknowledged", None)


# People ---------------------------------------------------------------------------------------------------------


def test_an_acknowledged_alarm_says_by_whom(line, quinn):
    alarm = alarms.acknowledge(raise_alarm("queue-old", line), by=quinn, now=NOON)
    assert (alarm.state, alarm.handled_by) == ("acknowledged", quinn)
    change = AlarmChange.objects.latest("pk")
    assert (change.event, change.by) == ("acknowledged", quinn)
    with pytest.raises(NotPossible):
        alarms.acknowledge(alarm, by=quinn, now=NOON)


def test_a_shelved_alarm_comes_back_by_itself(line, quinn):
    alarm = raise_alarm("queue-old", line)
    alarms.shelve(alarm, minutes=20, reason="we know", by=quinn, now=NOON + 3 * MINUTE)
    hold_against(BY_CODE["queue-old"], 240, line=line, begin=NOON + 4 * MINUTE, minutes=20)
    alarm.refresh_from_db()
    assert alarm.state == "unacknowledged"
    assert events(alarm) == ["raised", "shelved", "unshelved"]


@pytest.mark.parametrize(("minutes", "reason"), [(20, " "), (481, "a weekend"), (0, "none")])
def test_a_shelf_wants_a_reason_and_an_end(line, quinn, minutes, reason):
    with pytest.raises(NotPossible):
        alarms.shelve(raise_alarm("queue-old", line), minutes=minutes, reason=reason, by=quinn, now=NOON)


def test_out_of_service_and_back(line, quinn):
    alarm = alarms.retire(raise_alarm("queue-old", line), reason="rebuilt", by=quinn, now=NOON)
    assert not Alarm.objects.active().exists()
    assert alarms.restore(alarm, by=quinn, now=NOON).state == "unacknowledged"


# Thresholds -----------------------------------------------------------------------------------------------------


def hours_of_waiting(line, *, values):
    for hour, value in enumerate(values):
        show(line, "queue_age", [value], at=NOON - timedelta(hours=len(values) - hour))
    rollups.roll(now=NOON)


def change(line, quinn, **facts):
    wish = replace(shipped(BY_CODE["queue-old"]), **{"raise_at": 300.0, "clear_at": 200.0, **facts})
    row = {"reason": "two shifts", "review_on": date(2026, 12, 24), "by": quinn, "now": NOON}
    return alarm_settings.put(line, "queue-old", wish, **row)


def test_a_threshold_is_changed_with_a_replay_a_reason_and_a_review_date(line, quinn):
    hours_of_waiting(line, values=[10, 200, 10, 400, 10, 150, 10])
    row = change(line, quinn)
    comings = {"before": 3, "after": 1, "before_real": 0, "before_false": 0, "after_real": 0, "after_false": 0}
    assert row.replay == {"hours": 0, "minutes": 21, "raised": 0, "before_hours": 0, "after_hours": 0, **comings}
    assert (row.n, change(line, quinn, raise_at=500.0).n) == (1, 2)


def replay(line, code: str) -> dict[str, int]:
    rule = BY_CODE[code]
    return replays.of(line, rule, rule.limits, rule.limits, now=NOON)


def test_a_replay_finds_what_lasted_minutes_and_stood_in_no_mean_of_an_hour(line):
    began = NOON - timedelta(hours=2)
    for minute in range(60):
        stuck = 20 <= minute < 23
        show(line, "same_image", [float(stuck)] * 3 + [0.0] * 3, at=began + timedelta(minutes=minute))
    assert replay(line, "camera-stuck")["before"] == 1


def test_a_replay_waits_as_long_as_the_alarm_does(line):
    for hour, minutes in ((3, 1), (2, 4)):
        for minute in range(10):
            value = 200.0 if minute < minutes else 10.0
            show(line, "queue_age", [value], at=NOON - timedelta(hours=hour) + timedelta(minutes=minute))
    assert replay(line, "queue-old")["before"] == 1


def test_of_hours_whose_minutes_are_gone_a_replay_says_where_an_alarm_may_have_come(line):
    for day, values in ((5, [1.0] * 2 + [0.0] * 98), (4, [1.0] + [0.0] * 99), (3, [0.0] * 100)):
        show(line, "same_image", values, at=NOON - timedelta(days=day))
    rollups.roll(now=NOON)
    rollups.prune(now=NOON)
    found = replay(line, "camera-stuck")
    assert (found["hours"], found["before"], found["before_hours"]) == (3, 0, 1)


def test_a_replay_says_how_many_of_the_firings_people_found_to_be_real(line, quinn):
    alarm, waited, begin = None, [10, 200, 10, 400, 10, 150, 10], NOON - timedelta(hours=7)
    for hour, value in enumerate(waited):
        hold_against(BY_CODE["queue-old"], value, line=line, begin=begin + timedelta(hours=hour), minutes=4)
        alarm = Alarm.objects.filter(line=line, rule="queue-old").first()
        if alarm is not None and value != 10:
            cause = "nobody at lunch" if value == 400 else "a clock was wrong"
            alarms.judge(
                alarm, is_real=value == 400, cause=cause, by=quinn, now=begin + timedelta(hours=hour, minutes=9)
            )
    rollups.roll(now=NOON)
    assert events(alarm)[:3] == ["raised", "found_false", "cleared"]
    row = change(line, quinn)
    assert (row.replay["before"], row.replay["before_real"], row.replay["before_false"]) == (3, 1, 2)
    assert (row.replay["after"], row.replay["after_real"], row.replay["after_false"]) == (1, 1, 0)


def test_a_judgement_wants_a_cause_and_an_alarm_that_came(line, quinn):
    with pytest.raises(NotPossible):
        alarms.judge(raise_alarm("queue-old", line), is_real=True, cause=" ", by=quinn, now=NOON)
    never = Alarm.objects.create(line=line, rule="no-images")
    with pytest.raises(NotPossible):
        alarms.judge(never, is_real=True, cause="the belt stood", by=quinn, now=NOON)


def test_the_newest_threshold_of_a_line_holds_on_that_line(line, quinn):
    change(line, quinn)
    other = make_deciding_line("phone-lens")
    for place in (line, other):
        hold_against(BY_CODE["queue-old"], 240, line=place, begin=NOON, minutes=3)
    assert [alarm.line for alarm in Alarm.objects.filter(is_on=True)] == [other]


def test_limits_that_cross_are_not_kept(line, quinn):
    with pytest.raises(NotAllowed):
        change(line, quinn, clear_at=400.0)
    assert not AlarmThreshold.objects.exists()


def test_the_end_of_an_alarm_is_news_where_people_were_told_that_it_came(line):
    rule = BY_CODE["queue-old"]
    for hour, is_told in enumerate((True, False)):
        begin = NOON + timedelta(hours=hour)
        hold_against(rule, beyond(rule), line=line, begin=begin, minutes=3)
        Alarm.objects.update(told_at=begin if is_told else None)
        hold_against(rule, fine(rule), line=line, begin=begin + timedelta(minutes=10), minutes=4)
        assert Alarm.objects.get().is_end_untold is is_told


# History --------------------------------------------------------------------------------------------------------


def test_priorities_are_few_at_the_top():
    loud = sum(rule.priority == Priority.P1 for rule in RULES)
    assert loud <= len(RULES) / 2
