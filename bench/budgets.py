"""What a person waits for at each key and page, on three networks, against what is promised.

    python -m bench.budgets [--times 20] [--only loopback]

Keys are timed in a real browser from the press to the frame that shows what it did; pages from the click to the end of
their loading; STOP from its first Enter to the words on the page. Each stands beside its budget: p50, p95, and p95
over the budget's p95.
"""

import argparse
import importlib
import os
import shutil
import time
from collections.abc import Callable, Sequence
from typing import Any

from playwright.sync_api import Page, sync_playwright

from bench import figures
from bench.engine import running
from bench.review_loop import DRAWN_SIZE, NETWORKS, Network, opened, slowed
from bench.shots import shots

# The sync driver runs an event loop in this thread; the queries of the desk are synchronous all the same.
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"

# From a press to the frame after what the press itself changed on the page.
PRESSED = """() => {
  window.frames_shown = [];
  addEventListener("keydown", (event) => {
    const began = event.timeStamp;
    requestAnimationFrame(() => {
      const channel = new MessageChannel();
      channel.port1.onmessage = () => window.frames_shown.push(performance.now() - began);
      channel.port2.postMessage(null);
    });
  }, true);
}"""
LOADED = "performance.getEntriesByType('navigation')[0].loadEventEnd"
# What is asked for: the keys of the loop, each with its budget of p95 in ms.
KEYS = {
    "golden on and off": ("KeyG", 50),
    "zoom": ("Equal", 50),
    "pan": ("ArrowRight", 50),
    "invert": ("KeyI", 50),
    "brightness": ("BracketRight", 50),
    "feedback to a call": ("KeyF", 50),
}
UNDO_MS, PAGE_MS, DRILL_MS, STOP_MS, SIGN_IN_MS = 100, 800, 500, 1000, 900
PAUSE_MS, STOPS = 120, 5


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--times", type=int, default=20, help="times each thing is done")
    parser.add_argument("--only", choices=[network.name for network in NETWORKS])
    options = parser.parse_args(arguments)
    networks = [network for network in NETWORKS if options.only in (None, network.name)]
    with running() as engine, sync_playwright() as playwright:
        # Its models exist only inside a set-up Django.
        desk = importlib.import_module("bench.review_desk").lay(
            shots(24, size=DRAWN_SIZE), runs=len(networks), decisions=4 * options.times
        )
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]
        )
        told: dict[str, Any] = {}
        for network in networks:
            seen = _loop(browser, engine.url, desk, network, options.times)
            seen |= _pages(browser, engine.url, desk, network, options.times)
            told |= {f"{network.name}: {name}": value for name, value in seen.items()}
        browser.close()
    figures.keep("budgets", told)


def _loop(browser: Any, url: str, desk: Any, network: Network, times: int) -> dict[str, Any]:
    """Time the keys of the loop, and undo from its press to the image before."""
    page = opened(browser, url, desk, network)
    page.evaluate(PRESSED)
    seen = {name: _told(_presses(page, code, times), limit) for name, (code, limit) in KEYS.items()}
    page.wait_for_selector('[data-part="saved"][data-state="saved"]')
    seen["undo to the image before"] = _told([_undone(page) for _ in range(times)], UNDO_MS)
    page.context.close()
    return seen


def _presses(page: Page, code: str, times: int) -> list[float]:
    page.evaluate("window.frames_shown = []")
    for _ in range(times):
        page.keyboard.press(code)
        page.wait_for_timeout(PAUSE_MS * 2)
    return page.evaluate("window.frames_shown")


def _undone(page: Page) -> float:
    """Decide, take it back, and return how long the image before took to come."""
    page.keyboard.press("KeyF")
    page.wait_for_timeout(PAUSE_MS * 4)
    before = page.evaluate("window.samples.length")
    page.keyboard.press("KeyZ")
    page.wait_for_function("(before) => window.samples.length > before", arg=before)
    page.wait_for_timeout(PAUSE_MS * 2)
    return page.evaluate("window.samples.at(-1)")


def _pages(browser: Any, url: str, desk: Any, network: Network, times: int) -> dict[str, Any]:
    """Time the lists and reports of a lead, from a report to its images, sign-in, and STOP with its way back."""
    page = slowed(browser, url, desk.lead_session, network)
    line = f"{url}/lines/{desk.slug}"
    lists = {"queue": f"{url}/", "agreement": f"{line}/agreement/", "automation": f"{line}/automation/"}
    seen = {name: _told([_opened(page, to) for _ in range(times)], PAGE_MS) for name, to in lists.items()}
    seen["report to gallery"] = _told([_opened(page, f"{line}/data/?q=disagree:yes") for _ in range(times)], DRILL_MS)
    seen["STOP to its words"] = _told([_stopped(page, f"{line}/automation/", desk) for _ in range(STOPS)], STOP_MS)
    page.context.close()
    seen["sign-in"] = _told([_signed_in(browser, url, desk, network) for _ in range(min(times, 5))], SIGN_IN_MS)
    return seen


def _opened(page: Page, address: str) -> float:
    page.goto(address, wait_until="load")
    return page.evaluate(LOADED)


def _stopped(page: Page, address: str, desk: Any) -> float:
    """Return how long STOP takes from its first Enter to the words on the page; the line goes on afterwards."""
    page.goto(address, wait_until="load")
    page.focus("button[data-hold]")
    took = _took(lambda: _stop(page))
    desk.resume()
    return took


def _stop(page: Page) -> None:
    page.keyboard.press("Enter")
    page.keyboard.press("Enter")
    page.get_by_text("Everything goes to people.").first.wait_for()


def _signed_in(browser: Any, url: str, desk: Any, network: Network) -> float:
    """Return how long one Enter takes from the sign-in page to the page behind it."""
    page = slowed(browser, url, "", network)
    page.goto(f"{url}/accounts/login/")
    page.fill("[name=login]", desk.lead)
    page.fill("[name=password]", desk.password)
    took = _took(lambda: (page.press("[name=password]", "Enter"), page.wait_for_url(lambda to: "login" not in to)))
    page.context.close()
    return took


def _took(deed: Callable[[], object]) -> float:
    began = time.perf_counter()
    deed()
    return (time.perf_counter() - began) * 1000


def _told(samples: Sequence[float], limit_ms: float) -> dict[str, float]:
    spread = figures.spread(samples)
    return {**spread, "over its budget": round(spread["p95"] / limit_ms, 3)}


if __name__ == "__main__":
    main()
