"""The page on which an administrator adds stations, gives them keys and takes both away."""

import re
from base64 import b64decode
from html import unescape

import pytest
from django.db import DatabaseError, transaction
from django.urls import reverse

from inspection import stations
from inspection.models import Station, StationChange, StationKey
from inspection.rules.words import Role
from inspection.stations import IssuedKey
from tests.builders import NOON, make_line, make_station, make_user
from tests.inspection.device import Device
from tests.review.scene import make_watched_line

pytestmark = pytest.mark.django_db


@pytest.fixture
def line(own_files):
    return make_watched_line()


@pytest.fixture
def admin():
    return make_user("admin", role=Role.ADMINISTRATOR)


@pytest.fixture
def office(client, admin):
    client.force_login(admin)
    return client


def send(office, line, address, *given, **facts):
    return office.post(reverse(address, args=[line.slug, *given]), facts, follow=True)


def issue(office, line, station) -> tuple[IssuedKey, str]:
    """Return the key as the page shows it, and the page."""
    html = send(office, line, "station-key", station.pk).content.decode()
    whole = re.search(r"<textarea[^>]*>([^<]+)</textarea>", html)
    key_id, _, secret = unescape(whole[1]).partition(":")
    return IssuedKey(key_id=key_id, secret=secret), html


def log_of(office, line) -> str:
    return office.get(f"{reverse('log', args=[line.slug])}?action=station").content.decode()


def test_a_station_added_on_the_page_sends_its_first_image_with_the_key_shown_there(office, line):
    told = send(office, line, "station-add", name="camera-2").content.decode()
    assert "Added. Issue its key now." in told
    assert "No live key: this station cannot send." in told
    station = Station.objects.get(line=line, name="camera-2")

    key, html = issue(office, line, station)

    assert "it is not shown again" in html
    code = re.search(r'src="data:image/svg\+xml;base64,([^"]+)"', html)
    assert b"<svg" in b64decode(code[1])
    assert Device(station, key).post().status_code == 202


def test_the_secret_is_on_no_other_page(office, line):
    station = make_station(line)
    key, _ = issue(office, line, station)
    page = office.get(reverse("stations", args=[line.slug])).content.decode()
    assert key.key_id in page
    assert key.secret not in page
    assert key.secret not in log_of(office, line)


def test_a_third_key_is_refused(office, line):
    station = make_station(line)
    for _ in range(2):
        issue(office, line, station)
    assert "Issue a key" not in office.get(reverse("stations", args=[line.slug])).content.decode()
    assert "Two keys are live; withdraw one first." in send(office, line, "station-key", station.pk).content.decode()
    assert station.keys.count() == 2


def test_a_withdrawn_key_is_refused_and_the_other_goes_on(office, line):
    station = make_station(line)
    (first, _), (second, _) = issue(office, line, station), issue(office, line, station)
    row = StationKey.objects.get(key_id=first.key_id)
    told = send(office, line, "station-withdraw", station.pk, row.pk).content.decode()
    assert "Withdrawn: the next request with this key is refused." in told
    assert Device(station, first).post().status_code == 401
    assert Device(station, second).post().status_code == 202


def test_a_disabled_station_is_refused_with_all_its_keys_and_needs_a_new_one_when_it_comes_back(office, line):
    station = make_station(line)
    key, _ = issue(office, line, station)
    told = send(office, line, "station-disable", station.pk).content.decode()
    assert "Disabled: its next request is refused." in told
    assert Device(station, key).post().status_code == 401
    assert office.post(reverse("station-key", args=[line.slug, station.pk])).status_code == 404

    send(office, line, "station-enable", station.pk)

    assert Device(station, key).post().status_code == 401
    fresh, _ = issue(office, line, station)
    assert Device(station, fresh).post().status_code == 202


def test_a_name_that_is_taken_is_refused_beside_its_field(office, line):
    make_station(line, "camera-2", is_active=False)
    answer = send(office, line, "station-add", name="camera-2")
    assert answer.status_code == 422
    assert "a disabled one can be enabled" in answer.content.decode()


def test_the_audit_log_says_who_did_what_to_which_station_and_key(office, line, admin):
    send(office, line, "station-add", name="camera-2")
    station = Station.objects.get(name="camera-2")
    key, _ = issue(office, line, station)
    send(office, line, "station-withdraw", station.pk, station.keys.get().pk)
    send(office, line, "station-disable", station.pk)
    send(office, line, "station-enable", station.pk)
    done = StationChange.objects.order_by("pk").values_list("deed", "key_id", "done_by")
    assert list(done) == [
        ("added", "", admin.pk),
        ("key-issued", key.key_id, admin.pk),
        ("key-withdrawn", key.key_id, admin.pk),
        ("disabled", "", admin.pk),
        ("enabled", "", admin.pk),
    ]
    html = log_of(office, line)
    assert all(word in html for word in ("camera-2", "admin", "key-withdrawn", key.key_id))


def test_what_was_done_to_a_station_is_never_edited(line, admin):
    station = stations.add(line, name="camera-2", by=admin, now=NOON)
    with pytest.raises(DatabaseError), transaction.atomic():
        station.changes.update(deed="enabled")


def test_doing_it_twice_is_one_entry(line, admin):
    station = stations.add(line, name="camera-2", by=admin, now=NOON)
    for _ in range(2):
        stations.disable(station, by=admin, now=NOON)
    assert station.changes.filter(deed="disabled").count() == 1


@pytest.mark.parametrize(("role", "status"), [(Role.QA_LEAD, 403), (Role.INSPECTOR, 404), (None, 404)])
def test_nobody_but_administrators_keeps_stations_and_keys(role, status, client, line, admin):
    station = make_station(line)
    stations.issue_key(station, by=admin, now=NOON)
    key = station.keys.get()
    client.force_login(make_user("oscar", role=role))
    names = {"station-add": [], "station-key": [station.pk], "station-withdraw": [station.pk, key.pk]}
    names |= {"station-disable": [station.pk], "station-enable": [station.pk]}
    answers = {client.post(reverse(name, args=[line.slug, *given])).status_code for name, given in names.items()}
    assert answers == {status}
    assert stations.live_key(key.key_id) is not None
    assert StationChange.objects.count() == 1


def test_a_lead_sees_the_stations_and_no_deed(client, line, quinn):
    station = make_station(line)
    client.force_login(quinn)
    html = client.get(reverse("stations", args=[line.slug])).content.decode()
    assert station.name in html
    assert all(name not in html for name in ("Issue a key", "Disable", "Add a station"))


def test_a_station_of_another_line_is_not_found(office, line, admin):
    station = make_station(make_line("phone-back"))
    for name in ("station-key", "station-disable"):
        assert office.post(reverse(name, args=[line.slug, station.pk])).status_code == 404


def test_the_line_s_own_hand_gets_no_key(office, line):
    station = stations.importer(line, now=NOON)
    assert office.post(reverse("station-key", args=[line.slug, station.pk])).status_code == 404


def test_an_administrator_is_led_from_the_people_of_a_line_to_adding_one_and_a_lead_is_not(client, line, admin, quinn):
    for person, is_led in ((admin, True), (quinn, False)):
        client.force_login(person)
        html = client.get(reverse("inspectors", args=[line.slug])).content.decode()
        assert (reverse("people") in html) == is_led
