"""Holding the golden key puts the golden image in the part's place: nobody may judge the part by it."""

import pytest
from playwright.sync_api import expect

from review.models import Decision
from tests.browser.floor import add_waiting, make_floor
from tests.browser.loop import wait_until

pytestmark = pytest.mark.django_db(transaction=True)

PIXELS = "(c) => Array.from(c.getContext('2d').getImageData(0, c.height / 2, c.width, 1).data).join()"


def pixels(loop):
    return loop.part("picture").evaluate(PIXELS)


@pytest.fixture
def loop(ana, review):
    line = make_floor()
    add_waiting(line, 4)
    loop = review(line, ana)
    wait_until(loop.page, lambda: "255" in loop.part("golden").evaluate(PIXELS))
    return loop


def hold(loop):
    part = pixels(loop)
    loop.page.keyboard.down("KeyG")
    loop.page.wait_for_function(
        f"(part) => ({PIXELS})(document.querySelector('[data-part=picture]')) !== part", arg=part
    )
    return part


def test_while_the_golden_image_is_held_up_no_key_judges_and_the_page_says_why(loop):
    serial = loop.serial
    part = hold(loop)

    loop.press("KeyF")

    expect(loop.part("said")).to_contain_text("This is the golden image")
    expect(loop.part("serial")).to_have_text(serial)
    loop.page.keyboard.up("KeyG")
    assert pixels(loop) == part
    assert loop.decide("KeyF") == serial


def test_a_golden_key_let_go_in_another_window_brings_the_part_back(loop):
    part = hold(loop)

    loop.page.evaluate("dispatchEvent(new Event('blur'))")

    assert pixels(loop) == part
    loop.decide("KeyF")
    loop.wait_until_saved()
    assert Decision.objects.count() == 1


def test_the_golden_image_stands_beside_the_part_again_after_the_other_ways_of_comparing(loop):
    second = loop.part("second")
    loop.press("KeyG")
    wait_until(loop.page, lambda: "255" in second.evaluate(PIXELS))
    beside = second.evaluate(PIXELS)
    loop.press("KeyG")
    expect(second).to_be_hidden()

    loop.press("KeyG", "KeyG")

    expect(second).to_be_visible()
    wait_until(loop.page, lambda: second.evaluate(PIXELS) == beside)
