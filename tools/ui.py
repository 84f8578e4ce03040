"""Go through every page of a running demo and say what is wrong with it for people: `make ui`.

    ./start                                             # in another terminal
    python tools/ui.py [--data var] [--only agreement] [--pictures FOLDER]

Each page is opened in both languages and both themes and asked: axe (WCAG 2.2 AA), `lang` of the page, movement under
reduced motion, targets of 24 px, charts against their tables, Tab all the way round (focus seen, not covered), side
scroll at 320 px, words cut off under the text spacing of 1.4.12, controls in forced colours. It prints a line a fault
and exits 1 with any; `--keep FILE` writes how many each check found.
"""

import argparse
import json
import shutil
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright
from ui_checks import CHECKS, DESK

ROOT = Path(__file__).resolve().parents[1]
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]
LINE = "/lines/phone-back/"
LEAD = "quinn"
PAGES = {
    "": ["/accounts/login/"],
    "ana": [
        "/",
        "/mine/",
        "/preferences/",
        "/lines/phone-glass/review/",
        "/lines/phone-glass/session/",
        "/lines/phone-glass/practice/",
        "/lines/phone-glass/inspectors/people/ana/",
    ],
    "quinn": [
        "/",
        "/accounts/password/change/",
        "/accounts/2fa/",
        "/lines/new/",
        "/components/",
        "/lines/phone-back/inspectors/people/ana/",
        "/lines/phone-frame/agreement/",
        "/lines/phone-frame/data/",
        "/fleet/",
        "/alarms/",
        "/models/",
    ],
    "admin": [
        "/people/",
        "/people/ana/",
        "/models/",
        "/lines/phone-glass/stations/",
        "/alarms/channels/",
        "/alarms/runbook/",
    ],
}


@dataclass(frozen=True, kw_only=True)
class Look:
    """How a page is looked at."""

    theme: str
    language: str


# A machine that also runs a line may be slow to answer.
PATIENCE_MS = 180_000
LOOKS = [Look(theme=theme, language=language) for theme in ("light", "dark") for language in ("en", "ko")]


def main() -> int:
    asked = _asked()
    running = json.loads((Path(asked.data) / "run.json").read_text(encoding="utf-8"))
    found: Counter[str] = Counter()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=ARGUMENTS)
        for person in PAGES:
            for look in LOOKS:
                found += _seen(browser, running, person, look, only=asked.only, pictures=asked.pictures)
        browser.close()
    pages = found.pop("pages", 0)
    print(f"{found.total()} faults on {pages} pages.")
    if asked.keep:
        _keep(Path(asked.keep), pages, found)
    return 1 if found else 0


def _keep(target: Path, pages: int, found: Counter[str]) -> None:
    """Write what was seen: pages counted in every look, and the faults of each check."""
    faults = {name: found[name] for name in ("language", *CHECKS)}
    told = {"bench": "ui", "at": datetime.now(UTC).isoformat(timespec="seconds"), "pages seen": pages, "faults": faults}
    target.write_text(json.dumps(told, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def _seen(browser: Browser, running: dict, person: str, look: Look, *, only: str, pictures: str) -> Counter[str]:
    """Print every fault of one person's pages in one look; count them by check, and the pages."""
    locale = "ko-KR" if look.language == "ko" else "en-US"
    context = browser.new_context(locale=locale, color_scheme=look.theme, reduced_motion="reduce")
    context.set_default_timeout(PATIENCE_MS)
    base, found = running["url"].rstrip("/"), Counter[str]()
    if person:
        passwords = {one["username"]: one["password"] for one in running["people"]}
        sign_in(context, base, person, passwords[person], look)
    page = context.new_page()
    for path in (path for path in paths_of(page, base, person) if only in path):
        page.set_viewport_size(DESK)
        page.goto(base + path)
        page.wait_for_load_state("load")
        if pictures:
            page.screenshot(
                path=str(Path(pictures) / f"{name_of(path)}-{look.language}-{look.theme}.png"), full_page=True
            )
        found["pages"] += 1
        for check, fault in _faults(page, look):
            found[check] += 1
            print(f"{path} [{look.language} {look.theme}] {check}: {fault}", flush=True)
    context.close()
    return found


def _faults(page: Page, look: Look) -> Iterator[tuple[str, str]]:
    """Yield every fault with the check that found it."""
    if page.evaluate("document.documentElement.lang") != look.language:
        yield "language", "lang is not that of the page"
    for name, check in CHECKS.items():
        for fault in check(page):
            yield name, fault


def name_of(path: str) -> str:
    """Return what a picture of an address is called."""
    return path.strip("/").replace("/", "-") or "home"


def paths_of(page: Page, base: str, person: str) -> list[str]:
    """Return a person's addresses; a lead's are also all that the sidebar of a line lists."""
    if person != LEAD:
        return PAGES[person]
    page.goto(f"{base}{LINE}agreement/")
    listed = page.eval_on_selector_all(".sidebar a", "(all) => all.map((one) => one.getAttribute('href'))")
    return [*PAGES[person], *(path for path in listed if path.startswith(LINE))]


def sign_in(context: BrowserContext, base: str, person: str, password: str, look: Look) -> None:
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
    parser.add_argument("--keep", default="", help="file for the counts, bench/results/ui.json")
    parser.add_argument("--pictures", default="", help="folder for a picture of each page and look")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
