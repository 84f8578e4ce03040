"""The images behind an alarm: from its moment on with some just before it, and pages both ways."""

import re
from dataclasses import replace
from datetime import timedelta

import pytest

from inspection.models import Item
from inspection.rules.words import Role
from monitoring import alarm_settings, galleries
from monitoring.models import Alarm
from monitoring.rules.alarm_rules import BY_CODE
from monitoring.rules.alarm_settings import shipped
from tests.builders import NOON, make_user
from tests.monitoring.world import show
from tests.review.scene import make_run, make_watched_line

pytestmark = pytest.mark.django_db
# Some of a fast line come in the same instant.
A_SECOND = 4


@pytest.fixture
def line():
    return make_watched_line("phone-back")


@pytest.fixture
def shown(line):
    """Images of a fast line around noon, in the order in which they came."""
    run = make_run(line, "A-1", views=(), at=NOON)
    file = {"run": run, "line": line, "content_type": "image/jpeg", "sha256": "a" * 64,
            "size_bytes": 1000, "width": 640, "height": 480}  # fmt: skip
    moments = [NOON + timedelta(seconds=n // A_SECOND) for n in range(-400, 400)]
    Item.objects.bulk_create(
        Item(received_at=moment, captured_at=moment, view=f"view-{n}", **file) for n, moment in enumerate(moments)
    )
    return list(Item.objects.order_by("received_at", "pk"))


def ids(pictures) -> list:
    return [picture.item.pk for picture in pictures]


def test_an_alarm_on_a_fast_line_shows_the_images_from_its_moment_on_and_some_just_before(line, shown):
    found = galleries.around(line, NOON)
    assert ids(found.before) == [item.pk for item in shown[400 - galleries.BEFORE : 400]]
    assert ids(found.after) == [item.pk for item in shown[400 : 400 + galleries.PAGE]]


def test_pages_lead_to_every_image_once_both_ways(line, shown):
    found = galleries.around(line, NOON)
    forth, back = ids(found.after), ids(found.before)
    onward, backward = found.later, found.earlier
    while onward:
        page = galleries.later_than(Item.objects.get(pk=onward))
        forth, onward = forth + ids(page.after), page.later
    while backward:
        page = galleries.earlier_than(Item.objects.get(pk=backward))
        back, backward = ids(page.before) + back, page.earlier
    assert back + forth == [item.pk for item in shown]


def test_the_page_leads_on_and_back_to_the_moment(client, line, shown):
    client.force_login(make_user("quinn", role=Role.QA_LEAD))
    address = f"/lines/phone-back/images/?metric=brightness&at={NOON.isoformat()[:19]}Z"
    page = client.get(address).content.decode()
    later = re.search(r'href="(\?[^"]+after=[^"]+)"', page)[1].replace("&amp;", "&")
    onward = client.get(f"/lines/phone-back/images/{later}").content.decode()
    assert f"/images/{shown[400 + galleries.PAGE].pk}/" in onward
    assert f"/images/{shown[400].pk}/" not in onward
    assert "Back to that time" in onward
    assert client.get("/lines/phone-back/images/?after=x").status_code == 404


@pytest.mark.parametrize(
    ("code", "on_delay_s", "dark_since", "raised", "begins"),
    [
        # Its value was beyond the limit for ten minutes before it came.
        ("brightness-below", 600, 0, 11, 0),
        # A share is bad as soon as half of two minutes' images are: the first of them came a minute before.
        ("outside-envelope", 0, 0, 1, 0),
        # Where no minute is kept, before the delay.
        ("queue-old", 60, None, 5, 4),
    ],
)
def test_the_images_of_an_alarm_begin_before_its_delay_did(client, line, code, on_delay_s, dark_since, raised, begins):
    rule, quinn = BY_CODE[code], make_user("quinn", role=Role.QA_LEAD)
    if not rule.is_shipped:
        setting = replace(shipped(rule), raise_at=100.0, clear_at=110.0, on_delay_s=on_delay_s, is_on=True)
        row = {"reason": "dim", "review_on": NOON.date(), "by": quinn, "now": NOON - timedelta(hours=1)}
        alarm_settings.put(line, code, setting, **row)
    good, bad = (150.0, 40.0) if code == "brightness-below" else (0.0, 1.0)
    for minute in range(-3, 12) if dark_since is not None else ():
        show(line, rule.metric, [bad if minute >= dark_since else good] * 10, at=NOON + timedelta(minutes=minute))
    at = NOON + timedelta(minutes=raised)
    alarm = Alarm.objects.create(line=line, rule=code, state="unacknowledged", is_on=True, raised_at=at)
    client.force_login(quinn)
    page = client.get(f"/alarms/{alarm.pk}/").content.decode()
    moment = (NOON + timedelta(minutes=begins)).isoformat()[:19]
    assert f"/images/?metric={rule.metric}&amp;at={moment}Z" in page
