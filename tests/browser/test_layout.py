"""Nothing moves in the loop, nothing is cut, and the image has the room it is promised."""

import io
from itertools import pairwise

import pytest
from PIL import Image
from playwright.sync_api import expect

from inspection.rules.words import Call, Level
from review.models import Decision
from tests.browser.floor import add_waiting, make_floor

pytestmark = pytest.mark.django_db(transaction=True)

SHIFTS = """() => {
  window.shifts = 0;
  new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) window.shifts += entry.value;
  }).observe({type: "layout-shift", buffered: false});
}"""


# What is wider than its box, and what reaches beyond the padding of its answer.
CUT = """[...document.querySelectorAll('.answer, .class-chip, .class-chip > span, .answer .word, .loop-head')]
  .filter((node) => node.scrollWidth > node.clientWidth + 1 || node.scrollHeight > node.clientHeight + 1)
  .map((node) => node.className + node.textContent)"""
ESCAPED = """[...document.querySelectorAll('.answers .word, .answers .class-chip, .unsure > span')]
  .filter((node) => node.getBoundingClientRect().right > node.closest('.answer').getBoundingClientRect().right - 6)
  .map((node) => node.textContent)"""


@pytest.fixture
def loop_at(transactional_db, ana, review):
    def opened(width, height, **options):
        line = make_floor()
        add_waiting(line, 20)
        return review(line, ana, width=width, height=height, **options)

    return opened


@pytest.mark.parametrize(("width", "height"), [(1366, 768), (1440, 900), (1920, 1080)])
def test_the_loop_needs_no_scrolling_and_gives_the_image_its_share(loop_at, width, height):
    loop = loop_at(width, height)

    size = loop.page.evaluate("[document.documentElement.scrollWidth, document.documentElement.scrollHeight]")
    field = loop.page.locator(".field").bounding_box()

    assert size == [width, height]
    assert field["width"] * field["height"] / (width * height) >= 0.65


def test_nothing_shifts_between_items(loop_at):
    loop = loop_at(1366, 768)
    loop.decide("KeyF")
    loop.page.evaluate(SHIFTS)

    for n in range(10):
        loop.decide("KeyJ", "Digit1") if n % 3 == 0 else loop.decide("KeyF")

    assert loop.page.evaluate("window.shifts") == 0


def test_the_words_of_the_answers_are_whole(loop_at):
    loop = loop_at(1366, 768, language="ko-KR")

    cut = loop.page.evaluate(
        "[...document.querySelectorAll('.answer, .class-chip, .loop-head, .tools span, .golden p, .last')]"
        ".filter((node) => !node.matches('.unseen') && node.scrollWidth > node.clientWidth + 1)"
        ".map((node) => node.className)"
    )

    assert cut == []


@pytest.mark.parametrize("language", ["en-US", "ko-KR"])
@pytest.mark.parametrize(("width", "height"), [(1440, 900), (1366, 768)])
def test_the_words_of_the_answers_are_whole_before_and_after_a_reveal(ana, review, width, height, language):
    line = make_floor("phone-lens", level=Level.ASSIST)
    line.defect_classes.filter(code="stain").update(name="dust inside", name_ko="내부 먼지")
    line.defect_classes.create(code="dent", name="ring dent", name_ko="링 찍힘", risk_class="major", key=5)
    add_waiting(line, 3, call=Call.DEFECT)
    loop = review(line, ana, width=width, height=height, language=language)

    assert loop.page.evaluate(CUT) == []
    loop.press("KeyF")
    expect(loop.part("reveal")).to_be_visible()

    assert loop.page.evaluate(CUT) == []
    assert loop.page.evaluate(ESCAPED) == []


def test_touch_gives_corner_buttons_and_a_class_tap_is_the_whole_call(loop_at):
    loop = loop_at(1024, 768, has_touch=True, is_mobile=True)
    serial = loop.serial

    boxes = [loop.page.locator(name).bounding_box() for name in (".answer.pass", ".defect-button")]
    assert all(box["width"] >= 200 and box["height"] >= 140 for box in boxes)
    loop.page.locator('[data-class="scratch"]').tap()

    expect(loop.part("serial")).not_to_have_text(serial)
    loop.wait_until_saved()


def test_zoom_light_and_golden_are_kept_from_item_to_item(loop_at):
    loop = loop_at(1440, 900)

    loop.press("Equal", "BracketRight", "KeyI", "KeyG")
    zoom = loop.part("zoom").inner_text()
    loop.decide("KeyF")

    expect(loop.part("zoom")).to_have_text(zoom)
    expect(loop.part("brightness")).to_have_text("+10")
    expect(loop.part("invert")).to_have_text("on")
    expect(loop.part("second")).to_be_visible()
    loop.press("KeyR")
    expect(loop.part("brightness")).to_have_text("0")
    expect(loop.part("second")).to_be_hidden()


def test_holding_the_golden_key_shows_it_only_while_held(loop_at):
    loop = loop_at(1440, 900)
    looks = "() => { const c = document.querySelector('[data-part=picture]'); return c.toDataURL(); }"
    part = loop.page.evaluate(looks)

    loop.page.keyboard.down("KeyG")
    loop.page.wait_for_timeout(350)
    golden = loop.page.evaluate(looks)
    loop.page.keyboard.up("KeyG")

    assert golden != part
    assert loop.page.evaluate(looks) == part


def test_reduced_motion_animates_nothing(loop_at):
    loop = loop_at(1440, 900, reduced_motion="reduce")
    loop.decide("KeyF")

    assert loop.page.evaluate("document.getAnimations().length") == 0


def test_twenty_minutes_of_looking_ask_for_a_break_and_enter_goes_on(loop_at, ana):
    loop = loop_at(1440, 900)
    # One step, so that the clock's next tick cannot come between the two.
    loop.page.evaluate(
        "([kept, ms]) => { sessionStorage.setItem(kept, ms); location.reload(); }",
        [f"tollgate-active:{ana.pk}", 1_199_500],
    )
    loop.wait_until_ready()

    expect(loop.part("vigilance")).to_contain_text("20 min of looking")
    loop.press("Enter")

    expect(loop.part("vigilance")).to_be_hidden()
    loop.decide("KeyF")


def test_at_390_pixels_the_head_is_whole_and_pause_is_in_reach(loop_at):
    loop = loop_at(390, 844, has_touch=True, is_mobile=True)

    box = loop.page.locator("[data-do='pause']").bounding_box()
    assert loop.page.evaluate("document.documentElement.scrollWidth") <= 390
    assert box["x"] + box["width"] <= 390
    assert min(box["width"], box["height"]) >= 44
    assert loop.page.evaluate(CUT) == []
    loop.page.locator("[data-do='pause']").tap()

    expect(loop.part("veil-card")).to_contain_text("Paused")
    expect(loop.page.locator(".item-word")).to_be_hidden()


def test_touch_keeps_a_comment_and_places_a_point(loop_at):
    loop = loop_at(1024, 768, has_touch=True, is_mobile=True)
    loop.page.locator(".rail [data-do='comment']").tap()
    loop.part("comment").fill("near the lens")
    loop.part("comment-keep").tap()
    expect(loop.part("comment-form")).to_be_hidden()
    loop.page.locator(".rail [data-do='point']").tap()
    picture = loop.part("picture").bounding_box()
    loop.page.touchscreen.tap(picture["x"] + picture["width"] / 2, picture["y"] + picture["height"] / 2)
    loop.page.locator('[data-class="scratch"]').tap()
    loop.wait_until_saved()

    decision = Decision.objects.get()
    assert decision.comment == "near the lens"
    assert decision.regions == [{"x": 400, "y": 300}]


# What lies under a point of the field, in shares of the image's sides, told by the picture itself: it grows brighter
# to the right and redder downwards.
UNDER = """([x, y]) => {
  const field = document.querySelector('[data-part="picture"]');
  const ratio = field.width / field.getBoundingClientRect().width;
  const [red, green] = field.getContext("2d").getImageData(x * ratio, y * ratio, 1, 1).data;
  return [red, green];
}"""


def test_two_fingers_zoom_and_carry_the_picture_along(transactional_db, ana, review):
    across, down = Image.linear_gradient("L").rotate(90), Image.linear_gradient("L")
    written = io.BytesIO()
    Image.merge("RGB", (across, down, down)).resize((800, 600)).save(written, "PNG")
    line = make_floor()
    add_waiting(line, 3, shown=[written.getvalue()])
    loop = review(line, ana, width=1024, height=768, has_touch=True, is_mobile=True)
    corner = loop.part("picture").bounding_box()
    fingers = Fingers(loop.page, corner)

    fingers.put((300, 300), (400, 300))
    left, right = fingers.under(300, 300), fingers.under(400, 300)
    for step in range(1, 11):
        fingers.move((300 - 10 * step, 300 + 8 * step), (400, 300 + 8 * step))
    fingers.lift()

    assert fingers.under(200, 380) == pytest.approx(left, abs=4)
    assert fingers.under(400, 380) == pytest.approx(right, abs=4)


class Fingers:
    """Two fingers on the image, in pixels of the field."""

    def __init__(self, page, corner):
        self.page, self.corner = page, corner
        self.devtools = page.context.new_cdp_session(page)

    def put(self, *points):
        self._send("touchStart", points)

    def move(self, *points):
        self._send("touchMove", points)

    def lift(self):
        self._send("touchEnd", ())

    def under(self, x, y):
        self.page.evaluate("new Promise(requestAnimationFrame)")
        return self.page.evaluate(UNDER, [x, y])

    def _send(self, kind, points):
        touches = [{"x": self.corner["x"] + x, "y": self.corner["y"] + y, "id": n} for n, (x, y) in enumerate(points)]
        self.devtools.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": touches})


SAID = """() => {
  window.said = [];
  const status = document.querySelector('[role=status]');
  new MutationObserver(() => window.said.push([performance.now(), status.textContent]))
    .observe(status, { childList: true, characterData: true, subtree: true });
}"""


def test_readers_hear_of_calls_at_most_once_a_second_and_what_the_canvas_shows(loop_at):
    loop = loop_at(1440, 900)
    loop.page.evaluate(SAID)
    for _ in range(6):
        loop.decide("KeyF")
    loop.wait_until_saved()
    left = loop.part("left").inner_text()
    loop.page.wait_for_function("(left) => window.said.at(-1)?.[1].includes(left)", arg=left)

    moments = [at for at, _ in loop.page.evaluate("window.said")]
    assert min(later - at for at, later in pairwise(moments)) >= 990
    loop.press("Equal")
    expect(loop.part("picture")).to_have_attribute("role", "img")
    named, zoom = loop.part("picture").get_attribute("aria-label"), loop.part("zoom").inner_text().split()[0]
    assert [word for word in (loop.serial, "phone", zoom) if word not in named] == []


@pytest.mark.parametrize(("width", "height"), [(1024, 768), (390, 844)])
def test_on_touch_the_loop_says_what_it_has_to_say_and_what_was_called_last(ana, review, width, height):
    line = make_floor(undo_s=30)
    tasks = add_waiting(line, 4)
    loop = review(line, ana, width=width, height=height, has_touch=True, is_mobile=True)
    decided = loop.serial
    loop.page.locator(".answer.pass").tap()
    expect(loop.part("last")).to_contain_text(decided)
    assert inside(loop, "last")
    loop.wait_until_saved()
    loop.listens()
    loop.part("undo").tap()

    expect(loop.part("said")).to_contain_text(decided)
    assert inside(loop, "said")
    assert loop.page.evaluate("document.documentElement.scrollWidth") <= width
    assert len(tasks) == 4


def inside(loop, name):
    """Say whether a part is on the screen, in front of all else, with nothing cut off."""
    return loop.part(name).evaluate(
        """(node) => {
          const { left, top, right, bottom, height } = node.getBoundingClientRect();
          const isWhole = node.scrollWidth <= node.clientWidth + 1;
          node.style.pointerEvents = "auto";
          const front = document.elementFromPoint(left + 4, (top + bottom) / 2);
          return height > 0 && isWhole && left >= 0 && top >= 0 && right <= innerWidth && bottom <= innerHeight
            && node.contains(front);
        }"""
    )


def test_on_touch_a_person_asks_for_the_models_opinion_before_the_call(ana, review):
    line = make_floor("phone-lens", level=Level.ASSIST)
    add_waiting(line, 3, call=Call.PASS)
    loop = review(line, ana, width=1024, height=768, has_touch=True, is_mobile=True)

    loop.part("ask-rail").tap()
    expect(loop.part("ask-rail")).to_have_attribute("aria-pressed", "true")
    loop.page.locator(".answer.pass").tap()

    expect(loop.part("reveal")).to_be_visible()


def test_on_touch_the_models_word_leaves_the_part_in_sight(ana, review):
    line = make_floor("phone-lens", level=Level.ASSIST)
    add_waiting(line, 3, call=Call.DEFECT)
    loop = review(line, ana, width=1024, height=768, has_touch=True, is_mobile=True)

    loop.page.locator(".answer.pass").tap()
    expect(loop.part("reveal")).to_be_visible()

    picture, card = (loop.part(name).bounding_box() for name in ("picture", "reveal"))
    assert card["y"] + card["height"] < picture["y"] + picture["height"] * 0.2
