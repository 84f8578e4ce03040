"""An image larger than its display rendition: what lies in the original alone is seen where one looks closely."""

import io

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from PIL import Image
from playwright.sync_api import expect

from inspection import images
from tests.browser.floor import add_waiting, make_floor
from tests.browser.loop import wait_until

SIZE = (3840, 2880)
# How far the stripes stand apart on the screen: one pixel wide each, at half the size they are one grey.
DARK_AND_BRIGHT = (
    "() => { const field = document.querySelector('.field canvas'); const at = field.getContext('2d')"
    ".getImageData(field.width / 2 - 8, field.height / 2, 16, 1).data;"
    " const reds = [...at].filter((_, n) => n % 4 === 0); return Math.max(...reds) - Math.min(...reds); }"
)


def striped(size):
    """A grey picture with stripes of one pixel each."""
    stripe = Image.new("L", (2, 1))
    stripe.putdata([60, 200])
    whole = Image.new("L", size)
    for x in range(0, size[0], 2):
        whole.paste(stripe.resize((2, size[1]), Image.Resampling.NEAREST), (x, 0))
    return whole.convert("RGB")


def encoded(image):
    written = io.BytesIO()
    image.save(written, "JPEG", quality=90)
    return written.getvalue()


@pytest.fixture
def line(transactional_db):
    return make_floor()


def add_large(line, *, first):
    """Put a part into the queue whose original is twice as large as what people are shown first."""
    original = striped(SIZE)
    [task] = add_waiting(line, 1, first=first, shown=[encoded(original.resize((1920, 1440)))], size=SIZE)
    return task, encoded(original)


@pytest.fixture
def large(line):
    task, original = add_large(line, first=7000)
    default_storage.save(images.original_name(task.item.sha256), ContentFile(original))
    return line


def test_at_one_to_one_the_original_takes_the_place_of_its_preview(large, ana, review):
    loop = review(large, ana)
    asked = []
    loop.page.on("request", lambda request: asked.append(request.url) if "/tiles/" in request.url else None)

    assert asked == []
    loop.press("Shift+Digit0")

    expect(loop.part("zoom")).to_have_text("100\u00a0%")
    assert loop.page.evaluate(DARK_AND_BRIGHT) > 100
    assert 0 < len(asked) < 12


def test_until_it_is_there_the_page_says_that_it_shows_a_preview(large, ana, review):
    loop = review(large, ana)
    held, let_go = [], []
    loop.page.route("**/tiles/**", lambda route: route.continue_() if let_go else held.append(route))
    loop.press("Shift+Digit0")

    expect(loop.part("zoom")).to_have_text("100\u00a0%\u00a0preview")
    wait_until(loop.page, lambda: held)
    assert loop.page.evaluate(DARK_AND_BRIGHT) < 50
    let_go.append(True)
    held[0].continue_()
    expect(loop.part("zoom")).to_have_text("100\u00a0%")


def test_an_original_that_is_gone_leaves_the_preview_and_the_word_for_it(line, ana, review):
    add_large(line, first=7100)
    loop = review(line, ana)

    with loop.page.expect_response("**/tiles/**") as refused:
        loop.press("Shift+Digit0")

    assert refused.value.status == 404
    expect(loop.part("zoom")).to_have_text("100\u00a0%\u00a0preview")
    loop.press("KeyF")
    loop.wait_until_saved()


def test_a_server_that_is_busy_is_asked_again(large, ana, review):
    loop = review(large, ana)
    refused = []

    def first_busy(route):
        if refused:
            return route.continue_()
        refused.append(route.request.url)
        return route.fulfill(status=503)

    loop.page.route("**/tiles/**", first_busy)
    loop.press("Shift+Digit0")

    expect(loop.part("zoom")).to_have_text("100\u00a0%")
    assert loop.page.evaluate(DARK_AND_BRIGHT) > 100
    assert refused


def test_a_tile_that_is_no_picture_keeps_none_of_the_others_away(large, ana, review):
    loop = review(large, ana)
    asked = []

    def first_broken(route):
        asked.append(route.request.url)
        route.fulfill(status=200, body="no picture") if len(asked) == 1 else route.continue_()

    loop.page.route("**/tiles/**", first_broken)
    loop.press("Shift+Digit0")

    wait_until(loop.page, lambda: len(asked) > 1)
    assert len(set(asked)) == len(asked)
    expect(loop.part("zoom")).to_have_text("100\u00a0%\u00a0preview")
