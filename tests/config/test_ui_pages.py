"""`make ui` opens every page: none of the product's addresses is without a reader or a reason."""

from django.urls import path

from config import urls
from tools import ui_pages


def test_every_address_is_opened_or_said_to_be_no_page():
    assert ui_pages.forgotten() == set()


def test_a_new_page_is_forgotten_until_it_is_named(monkeypatch):
    fresh = path("lines/<slug:slug>/fresh/", lambda request, slug: None, name="fresh")
    monkeypatch.setattr(urls, "urlpatterns", [*urls.urlpatterns, fresh])
    monkeypatch.setattr(ui_pages, "get_resolver", lambda: type("Resolver", (), {"url_patterns": urls.urlpatterns}))
    assert ui_pages.forgotten() == {"fresh"}


def test_nothing_is_named_that_is_not_there_or_named_twice():
    given = [name for names in (ui_pages.PAGES, *ui_pages.NO_PAGES.values()) for name in names]
    assert len(given) == len(set(given))
    assert {name for name in given if not name.startswith("admin:")} == ui_pages.names()


def test_where_a_link_is_looked_for_is_a_page_of_the_same_person():
    pages = ui_pages.PAGES
    assert [name for name, visit in pages.items() if visit.on and pages[visit.on].person != visit.person] == []


def test_an_address_is_the_first_link_of_its_kind():
    shown = {"/alarms/": ["/", "/alarms/7/", "/alarms/9/"]}
    found = dict(ui_pages.addresses("quinn", lambda path: shown.get(path, [])))
    assert (found["alarm"], found["bank"], found["receipt"]) == ("/alarms/7/", "/lines/phone-back/bank/", "")
