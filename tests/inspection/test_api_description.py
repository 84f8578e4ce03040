"""The API describes itself, truly and to everybody, and shows it without foreign scripts."""

import io
import re

import jsonschema
import pytest
import yaml
from django.core.management import call_command

from inspection import dispositions
from inspection.api.urls import urlpatterns
from inspection.rules.words import DecidedBy, Level, Verdict
from tests.builders import NOON, make_user
from tests.inspection.making import make_item

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def document() -> dict:
    out = io.StringIO()
    call_command("spectacular", "--validate", "--fail-on-warn", stdout=out)
    return yaml.safe_load(out.getvalue())


def assert_fits(document: dict, response, path: str, method: str) -> None:
    """Check an answer against what the description says of its status and type."""
    answers = document["paths"][path][method]["responses"]
    kind = response.headers["Content-Type"].split(";")[0]
    schema = answers[str(response.status_code)]["content"][kind]["schema"]
    jsonschema.validate(response.json(), {**schema, "components": document["components"]})


def test_every_door_is_described_without_a_warning(document):
    described = set(document["paths"])
    doors = {
        "/" + re.sub(r"<\w+:(\w+)>", r"{\1}", str(pattern.pattern)).replace("{pk}", "{id}")
        for pattern in urlpatterns
        if str(pattern.pattern).startswith("api/v1/")
    }
    assert doors - {"/api/v1/schema/"} <= described
    assert document["openapi"].startswith("3.1")


def test_the_description_needs_no_sign_in(client):
    assert client.get("/api/v1/schema/").status_code == 200


def test_the_answers_are_as_described(device, document):
    posted = device.post(key="k-1")
    assert_fits(document, posted, "/api/v1/items/", "post")
    assert_fits(document, device.post(key="k-1"), "/api/v1/items/", "post")
    assert_fits(document, device.post(b""), "/api/v1/items/", "post")
    item = make_item(device.station, serial="B", idempotency_key="k-2")
    dispositions.settle_view(
        item, verdict=Verdict.PASS, decided_by=DecidedBy.MODEL, level=Level.PARTIAL, reason="inside", at=NOON
    )
    dispositions.sequence_due(now=NOON)
    assert_fits(document, device.get(f"/api/v1/items/{item.pk}/"), "/api/v1/items/{id}/", "get")
    assert_fits(document, device.get(f"/api/v1/items/{item.pk}/disposition/"), "/api/v1/items/{id}/disposition/", "get")
    assert_fits(document, device.get("/api/v1/parts/B/"), "/api/v1/parts/{serial}/", "get")
    assert_fits(document, device.get("/api/v1/parts/none/"), "/api/v1/parts/{serial}/", "get")
    assert_fits(document, device.get("/api/v1/dispositions/"), "/api/v1/dispositions/", "get")
    beat = device.send("/api/v1/stations/me/heartbeat/", '{"sent_at": "2026-11-23T12:00:00Z"}')
    assert_fits(document, beat, "/api/v1/stations/me/heartbeat/", "post")


@pytest.mark.parametrize("address", ["/api/docs/", "/problems/", "/problems/image-corrupt/"])
def test_the_pages_hold_no_inline_script_or_style_and_nothing_foreign(client, address):
    page = client.get(address)
    html = page.content.decode()
    assert page.status_code == 200
    assert not re.search(r"<script(?![^>]*\bsrc=)", html)
    assert not re.search(r"<style|\sstyle=|\son\w+=", html)
    assert not re.findall(r"(?:src|href)=\"(?:https?:)?//", html)
    assert "script-src 'self'" in page.headers["Content-Security-Policy"]


def test_the_pages_script_is_served_from_here(client):
    html = client.get("/api/docs/").content.decode()
    *_, script = re.search(r'data-scripts="([^"]+)"', html)[1].split()
    answer = client.get(script)
    assert (answer.status_code, "javascript" in answer.headers["Content-Type"]) == (200, True)


def test_the_pages_list_comes_from_the_description_as_json(client):
    html = client.get("/api/docs/").content.decode()
    described = client.get(re.search(r'data-schema="([^"]+)"', html)[1]).json()
    assert "/api/v1/items/" in described["paths"]


def test_a_korean_page_says_that_the_calls_are_described_in_english_and_marks_them_so(client):
    html = client.get("/api/docs/", headers={"Accept-Language": "ko"}).content.decode()
    assert "아래 호출은 이름처럼 영어로 설명되어 있습니다." in html
    assert '<div id="swagger-ui" lang="en">' in html
    assert "described in English" not in client.get("/api/docs/", headers={"Accept-Language": "en"}).content.decode()


def test_a_ruling_over_the_api_is_described_as_standing_at_once(document):
    said = document["paths"]["/api/v1/adjudications/{id}/"]["post"]["description"]
    assert "A ruling given here stands at once" in said


def test_the_page_says_how_to_sign_in_and_greets_who_has(client):
    assert "Authorization: Bearer TOKEN" in client.get("/api/docs/").content.decode()
    client.force_login(make_user("ana"))
    html = client.get("/api/docs/").content.decode()
    assert "You are signed in as ana" in html
    assert "/static/css/tokens.css" in html
