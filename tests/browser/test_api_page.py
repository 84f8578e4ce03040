"""The page of the API: all calls at once, and the heavy viewer only for who asks for it."""

import pytest
from playwright.sync_api import expect

from tools import ui_checks

pytestmark = pytest.mark.django_db(transaction=True)

HAS_VIEWER = "performance.getEntriesByType('resource').some((one) => one.name.includes('swagger-ui'))"


def test_the_calls_are_listed_and_the_viewer_comes_at_a_press(visit):
    page = visit("/api/docs/")
    expect(page.get_by_role("cell", name="/api/v1/items/", exact=True).first).to_be_visible()
    assert ui_checks.asked_of_axe(page)["violations"] == []
    assert page.evaluate(HAS_VIEWER) is False

    page.get_by_role("button", name="Show and try the calls").click()

    expect(page.locator(".swagger-ui .opblock").first).to_be_visible()
    expect(page.get_by_role("table", name="All calls")).to_be_hidden()


def test_an_address_that_leads_into_the_viewer_opens_it(visit):
    page = visit("/api/docs/#/items")
    expect(page.locator(".swagger-ui .opblock").first).to_be_visible()
