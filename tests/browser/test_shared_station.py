"""A session ends by itself: a shared station soon, for what a page asks on a timer is no sign of a person.

Before it ends the page says so, and one press keeps whoever is there signed in.
"""

import pytest
from playwright.sync_api import Page, Response, expect

from inspection.rules.words import Role
from tests.browser.floor import add_waiting, make_floor
from tests.browser.loop import LoopPage
from tests.builders import PASSWORD, make_user
from tools import ui_checks

pytestmark = pytest.mark.django_db(transaction=True)


def shared(visit, name: str, **options: str) -> Page:
    """Return the first page of a person who said that others use this station too."""
    page = visit("/accounts/login/", **options)
    page.locator("label", has=page.locator("[name=shared_station]")).click()
    page.locator("[name=login]").fill(name)
    page.locator("[name=password]").fill(PASSWORD)
    page.keyboard.press("Enter")
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


@pytest.mark.parametrize(("language", "key"), [("en-US", "Enter"), ("ko-KR", "Space"), ("en-US", "Escape")])
def test_before_the_session_ends_the_page_says_so_and_one_key_keeps_it(visit, ana, language, key):
    page = shared(visit, "ana", language=language)
    page.clock.install()
    page.reload()
    warning = page.get_by_role("alertdialog")

    page.clock.fast_forward("04:25")
    expect(warning).to_be_hidden()
    page.clock.fast_forward("00:10")
    expect(warning).to_be_visible()
    expect(warning.get_by_role("button")).to_be_focused()
    assert ui_checks.asked_of_axe(page)["violations"] == []
    with page.expect_response(lambda answer: answer.url.endswith("/stay/")) as stays:
        page.keyboard.press(key)

    assert renews(stays.value)
    expect(warning).to_be_hidden()


def test_a_session_that_is_over_is_said_with_the_way_back_to_the_page(visit, ana):
    page = shared(visit, "ana")
    page.clock.install()
    page.goto(page.url.rstrip("/") + "/mine/?page=1")

    page.clock.fast_forward("05:01")

    over = page.get_by_role("alertdialog", name="You are signed out")
    expect(over.get_by_role("link", name="Sign in")).to_be_focused()
    expect(over.get_by_role("link")).to_have_attribute("href", "/accounts/login/?next=/mine/%3Fpage%3D1")
    expect(over.get_by_role("button")).to_be_hidden()


def test_in_the_loop_work_lengthens_the_session_and_a_key_at_the_warning_judges_nothing(visit, ana):
    line = make_floor()
    add_waiting(line, 4)
    page = shared(visit, "ana")
    page.clock.install()
    page.goto(page.url.rstrip("/") + f"/lines/{line.slug}/review/")
    loop = LoopPage(page)
    loop.wait_until_ready()
    page.clock.fast_forward("00:50")
    loop.decide("KeyF")
    loop.wait_until_saved()

    left = page.evaluate("Number(localStorage.getItem('tollgate-session-ends')) - Date.now()")
    assert left > 295_000
    page.context.set_offline(True)
    page.evaluate("dispatchEvent(new CustomEvent('session-left', { detail: 25 }))")
    page.clock.fast_forward("00:02")
    expect(page.get_by_role("alertdialog")).to_be_visible()
    serial = loop.serial
    loop.press("KeyF")
    assert loop.serial == serial
