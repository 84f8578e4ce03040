"""A person's loop in a real browser: key press to the next image painted, on three networks.

    python -m bench.review_loop [--images FOLDER] [--decisions 100] [--only loopback]
    python -m bench.review_loop --only loopback --decisions 2000 --keep review_session

Each run starts with an empty cache and decides by keyboard alone, at a fixed pace. The pictures are drawn parts,
or the images of a data-set folder. Painted means: the frame after the drawing has been handed to the screen. What the
machine itself needs for that is measured beside it, on a page that only draws a ready bitmap at each key: the loop's
own share is the difference. The second form is one long session: what is lost, doubled, moved, or kept in memory.
A call that was pressed before its image was there is answered with a word and decides nothing: it is no decision lost.
"""

import argparse
import base64
import importlib
import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, sync_playwright

from bench import figures
from bench.engine import running
from bench.shots import shots

# The sync driver runs an event loop in this thread; the queries of the desk are synchronous all the same.
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"

DRAWN_SIZE = (1600, 1200)
VIEWPORT = {"width": 1366, "height": 768}
WATCH = """
  performance.setResourceTimingBufferSize(100_000);
  window.samples = []; window.shift = 0; window.shifted = []; let pressed = 0;
  addEventListener("keydown", (event) => { pressed = event.timeStamp; }, true);
  // Asked in the very task that drew: an observer would hear of the mark a frame later.
  const mark = performance.mark.bind(performance);
  performance.mark = (name, options) => {
    const began = pressed;
    if (name === "tollgate:shown" && began) requestAnimationFrame(() => {
      const channel = new MessageChannel();
      channel.port1.onmessage = () => window.samples.push(performance.now() - began);
      channel.port2.postMessage(null);
    });
    return mark(name, options);
  };
  new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) {
      if (entry.hadRecentInput) continue;
      window.shift += entry.value;
      for (const { node } of entry.sources) {
        const element = node?.closest ? node : node?.parentElement;
        window.shifted.push(element?.closest("[data-part]")?.dataset.part ?? element?.className ?? "gone");
      }
    }
  }).observe({type: "layout-shift", buffered: true});
"""
BARE_PRESSES = 40
BARE = """async (source) => {
  const blob = await (await fetch(source)).blob();
  const bitmap = await createImageBitmap(blob);
  const canvas = document.querySelector("canvas");
  const context = canvas.getContext("2d");
  window.samples = [];
  addEventListener("keydown", (event) => {
    context.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
    const began = event.timeStamp;
    requestAnimationFrame(() => {
      const channel = new MessageChannel();
      channel.port1.onmessage = () => window.samples.push(performance.now() - began);
      channel.port2.postMessage(null);
    });
  });
}"""
ACKNOWLEDGED = """performance.getEntriesByType("resource").filter((one) => one.name.endsWith("/decision/"))
  .map((one) => one.duration)"""
# A call pressed where no image is there to be judged: the loop says so, or a word covers the field already.
UNREADY = """() => {
  window.unready = 0;
  const said = document.querySelector('[data-part="said"]');
  const words = JSON.parse(document.querySelector("#loop").textContent).texts.waitForImage;
  new MutationObserver(() => { if (said.textContent === words) window.unready += 1; })
    .observe(said, { childList: true, characterData: true, subtree: true });
  const veil = document.querySelector('[data-part="veil"]');
  addEventListener("keydown", ({ code }) => { if (!veil.hidden && /^Key[FJ]$/.test(code)) window.unready += 1; }, true);
}"""
HEAP = "performance.memory.usedJSHeapSize / 1048576"


@dataclass(frozen=True)
class Network:
    """A line between desk and server, and the pace of the person at the desk."""

    name: str
    latency_ms: float
    mbit_s: float
    pause_ms: int


NETWORKS = [
    Network("loopback", 0, 0, 250),
    Network("40 ms, 10 Mbit/s", 40, 10, 1000),
    Network("150 ms, 1.6 Mbit/s", 150, 1.6, 1500),
]


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description="Time the review loop in a browser.")
    parser.add_argument("--images", type=Path, help="folder of images to show instead of drawn parts")
    parser.add_argument("--decisions", type=int, default=100)
    parser.add_argument("--only", choices=[network.name for network in NETWORKS])
    parser.add_argument("--keep", default="review_loop", help="name under which the figures are kept")
    options = parser.parse_args(arguments)
    networks = [network for network in NETWORKS if options.only in (None, network.name)]
    pictures = _pictures(options.images, DRAWN_SIZE)
    with running() as engine, sync_playwright() as playwright:
        # The queue is laid by rows of its own: its models exist only inside a set-up Django.
        desk_of = importlib.import_module("bench.review_desk")
        desk = desk_of.lay(pictures, runs=len(networks), decisions=options.decisions)
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]
        )
        measured: dict[str, Any] = {}
        for network in networks:
            page = opened(browser, engine.url, desk, network)
            seen: dict[str, Any] = {"bare canvas, ms": _bare(browser, pictures[0], network)}
            seen |= _decide(page, options.decisions, network) | desk.counted()
            seen["lost"] = seen["calls pressed"] - seen["pressed before the image"] - seen["decisions"]
            measured |= {f"{network.name}: {name}": value for name, value in seen.items()}
            page.context.close()
        browser.close()
    figures.keep(options.keep, measured)
    if any(value for name, value in measured.items() if name.endswith(("lost", "decided twice"))):
        raise SystemExit("A call was lost, or counted twice.")


def _pictures(folder: Path | None, size: tuple[int, int]) -> list[bytes]:
    if folder is None:
        return shots(24, size=size)
    found = sorted(path for path in folder.rglob("*") if path.suffix.lower() in {".jpg", ".jpeg", ".png"})
    if not found:
        raise SystemExit(f"{folder} holds no JPEG or PNG image.")
    return [path.read_bytes() for path in found[:200]]


def opened(browser: Any, url: str, desk: Any, network: Network, *, slug: str = "") -> Page:
    """Open the loop of the desk's inspector over a network, and wait for its first image."""
    page = slowed(browser, url, desk.session, network)
    entered(page, f"{url}/lines/{slug or desk.slug}/review/")
    return page


def entered(page: Page, address: str) -> None:
    """Go to a loop, wait for its first image and give those after it the time to be fetched ahead."""
    page.goto(address)
    page.wait_for_selector("html[data-ready]", state="attached")
    page.wait_for_function("() => document.querySelector('[data-part=serial]').textContent !== ''")
    page.wait_for_timeout(3000)


def slowed(browser: Any, url: str, session: str, network: Network) -> Page:
    """Return an empty page of a session, of nobody's where there is none, behind a network."""
    context = browser.new_context(viewport=VIEWPORT)
    if session:
        context.add_cookies([{"name": "sessionid", "value": session, "url": url}])
    page = context.new_page()
    page.add_init_script(WATCH)
    if network.latency_ms:
        line = {
            "offline": False,
            "latency": network.latency_ms,
            "downloadThroughput": network.mbit_s * 125_000,
            "uploadThroughput": network.mbit_s * 125_000,
        }
        context.new_cdp_session(page).send("Network.emulateNetworkConditions", line)
    return page


def _bare(browser: Any, picture: bytes, network: Network) -> dict[str, float]:
    """Key to painted where a page does nothing but draw a decoded bitmap, at the same pace."""
    page = browser.new_page(viewport=VIEWPORT)
    page.set_content("<canvas width=1102 height=620></canvas>")
    page.evaluate(BARE, "data:image/jpeg;base64," + base64.b64encode(picture).decode())
    for _ in range(BARE_PRESSES):
        page.keyboard.press("KeyF")
        page.wait_for_timeout(network.pause_ms)
    spread = figures.spread(page.evaluate("window.samples"))
    page.close()
    return spread


def _decide(page: Page, decisions: int, network: Network) -> dict[str, Any]:
    before = _heap_mb(page)
    page.evaluate("window.shift = 0; window.samples = []")
    page.evaluate(UNREADY)
    for n in range(decisions):
        for code in ("KeyJ", "Digit1") if n % 10 == 0 else ("KeyF",):
            page.keyboard.press(code)
        page.wait_for_timeout(network.pause_ms)
    page.wait_for_selector('[data-part="saved"][data-state="saved"]')
    return {
        "calls pressed": decisions,
        "pressed before the image": page.evaluate("window.unready"),
        "key to painted, ms": figures.spread(page.evaluate("window.samples")),
        "decision acknowledged, ms": figures.spread(page.evaluate(ACKNOWLEDGED)),
        "layout shift": page.evaluate("window.shift"),
        "layout shift of": sorted(set(page.evaluate("window.shifted"))),
        "heap growth, MB": round(_heap_mb(page) - before, 1),
    }


def _heap_mb(page: Page) -> float:
    """Return what scripts hold once nothing is left to be thrown away."""
    page.context.new_cdp_session(page).send("HeapProfiler.collectGarbage")
    return page.evaluate(HEAP)


if __name__ == "__main__":
    main()
