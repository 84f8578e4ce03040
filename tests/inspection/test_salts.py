"""Who is drawn cannot be learned: each month of a line's clock has a secret of its own, and old ones stay."""

from datetime import UTC, datetime, timedelta

import pytest

from inspection import salts
from inspection.models import Salt
from tests.builders import NOON, make_line, make_station
from tests.inspection.making import make_item

pytestmark = pytest.mark.django_db

MIDNIGHT_IN_SEOUL = datetime(2026, 11, 30, 15, tzinfo=UTC)


def test_a_new_month_on_the_line_s_clock_begins_with_a_new_secret():
    seoul, london = make_line(time_zone="Asia/Seoul"), make_line("phone-back", time_zone="Europe/London")
    assert salts.rotate_due(now=MIDNIGHT_IN_SEOUL - timedelta(seconds=1)) == 0
    assert salts.rotate_due(now=MIDNIGHT_IN_SEOUL) == 1
    assert (seoul.salts.count(), london.salts.count()) == (2, 1)


def test_a_month_has_one_secret_however_often_somebody_looks():
    make_line(time_zone="Asia/Seoul")
    assert [salts.rotate_due(now=MIDNIGHT_IN_SEOUL + timedelta(hours=n)) for n in range(3)] == [1, 0, 0]


def test_a_line_that_stood_still_for_months_gets_one_new_secret():
    make_line()
    assert salts.rotate_due(now=NOON + timedelta(days=400)) == 1
    assert Salt.objects.count() == 2


def test_a_clock_that_was_set_back_brings_no_new_secret():
    make_line(time_zone="Asia/Seoul")
    salts.rotate_due(now=MIDNIGHT_IN_SEOUL)
    assert salts.rotate_due(now=NOON) == 0


def test_a_retired_line_keeps_its_secret():
    make_line(is_active=False)
    assert salts.rotate_due(now=MIDNIGHT_IN_SEOUL) == 0


def test_the_next_run_is_drawn_by_the_new_secret_and_earlier_ones_keep_theirs():
    station = make_station(make_line(time_zone="Asia/Seoul"))
    before = make_item(station, serial="A-1", idempotency_key="k1").run
    salts.rotate_due(now=MIDNIGHT_IN_SEOUL)
    after = make_item(station, serial="A-2", idempotency_key="k2", now=MIDNIGHT_IN_SEOUL).run
    before.refresh_from_db()
    assert before.salt.created_at == NOON
    assert after.salt.created_at == MIDNIGHT_IN_SEOUL
