"""Go through every page of a running demo and say what is wrong with it for people: `make ui`.

    ./start                                             # in another terminal
    python -m tools.ui [--data var] [--only agreement] [--pictures FOLDER]

The pages are those of `tools/ui_pages.py`, which knows every address of the product; what is asked of each stands in
`tools/ui_checks.py`. Each is opened light in English and dark in Korean, and for axe and contrasts alone also dark in
English and light in Korean. It prints a line a fault and exits 1 with any;
`--keep FILE` writes how many each check found, what each page weighs, of what axe
could not tell, and the pages that this demo has no link to.
"""

import argparse
import json
import os
import shutil
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from itertools import chain
from pathlib import Path

import django
from playwright.sync_api import Browser, BrowserContext, Page, TimeoutError, sync_playwright

from config import settings_module

os.environ.setdefault("DJANGO_SETTINGS_MODULE", settings_module())
django.setup()

from tools import ui_pages, ui_weights  # noqa: E402
from tools.ui_checks import CHECKS, DESK, EVERY_LOOK, ONCE, undecided  # noqa: E402

ROOT = Path(__file__).resolve().parents[1]
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]


@dataclass(frozen=True, kw_only=True)
class Look:
    """How a page is looked at."""

    theme: str
    language: str


# A machine that also runs a line may be slow to answer.
PATIENCE_MS = 180_000
FIRST = Look(theme="light", language="en")
LOOKS = [FIRST, Look(theme="dark", language="ko")]
# What of a page is told by theme and language together is asked in these too.
CROSSED = [Look(theme="dark", language="en"), Look(theme="light", language="ko")]


@dataclass
class Seen:
    """What was found: faults by check, weights by address, and pages that nothing led to."""

    pages: int = 0
    faults: Counter[str] = field(default_factory=Counter)
    weights: dict[str, float] = field(default_factory=dict)
    unreached: set[str] = field(default_factory=set)
    undecided: Counter[str] = field(default_factory=Counter)


def main() -> int:
    asked = _asked()
    running = json.loads((Path(asked.data) / "run.json").read_text(encoding="utf-8"))
    seen = Seen()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=ARGUMENTS)
        for person in ui_pages.PEOPLE:
            for look in (*LOOKS, *CROSSED):
                _see(browser, running, person, look, seen, only=asked.only, pictures=asked.pictures)
        browser.close()
    print(f"{seen.faults.total()} faults on {seen.pages} pages; no link here to: {', '.join(sorted(seen.unreached))}")
    if asked.keep:
        _keep(Path(asked.keep), seen)
    return 1 if seen.faults else 0


def _keep(target: Path, seen: Seen) -> None:
    """Write what was seen: pages counted in every look, the faults of each check, what each page weighs."""
    told = {
        "bench": "ui",
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "pages seen": seen.pages,
        "faults": {name: seen.faults[name] for name in (ui_pages.EMPTY, "language", "weight", *CHECKS)},
        "axe could not tell": dict(sorted(seen.undecided.items())),
        "no link to": sorted(seen.unreached),
        "script and style, kB": dict(sorted(seen.weights.items())),
    }
    target.write_text(json.dumps(told, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def _see(browser: Browser, running: dict, person: str, look: Look, seen: Seen, *, only: str, pictures: str) -> None:
    """Print every fault of one person's pages in one look, and count them."""
    context = opened(browser, running, person, look)
    base, page = running["url"].rstrip("/"), context.new_page()
    for name, path in paths_of(page, base, person):
        if not path:
            seen.unreached.add(name)
        elif only in path:
            page.set_viewport_size(DESK)
            page.goto(base + path, wait_until="load")
            is_sent = name.endswith(ui_pages.EMPTY)
            said = _said_of_empty(page) if is_sent else []
            if pictures:
                called = f"{name_of(path)}{'-empty' if is_sent else ''}-{look.language}-{look.theme}"
                page.screenshot(path=f"{pictures}/{called}.png", full_page=True)
            seen.pages += 1
            seen.weights[path] = ui_weights.weight_kb(page.content())
            for check, fault in chain(said, _faults(page, look, seen.weights[path])):
                seen.faults[check] += 1
                print(f"{name if is_sent else path} [{look.language} {look.theme}] {check}: {fault}", flush=True)
            seen.undecided.update(undecided(page))
    context.close()


def _faults(page: Page, look: Look, weight: float) -> Iterator[tuple[str, str]]:
    """Yield every fault with the check that found it."""
    if page.evaluate("document.documentElement.lang") != look.language:
        yield "language", "lang is not that of the page"
    if weight > ui_weights.LIMIT_KB:
        yield "weight", f"{weight} kB of script and style"
    for name, check in CHECKS.items():
        if name in EVERY_LOOK or look == FIRST or (look in LOOKS and name not in ONCE):
            for fault in check(page):
                yield name, fault


def _said_of_empty(page: Page) -> list[tuple[str, str]]:
    """Send the page's first form as it stands. It is a fault where what comes back says of nothing that it is wrong."""
    try:
        with page.expect_navigation():
            page.locator("form[method=post][novalidate]").first.evaluate("(form) => form.requestSubmit()")
    except TimeoutError:
        return [(ui_pages.EMPTY, "no form, or one that is not sent")]
    is_said = page.locator("[aria-invalid=true], [role=alert]").count() > 0
    return [] if is_said else [(ui_pages.EMPTY, "nothing is said to be wrong")]


def name_of(path: str) -> str:
    """Return what a picture of an address is called."""
    return path.strip("/").replace("/", "-") or "home"


def opened(browser: Browser, running: dict, person: str, look: Look) -> BrowserContext:
    """Return a browser in which a person is signed in, nobody for an empty name, and sees one look."""
    locale = "ko-KR" if look.language == "ko" else "en-US"
    context = browser.new_context(locale=locale, color_scheme=look.theme, reduced_motion="reduce")
    context.set_default_timeout(PATIENCE_MS)
    if person:
        passwords = {one["username"]: one["password"] for one in running["people"]}
        sign_in(context, running["url"].rstrip("/"), person, passwords[person], look)
    return context


def paths_of(page: Page, base: str, person: str) -> Iterator[tuple[str, str]]:
    """Yield a person's pages, each with its address: empty where no link leads to one."""

    @cache
    def links(path: str) -> list[str]:
        if not path:
            return []
        page.goto(base + path)
        return page.eval_on_selector_all("a[href]", "(all) => all.map((one) => one.getAttribute('href'))")

    # All at once: looking for links opens pages between those that are looked at.
    return iter(list(ui_pages.addresses(person, links)))


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
