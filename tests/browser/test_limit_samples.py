"""Limit samples in the loop: one key shows where a defect begins, and no call is made meanwhile."""

import pytest
from playwright.sync_api import expect

from inspection.rules.words import Role
from review.models import Decision, ReviewTask
from tests.browser.floor import add_limits, add_waiting, make_floor
from tests.builders import make_user

pytestmark = pytest.mark.django_db(transaction=True)

IS_LOADED = "(one) => one.complete && one.naturalWidth > 0"


@pytest.fixture
def loop(transactional_db, ana, review):
    line = make_floor()
    add_limits(line, make_user("quinn", role=Role.QA_LEAD))
    add_waiting(line, 4)
    return review(line, ana)


def pictures(loop):
    return loop.part("limits").get_by_role("img")


def test_the_small_pictures_are_there_before_anybody_asks(loop):
    for picture in loop.part("limits").locator("img").element_handles():
        loop.page.wait_for_function(IS_LOADED, arg=picture)
    expect(loop.part("limits")).to_be_hidden()


def test_a_key_shows_them_no_key_judges_meanwhile_and_esc_leads_back_to_the_part(loop):
    serial = loop.serial
    loop.press("KeyL")
    expect(loop.part("limits")).to_be_visible()
    expect(pictures(loop)).to_have_count(2)
    expect(loop.part("limits")).to_contain_text("longer than 2 mm")
    expect(loop.part("limits")).to_contain_text("LS-1, LS-2")

    loop.press("KeyF", "KeyJ", "Digit1", "KeyD")
    loop.press("Escape")
    expect(loop.part("limits")).to_be_hidden()
    assert loop.serial == serial
    assert not Decision.objects.exists()

    loop.press("KeyL", "KeyL")
    expect(loop.part("limits")).to_be_hidden()
    assert ReviewTask.objects.get(run__part__serial=serial).lease_holder.username == "ana"


def test_a_decision_keeps_that_they_were_looked_at(loop):
    loop.decide("KeyF")
    loop.listens()
    loop.press("KeyL", "Escape")
    loop.decide("KeyF")
    loop.wait_until_saved()
    assert [one.page["tool_use"].get("limits", 0) for one in Decision.objects.order_by("recorded_at")] == [0, 1]


def test_the_digit_of_a_kind_and_enter_set_one_beside_the_part_until_the_next_one(loop):
    loop.press("KeyL", "Digit1")
    expect(loop.page.locator("[data-limit-key='1'] button").first).to_be_focused()
    loop.press("Enter")
    expect(loop.part("beside")).to_have_text("scratch: Still good")
    expect(loop.part("second")).to_be_visible()
    expect(loop.part("limits")).to_be_hidden()
    loop.press("Escape")
    expect(loop.part("second")).to_be_hidden()

    loop.press("KeyL", "Digit1", "Enter")
    expect(loop.part("second")).to_be_visible()
    loop.decide("KeyF")
    expect(loop.part("second")).to_be_hidden()
    expect(loop.part("beside")).to_be_hidden()
