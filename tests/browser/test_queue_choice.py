"""Choosing a line: who asked to hear of images is told when a line that had none has some."""

import pytest
from django.utils.timezone import now
from playwright.sync_api import expect

from inspection.rules.words import Role
from review.models import ReviewTask
from tests.browser.floor import add_waiting, make_floor
from tests.browser.test_accessibility import violations
from tests.builders import make_user

pytestmark = pytest.mark.django_db(transaction=True)

STUB = """
window.told = [];
window.Notification = class {
  static permission = "default";
  static requestPermission = async () => (Notification.permission = "granted");
  constructor(title, { body }) { window.told.push(`${title}: ${body}`); }
};
"""


@pytest.fixture
def line(transactional_db):
    return make_floor()


def test_who_asked_is_told_when_images_come_to_a_line_that_had_none(line, ana, visit):
    page = visit("/", ana)
    page.add_init_script(STUB)
    page.reload()
    add_waiting(line, 1)
    expect(page.locator('[data-waiting="1"]')).to_be_visible()
    assert page.evaluate("told") == []

    ReviewTask.objects.update(queue_rank=None, closed_at=now())
    expect(page.locator('[data-waiting="0"]')).to_be_visible()
    page.get_by_role("button", name="Notify me").click()
    expect(page.get_by_role("button", name="Notify me", pressed=True)).to_be_visible()
    add_waiting(line, 1, first=1)
    expect(page.locator('[data-waiting="1"]')).to_be_visible()
    assert page.evaluate("told") == ["Images wait: phone-glass"]


def test_where_the_browser_refuses_nothing_is_offered(line, ana, visit):
    page = visit("/", ana)
    page.add_init_script(STUB.replace('"default"', '"denied"'))
    page.reload()
    expect(page.locator("[data-row]").first).to_be_visible()
    expect(page.locator("[data-notify]")).to_be_hidden()


def test_the_way_to_a_first_line_fits_a_phone_and_is_accessible(transactional_db, visit):
    page = visit("/", make_user("admin", role=Role.ADMINISTRATOR), width=320, height=640)
    expect(page.get_by_role("link", name="Alarms")).to_be_visible()
    expect(page.get_by_role("link", name="Add the inspectors")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
    assert violations(page) == []


@pytest.fixture
def two(line):
    """Two lines: the one that has waited longer stands first."""
    other = make_floor("phone-back", golden_too=False)
    add_waiting(line, 1)
    add_waiting(other, 1, first=1)
    return line, other


def test_a_digit_starts_the_line_that_it_stands_beside_also_among_filtered_ones(two, ana, visit):
    page = visit("/", ana)
    row = page.locator("[data-row]").nth(1)
    slug = row.get_attribute("data-row")
    page.keyboard.press("/")
    page.keyboard.type(slug)
    expect(page.locator("[data-row]:visible")).to_have_count(1)
    page.keyboard.press("Escape")
    page.keyboard.press("1")
    expect(page.locator("[data-row]:visible")).to_have_count(1)
    page.keyboard.press("2")
    page.wait_for_url(f"**/lines/{slug}/review/")


def test_a_digit_does_not_start_a_line_that_has_just_come_beneath_it(two, ana, visit):
    page = visit("/accounts/login/", ana)
    page.clock.install()
    page.goto(page.url.replace("/accounts/login/", "/"))
    first = page.locator("[data-row]").first
    before = first.get_attribute("data-row")
    ReviewTask.objects.filter(line__slug=before).update(queue_rank=None, closed_at=now())
    page.clock.run_for(5_000)
    expect(first).not_to_have_attribute("data-row", before)
    page.keyboard.press("1")
    page.clock.run_for(1_500)
    expect(page.locator("[data-rows]")).to_be_visible()
    page.keyboard.press("1")
    page.wait_for_url(f"**/lines/{({'phone-glass', 'phone-back'} - {before}).pop()}/review/")
