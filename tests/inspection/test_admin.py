"""What an administrator sets up in the admin works: a line, its station, a key, and the first image."""

import re

import pytest
from django.urls import reverse

from inspection.models import Line, Membership, Product, Station
from inspection.rules.words import Role
from inspection.stations import IssuedKey
from tests.builders import NOON, make_line, make_user
from tests.inspection.device import Device

pytestmark = pytest.mark.django_db


@pytest.fixture
def office(client):
    client.force_login(make_user("admin", role=Role.ADMINISTRATOR))
    return client


def add_station(office, line):
    facts = {"line": line.pk, "name": "camera-1", "is_active": "on", "rate_per_s": "10", "burst": "50"}
    assert office.post(reverse("admin:inspection_station_add"), facts).status_code == 302
    return Station.objects.get(name="camera-1")


def issue(office, station):
    return office.post(reverse("admin:station-issue-key", args=[station.pk]))


def shown_key(page):
    return re.findall(r"<code>([^<]+)</code>", page.content.decode())


def new_line(office):
    """Fill the form of a new line in as the page offers it, with two classes."""
    product = Product.objects.create(sku="N01", name="New part")
    address = reverse("admin:inspection_line_add")
    form = office.get(address).context["adminform"].form
    facts = {name: bound.value() for name in form.fields if (bound := form[name]).value() is not None}
    facts |= {"slug": "new-line", "name": "New line", "product": product.pk, "is_active": "on"}
    inline = "defect_classes"
    facts |= {f"{inline}-TOTAL_FORMS": "1", f"{inline}-INITIAL_FORMS": "0"}
    facts |= {f"{inline}-0-key": "1", f"{inline}-0-code": "scratch", f"{inline}-0-name": "scratch"}
    facts |= {f"{inline}-0-name_ko": "긁힘", f"{inline}-0-risk_class": "major"}
    made = office.post(address, facts)
    assert made.status_code == 302, made.context["errors"]
    return Line.objects.get(slug="new-line")


def test_a_line_a_station_and_a_key_made_in_the_admin_take_the_first_image_once_the_scope_is_signed(office):
    line = new_line(office)
    station = add_station(office, line)
    key_id, secret = shown_key(issue(office, station))

    device = Device(station, IssuedKey(key_id=key_id, secret=secret))
    assert device.post().json()["code"] == "scope-unsigned"
    Line.objects.filter(pk=line.pk).update(scope_signed_at=line.created_at)

    assert device.post().status_code == 202
    assert line.items.count() == 1


def test_a_secret_is_shown_once_and_a_third_key_is_refused(office):
    station = add_station(office, make_line())
    _, secret = shown_key(issue(office, station))
    page = office.get(reverse("admin:inspection_station_change", args=[station.pk])).content.decode()
    assert secret not in page
    issue(office, station)
    third = office.post(reverse("admin:station-issue-key", args=[station.pk]), follow=True)
    assert "Two keys are live; withdraw one first." in third.content.decode()


def test_a_withdrawn_key_sends_nothing_more(office):
    station = add_station(office, make_line())
    key_id, secret = shown_key(issue(office, station))
    key = station.keys.get()
    office.post(reverse("admin:station-withdraw-key", args=[station.pk, key.pk]))
    assert Device(station, IssuedKey(key_id=key_id, secret=secret)).post().status_code == 401


def test_a_lead_issues_no_keys(client, office):
    station = add_station(office, make_line())
    client.force_login(make_user("quinn", role=Role.QA_LEAD))
    assert issue(client, station).status_code == 403
    assert not station.keys.exists()


# Administrators of one line ---------------------------------------------------------------------------------------


@pytest.fixture
def of_one_line(client):
    client.force_login(make_user("lena", role=Role.ADMINISTRATOR, line=make_line()))
    return client


def test_whoever_administers_one_line_gives_nobody_a_role_and_sees_no_channels(of_one_line):
    quinn = make_user("quinn", role=Role.QA_LEAD)
    pages = [
        reverse("admin:inspection_user_changelist"),
        reverse("admin:inspection_user_change", args=[quinn.pk]),
        reverse("admin:inspection_product_add"),
        reverse("admin:inspection_line_add"),
        reverse("channels"),
    ]
    assert [of_one_line.get(page).status_code for page in pages] == [403] * 5


def test_whoever_administers_one_line_keeps_its_stations_and_no_others(of_one_line, office):
    lena = Membership.objects.get(line__isnull=False)
    here, there = (
        add_station(office, lena.line),
        Station.objects.create(line=make_line("phone-back"), name="camera-2", created_at=NOON),
    )
    office.force_login(lena.user)
    assert issue(office, here).status_code == 200
    assert issue(office, there).status_code == 404
    listed = office.get(reverse("admin:inspection_station_changelist")).content.decode()
    assert ("camera-1" in listed, "camera-2" in listed) == (True, False)
    form = office.get(reverse("admin:inspection_station_add")).context["adminform"].form
    assert [line.slug for line in form.fields["line"].queryset] == [lena.line.slug]
    line_page = reverse("admin:inspection_line_change", args=[there.line.pk])
    assert office.get(line_page).status_code == 302


def test_a_class_is_not_changed_behind_the_epochs_back(office):
    kind = make_line().defect_classes.get(code="crack")
    page = reverse("admin:inspection_defectclass_change", args=[kind.pk])
    assert office.get(page).status_code == 200
    assert (
        office.post(page, {"code": kind.code, "name": "crack", "risk_class": "cosmetic", "key": 7}).status_code == 403
    )
    kind.refresh_from_db()
    assert kind.risk_class == "critical"
