"""Go through every page of a running demo and say what is wrong with it for people: `make ui`.

    ./start                                             # in another terminal
    python tools/ui.py [--data var] [--only agreement] [--pictures FOLDER]

Each page is opened in both languages and both themes and asked: axe (WCAG 2.2 AA), side scroll at 320 px, words
cut off under the text spacing of 1.4.12, movement under reduced motion, controls in forced colours, focus that
cannot be seen, `lang` of the page. It prints a line a fault and exits 1 with any.
"""

import argparse
import json
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

ROOT = Path(__file__).resolve().parents[1]
AXE = ROOT / "tests" / "browser" / "vendor" / "axe.min.js"
RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]
LINE = "/lines/phone-back/"
LEAD = "quinn"
PAGES = {
    "": ["/accounts/login/"],
    "ana": ["/", "/mine/", "/preferences/", "/lines/phone-glass/review/", "/lines/phone-glass/session/"],
    "quinn": ["/", "/accounts/password/change/", "/accounts/2fa/", "/lines/new/", "/components/"],
}
SPACING = """
* { line-height: 1.5 !important; letter-spacing: 0.12em !important; word-spacing: 0.16em !important; }
p { margin-bottom: 2em !important; }
"""
SPACED = "(css) => { const s = new CSSStyleSheet(); s.replaceSync(css); document.adoptedStyleSheets = [s]; }"
CUT = """() => [...document.querySelectorAll('main *')].filter((one) => {
  const style = getComputedStyle(one);
  const hides = style.overflowX === 'hidden' || style.overflowY === 'hidden';
  return hides && one.textContent.trim() && !one.closest('svg, canvas, .unseen')
    && (one.scrollWidth > one.clientWidth + 1 || one.scrollHeight > one.clientHeight + 1);
}).map((one) => one.outerHTML.slice(0, 100))"""
MOVES = "() => document.getAnimations().filter((one) => one.playState === 'running').length"
VANISHED = """() => [...document.querySelectorAll('button, a.button, input, select')].filter((one) => {
  if (!one.checkVisibility() || one.type === 'hidden') return false;
  const style = getComputedStyle(one);
  // The browser draws its own ticks and sliders in the reader's colours.
  if (/^(checkbox|radio|range)$/.test(one.type) && style.appearance !== 'none') return false;
  return parseFloat(style.borderTopWidth) === 0 && !one.textContent.trim() && !one.querySelector('svg');
}).map((one) => one.outerHTML.slice(0, 100))"""
UNSEEN_FOCUS = """() => {
  const style = getComputedStyle(document.activeElement);
  const seen = parseFloat(style.outlineWidth) >= 2 || style.boxShadow !== 'none';
  return document.activeElement === document.body || seen ? '' : document.activeElement.outerHTML.slice(0, 100);
}"""


@dataclass(frozen=True, kw_only=True)
class Look:
    """How a page is looked at."""

    theme: str
    language: str


LOOKS = [Look(theme=theme, language=language) for theme in ("light", "dark") for language in ("en", "ko")]


def main() -> int:
    asked = _asked()
    running = json.loads((Path(asked.data) / "run.json").read_text(encoding="utf-8"))
    faults = 0
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=ARGUMENTS)
        for person in PAGES:
            for look in LOOKS:
                faults += _seen(browser, running, person, look, only=asked.only, pictures=asked.pictures)
        browser.close()
    print(f"{faults} faults.")
    return 1 if faults else 0


def _seen(browser: Browser, running: dict, person: str, look: Look, *, only: str, pictures: str) -> int:
    """Print every fault of one person's pages in one look; return how many there are."""
    locale = "ko-KR" if look.language == "ko" else "en-US"
    context = browser.new_context(locale=locale, color_scheme=look.theme, reduced_motion="reduce")
    base, faults = running["url"].rstrip("/"), 0
    if person:
        passwords = {one["username"]: one["password"] for one in running["people"]}
        _sign_in(context, base, person, passwords[person], look)
    page = context.new_page()
    for path in (path for path in _paths(page, base, person) if only in path):
        page.set_viewport_size({"width": 1366, "height": 768})
        page.goto(base + path)
        page.wait_for_load_state("load")
        if pictures:
            name = f"{path.strip('/').replace('/', '-') or 'home'}-{look.language}-{look.theme}.png"
            page.screenshot(path=str(Path(pictures) / name), full_page=True)
        for fault in _faults(page, look):
            faults += 1
            print(f"{path} [{look.language} {look.theme}] {fault}", flush=True)
    context.close()
    return faults


def _faults(page: Page, look: Look) -> Iterator[str]:
    page.evaluate(AXE.read_text(encoding="utf-8"))
    for one in page.evaluate("(rules) => axe.run(document, rules)", RULES)["violations"]:
        yield f"axe {one['id']}: {one['nodes'][0]['html'][:120]} ({len(one['nodes'])})"
    if page.evaluate("document.documentElement.lang") != look.language:
        yield "lang is not that of the page"
    if moving := page.evaluate(MOVES):
        yield f"{moving} movements though motion is reduced"
    page.keyboard.press("Tab")
    if unseen := page.evaluate(UNSEEN_FOCUS):
        yield f"focus not seen: {unseen}"
    yield from _of_small_and_spaced(page)


def _of_small_and_spaced(page: Page) -> Iterator[str]:
    page.set_viewport_size({"width": 320, "height": 640})
    width = page.evaluate("document.documentElement.scrollWidth")
    if width > 320:
        yield f"{width} px wide at 320"
    page.set_viewport_size({"width": 1366, "height": 768})
    # The policy of the page binds its own styles, not those of the debugger.
    page.evaluate(SPACED, SPACING)
    for cut in page.evaluate(CUT):
        yield f"cut under text spacing: {cut}"
    page.emulate_media(forced_colors="active")
    for one in page.evaluate(VANISHED):
        yield f"control without edge or word in forced colours: {one}"
    page.emulate_media(forced_colors="none")


def _paths(page: Page, base: str, person: str) -> list[str]:
    """Return a person's addresses; a lead's are also all that the sidebar of a line lists."""
    if person != LEAD:
        return PAGES[person]
    page.goto(f"{base}{LINE}agreement/")
    listed = page.eval_on_selector_all(".sidebar a", "(all) => all.map((one) => one.getAttribute('href'))")
    return [*PAGES[person], *(path for path in listed if path.startswith(LINE))]


def _sign_in(context: BrowserContext, base: str, person: str, password: str, look: Look) -> None:
    """Sign in and keep theme and language in the account, as a person would by the menu."""
    page = context.new_page()
    page.goto(f"{base}/accounts/login/")
    page.fill("input[name=login]", person)
    page.fill("input[name=password]", password)
    page.press("input[name=password]", "Enter")
    page.wait_for_url(lambda url: "login" not in url)
    token = next(one["value"] for one in context.cookies() if one["name"] == "csrftoken")
    chosen = {"theme": look.theme, "language": look.language, "next": "/"}
    page.request.post(f"{base}/choose/", form=chosen, headers={"X-CSRFToken": token, "Referer": base})
    page.close()


def _asked() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", default=str(ROOT / "var"))
    parser.add_argument("--only", default="", help="addresses that contain this")
    parser.add_argument("--pictures", default="", help="folder for a picture of each page and look")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
