"""The loop opens as its line says: where the golden image stands, and how large each image comes up."""

import pytest
from playwright.sync_api import expect

from inspection.models import Line
from review.models import Decision
from tests.browser.floor import add_waiting, make_floor

pytestmark = pytest.mark.django_db(transaction=True)

LOOKS = "() => document.querySelector('[data-part=picture]').toDataURL()"


@pytest.fixture
def loop_of(transactional_db, ana, review):
    def opened(*, options=None, **fields):
        line = make_floor(**fields)
        add_waiting(line, 6)
        return review(line, ana, width=1440, height=900, **(options or {}))

    return opened


def mode(loop):
    return loop.page.locator(".field").get_attribute("data-golden")


def zoom(loop):
    return loop.part("zoom").inner_text()


def test_the_golden_image_stands_beside_every_image_from_the_first_on(loop_of):
    loop = loop_of(loop_golden="side")

    expect(loop.part("second")).to_be_visible()
    loop.decide("KeyF")

    expect(loop.part("second")).to_be_visible()


def test_reset_comes_back_to_how_the_line_opens_and_the_key_still_leads_on(loop_of):
    loop = loop_of(loop_golden="side", loop_zoom="actual")
    expect(loop.part("second")).to_be_visible()
    # The field is narrower beside the golden image: the zoom is that of this width once it stands there.
    one_to_one = "100\u00a0%"
    expect(loop.part("zoom")).to_have_text(one_to_one)

    loop.press("KeyG", "Digit0", "BracketRight")
    expect(loop.part("second")).to_be_hidden()
    loop.press("KeyR")

    expect(loop.part("second")).to_be_visible()
    expect(loop.part("zoom")).to_have_text(one_to_one)
    expect(loop.part("brightness")).to_have_text("0")


@pytest.mark.parametrize(("start", "comes_back"), [("kept", False), ("fit", True), ("actual", True)])
def test_each_image_comes_up_as_the_line_says(loop_of, start, comes_back):
    loop = loop_of(loop_zoom=start)
    first = zoom(loop)

    loop.press("Equal", "Equal", "Equal")
    closer = zoom(loop)
    loop.decide("KeyF")

    assert closer != first
    expect(loop.part("zoom")).to_have_text(first if comes_back else closer)


def test_one_to_one_is_one_pixel_of_the_image_on_one_of_the_screen(loop_of):
    loop = loop_of(loop_zoom="actual", loop_golden="side", options={"device_scale_factor": 0.5})
    expect(loop.part("second")).to_be_visible()

    expect(loop.part("zoom")).to_have_text("100\u00a0%")


def test_blinking_begins_with_the_part_and_anew_with_each(loop_of):
    loop = loop_of(loop_golden="blink")
    part = loop.page.evaluate(LOOKS)
    loop.page.wait_for_function(f"(part) => ({LOOKS})() !== part", arg=part)

    # The golden image stands there now: the next part must not come up behind it.
    loop.decide("KeyF")
    shown = loop.page.evaluate(LOOKS)
    loop.press("KeyG")

    assert mode(loop) == "panel"
    assert loop.page.evaluate(LOOKS) == shown


def test_who_wants_no_motion_is_met_by_the_golden_image_beside(loop_of):
    loop = loop_of(loop_golden="blink", options={"reduced_motion": "reduce"})

    expect(loop.part("second")).to_be_visible()
    assert mode(loop) == "side"


def test_each_view_is_compared_with_its_own_golden_image(transactional_db, ana, review):
    line = make_floor(loop_golden="side")
    add_waiting(line, 3, views=["front", "back"])
    loop = review(line, ana, width=1440, height=900)
    expect(loop.part("golden-revision")).to_have_text("4")
    expect(loop.part("second")).to_be_visible()

    loop.decide("KeyF")
    expect(loop.part("golden-none")).to_be_visible()
    expect(loop.part("second")).to_be_hidden()

    loop.decide("KeyF")
    expect(loop.part("golden-none")).to_be_hidden()
    expect(loop.part("second")).to_be_visible()


def test_each_view_keeps_a_zoom_of_its_own(transactional_db, ana, review):
    add_waiting(make_floor(loop_zoom="kept"), 4, views=["front", "back"])
    loop = review(Line.objects.get(), ana, width=1440, height=900)
    fitted = zoom(loop)

    loop.press("Equal", "Equal")
    closer = zoom(loop)
    loop.decide("KeyF")
    expect(loop.part("zoom")).to_have_text(fitted)
    loop.decide("KeyF")

    assert closer != fitted
    expect(loop.part("zoom")).to_have_text(closer)


def test_what_a_person_chose_comes_back_after_a_view_without_a_golden_image(transactional_db, ana, review):
    line = make_floor(loop_golden="side")
    add_waiting(line, 5, views=["front", "back"])
    loop = review(line, ana, width=1440, height=900)
    field = loop.page.locator(".field")
    expect(field).to_have_attribute("data-golden", "side")

    loop.press("KeyG")
    loop.decide("KeyF")
    expect(field).to_have_attribute("data-golden", "panel")
    # The key chooses nothing where there is nothing to choose.
    loop.press("KeyG")
    loop.decide("KeyF")
    expect(field).to_have_attribute("data-golden", "blink")

    loop.decide("KeyF")
    loop.press("KeyR")
    loop.decide("KeyF")
    expect(field).to_have_attribute("data-golden", "side")


def test_a_line_without_a_golden_image_opens_all_the_same(loop_of):
    loop = loop_of(loop_golden="side", golden_too=False)

    loop.decide("KeyF")

    expect(loop.part("second")).to_be_hidden()


def test_calls_are_taken_whatever_the_cookie_of_the_token_is_called(loop_of, settings):
    settings.CSRF_COOKIE_NAME = "csrf"
    loop = loop_of()

    loop.decide("KeyF")
    loop.wait_until_saved()

    assert Decision.objects.count() == 1
