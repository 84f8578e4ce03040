"""The demo as a whole: its lines are put away and brought back, real ones never; its first steps begin anew."""

import pytest
from django.urls import reverse
from django.utils.timezone import now

from inspection import automation, stations
from inspection.models import Line, SettingChange
from inspection.rules.words import Role
from review import first_minutes, simulated
from review.first_minutes import Try
from tests.builders import make_line, make_station, make_user
from tests.inspection.device import Device
from tests.review.deciding import make_deciding_line
from tests.review.scene import make_watched_line

pytestmark = pytest.mark.django_db
TITLE = "The first ten minutes of this demo"


@pytest.fixture
def demo(settings, own_files):
    settings.DEMO = True
    return [make_watched_line("phone-glass", is_demo=True), make_deciding_line("phone-back", is_demo=True)]


@pytest.fixture
def real():
    return make_line("glass-1")


def standing() -> dict[str, bool]:
    return dict(Line.objects.values_list("slug", "is_active"))


def remove(client):
    return client.post(reverse("demo-remove"), follow=True)


def test_removing_asks_first_and_takes_the_demo_lines_and_no_others(client, demo, real, quinn):
    client.force_login(quinn)
    page = client.get(reverse("fleet")).content.decode()
    assert f'href="{reverse("demo")}"' in page
    asked = client.get(reverse("demo")).content.decode()
    assert all(slug in asked for slug in ("phone-glass", "phone-back"))
    assert real.slug not in asked.partition("<main")[2]
    assert standing() == {"phone-glass": True, "phone-back": True, "glass-1": True}

    assert "Nothing else was touched." in remove(client).content.decode()

    assert standing() == {"phone-glass": False, "phone-back": False, "glass-1": True}
    left = client.get(reverse("queue-choice")).content.decode()
    assert "phone-back" not in left
    assert "Demo data" not in left
    assert TITLE not in left
    assert client.get(reverse("automation", args=["phone-back"])).status_code == 404


def test_a_removed_line_hears_no_station_and_its_own_rests(client, demo, quinn):
    line = demo[1]
    station = make_station(line, "camera-7")
    device = Device(station, stations.issue_key(station, now=now()))
    assert device.post().status_code == 202
    client.force_login(quinn)
    remove(client)
    assert device.post().status_code == 401
    assert simulated.conditions_of(line)["paused"]


def test_nothing_is_deleted_and_they_come_back_as_they_were(client, demo, quinn):
    level = Line.objects.get(slug="phone-back").level
    client.force_login(quinn)
    remove(client)
    client.post(reverse("demo-back"))
    line = Line.objects.get(slug="phone-back")
    assert (line.is_active, line.level) == (True, level)
    assert not simulated.conditions_of(line)["paused"]
    told = SettingChange.objects.filter(line=line).order_by("pk").values_list("before", "after", "changed_by__username")
    assert list(told) == [(True, False, "quinn"), (False, True, "quinn")]
    assert "demo data removed" in client.get(reverse("log", args=[line.slug])).content.decode()


@pytest.mark.parametrize("role", [Role.INSPECTOR, None])
def test_who_founds_no_lines_removes_none(client, demo, role):
    client.force_login(make_user("oscar", role=role))
    assert client.get(reverse("demo")).status_code == 403
    assert {client.post(reverse(name)).status_code for name in ("demo-remove", "demo-back")} == {403}
    assert f'href="{reverse("demo")}"' not in client.get(reverse("queue-choice")).content.decode()
    assert all(standing().values())


def test_a_lead_of_one_line_removes_none(client, demo):
    client.force_login(make_user("lena", role=Role.QA_LEAD, line=demo[0]))
    assert client.post(reverse("demo-remove")).status_code == 403
    assert all(standing().values())


def test_where_no_demo_runs_there_is_nothing_to_remove(client, demo, quinn, settings):
    settings.DEMO = False
    client.force_login(quinn)
    names = ("demo-remove", "demo-back", "first-minutes-anew")
    assert {client.post(reverse(name)).status_code for name in names} == {404}
    assert all(standing().values())


def test_the_first_steps_begin_anew_with_nothing_ticked_off(client, demo, quinn):
    automation.stop(demo[1], by=quinn, reason="smoke", now=now())
    first_minutes.keep(quinn, [Try.DIMMED])
    client.force_login(quinn)
    assert client.get("/").content.decode().count("#ring-tick") == 2
    client.post(reverse("first-minutes"))
    assert "Show the first steps again" in client.get("/").content.decode()

    page = client.post(reverse("first-minutes-anew"), follow=True).content.decode()

    assert TITLE in page
    assert page.count("#ring-tick") == 0


def test_the_station_is_put_back_to_how_the_demo_began(client, demo, quinn):
    glass, back = demo
    simulated.let_scratch_appear(back, appears=True)
    simulated.tell(back, light=0.2)
    client.force_login(quinn)
    client.post(reverse("simulated-conditions", args=[back.slug]), {"reset": "on"})
    assert simulated.conditions_of(back) == simulated.DEFAULTS
    assert not simulated.conditions_of(glass)["paused"]
