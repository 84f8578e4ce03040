"""The review loop as a test drives it: keys in, words out."""

import time
from collections.abc import Callable

from playwright.sync_api import Page, expect

# What a busy machine may take to do something; what never comes fails after it.
WITHIN_S = 60


def wait_until(page: Page, holds: Callable[[], bool]) -> None:
    """Wait for something that no page shows. A quiet network is no sign of it: an image given up stays open for it."""
    given_up = time.monotonic() + WITHIN_S
    while not holds():
        assert time.monotonic() < given_up, "It never came."
        page.wait_for_timeout(20)


class LoopPage:
    """One open loop. Every key waits until the page listens again."""

    def __init__(self, page: Page) -> None:
        self.page = page

    def wait_until_ready(self) -> None:
        self.page.wait_for_selector("html[data-ready]", state="attached")
        self.wait_for_image()

    def wait_for_image(self) -> None:
        expect(self.part("serial")).not_to_be_empty()
        self.listens()

    def wait_for_pictures(self, count: int) -> None:
        """Wait until so many pictures have been fetched since the page was opened."""
        fetched = "performance.getEntriesByType('resource').filter((one) => one.name.endsWith('/image/')).length"
        while self.page.evaluate(fetched) < count:
            self.page.wait_for_timeout(20)

    def listens(self) -> None:
        self.page.wait_for_selector(".answers:not([aria-busy='true'])")

    def part(self, name: str):
        return self.page.locator(f'[data-part="{name}"]')

    @property
    def serial(self) -> str:
        return self.part("serial").inner_text()

    def press(self, *codes: str) -> None:
        for code in codes:
            self.page.keyboard.press(code)

    def decide(self, *codes: str) -> str:
        """Press the keys of one call and wait for the next item. Return the serial that was decided."""
        self.listens()
        decided = self.serial
        self.press(*codes)
        expect(self.part("serial")).not_to_have_text(decided)
        return decided

    def wait_until_saved(self) -> None:
        expect(self.part("saved")).to_have_attribute("data-state", "saved")

    def send_key(self, code: str, key: str) -> None:
        """Send a key as an input method does: its own `key`, the physical `code`, with "Shift+" before it or not."""
        self.page.evaluate(
            """([code, key]) => {
              const pressed = { code: code.split("+").at(-1), shiftKey: code.includes("+"), key, keyCode: 229 };
              for (const name of ["keydown", "keyup"]) {
                document.body.dispatchEvent(new KeyboardEvent(name, { ...pressed, bubbles: true, cancelable: true }));
              }
            }""",
            [code, key],
        )
