"""The demo's list of first things to try: by role, ticked off, put away for good, and nowhere but in a demo."""

import pytest

from inspection import automation
from inspection.models import Line
from inspection.rules.words import Role
from tests.builders import NOON, make_user
from tests.review.deciding import make_deciding_line
from tests.review.scene import make_watched_line

pytestmark = pytest.mark.django_db
TITLE = "The first ten minutes of this demo"


@pytest.fixture(autouse=True)
def demo(settings, tmp_path):
    settings.DEMO, settings.DATA = True, tmp_path
    make_watched_line("phone-glass", is_demo=True)
    make_deciding_line("phone-back", is_demo=True)


def home(client, person):
    client.force_login(person)
    return client.get("/").content.decode()


@pytest.mark.parametrize(
    ("role", "shown", "hidden"),
    [
        (Role.INSPECTOR, "Judge ten phones", "Lights off"),
        (Role.QA_LEAD, "Lights off", "Judge ten phones"),
        (Role.ADMINISTRATOR, "Hold STOP", "Rule on a part"),
    ],
)
def test_each_role_is_shown_what_it_may_do(client, role, shown, hidden):
    html = home(client, make_user("aria", role=role))
    assert shown in html
    assert hidden not in html


def test_a_line_that_this_demo_does_not_have_is_not_pointed_to(client, quinn):
    assert "phone-lens" not in home(client, quinn)


def test_what_was_done_is_ticked_off(client, quinn):
    assert home(client, quinn).count("#ring-tick") == 0
    automation.stop(Line.objects.get(slug="phone-back"), by=quinn, reason="smoke", now=NOON)
    assert home(client, quinn).count("#ring-tick") == 1


def test_who_knows_the_way_sees_it_no_more(client, ana):
    assert TITLE in home(client, ana)
    assert client.post("/first-minutes/", follow=True).status_code == 200
    assert TITLE not in client.get("/").content.decode()


def test_a_plant_has_no_such_list(client, ana, settings):
    settings.DEMO = False
    assert TITLE not in home(client, ana)
