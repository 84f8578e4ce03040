"""What a person waits for at each key and page, on three networks, against what is promised.

    python -m bench.budgets [--times 20] [--only loopback] [--scene assist] [--keep NAME] [--table]

Keys are timed in a real browser from the press to the frame that shows what it did; pages from the click to the end of
their loading; STOP from its first Enter to the words on the page. Each stands beside its budget, p50 and p95, and the
figures end with the names of all that is over. Elsewhere: pages beside 100,000 decisions (`bench.pages`), the first
byte of a CSV (`bench.exports`). An image whose next one was never fetched is timed on a LAN alone, as it is promised.
"""

import argparse
import importlib
import os
import shutil
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from playwright.sync_api import Error as PlaywrightError
from playwright.sync_api import Page, Route, sync_playwright

from bench import figures
from bench.engine import running
from bench.review_loop import ACKNOWLEDGED, DRAWN_SIZE, NETWORKS, Network, entered, opened, slowed
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
# What the model says of a call is a sample like the next image: whichever comes answers the call.
REVEALED = """() => {
  let pressed = 0;
  const card = document.querySelector('[data-part="reveal"]');
  addEventListener("keydown", (event) => { pressed = event.timeStamp; }, true);
  new MutationObserver(() => {
    if (card.hidden || !pressed) return;
    const began = pressed;
    pressed = 0;
    requestAnimationFrame(() => {
      const channel = new MessageChannel();
      channel.port1.onmessage = () => window.samples.push(performance.now() - began);
      channel.port2.postMessage(null);
    });
  }).observe(card, { attributes: true, attributeFilter: ["hidden"] });
}"""
LAN = Network("10 ms, 100 Mbit/s", 10, 100, 500)


@dataclass(frozen=True)
class Budget:
    """What is promised, in ms."""

    p50: float
    p95: float

    def told(self, samples: Sequence[float]) -> dict[str, float]:
        """Return the spread of samples, and how much of the budget it takes: over 1 is over."""
        spread = figures.spread(samples)
        return {**spread, "of its budget": round(max(spread["p50"] / self.p50, spread["p95"] / self.p95), 3)}


# The table of promises, row by row; golden and heat map have the same.
FEEDBACK, NEXT, COLD = Budget(16, 50), Budget(20, 50), Budget(150, 300)
CLOSER = Budget(150, 400)
REVEAL, ACKNOWLEDGED_IN, UNDO = Budget(60, 200), Budget(60, 200), Budget(20, 100)
FRAME, LIGHT, PICTURE_BESIDE = Budget(8, 16), Budget(8, 16), Budget(16, 50)
PAGE, DRILL, STOP, SIGN_IN = Budget(300, 800), Budget(200, 500), Budget(300, 1000), Budget(400, 900)
KEYS = {
    "golden on and off": ("KeyG", PICTURE_BESIDE),
    "zoom": ("Equal", FRAME),
    "pan": ("ArrowRight", FRAME),
    "invert": ("KeyI", LIGHT),
    "brightness": ("BracketRight", LIGHT),
    "contrast": ("Shift+BracketRight", LIGHT),
}
PAUSE_MS = 120
# Of a picture whose original is fetched where somebody looks closely: twelve million pixels.
LARGE = (4000, 3000)
SHARP = """() => {
  let pressed = 0;
  const zoom = document.querySelector('[data-part="zoom"]');
  addEventListener("keydown", (event) => { pressed = event.code === "Digit0" ? event.timeStamp : 0; }, true);
  new MutationObserver(() => {
    if (!pressed || zoom.textContent !== "100\\u00a0%") return;
    window.samples.push(performance.now() - pressed);
    pressed = 0;
  }).observe(zoom, { childList: true, characterData: true, subtree: true });
}"""
# Each network takes as many calls as the three scenes of the loop, and what is fetched ahead of them.
CALLS_A_TIME = 4


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--times", type=int, default=20, help="times each thing is done")
    parser.add_argument("--only", choices=[network.name for network in (*NETWORKS, LAN)])
    parser.add_argument("--scene", choices=list(SCENES), help="one part of the table alone")
    parser.add_argument("--keep", default="budgets", help="name under which the figures are kept")
    parser.add_argument("--table", action="store_true", help="print the kept figures as a table, and measure nothing")
    options = parser.parse_args(arguments)
    if options.table:
        print("\n".join(table(figures.kept(options.keep))))
        return
    wanted = [
        (name, network)
        for name, (_, networks) in SCENES.items()
        for network in networks
        if options.scene in (None, name) and options.only in (None, network.name)
    ]
    with running() as engine, sync_playwright() as playwright:
        # Its models exist only inside a set-up Django.
        desk = importlib.import_module("bench.review_desk").lay(
            shots(24, size=DRAWN_SIZE),
            runs=len(NETWORKS) + 1,
            decisions=CALLS_A_TIME * options.times,
            revealed=(len(NETWORKS) + 1) * options.times,
            large=shots((len(NETWORKS) + 1) * options.times, size=LARGE)
            if any(n == "closer" for n, _ in wanted)
            else (),
        )
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]
        )
        told: dict[str, Any] = {}
        fell: list[str] = []
        for name, network in wanted:
            timed, _ = SCENES[name]
            try:
                seen = timed(browser, engine.url, desk, network, options.times)
            except PlaywrightError as error:
                # What was timed before it took many minutes, and stands.
                fell.append(f"{network.name}: {name}: {error.message.splitlines()[0]}")
                continue
            told.update({f"{network.name}: {row}": value for row, value in seen.items()})
        browser.close()
    over = [name for name, value in told.items() if value["of its budget"] > 1]
    figures.keep(options.keep, {**told, "over their budget": over, "fell over": fell})
    if fell:
        raise SystemExit(1)


def table(kept: dict[str, Any]) -> list[str]:
    """Return kept figures as rows of a table: p50 / p95 on each network, in bold where either is over its budget."""
    names = [network.name for network in (*NETWORKS, LAN)]
    rows: dict[str, dict[str, str]] = {}
    for name, value in kept.items():
        network, _, row = name.partition(": ")
        if network in names:
            spread = f"{value['p50']:.0f} / {value['p95']:.0f}"
            rows.setdefault(row, {})[network] = f"**{spread}**" if value["of its budget"] > 1 else spread
    head = f"| p50 / p95 in ms | {' | '.join(names)} |"
    lines = [f"| {row} | {' | '.join(cells.get(name, '') for name in names)} |" for row, cells in rows.items()]
    return [head, "|---" * (len(names) + 1) + "|", *lines]


def _loop(browser: Any, url: str, desk: Any, network: Network, times: int) -> dict[str, Any]:
    """Time the keys of the loop, calls to the image after them, and undo from its press to the image before."""
    page = opened(browser, url, desk, network)
    page.evaluate(PRESSED)
    seen = {name: budget.told(_presses(page, code, times)) for name, (code, budget) in KEYS.items()}
    page.evaluate("window.samples = []")
    seen["feedback to a call"] = FEEDBACK.told(_presses(page, "KeyF", times, pause_ms=network.pause_ms))
    seen["call to the next image"] = NEXT.told(page.evaluate("window.samples"))
    page.wait_for_selector('[data-part="saved"][data-state="saved"]')
    seen["call to the server's word"] = ACKNOWLEDGED_IN.told(page.evaluate(ACKNOWLEDGED))
    seen["undo to the image before"] = UNDO.told([_undone(page) for _ in range(times)])
    page.context.close()
    return seen


def _presses(page: Page, code: str, times: int, *, pause_ms: int = PAUSE_MS * 2) -> list[float]:
    page.evaluate("window.frames_shown = []")
    for _ in range(times):
        page.keyboard.press(code)
        page.wait_for_timeout(pause_ms)
    return page.evaluate("window.frames_shown")


def _undone(page: Page) -> float:
    """Decide, take it back, and return how long the image before took to come."""
    page.keyboard.press("KeyF")
    page.wait_for_timeout(PAUSE_MS * 4)
    return _sample(page, lambda: page.keyboard.press("KeyZ"))


def _sample(page: Page, deed: Callable[[], object]) -> float:
    """Return the first sample after a deed."""
    before = page.evaluate("window.samples.length")
    deed()
    page.wait_for_function("(before) => window.samples.length > before", arg=before)
    page.wait_for_timeout(PAUSE_MS * 2)
    return page.evaluate("(before) => window.samples[before]", before)


class _Door:
    """Holds every image that is asked for; lets one through at a time, in their order."""

    def __init__(self) -> None:
        self._held: list[Route] = []
        self._owed = 0

    def __call__(self, route: Route) -> None:
        if self._owed:
            self._owed -= 1
            route.continue_()
        else:
            self._held.append(route)

    def let_one(self) -> None:
        if self._held:
            self._held.pop(0).continue_()
        else:
            self._owed += 1


def _cold(browser: Any, url: str, desk: Any, network: Network, times: int) -> dict[str, Any]:
    """Time calls whose next image nothing has fetched: each is held until the call before it."""
    page, door = slowed(browser, url, desk.session, network), _Door()
    page.route("**/image/", door)
    door.let_one()
    entered(page, f"{url}/lines/{desk.slug}/review/")
    samples = [_sample(page, lambda: (page.keyboard.press("KeyF"), door.let_one())) for _ in range(times)]
    page.context.close()
    return {"call to the next image, nothing fetched": COLD.told(samples)}


def _assist(browser: Any, url: str, desk: Any, network: Network, times: int) -> dict[str, Any]:
    """Time a first call to what the model says of it, or to the next image where that comes late; and its heat map."""
    page = opened(browser, url, desk, network, slug=desk.assist_slug)
    page.evaluate(PRESSED)
    page.evaluate(REVEALED)
    card = page.locator('[data-part="reveal"]')
    reveals, toggles = [], []
    for _ in range(times):
        reveals.append(_sample(page, lambda: page.keyboard.press("KeyF")))
        page.wait_for_timeout(network.pause_ms)
        # Kept with the same key; what was told late comes back meanwhile, and is kept too.
        while card.is_visible():
            toggles += _presses(page, "KeyH", 2)
            _sample(page, lambda: page.keyboard.press("KeyF"))
    page.context.close()
    seen = {"first call to what the model says": REVEAL.told(reveals)}
    # On a slow line what the model says comes too late to be waited for, and no card is there to show it on.
    return {**seen, "heat map": PICTURE_BESIDE.told(toggles)} if toggles else seen


def _closer(browser: Any, url: str, desk: Any, network: Network, times: int) -> dict[str, Any]:
    """Time from the key for one to one to the original in every place that the field shows, cut for the first time."""
    page = opened(browser, url, desk, network, slug=desk.large_slug)
    page.evaluate(SHARP)
    samples = []
    for _ in range(times):
        samples.append(_sample(page, lambda: page.keyboard.press("Shift+Digit0")))
        page.keyboard.press("Digit0")
        serial = page.locator('[data-part="serial"]').inner_text()
        page.keyboard.press("KeyF")
        page.wait_for_function(
            "(before) => document.querySelector('[data-part=serial]').textContent !== before", arg=serial
        )
        page.wait_for_timeout(network.pause_ms)
    page.context.close()
    return {"original in place of its preview": CLOSER.told(samples)}


def _pages(browser: Any, url: str, desk: Any, network: Network, times: int) -> dict[str, Any]:
    """Time the lists and reports of a lead, and from a report to its images."""
    page = slowed(browser, url, desk.lead_session, network)
    line = f"{url}/lines/{desk.slug}"
    lists = {"queue": f"{url}/", "agreement": f"{line}/agreement/", "automation": f"{line}/automation/"}
    seen = {name: PAGE.told([_opened(page, to) for _ in range(times)]) for name, to in lists.items()}
    seen["report to gallery"] = DRILL.told([_opened(page, f"{line}/data/?q=disagree:yes") for _ in range(times)])
    page.context.close()
    return seen


def _stops(browser: Any, url: str, desk: Any, network: Network, times: int) -> dict[str, Any]:
    """Time STOP with its way back."""
    page = slowed(browser, url, desk.lead_session, network)
    address = f"{url}/lines/{desk.slug}/automation/"
    seen = {"STOP to its words": STOP.told([_stopped(page, address, desk) for _ in range(times)])}
    page.context.close()
    return seen


def _sign_ins(browser: Any, url: str, desk: Any, network: Network, times: int) -> dict[str, Any]:
    return {"sign-in": SIGN_IN.told([_signed_in(browser, url, desk, network) for _ in range(times)])}


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


SCENES = {
    "loop": (_loop, NETWORKS),
    "cold": (_cold, [LAN]),
    "assist": (_assist, NETWORKS),
    "closer": (_closer, NETWORKS),
    "pages": (_pages, NETWORKS),
    "stop": (_stops, NETWORKS),
    "sign-in": (_sign_ins, NETWORKS),
}


if __name__ == "__main__":
    main()
