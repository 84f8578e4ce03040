"""Problems: a stable catalogue, in both languages, with a page for each."""

import re
from html import unescape
from pathlib import Path

import pytest
from django.utils import translation

from inspection.api import problems
from inspection.api.catalogue import CATALOGUE
from tests.inspection.doors import assert_refused
from tests.inspection.pictures import png

SOURCES = Path(problems.__file__).resolve().parents[2]
KOREAN = re.compile(r"[가-힣]")


def test_every_code_that_is_raised_is_in_the_catalogue():
    raised = set()
    for folder in ("inspection", "review", "monitoring", "vision"):
        for source in (SOURCES / folder).rglob("*.py"):
            raised |= set(re.findall(r"\b(?:Problem|ImageRefused)\(\s*\"([a-z-]+)\"", source.read_text()))
    assert raised
    assert raised <= CATALOGUE.keys()
    assert set(problems._CODES.values()) <= CATALOGUE.keys()


def test_nothing_is_in_the_catalogue_that_nothing_raises():
    folders = ("inspection", "review", "monitoring", "vision", "config")
    sources = [one for folder in folders for one in (SOURCES / folder).rglob("*.py") if one.name != "catalogue.py"]
    said = "".join(source.read_text() for source in sources if source.name != "api_examples.py")
    assert [code for code in CATALOGUE if f'"{code}"' not in said] == []


@pytest.mark.parametrize("code", CATALOGUE)
def test_every_entry_is_whole_in_both_languages(code):
    entry = CATALOGUE[code]
    assert re.fullmatch(r"[a-z]+(-[a-z]+)*", code)
    assert 400 <= entry.status <= 599
    for text in (entry.title, entry.cause, entry.fix):
        with translation.override("en"):
            english = str(text)
        with translation.override("ko"):
            korean = str(text)
        assert not KOREAN.search(english)
        assert KOREAN.search(korean), english
    with translation.override("en"):
        assert not str(entry.title).endswith(".")
        assert str(entry.cause).endswith(".")
        assert str(entry.fix).endswith(".")


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("language", "is_korean"), [("ko", True), ("ko-KR,ko;q=0.9,en;q=0.5", True), ("en", False), ("de", False)]
)
def test_the_language_changes_title_and_detail_and_nothing_else(device, language, is_korean):
    def refused(accepted: str) -> dict:
        response = device.post(b"no image", headers={"Accept-Language": accepted})
        return assert_refused(response, 415, "image-type-unsupported") | {"request_id": ""}

    told, english = refused(language), refused("en")
    assert bool(KOREAN.search(told["title"])) is bool(KOREAN.search(told["detail"])) is is_korean
    texts = {"title": "", "detail": ""}
    assert told | texts == english | texts


@pytest.mark.django_db
def test_a_detail_with_figures_falls_back_to_the_catalogue_in_korean(device):
    small = png(size=(20, 20))
    english = device.post(small, content_type="image/png", headers={"Accept-Language": "en"}).json()["detail"]
    korean = device.post(small, content_type="image/png", headers={"Accept-Language": "ko"}).json()["detail"]
    assert "20x20" in english
    assert KOREAN.search(korean)


@pytest.mark.django_db
def test_a_field_is_named_with_a_reason_in_korean(device):
    response = device.post(serial="", headers={"Accept-Language": "ko"})
    assert KOREAN.search(response.json()["errors"][0]["detail"])


@pytest.mark.django_db
@pytest.mark.parametrize("code", CATALOGUE)
def test_every_code_has_its_page(client, code):
    page = client.get(f"/problems/{code}/")
    assert page.status_code == 200
    assert str(CATALOGUE[code].title) in unescape(page.content.decode())


@pytest.mark.django_db
def test_the_type_of_a_problem_leads_to_its_page(device, client):
    address = device.post(b"no image").json()["type"]
    assert client.get(address.removeprefix("http://testserver"), follow=True).status_code == 200


@pytest.mark.django_db
def test_the_pages_are_listed_and_need_no_sign_in(client):
    page = client.get("/problems/").content.decode()
    assert all(f"/problems/{code}/" in page for code in CATALOGUE)
    assert client.get("/problems/nothing/").status_code == 404
