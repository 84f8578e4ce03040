"""Every key of the loop by its place alone, as a Korean input method sends it, and what each one does."""

import pytest
from playwright.sync_api import expect

from inspection.rules.words import Call, Level, Role
from tests.browser.floor import add_limits, add_waiting, make_floor, pictures
from tests.builders import make_user

pytestmark = pytest.mark.django_db(transaction=True)

# Larger than its field, so that one to one is closer than the whole.
LARGE = (1600, 1200)
# Below: Space needs a prompt, S an image that cannot be read, Y and H a line where people see predictions.
SEEN_ELSEWHERE = {"Space", "KeyS", "KeyY", "KeyH"}
# Of a class or a reason; the map does not list them.
DIGITS = {"Digit1", "Digit2", "Numpad2"}
KEYMAP = "async () => Object.keys((await import('/static/js/review/keymap.js')).KEYMAP)"
PIXELS = (
    "(c) => { const { data } = c.getContext('2d').getImageData(0, 0, c.width, c.height); let sum = 0;"
    " for (let n = 0; n < data.length; n += 4) sum = (sum * 31 + data[n]) | 0; return sum; }"
)


class Keys:
    """Keys pressed on one open loop, remembered by their codes."""

    def __init__(self, loop):
        self.loop = loop
        self.pressed = set()

    def __call__(self, *codes):
        for code in codes:
            self.loop.listens()
            self.loop.send_key(code, "Process")
            self.pressed.add(code)

    @property
    def zoom(self):
        return int(self.loop.part("zoom").inner_text().split()[0])

    @property
    def pixels(self):
        return self.loop.part("picture").evaluate(PIXELS)

    def moves_and_returns(self, there, back):
        before = self.pixels
        self(there)
        assert self.pixels != before, there
        self(back)
        assert self.pixels == before, back


def test_every_key_does_what_it_says_under_a_korean_input_method(ana, review):
    line = make_floor(undo_s=30)
    add_limits(line, make_user("quinn", role=Role.QA_LEAD))
    add_waiting(line, 5, shown=pictures(size=LARGE), size=LARGE)
    loop = review(line, ana)
    keys = Keys(loop)

    zooms(keys)
    pans(keys)
    lights(keys)
    marks(keys)
    opens_and_closes(keys)
    calls_and_takes_back(keys)
    keys("KeyQ")
    expect(loop.part("veil-card")).to_contain_text("Paused")

    assert set(loop.page.evaluate(KEYMAP)) == keys.pressed - DIGITS | SEEN_ELSEWHERE


def zooms(keys):
    fit = keys.zoom
    for larger, smaller in [("Equal", "Minus"), ("Shift+Equal", "Digit0"), ("NumpadAdd", "NumpadSubtract")]:
        keys(larger)
        assert keys.zoom > fit, larger
        keys(smaller)
        assert keys.zoom == fit, smaller
    keys("Shift+Digit0")
    assert keys.zoom == 100
    keys("Numpad0")
    assert keys.zoom == fit


def pans(keys):
    keys(*["Equal"] * 6)
    for far in ("", "Shift+"):
        keys.moves_and_returns(f"{far}ArrowRight", f"{far}ArrowLeft")
        keys.moves_and_returns(f"{far}ArrowDown", f"{far}ArrowUp")
    keys("Digit0")


def lights(keys):
    part = keys.loop.part
    for name, up, down in [
        ("brightness", "BracketRight", "BracketLeft"),
        ("contrast", "Shift+BracketRight", "Shift+BracketLeft"),
    ]:
        keys(up)
        expect(part(name)).to_have_text("+10")
        keys(down)
        expect(part(name)).to_have_text("0")
    keys("KeyI", "BracketRight")
    expect(part("invert")).to_have_text("on")
    keys("KeyR")
    expect(part("invert")).to_have_text("off")
    expect(part("brightness")).to_have_text("0")
    field = keys.loop.page.locator("[data-golden]")
    before = field.get_attribute("data-golden")
    keys("KeyG")
    expect(field).not_to_have_attribute("data-golden", before)
    keys("KeyR")
    expect(field).to_have_attribute("data-golden", before)


def marks(keys):
    for tool, code, place in [("point", "KeyP", "Enter"), ("box", "KeyB", "NumpadEnter")]:
        button = keys.loop.page.locator(f".aid[data-do='{tool}']")
        keys(code)
        expect(button).to_have_attribute("aria-pressed", "true")
        before = keys.pixels
        keys(place, "ArrowRight")
        assert keys.pixels != before, place
        keys("ArrowLeft", "Backspace")
        assert keys.pixels == before
        keys("Escape")
        expect(button).to_have_attribute("aria-pressed", "false")


def opens_and_closes(keys):
    loop = keys.loop
    for code, part in [("KeyL", "limits"), ("Shift+Slash", "help"), ("KeyC", "comment-form")]:
        keys(code)
        expect(loop.part(part)).to_be_visible()
        loop.press("Escape")
        expect(loop.part(part)).to_be_hidden()
    keys("KeyJ")
    expect(loop.part("defect-box")).to_have_attribute("data-open", "")
    keys("Escape", "KeyD")
    expect(loop.part("reasons")).to_be_visible()
    keys("Escape")
    expect(loop.part("reasons")).to_be_hidden()


def calls_and_takes_back(keys):
    serial = keys.loop.serial
    for back in ("KeyZ", "Backspace"):
        keys("KeyF")
        expect(keys.loop.part("serial")).not_to_have_text(serial)
        keys(back)
        expect(keys.loop.part("serial")).to_have_text(serial)
    for codes, word in [(("KeyJ", "Digit1"), "scratch"), (("KeyJ", "Numpad2"), "crack"), (("KeyD", "Digit2"), "judge")]:
        keys(*codes)
        expect(keys.loop.part("last")).to_contain_text(word)
        keys("KeyZ")
        expect(keys.loop.part("serial")).to_have_text(serial)


def test_asking_the_model_under_a_korean_input_method(ana, review):
    line = make_floor("phone-lens", level=Level.ASSIST)
    add_waiting(line, 3, call=Call.PASS)
    keys = Keys(review(line, ana))

    keys("KeyY", "KeyF")
    expect(keys.loop.part("reveal")).to_be_visible()


def test_a_break_under_a_korean_input_method(ana, review):
    line = make_floor()
    add_waiting(line, 4)
    loop = review(line, ana)
    keys = Keys(loop)
    loop.page.evaluate(
        "([kept, ms]) => { sessionStorage.setItem(kept, ms); location.reload(); }",
        [f"tollgate-active:{ana.pk}", 1_199_500],
    )
    loop.wait_until_ready()
    expect(loop.part("vigilance")).to_be_visible()
    keys("Space")
    expect(loop.part("veil-card")).to_contain_text("2:00")
