"""A newcomer's first ten minutes in the demo, walked from end to end by the list that the start page shows.

On the product's own processes and the demo's own lines; what was done is ticked off where the person comes back to.
"""

import re
from dataclasses import dataclass

import pytest
from playwright.sync_api import Page, expect

from bench import floor
from bench.own_engine import OwnEngine, wait_until
from config.engine.home import Home
from tests.browser.loop import LoopPage

pytestmark = pytest.mark.moments
WITHIN_MS = 120_000
LINES = ("phone-glass", "phone-lens", "phone-back")


@dataclass(frozen=True)
class Visitor:
    """One of the demo's people in a browser of their own."""

    page: Page
    password: str

    def begin(self, demo: OwnEngine, word: str) -> None:
        """Follow a step that is not done yet from the start page."""
        self.page.goto(demo.url)
        expect(self._step(word).get_by_text("done")).to_have_count(0)
        self._step(word).get_by_role("link").click()
        self.page.wait_for_url(lambda to: to.rstrip("/") != demo.url)

    def has_done(self, demo: OwnEngine, word: str) -> None:
        self.page.goto(demo.url)
        expect(self._step(word).get_by_text("done")).to_have_count(1)

    def hold(self, selector: str) -> None:
        """Press a button that wants to be held, by keyboard: Enter, and Enter again."""
        self.page.locator(selector).first.focus()
        self.page.keyboard.press("Enter")
        self.page.keyboard.press("Enter")

    def sign(self, address: str) -> None:
        """Give the next signature on a proposal, which may not be open yet."""
        signing = self.page.get_by_role("button", name=re.compile("^Sign: "))
        wait_until(lambda: self.page.goto(address).ok and signing.count() == 1, "the proposal", WITHIN_MS / 1000)
        self.page.fill("#sign-password", self.password)
        signing.click()
        expect(signing).to_have_count(0)

    def _step(self, word: str):
        return self.page.locator(".first-minutes li", has_text=word)


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    folder = tmp_path_factory.mktemp("first-minutes") / "data"
    with Home(folder).claimed():
        floor.run(folder, "-m", "bench.demo_rows", *LINES)
    engine = OwnEngine(folder, "--rate", "30")
    yield engine.start().await_up()
    engine.stop()


@pytest.fixture
def signed_in(demo, chromium):
    """Open a browser of one of the demo's people, on the start page."""
    contexts, faults = [], []
    passwords = {one["username"]: one["password"] for one in demo.facts()["people"]}
    expect.set_options(timeout=WITHIN_MS)

    def opened(name: str) -> Visitor:
        contexts.append(chromium.new_context(viewport={"width": 1366, "height": 768}, locale="en-GB"))
        page = contexts[-1].new_page()
        page.set_default_timeout(WITHIN_MS)
        page.on("pageerror", lambda error: faults.append(str(error)))
        # Right after a start the database may be busy: the page says so, and one signs in again.
        wait_until(lambda: sign_in(page, demo, name, passwords[name]), "the sign-in", WITHIN_MS / 1000)
        return Visitor(page, passwords[name])

    yield opened
    for context in contexts:
        context.close()
    assert faults == []


def sign_in(page: Page, demo: OwnEngine, name: str, password: str) -> bool:
    if not page.goto(f"{demo.url}/accounts/login/").ok:
        return False
    page.fill("[name=login]", name)
    page.fill("[name=password]", password)
    page.click("main button.primary")
    page.wait_for_load_state()
    return "login" not in page.url


def test_an_inspector_judges_ten_parts_and_takes_one_call_back(demo, signed_in):
    ana = signed_in("ana")
    ana.begin(demo, "Judge ten phones")
    loop = LoopPage(ana.page)
    loop.wait_until_ready()
    judged = [loop.decide("KeyF") for _ in range(10)]
    # One that was never sent is taken back in the page, and nobody hears of it.
    loop.wait_until_saved()
    loop.listens()
    loop.press("KeyZ")
    expect(loop.part("serial")).to_have_text(judged[-1])
    loop.decide("KeyF")
    loop.wait_until_saved()
    ana.has_done(demo, "Judge ten phones")
    ana.has_done(demo, "Take a call back")


def test_a_lead_rules_signs_with_another_rolls_a_canary_back_and_stops_the_line(demo, signed_in):
    quinn, quill = signed_in("quinn"), signed_in("quill")
    page = quinn.page

    quinn.begin(demo, "Rule on a part")
    page.locator("main table a.button").first.click()
    case = page.url
    expect(page.locator(".ruling-foot")).to_have_attribute("aria-busy", "false")
    page.keyboard.press("Digit1")
    page.wait_for_url(lambda to: to != case)
    quinn.has_done(demo, "Rule on a part")

    quinn.begin(demo, "Sign the camera lens one level up")
    # The system opened the proposal by itself when the gate opened.
    quinn.sign(page.url)
    expect(page.get_by_text("Another lead signs next.")).to_be_visible()
    quill.sign(page.url)
    quinn.has_done(demo, "Sign the camera lens one level up")

    quinn.begin(demo, "Start a canary, then roll it back")
    page.select_option("#start-strategy", "canary")
    page.fill("#start-why", "first minutes")
    page.fill("#start-password", quinn.password)
    page.get_by_role("button", name="Start", exact=True).click()
    page.get_by_role("button", name="Roll back").wait_for()
    quinn.hold("form[action*='roll-back'] button[data-hold]")
    expect(page.get_by_role("button", name="Add the reason")).to_be_visible()
    quinn.has_done(demo, "Start a canary, then roll it back")

    quinn.begin(demo, "STOP")
    quinn.hold(".stop-form button[data-hold]")
    everything = page.get_by_text("Everything goes to people.")
    expect(everything.first).to_be_visible()
    quinn.has_done(demo, "STOP")
    page.go_back()
    page.locator("summary", has_text="Resume: two leads").click()
    page.fill("#resume-why", "looked at it")
    page.fill("#resume-password", quinn.password)
    page.get_by_role("button", name="Propose to resume").click()
    expect(page.get_by_text("Another lead signs next.")).to_be_visible()
    quill.sign(page.url)
    page.reload()
    expect(everything).to_have_count(0)
