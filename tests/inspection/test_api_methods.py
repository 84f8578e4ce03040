"""Queries, methods and formats of every door of the device API: A55 to A63 and A69."""

import pytest
from django.test import Client
from django.urls import URLPattern

from inspection.api.urls import urlpatterns
from tests.inspection.doors import assert_refused

pytestmark = pytest.mark.django_db
SOME = "01900000-0000-7000-8000-000000000000"
READ = {"api-item", "api-item-disposition", "api-part", "api-dispositions", "api-batch", "api-station-model"}
WRITE = {"api-items", "api-batches", "api-heartbeat"}


def address_of(pattern: URLPattern) -> str:
    return "/" + str(pattern.pattern).replace("<uuid:pk>", SOME).replace("<path:serial>", "A-17").replace(
        "<str:sha256>", "ab" * 32
    )


DOORS = {pattern.name: address_of(pattern) for pattern in urlpatterns if pattern.name in READ | WRITE}


def test_every_door_is_in_one_of_the_lists():
    api = {pattern.name for pattern in urlpatterns if str(pattern.pattern).startswith("api/v1/")}
    assert api == READ | WRITE | {"api-schema"}


@pytest.mark.parametrize(
    "query",
    [
        pytest.param("limit=1000000000", id="A55 page size"),
        pytest.param("limit=0", id="page of nothing"),
        pytest.param("after=abc", id="A56 bad cursor"),
        pytest.param("after=-1", id="negative cursor"),
        pytest.param("after=9223372036854775808", id="cursor beyond 64 bits"),
        pytest.param("wait=31", id="waits too long"),
        pytest.param("wait=-1", id="waits backwards"),
        pytest.param("wait=nan", id="waits for nan"),
        pytest.param("wait=inf", id="waits for ever"),
        pytest.param("wait=x", id="waits for x"),
    ],
)
def test_a_query_out_of_range_is_refused(device, query):
    assert_refused(device.get(f"/api/v1/dispositions/?{query}"), 422, "validation")


@pytest.mark.parametrize("name", sorted(READ))
def test_a57_an_unknown_query_parameter_is_refused(device, name):
    assert_refused(device.get(f"{DOORS[name]}?sort=password"), 422, "unknown-field")


@pytest.mark.parametrize("name", sorted(READ | WRITE))
@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "TRACE"])
def test_a59_a60_other_methods_are_refused_with_those_allowed(device, name, method):
    response = device.client.generic(method, DOORS[name], headers=device.credentials)
    assert_refused(response, 405, "method-not-allowed")
    assert ("GET" if name in READ else "POST") in response.headers["Allow"]


@pytest.mark.parametrize("name", sorted(READ))
def test_a61_only_json_is_answered(device, name):
    assert_refused(device.get(DOORS[name], Accept="application/xml"), 406, "not-acceptable")


def test_a63_a_foreign_host_is_refused(device):
    response = device.get("/api/v1/dispositions/", Host="elsewhere.example")
    body = assert_refused(response, 400, "bad-request")
    assert "elsewhere" not in str(body)


@pytest.mark.parametrize("name", sorted(READ))
def test_a69_head_is_get_without_a_body(device, name):
    head = device.client.head(DOORS[name], headers=device.credentials)
    assert head.status_code == device.get(DOORS[name]).status_code
    assert head.content == b""


@pytest.mark.parametrize("name", sorted(READ | WRITE))
def test_a69_options_opens_nothing_to_other_origins(device, name):
    response = device.client.options(DOORS[name], headers=device.credentials | {"Origin": "https://elsewhere.example"})
    assert response.status_code == 200
    assert not [header for header in response.headers if header.startswith("Access-Control-")]


@pytest.mark.parametrize("name", sorted(READ | WRITE))
def test_every_door_asks_who_comes(name):
    method = "GET" if name in READ else "POST"
    assert_refused(Client().generic(method, DOORS[name]), 401, "unauthenticated")


@pytest.mark.parametrize("address", ["/api/v1/parts/A%00/", "/api/v1/parts/%FF/", "/api/v1/parts/%ED%A0%80/"])
def test_a_serial_that_no_part_can_have_is_not_there(device, address):
    assert_refused(device.get(address), 404, "not-found")


@pytest.mark.parametrize("address", ["/api/v1/", "/api/v1/nothing/", "/api/v1/items/not-an-id/", "/api/none/"])
def test_an_address_that_is_not_there_is_a_problem_too(address):
    assert_refused(Client().get(address), 404, "not-found")


def test_a_page_that_is_not_there_stays_a_page():
    response = Client().get("/nothing/")
    assert (response.status_code, response.headers["Content-Type"].split(";")[0]) == (404, "text/html")


def test_a_get_of_any_door_changes_nothing(device):
    for address in DOORS.values():
        device.get(address)
    device.station.refresh_from_db()
    assert device.station.last_seen_at is None
