"""Generated requests: whatever comes, no door answers with a fault of ours, and every refusal is a problem."""

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from inspection.api.catalogue import CATALOGUE
from inspection.models import Station
from tests.inspection.device import form

pytestmark = pytest.mark.django_db
EXAMPLES = settings(
    max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
text = st.text(st.characters(exclude_categories=["Cs"]), max_size=120)
names = st.sampled_from(["serial", "captured_at", "view", "lot", "incumbent_verdict", "line", "meta", "image"]) | text
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
pulse_names = st.sampled_from(["sent_at", "software", "spooled", "model_sha256", "last_cursor", "camera"])


@pytest.fixture
def tireless(device):
    Station.objects.update(rate_per_s=1e6, burst=1_000_000)
    return device


def assert_is_an_answer(response) -> None:
    assert response.status_code < 500, response.content
    if response.status_code >= 400:
        assert response.headers["Content-Type"] == "application/problem+json"
        assert response.json()["code"] in CATALOGUE


@EXAMPLES
@given(changes=st.dictionaries(names, text, max_size=4), key=text)
def test_any_form(tireless, changes, key):
    safe = {name: value for name, value in changes.items() if name.isprintable() and name and '"' not in name}
    fields = form() | safe
    headers = tireless.credentials | {"Idempotency-Key": key.encode("utf-8", "ignore").decode("latin-1")}
    assert_is_an_answer(tireless.client.post("/api/v1/items/", fields, headers=headers))


@EXAMPLES
@given(body=st.dictionaries(pulse_names, json_values, max_size=6) | json_values)
def test_any_json(tireless, body):
    assert_is_an_answer(tireless.send("/api/v1/stations/me/heartbeat/", json.dumps(body)))


@EXAMPLES
@given(body=st.binary(max_size=400))
def test_any_bytes(tireless, body):
    assert_is_an_answer(tireless.send("/api/v1/stations/me/heartbeat/", body))
    assert_is_an_answer(tireless.post_raw(body, length=len(body)))
    assert_is_an_answer(tireless.post(body))


@EXAMPLES
@given(serial=text, query=text)
def test_any_address(tireless, serial, query):
    assert_is_an_answer(tireless.client.get(f"/api/v1/parts/{serial}/", {"line": query}, headers=tireless.credentials))
    assert_is_an_answer(tireless.client.get("/api/v1/dispositions/", {"after": query}, headers=tireless.credentials))


@EXAMPLES
@given(credentials=text)
def test_any_credentials(device, credentials):
    headers = {"Authorization": f"Station {credentials}".encode("utf-8", "ignore").decode("latin-1")}
    assert device.client.get("/api/v1/dispositions/", headers=headers).status_code == 401
    headers = {"Authorization": f"Bearer {credentials}".encode("utf-8", "ignore").decode("latin-1")}
    assert device.client.get("/api/v1/dispositions/", headers=headers).status_code == 401
