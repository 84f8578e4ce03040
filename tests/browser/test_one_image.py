"""The page of one image: the loop's viewer, and arrows through the search."""

import pytest
from django.utils.timezone import now
from playwright.sync_api import expect

from inspection.rules.words import Role
from tests.browser.floor import add_waiting, make_floor
from tests.builders import make_user
from tests.review import scene

pytestmark = pytest.mark.django_db(transaction=True)


def test_arrows_go_through_the_search_until_the_image_is_zoomed(ana, visit):
    older, newer = add_waiting(make_floor(), 2)
    for task in (older, newer):
        scene.read(task, ana, at=now())
    page = visit(f"/lines/phone-glass/data/{newer.item_id}/?q=label:pass", make_user("quinn", role=Role.QA_LEAD))
    expect(page.locator("[data-live]")).to_have_count(2)
    page.keyboard.press("ArrowRight")
    page.wait_for_url(f"**/{older.item_id}/?q=label%3Apass")
    expect(page.locator("[data-live]")).to_have_count(2)

    page.keyboard.press("Equal")
    expect(page.locator("[data-zoomed]")).to_have_count(1)
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("Digit0")
    expect(page.locator("[data-zoomed]")).to_have_count(0)
    page.keyboard.press("ArrowLeft")

    page.wait_for_url(f"**/{newer.item_id}/?q=label%3Apass")
