"""A shared station signs off by itself: what a page asks on a timer is no sign of a person."""

import pytest
from playwright.sync_api import Page, Response, expect

from inspection.rules.words import Role
from tests.browser.floor import make_floor
from tests.browser.test_entrance import sign_in
from tests.builders import make_user

pytestmark = pytest.mark.django_db(transaction=True)


def shared(visit, name: str) -> Page:
    """Return the first page of a person who said that others use this station too."""
    page = visit("/accounts/login/")
    page.get_by_text("Shared station").click()
    sign_in(page, name)
    expect(page.locator("body[data-holds]")).to_be_attached()
    return page


def renews(answer: Response | None) -> bool:
    return "sessionid=" in (answer.all_headers().get("set-cookie", "") if answer else "")


def next_answer(page: Page, place: str) -> Response:
    with page.expect_response(lambda answer: place in answer.url) as heard:
        pass
    return heard.value


def test_an_open_page_that_asks_for_holds_lets_the_five_minutes_end(visit, transactional_db):
    make_floor()
    make_user("quinn", role=Role.QA_LEAD)
    page = shared(visit, "quinn")
    assert renews(page.goto(page.url.rstrip("/") + "/fleet/"))
    assert not renews(next_answer(page, "/holds/"))


def test_an_empty_loop_that_asks_for_work_lets_the_five_minutes_end(visit, ana):
    line = make_floor()
    page = shared(visit, "ana")
    with page.expect_response(lambda answer: "/claim/" in answer.url) as first:
        page.goto(page.url.rstrip("/") + f"/lines/{line.slug}/review/")
    assert renews(first.value)
    assert not renews(next_answer(page, "/claim/"))
