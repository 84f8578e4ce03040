"""How leads set the rules of alarms: within the catalogue, on a line or on all, signed, and told in the log."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import DatabaseError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils.timezone import now as clock

from inspection.rules.words import Priority, Role
from monitoring import alarm_settings, alarms, notices, rollups
from monitoring.models import Alarm, AlarmChange, AlarmThreshold
from monitoring.rules.alarm_rules import BY_CODE, RULES
from monitoring.rules.alarm_settings import NotAllowed, Refusal, applied, check, shipped
from monitoring.sources import gauges
from review import audit_log
from review.audit_log import Asked
from tests.builders import NOON, PASSWORD, make_user
from tests.monitoring.test_alarms import beyond, events, hold_against
from tests.monitoring.test_notices import make_alarm
from tests.monitoring.world import show
from tests.review.deciding import make_deciding_line

pytestmark = pytest.mark.django_db
QUEUE, STUCK, ADDED = BY_CODE["queue-old"], BY_CODE["camera-stuck"], BY_CODE["brightness-below"]


@pytest.fixture
def line():
    return make_deciding_line()


@pytest.fixture
def quinn():
    return make_user("quinn", role=Role.QA_LEAD)


@pytest.fixture
def lead(client, quinn):
    client.force_login(quinn)
    return client


def put(line, code, quinn, *, now=NOON, review_on=date(2026, 12, 24), **wish):
    setting = replace(shipped(BY_CODE[code]), is_on=True)
    row = {"reason": "two shifts", "review_on": review_on, "by": quinn, "now": now}
    return alarm_settings.put(line, code, replace(setting, **wish), **row)


def rule_of(line, code):
    return next((rule for rule in alarm_settings.in_force(line) if rule.code == code), None)


# What may be set ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rule", "wish", "why"),
    [
        (QUEUE, {"clear_at": 500.0}, Refusal.CROSSING),
        (QUEUE, {"on_delay_s": 3601.0}, Refusal.DELAY),
        (STUCK, {"raise_at": 0.3}, Refusal.LOOSER),
        (STUCK, {"clear_at": 0.1}, Refusal.LOOSER),
        (STUCK, {"on_delay_s": 10.0}, Refusal.LOOSER),
        (STUCK, {"priority": Priority.P2}, Refusal.LOOSER),
        (STUCK, {"is_on": False}, Refusal.LOOSER),
    ],
)
def test_what_the_catalogue_does_not_allow_is_refused(rule, wish, why):
    with pytest.raises(NotAllowed) as refused:
        check(rule, replace(shipped(rule), **wish))
    assert refused.value.why == why


@pytest.mark.parametrize(
    ("rule", "wish"), [(STUCK, {"raise_at": 0.1}), (QUEUE, {"is_on": False}), (QUEUE, {"raise_at": 900.0})]
)
def test_what_holds_a_line_may_be_tightened_and_the_rest_set_freely(rule, wish):
    check(rule, replace(shipped(rule), **wish))


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.code)
def test_as_shipped_is_always_allowed(rule):
    check(rule, shipped(rule))
    assert applied(rule, shipped(rule)) == rule


# What is in force -----------------------------------------------------------------------------------------------


def test_what_is_set_for_all_lines_holds_where_a_line_has_nothing_of_its_own(line, quinn):
    other = make_deciding_line("phone-lens")
    put(None, "queue-old", quinn, raise_at=300.0)
    put(line, "queue-old", quinn, raise_at=200.0, priority=Priority.P1)
    assert [rule_of(place, "queue-old").limits.raise_at for place in (line, other)] == [200.0, 300.0]
    alarm_settings.restore(line, "queue-old", reason="as the others", by=quinn, now=NOON)
    assert rule_of(line, "queue-old").limits.raise_at == 300.0
    alarm_settings.restore(None, "queue-old", reason="as it was", by=quinn, now=NOON)
    assert rule_of(line, "queue-old") == QUEUE
    assert AlarmThreshold.objects.count() == 4


def test_an_alarm_that_is_switched_off_goes_and_stays_away(line, quinn):
    hold_against(QUEUE, beyond(QUEUE), line=line, begin=NOON, minutes=3)
    put(line, "queue-old", quinn, is_on=False)
    hold_against(QUEUE, beyond(QUEUE), line=line, begin=NOON + timedelta(minutes=3), minutes=3)
    alarm = Alarm.objects.get()
    assert (alarm.state, alarm.is_on, events(alarm)) == ("normal", False, ["raised", "cleared"])


def test_an_alarm_that_a_lead_adds_comes_after_its_delay_and_says_which_limit_was_passed(line, quinn):
    assert rule_of(line, "brightness-below") is None
    put(line, "brightness-below", quinn, raise_at=100.0, clear_at=110.0, on_delay_s=120.0, priority=Priority.P1)
    hold_against(ADDED, 90.0, line=line, begin=NOON, minutes=2)
    assert not Alarm.objects.filter(is_on=True).exists()
    hold_against(ADDED, 90.0, line=line, begin=NOON + timedelta(minutes=2), minutes=2)
    alarm = Alarm.objects.get(is_on=True)
    assert (alarm.rule, alarm.priority) == ("brightness-below", Priority.P1)
    assert list(Alarm.objects.of_priority(Priority.P1)) == [alarm]


@pytest.mark.parametrize("code", ["brightness-below", "queue_waiting-above", "images-unlike"])
def test_an_alarm_judges_nothing_that_was_before_it_was_there(line, quinn, code):
    rule = BY_CODE[code]
    if rule.is_shipped:
        put(line, code, quinn, is_on=False)
    bad = 50.0 if code == "brightness-below" else 150.0
    limits = {"raise_at": 100.0, "clear_at": 100.0, "on_delay_s": 0.0}
    for minute in range(3):
        show(line, rule.metric, [bad] * rule.least, at=NOON + timedelta(minutes=minute))
    added = NOON + timedelta(minutes=2, seconds=20)
    put(line, code, quinn, now=added, **limits)
    alarms.evaluate(line, now=added + timedelta(seconds=10))
    assert not Alarm.objects.filter(is_on=True).exists()
    # A change of what is there already looks back as ever.
    put(line, code, quinn, now=NOON + timedelta(minutes=3, seconds=30), **limits)
    show(line, rule.metric, [bad] * rule.least, at=NOON + timedelta(minutes=3))
    alarms.evaluate(line, now=NOON + timedelta(minutes=3, seconds=40))
    assert Alarm.objects.get(is_on=True).rule == code


def test_an_alarm_is_as_loud_as_it_is_set_also_while_it_is_on(line, quinn):
    hold_against(QUEUE, beyond(QUEUE), line=line, begin=NOON, minutes=3)
    put(line, "queue-old", quinn, priority=Priority.P3)
    alarms.evaluate(line, now=NOON + timedelta(minutes=3))
    assert Alarm.objects.get().priority == Priority.P3
    assert [alarm.rule for alarm in Alarm.objects.of_priority(Priority.P2)] == []


def test_how_alarms_were_set_and_what_happened_to_them_is_never_changed(line, quinn):
    put(line, "queue-old", quinn)
    hold_against(QUEUE, beyond(QUEUE), line=line, begin=NOON, minutes=3)
    for model in (AlarmThreshold, AlarmChange):
        with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
            model.objects.update(reason="nobody")


def test_machines_have_settings_of_their_own(line, quinn):
    put(None, "database-slow", quinn, is_on=False)
    assert rule_of(None, "database-slow") is None
    assert rule_of(None, "load-high") == BY_CODE["load-high"]


def test_a_setting_asks_for_its_review_when_the_day_has_come(line, quinn, client):
    put(line, "queue-old", quinn)
    due = datetime(2026, 12, 24, 8, tzinfo=UTC)
    for minute in range(3):
        at = due + timedelta(minutes=minute)
        rollups.write(gauges.of_line(line, now=at))
        alarms.evaluate(line, now=at)
    alarm = Alarm.objects.get(rule="review-due", is_on=True)
    assert alarm.value == 0
    client.force_login(quinn)
    assert "review on 2026-12-24" in client.get("/lines/phone-back/metrics/queue_age/").content.decode()
    fresh_review = {"reason": "still right", "review_on": date(2027, 3, 1), "by": quinn, "now": due}
    alarm_settings.put(line, "queue-old", shipped(QUEUE), **fresh_review)
    for minute in range(3, 7):
        at = due + timedelta(minutes=minute)
        rollups.write(gauges.of_line(line, now=at))
        alarms.evaluate(line, now=at)
    assert not Alarm.objects.filter(is_on=True).exists()


def test_the_alarm_of_a_review_leads_to_what_is_to_be_reviewed(line, quinn, client):
    put(line, "queue-old", quinn, review_on=date(2020, 12, 24))
    alarm = Alarm.objects.create(line=line, rule="review-due", state="unacknowledged", is_on=True, raised_at=clock())
    client.force_login(quinn)
    page = client.get(f"/alarms/{alarm.pk}/").content.decode()
    assert "/lines/phone-back/metrics/queue_age/#queue-old" in page


# In the browser -------------------------------------------------------------------------------------------------


def post(lead, code, **facts):
    review_on = (clock() + timedelta(days=30)).date().isoformat()
    known = {"raise_at": "0.1", "clear_at": "0", "on_delay_s": "0", "priority": "P1", "reason": "two shifts",
             "review_on": review_on, "password": PASSWORD, "deed": "put", **facts}  # fmt: skip
    return lead.post(f"/lines/phone-back/thresholds/{code}/", known, follow=True).content.decode()


def test_a_lead_tightens_what_holds_the_line_and_cannot_loosen_it(lead, line):
    assert "may be tightened, never loosened" in post(lead, "camera-stuck", raise_at="0.5")
    assert "may be tightened, never loosened" in post(lead, "camera-stuck", deed="off")
    assert not AlarmThreshold.objects.exists()
    assert "not as shipped" in post(lead, "camera-stuck")
    assert rule_of(line, "camera-stuck").limits.raise_at == 0.1
    assert "It is as it ships" in post(lead, "camera-stuck", deed="restore", review_on="")
    assert rule_of(line, "camera-stuck") == STUCK


def test_nothing_is_set_without_the_password(lead, line):
    assert "Nothing was changed" in post(lead, "camera-stuck", password="guess")
    assert not AlarmThreshold.objects.exists()


def test_an_alarm_is_added_on_the_page_of_its_metric_and_switched_off_there(lead, line):
    assert "Add an alarm" in lead.get("/lines/phone-back/metrics/brightness/").content.decode()
    wish = {"raise_at": "100", "clear_at": "110"}
    assert "brightness: below the limit that was set" in post(lead, "brightness-below", **wish)
    assert rule_of(line, "brightness-below").limits.raise_at == 100
    post(lead, "brightness-below", deed="off", **wish)
    assert rule_of(line, "brightness-below") is None


def test_a_page_with_two_alarms_asks_no_more_than_one_with_a_single_alarm(lead, line, django_assert_num_queries):
    lead.get("/lines/phone-back/metrics/storage_days/")
    with CaptureQueriesContext(connection) as single:
        lead.get("/lines/phone-back/metrics/storage_days/")
    with django_assert_num_queries(len(single)):
        page = lead.get("/lines/phone-back/metrics/storage_free/").content.decode()
    assert page.count('name="review_on"') == 2


def test_all_lines_are_for_leads_of_all_lines(lead, line):
    post(lead, "queue-old", scope="all", raise_at="300", clear_at="200")
    assert AlarmThreshold.objects.get().line is None
    lead.force_login(make_user("quill", role=Role.QA_LEAD, line=line))
    answer = lead.post("/lines/phone-back/thresholds/queue-old/", {"scope": "all"})
    assert answer.status_code == 403


def test_the_log_of_a_line_tells_who_set_an_alarm_and_why(line, quinn):
    put(line, "queue-old", quinn, raise_at=300.0)
    put(None, "queue-old", quinn, is_on=False, now=NOON + timedelta(minutes=1))
    told = audit_log.page(line, Asked(action="alarm_rule")).entries
    assert [(entry.who, entry.thing, entry.change, entry.reason) for entry in told] == [
        ("quinn", "queue-old *", "→ off", "two shifts"),
        ("quinn", "queue-old", "→ > 300, 60 s, P2", "two shifts"),
    ]
    assert "alarm_rule" in audit_log.ACTIONS


def test_channels_hear_by_the_priority_that_is_set(line):
    alarm = make_alarm(line)
    Alarm.objects.update(set_priority="P1")
    assert notices.facts(notices.Notice(alarms=[alarm.pk]))[0]["priority"] == "P1"
