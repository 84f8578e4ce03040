"""Half past midnight in Seoul is still yesterday afternoon in UTC: days turn on the clock of the line."""

from datetime import UTC, date, datetime, timedelta

import pytest
from django.urls import reverse

from inspection import waivers, zones
from inspection.rules.words import Level, Role
from monitoring.models import Baseline
from monitoring.sources import gauges
from review import watches
from tests.builders import NOON, make_line, make_user
from tests.monitoring.test_alarm_settings import put
from tests.monitoring.world import examine
from tests.review.deciding import make_deciding_line
from tests.review.scene import answer, make_task

pytestmark = pytest.mark.django_db

HALF_PAST_MIDNIGHT = datetime(2026, 11, 24, 15, 30, tzinfo=UTC)
YESTERDAY, TODAY = date(2026, 11, 24), date(2026, 11, 25)
SEOUL = "Asia/Seoul"


@pytest.fixture
def quinn():
    return make_user("quinn", role=Role.QA_LEAD)


def level(metric, line):
    return next(one.value for one in gauges.of_line(line, now=HALF_PAST_MIDNIGHT) if one.metric == metric)


def test_a_day_begins_at_midnight_of_the_line_and_of_the_site_for_what_all_lines_share():
    line = make_line(time_zone=SEOUL)
    assert zones.day(line, HALF_PAST_MIDNIGHT) == zones.day(None, HALF_PAST_MIDNIGHT) == TODAY
    assert zones.midnight(SEOUL, HALF_PAST_MIDNIGHT) == HALF_PAST_MIDNIGHT - timedelta(minutes=30)


def test_a_waiver_ends_with_its_last_day_on_the_line_s_clock(quinn):
    line = make_line(time_zone=SEOUL, level=Level.SHADOW.value)
    wish = {"subject": "crack", "reason": "15 known cracks so far", "by": quinn}
    with pytest.raises(waivers.NothingToWaive):
        waivers.ask(line, until=YESTERDAY, now=HALF_PAST_MIDNIGHT, **wish)
    late = waivers.ask(line, until=YESTERDAY, now=HALF_PAST_MIDNIGHT - timedelta(hours=1), **wish)
    with pytest.raises(waivers.WaiverClosed):
        waivers.sign(late, by=make_user("quill", role=Role.QA_LEAD), now=HALF_PAST_MIDNIGHT)
    today = waivers.ask(line, until=TODAY, now=HALF_PAST_MIDNIGHT, **wish)
    assert list(waivers.of(line, now=HALF_PAST_MIDNIGHT)) == [today]


def test_days_to_a_review_and_to_a_new_reference_are_counted_on_the_line_s_calendar(quinn):
    line = make_deciding_line(time_zone=SEOUL)
    put(line, "queue-old", quinn, review_on=TODAY)
    item = examine(line, "A-1")
    Baseline.objects.create(
        line=line, watch=watches.current(line, now=NOON), images=400, shifts=1, reason="rose", taken_at=NOON,
        ends_with=item.pk, cursor=item.pk, window_after=item.pk, window_began_at=NOON, metrics={},
        certify_again_by=date(2026, 11, 28),
    )  # fmt: skip
    assert (level("review_days", line), level("certify_days", line)) == (0, 3)


def test_the_first_day_on_which_a_setting_may_be_reviewed_is_the_line_s_tomorrow(client, quinn, monkeypatch):
    make_deciding_line(time_zone=SEOUL)
    monkeypatch.setattr("monitoring.rule_views.now", lambda: HALF_PAST_MIDNIGHT)
    client.force_login(quinn)
    page = client.get("/lines/phone-back/metrics/queue_age/").content.decode()
    assert 'min="2026-11-26"' in page


def test_what_an_inspector_did_today_begins_anew_at_midnight_of_their_lines(client, monkeypatch):
    line, ana = make_line(time_zone=SEOUL), make_user("ana")
    monkeypatch.setattr("review.views.now", lambda: HALF_PAST_MIDNIGHT)
    client.force_login(ana)
    answer(make_task(line, serial="A-1"), ana, at=HALF_PAST_MIDNIGHT - timedelta(hours=1))
    assert client.get(reverse("queue-choice")).context["today"]["count"] == 0
    answer(make_task(line, serial="A-2"), ana, at=HALF_PAST_MIDNIGHT - timedelta(minutes=10))
    assert client.get(reverse("queue-choice")).context["today"]["count"] == 1
