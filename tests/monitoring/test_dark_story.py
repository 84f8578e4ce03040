"""The dark photo from end to end: lights fail, notice, alarm, audit tightened, acknowledged, lights back, cleared."""

from datetime import timedelta

import pytest

from inspection import automation
from inspection.models import Freeze, Hold
from inspection.rules.words import Role
from monitoring import delivery, drift, notices, watching
from monitoring.models import Alarm, AlarmChange, Channel, Notice
from review import watches
from tests.builders import NOON, make_user
from tests.monitoring.test_drift import DARK, HEALTHY, first_seen, frozen, lights, show
from tests.review.deciding import make_deciding_line

pytestmark = pytest.mark.django_db


def at(minutes: float):
    return NOON + timedelta(minutes=minutes)


def state_of(rule: str) -> str:
    return Alarm.objects.get(rule=rule).state


def test_the_dark_photo(client):
    line = make_deciding_line()
    quinn = make_user("quinn", role=Role.QA_LEAD)
    delivery.add(
        name="pager", kind=Channel.WEBHOOK, address="https://plant.example/", secret="s" * 16, now=NOON, least="P1"
    )
    frozen(line)
    watch = watches.standing(line)
    watches.set_state(watch, "normal", now=NOON)

    held = Hold.objects.in_force().filter(kind=Hold.ALARM)
    assert first_seen(line, lights(200, DARK, seed=3), until=held.exists) <= 100
    watching.go(now=at(10), prunes=False)
    assert state_of("line-held") == "unacknowledged"
    assert Notice.objects.filter(title__contains="The line is on hold").count() == 1

    show(line, lights(1_000, DARK, seed=5))
    drift.check(line, now=at(11))
    for minute in (11, 12, 13):
        watching.go(now=at(minute), prunes=False)
    assert state_of("image-drift") == "unacknowledged"
    assert Freeze.objects.in_force().get().cause == "drift"
    watch.refresh_from_db()
    assert watch.state == "tightened"

    client.force_login(quinn)
    for alarm in Alarm.objects.filter(rule__in=("line-held", "image-drift")):
        client.post(f"/alarms/{alarm.pk}/acknowledge/")
    assert (state_of("line-held"), state_of("image-drift")) == ("acknowledged", "acknowledged")

    show(line, lights(1_500, HEALTHY, seed=6))
    drift.check(line, now=at(20))
    automation.lift_hold(held.get(), by=quinn, now=at(20))
    for minute in (21, 22, 24, 26):
        watching.go(now=at(minute), prunes=False)
    assert (state_of("line-held"), state_of("image-drift")) == ("normal", "normal")
    told = AlarmChange.objects.filter(alarm__rule="image-drift").order_by("pk").values_list("event", flat=True)
    assert list(told) == ["raised", "acknowledged", "cleared"]
    assert notices.write_due(now=at(27)) == 0
