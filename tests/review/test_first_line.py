"""A clean install leads its owner to a first line: in order, ticked off, and never into a dead end."""

import pytest
from django.urls import reverse

from inspection import registry, stations
from inspection.models import Line
from inspection.rules.words import Level, Role
from tests.builders import NOON, make_line, make_model_version, make_station, make_user
from tests.inspection.making import make_item

pytestmark = pytest.mark.django_db
TITLE = "From a clean install to the first line"


@pytest.fixture
def admin():
    return make_user("admin", role=Role.ADMINISTRATOR)


def home(client, person):
    client.force_login(person)
    return client.get(reverse("queue-choice"))


def done(client, person):
    return [step.done for step in home(client, person).context["steps"]]


def test_the_first_page_of_a_clean_install_leads_on(client, admin):
    page = home(client, admin)
    html = page.content.decode()
    assert TITLE in html
    assert "Ask an administrator" not in html
    assert reverse("people") + "#invite" in html
    for name in ("line-new", "fleet", "alarms"):
        assert f'href="{reverse(name)}"' in html
    assert not any(step.done for step in page.context["steps"])


def test_what_needs_a_line_is_told_and_not_linked_before_there_is_one(client, admin):
    before = {step.word: step.address for step in home(client, admin).context["steps"]}
    line = make_line("glass-1", scope_signed_at=None)
    after = {step.word: step.address for step in home(client, admin).context["steps"]}
    assert list(before) == list(after)
    assert [word for word, address in before.items() if not address] == list(before)[3:]
    assert all(after.values())
    assert reverse("plan", args=[line.slug]) in after.values()


def test_each_step_is_ticked_off_by_what_was_done(client, admin):
    make_user("quinn", role=Role.QA_LEAD)
    assert done(client, admin) == [False] * 9
    make_user("quill", role=Role.QA_LEAD)
    make_user("ana", role=Role.INSPECTOR)
    assert done(client, admin) == [True, True] + [False] * 7
    line = make_line()
    station = make_station(line)
    stations.issue_key(station, now=NOON)
    assert done(client, admin) == [True] * 5 + [False] * 4
    make_item(station)
    version = make_model_version()
    assert done(client, admin) == [True] * 7 + [False] * 2
    registry.serve(line, version, by=None, cause="set-up", now=NOON)
    assert done(client, admin) == [True] * 8 + [False]
    Line.objects.update(level=Level.SHADOW.value)
    assert TITLE not in home(client, admin).content.decode()


def test_one_lead_twice_over_is_not_two(client, admin):
    quinn = make_user("quinn", role=Role.QA_LEAD)
    quinn.memberships.create(role=Role.QA_LEAD.value, line=make_line(), granted_at=NOON)
    assert not home(client, admin).context["steps"][0].done


def test_a_lead_is_led_past_what_only_administrators_do(client):
    make_line()
    html = home(client, make_user("quinn", role=Role.QA_LEAD)).content.decode()
    assert TITLE in html
    assert reverse("people") not in html
    assert reverse("admin:inspection_station_add") not in html


def test_who_founds_nothing_has_no_such_list(client):
    page = home(client, make_user("ana"))
    assert TITLE not in page.content.decode()
    assert "Ask an administrator" in page.content.decode()
    assert reverse("line-new") not in page.content.decode()


def test_who_put_it_away_still_finds_the_way(client, admin):
    client.force_login(admin)
    html = client.post(reverse("first-minutes"), follow=True).content.decode()
    assert TITLE not in html
    assert "There is no line yet." in html
    assert reverse("line-new") in html
