"""Who may post and ask: T01, T06, T12 and the cases A01 to A08."""

import hashlib
import io
import time
from datetime import datetime, timedelta

import pytest
from django.test import Client
from django.utils.timezone import now as clock

from inspection import stations
from inspection.models import ApiToken, Nonce
from inspection.rules.words import Role
from inspection.stations import IssuedKey
from tests.builders import PASSWORD, make_line, make_user
from tests.inspection.device import ITEMS, Device
from tests.inspection.doors import assert_kept, assert_refused
from tests.inspection.making import make_device, make_item

pytestmark = pytest.mark.django_db
BACKEND = "allauth.account.auth_backends.AuthenticationBackend"
ABSENT = "/api/v1/items/01900000-0000-7000-8000-000000000000/"


def make_token(user, *, scopes=("read",), **fields) -> dict[str, str]:
    facts = {"created_at": clock(), "expires_at": clock() + timedelta(days=1)} | fields
    digest = hashlib.sha256(f"secret of {user.username}".encode()).hexdigest()
    ApiToken.objects.create(user=user, name="script", digest=digest, scopes=list(scopes), **facts)
    return {"Authorization": f"Bearer secret of {user.username}"}


# Stations by their secret -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "credentials",
    [
        pytest.param(None, id="A01 none"),
        pytest.param("Station", id="A02 nothing behind the scheme"),
        pytest.param("Station st_0000:wrong", id="A02 unknown key"),
        pytest.param("Station {key_id}:wrong", id="A02 wrong secret"),
        pytest.param("Station {key_id}", id="A02 no secret"),
        pytest.param("Basic {key_id}:{secret}", id="A02 another scheme"),
        pytest.param("Bearer {secret}", id="A02 a station's secret as a token"),
        pytest.param("Station ключ:ß", id="A02 not ASCII"),
    ],
)
def test_wrong_credentials_are_refused_before_anything_else(device, credentials):
    told = credentials and credentials.format(key_id=device.key.key_id, secret=device.key.secret)
    response = device.post(headers={"Authorization": told})
    assert_refused(response, 401, "unauthenticated")
    assert response.headers["WWW-Authenticate"].startswith("Station ")


def test_a_withdrawn_key_is_refused_and_its_successor_is_not(device):
    successor = stations.rotate_key(device.station, now=clock())
    stations.withdraw_key(stations.live_key(device.key.key_id), now=clock())
    assert_refused(device.post(), 401, "unauthenticated")
    assert Device(device.station, successor).post().status_code == 202


def test_a_disabled_station_is_refused_from_its_next_request_on(device):
    assert device.post().status_code == 202
    stations.disable(device.station, now=clock())
    assert_refused(device.post(), 401, "unauthenticated", kept=1)


def test_bad_credentials_are_answered_before_a_byte_of_the_body_is_read(device):
    """A68: whoever sends `Expect: 100-continue` hears 401 instead of being asked for the image."""

    class Untouchable(io.BytesIO):
        def read(self, size=-1):
            raise AssertionError("The body was read.")

    wire = {"wsgi.input": Untouchable(), "CONTENT_LENGTH": "500000"}
    headers = {"Authorization": "Station st_0:x", "Expect": "100-continue"}
    response = device.client.generic("POST", ITEMS, b"x", "multipart/form-data; boundary=b", headers=headers, **wire)
    assert_refused(response, 401, "unauthenticated")


# Stations by signature ----------------------------------------------------------------------------------------------


def test_a_signed_image_is_taken_in(device):
    assert device.post_signed().status_code == 202
    assert_kept(1)


def test_the_query_may_be_signed_with_the_path_or_left_out(device):
    assert device.post_signed(path=f"{ITEMS}?wait=0").status_code == 202
    stamp = str(int(time.time()))
    headers = device.signature("GET", "/api/v1/dispositions/", b"", stamp=stamp, nonce="n-2")
    assert device.client.get("/api/v1/dispositions/?after=0", headers=headers).status_code == 200


@pytest.mark.parametrize("minutes", [-10, 10])
def test_a07_a_stamp_ten_minutes_off_is_told_the_servers_time(device, minutes):
    body = assert_refused(device.post_signed(at=time.time() + minutes * 60), 401, "clock-skew")
    assert abs(clock() - datetime.fromisoformat(body["server_time"])) < timedelta(minutes=1)


def test_a08_an_altered_body_does_not_fit_its_signature(device):
    assert_refused(device.post_signed(sent=b"altered"), 401, "signature-invalid")
    assert not Nonce.objects.exists()


def test_a_signature_by_another_key_does_not_fit(device):
    forger = Device(device.station, IssuedKey(key_id=device.key.key_id, secret="guessed"))
    assert_refused(forger.post_signed(), 401, "signature-invalid")


@pytest.mark.parametrize("left_out", ["X-Station-Timestamp", "X-Station-Nonce", "X-Station-Signature"])
def test_a_signature_without_one_of_its_heads_is_none(device, left_out):
    headers = device.signature("POST", ITEMS, b"", stamp=str(int(time.time())), nonce="n")
    response = device.client.post(ITEMS, headers={k: v for k, v in headers.items() if k != left_out})
    assert_refused(response, 401, "unauthenticated")


def test_a_signature_that_is_no_text_of_ours_is_refused_and_no_fault(device):
    headers = device.signature("POST", ITEMS, b"", stamp="99999999999999999999", nonce="n")
    assert_refused(device.client.post(ITEMS, headers=headers), 401, "unauthenticated")


def test_a_nonce_is_good_for_one_upload(device):
    assert device.post_signed().status_code == 202
    assert_refused(device.post_signed(key="k-2"), 401, "nonce-replayed", kept=1)


def test_the_very_same_signed_upload_sent_again_is_answered_and_not_taken(device):
    """T06: a station that lost the answer resends what it signed."""
    first, again = device.post_signed(), device.post_signed()
    assert (again.status_code, again.json()) == (200, first.json())
    assert_kept(1)


def test_an_upload_signed_anew_under_its_key_is_replayed(device):
    """T06: the same picture again is one row and the same answer."""
    first = device.post_signed(nonce="n-1")
    again = device.post_signed(nonce="n-2")
    assert (again.status_code, again.json()) == (200, first.json())
    assert_kept(1)


def test_old_nonces_are_forgotten(device):
    device.post_signed()
    assert stations.forget_nonces(now=clock() + timedelta(minutes=9)) == 0
    assert stations.forget_nonces(now=clock() + timedelta(minutes=11)) == 1


# Whose images -------------------------------------------------------------------------------------------------------


def test_a04_a_station_cannot_post_to_another_line(device):
    make_line("phone-back")
    assert_refused(device.post(line="phone-back"), 403, "forbidden")


def test_a05_a06_a_foreign_image_and_an_absent_one_read_alike(device):
    foreign = make_item(make_device(make_line("phone-back")).station)
    answers = [device.get(address).json() for address in (f"/api/v1/items/{foreign.pk}/", ABSENT)]
    for answer in answers:
        answer.pop("request_id")
    assert answers[0] == answers[1]
    assert answers[0]["code"] == "not-found"


def test_a_station_reads_its_own_image(device):
    item = make_item(device.station)
    assert device.get(f"/api/v1/items/{item.pk}/").json()["serial"] == "A-17"


@pytest.mark.parametrize(
    ("role", "on_the_line", "status"),
    [
        (Role.QA_LEAD, True, 200),
        (Role.ADMINISTRATOR, True, 200),
        (Role.INSPECTOR, True, 403),
        (None, True, 404),
        (Role.QA_LEAD, False, 404),
        (Role.INSPECTOR, False, 404),
    ],
)
@pytest.mark.parametrize(
    "address", ["/api/v1/items/{pk}/", "/api/v1/items/{pk}/disposition/", "/api/v1/parts/A-17/?line=phone-glass"]
)
def test_verdicts_are_for_leads_and_administrators_of_the_line(device, role, on_the_line, status, address):
    item = make_item(device.station)
    line = device.station.line if on_the_line else make_line("phone-back")
    client = Client()
    client.force_login(make_user("quinn", role=role, line=line), backend=BACKEND)
    response = client.get(address.format(pk=item.pk))
    expected = 202 if status == 200 and address.endswith("disposition/") else status
    assert response.status_code == expected


def test_a_person_cannot_post_an_image_nor_follow_a_stations_verdicts(device):
    headers = make_token(make_user("quinn", role=Role.QA_LEAD), scopes=["read", "write"])
    assert_refused(device.post(headers=headers), 403, "forbidden")
    assert_refused(Client().get("/api/v1/dispositions/", headers=headers), 403, "forbidden")


# People's tokens ----------------------------------------------------------------------------------------------------


def test_a_token_opens_what_its_owner_may_read(device):
    item = make_item(device.station)
    headers = make_token(make_user("quinn", role=Role.QA_LEAD))
    assert Client().get(f"/api/v1/items/{item.pk}/", headers=headers).status_code == 200


@pytest.mark.parametrize(
    "fields",
    [
        pytest.param({"expires_at": clock() - timedelta(seconds=1)}, id="A03 expired"),
        pytest.param({"revoked_at": clock()}, id="revoked"),
    ],
)
def test_a_token_that_is_over_is_refused(device, fields):
    headers = make_token(make_user("quinn", role=Role.QA_LEAD), **fields)
    assert_refused(Client().get(ABSENT, headers=headers), 401, "unauthenticated")


def test_a_token_of_somebody_who_left_is_refused(device):
    quinn = make_user("quinn", role=Role.QA_LEAD)
    headers = make_token(quinn)
    type(quinn).objects.filter(pk=quinn.pk).update(is_active=False)
    assert_refused(Client().get(ABSENT, headers=headers), 401, "unauthenticated")


def test_a_token_needs_the_scope_of_the_request(device):
    quinn = make_user("quinn", role=Role.QA_LEAD)
    headers = make_token(quinn, scopes=["read"])
    assert_refused(Client().post("/api/v1/batches/", headers=headers), 403, "insufficient-scope")
    assert_refused(Client().get(ABSENT, headers=headers), 404, "not-found")


# Sessions -----------------------------------------------------------------------------------------------------------


def test_a66_a_session_without_its_csrf_token_is_refused(device):
    make_user("quinn", role=Role.QA_LEAD)
    client = Client(enforce_csrf_checks=True)
    client.force_login(make_user("quill", role=Role.QA_LEAD), backend=BACKEND)
    assert_refused(client.post("/api/v1/batches/", {"line": "phone-glass"}), 403, "csrf-failed")


def test_a_pages_csrf_failure_stays_a_page(device):
    response = Client(enforce_csrf_checks=True).post("/accounts/login/", {"login": "ana", "password": PASSWORD})
    assert response.status_code == 403
    assert response.headers["Content-Type"].startswith("text/html")
