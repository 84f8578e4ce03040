"""The gallery of the data page: images are selected by keys and by mouse, through the pages of a search."""

import pytest
from django.utils.timezone import now
from playwright.sync_api import expect

from inspection.rules.words import Call, Level, Role
from review import searches
from tests.browser.floor import add_waiting, make_floor
from tests.browser.test_accessibility import violations
from tests.builders import make_user
from tests.review import scene

pytestmark = pytest.mark.django_db(transaction=True)

DATA = "/lines/phone-glass/data/"
CARD = ".choosing > li > a"


@pytest.fixture
def quinn(transactional_db, ana):
    """A lead of a line with ten readings."""
    for task in add_waiting(make_floor(level=Level.SHADOW), 10, call=Call.PASS):
        scene.read(task, ana, at=now())
    return make_user("quinn", role=Role.QA_LEAD)


def serial(page):
    return page.evaluate("document.activeElement.querySelector('.serial')?.textContent")


def test_arrows_move_x_selects_and_enter_opens(quinn, visit):
    page = visit(DATA, quinn, width=1366, height=768)
    shown = page.locator(f"{CARD} .serial").all_text_contents()
    columns = page.evaluate("getComputedStyle(document.querySelector('.choosing')).gridTemplateColumns").count("px")
    page.keyboard.press("ArrowRight")
    for code in ("KeyX", "ArrowRight", "KeyX", "ArrowDown", "KeyX", "KeyX", "ArrowUp"):
        page.keyboard.press(code)
    assert (serial(page), columns > 2) == (shown[1], True)
    expect(page.locator("[data-count]")).to_have_text("2 selected")
    page.keyboard.press("ArrowDown")
    assert serial(page) == shown[1 + columns]

    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_have_text(shown[1 + columns])
    page.go_back()
    expect(page.locator("[data-count]")).to_have_text("2 selected")


def test_a_selection_goes_through_the_pages_of_its_search_and_is_what_is_exported(quinn, visit, monkeypatch):
    monkeypatch.setattr(searches, "PAGE", 6)
    page = visit(DATA, quinn)
    boxes = page.locator(".choose")
    boxes.nth(0).click()
    boxes.nth(3).click(modifiers=["Shift"])
    page.get_by_role("link", name="Older").click()
    expect(page.locator("[data-count]")).to_have_text("4 selected")
    page.get_by_role("button", name="Select page").click()
    boxes.nth(1).click()
    expect(page.locator("[data-count]")).to_have_text("7 selected")

    page.get_by_role("button", name="Export the selected").click()
    expect(page.locator("[data-export]")).to_contain_text("7 selected images")
    page.get_by_role("button", name="Clear").click()
    expect(page.locator("[data-count]")).to_have_text("0 selected")
    expect(page.get_by_role("button", name="Export the selected")).to_be_hidden()


def test_single_keys_that_are_off_select_nothing(quinn, visit):
    quinn.preferences = {"keys_off": True}
    quinn.save()
    page = visit(DATA, quinn)
    page.keyboard.press("ArrowRight")
    page.keyboard.press("KeyX")
    page.keyboard.press("Tab")
    page.keyboard.press("Space")
    expect(page.locator("[data-count]")).to_have_text("1 selected")


def test_without_scripts_ticked_images_are_exported_all_the_same(quinn, visit):
    page = visit(DATA, quinn, java_script_enabled=False)
    page.locator(".choose input").nth(2).check()
    page.get_by_role("button", name="Export the selected").click()
    expect(page.locator("[data-export]")).to_contain_text("1 selected image")


@pytest.mark.parametrize(("theme", "language", "width"), [("light", "en-US", 1366), ("dark", "ko-KR", 390)])
def test_a_selection_is_there_for_everybody_and_covers_no_card_that_is_gone_to(quinn, visit, theme, language, width):
    quinn.preferences = {"theme": theme}
    quinn.save()
    page = visit(DATA, quinn, theme=theme, language=language, width=width, height=768)
    page.keyboard.press("ArrowRight")
    for _ in range(9):
        page.keyboard.press("KeyX")
        page.keyboard.press("ArrowRight")
    for _ in range(9):
        page.keyboard.press("ArrowLeft")
        assert page.evaluate(
            "() => { const box = document.activeElement.getBoundingClientRect();"
            " const there = document.elementFromPoint(box.x + box.width / 2, box.y + 8);"
            " return document.activeElement.contains(there); }"
        )

    assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width
