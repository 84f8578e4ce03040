"""What an open page of monitoring asks for anew: its parts, without the frame."""

import pytest
from django.utils.timezone import now

from inspection.rules.words import Role
from monitoring.models import Alarm
from tests.builders import make_user
from tests.review.deciding import make_deciding_line

pytestmark = pytest.mark.django_db

PAGES = ["/lines/phone-back/monitor/", "/fleet/", "/alarms/"]
BY_ITSELF = {"X-Background": "1"}


@pytest.fixture
def line():
    return make_deciding_line()


@pytest.fixture
def lead(client, line):
    client.force_login(make_user("quinn", role=Role.QA_LEAD))
    return client


@pytest.mark.parametrize("address", PAGES)
def test_the_script_gets_every_part_and_no_frame(lead, address):
    whole, parts = lead.get(address).text, lead.get(address, headers=BY_ITSELF).text
    assert whole.count("data-live") == parts.count("data-live") > 1
    assert "js/live.js" in whole
    assert [("<html" in text, 'class="sidebar"' in text) for text in (whole, parts)] == [(True, True), (False, False)]


@pytest.mark.parametrize("address", PAGES)
def test_an_open_page_takes_no_message_that_nobody_has_read(lead, line, address):
    facts = {"state": "unacknowledged", "is_on": True, "raised_at": now(), "value": 1.0}
    alarm = Alarm.objects.create(line=line, rule="camera-stuck", **facts)
    for _ in range(2):
        lead.post(f"/alarms/{alarm.pk}/acknowledge/")
    lead.get(address, headers=BY_ITSELF)
    assert "This is not possible for the alarm as it stands" in lead.get(f"/alarms/{alarm.pk}/").text
