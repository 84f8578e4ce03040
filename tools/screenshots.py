"""Take pictures of a running demo for the documents: every page, both languages, light and dark.

    ./start                                             # in another terminal
    python tools/screenshots.py [--data var] [--to docs/pictures] [--only review]

It signs in as the demo's people, whose passwords stand in DATA/run.json while the demo runs. The three moments and the
story of the lamp are not among them: `make moments` and `make dark-story` keep the pages of their own way.
"""

import argparse
import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

ROOT = Path(__file__).resolve().parents[1]
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]
DESK = (1440, 900)
TABLET = (1024, 768)
TALL = (1440, 1500)


@dataclass(frozen=True, kw_only=True)
class Shot:
    """One picture: where, as whom, how it looks, and what to do first."""

    name: str
    path: str
    person: str = ""
    theme: str = "light"
    language: str = "en"
    size: tuple[int, int] = DESK
    touch: bool = False
    first: Callable[[Page], None] = lambda page: None


def _one_defect(page: Page) -> None:
    """Decide once, so that the last line and the undo ring show."""
    _loop_ready(page)
    page.keyboard.press("KeyJ")
    page.keyboard.press("Digit1")
    page.wait_for_timeout(900)


def _loop_ready(page: Page) -> None:
    page.wait_for_selector("html[data-ready]", state="attached")
    page.wait_for_timeout(1500)


def _first_case(page: Page) -> None:
    link = page.locator("main a.button.short").first
    if link.count():
        link.click()
        page.wait_for_load_state("networkidle")


REVIEW = "/lines/phone-glass/review/"
CASES = "/lines/phone-glass/adjudications/"
# Those that the documents show, and no others: `make sheet` has every page.
SHOTS = [
    Shot(name="01-review-dark", path=REVIEW, person="ana", theme="dark", first=_one_defect),
    Shot(name="01-review", path=REVIEW, person="andre", first=_one_defect),
    Shot(name="01-review-ko", path=REVIEW, person="aria", theme="dark", language="ko", first=_one_defect),
    Shot(name="01-review-touch", path=REVIEW, person="aria", theme="dark", size=TABLET, touch=True, first=_loop_ready),
    Shot(name="03-adjudication", path=CASES, person="quinn", theme="dark", first=_first_case),
    Shot(name="04-agreement", path="/lines/phone-lens/agreement/", person="quinn", size=TALL),
    Shot(
        name="04-agreement-ko",
        path="/lines/phone-lens/agreement/",
        person="quill",
        theme="dark",
        language="ko",
        size=TALL,
    ),
    Shot(name="05-automation", path="/lines/phone-lens/automation/", person="quinn"),
    Shot(name="06-monitor", path="/lines/phone-back/monitor/", person="quinn"),
    Shot(name="06-monitor-dark", path="/lines/phone-back/monitor/", person="quill", theme="dark"),
    Shot(name="07-queue", path="/", person="ana"),
    Shot(name="07-queue-ko", path="/", person="aria", language="ko", theme="dark"),
    Shot(name="08-data", path="/lines/phone-lens/data/?q=disagree:yes", person="quinn"),
    Shot(name="09-sign-in", path="/accounts/login/"),
    Shot(name="09-sign-in-dark", path="/accounts/login/", theme="dark"),
    Shot(name="10-plan", path="/lines/phone-frame/plan/", person="quinn"),
    Shot(name="11-savings", path="/lines/phone-back/savings/", person="quinn"),
]


def main() -> None:
    parser = argparse.ArgumentParser(description="Take pictures of a running demo.")
    parser.add_argument("--data", type=Path, default=ROOT / "var", help="state folder of the running demo")
    parser.add_argument("--to", type=Path, default=ROOT / "docs" / "pictures")
    parser.add_argument("--only", default="", help="only names that hold this text")
    options = parser.parse_args()
    demo = json.loads((options.data / "run.json").read_text(encoding="utf-8"))
    passwords = {person["username"]: person["password"] for person in demo["people"]}
    options.to.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=ARGUMENTS)
        for shot in (one for one in SHOTS if options.only in one.name):
            _take(browser, demo["url"].rstrip("/"), shot, passwords, options.to / f"{shot.name}.png")
        browser.close()


def _take(browser: Browser, url: str, shot: Shot, passwords: dict[str, str], target: Path) -> None:
    context = _context(browser, url, shot)
    page = context.new_page()
    if shot.person:
        _sign_in(page, url, shot.person, passwords[shot.person])
        _choose(context, page, url, shot)
    page.goto(url + shot.path)
    shot.first(page)
    page.wait_for_timeout(500)
    page.screenshot(path=target)
    print(target.name)
    page.goto(url + "/accounts/logout/")
    context.close()


def _context(browser: Browser, url: str, shot: Shot) -> BrowserContext:
    width, height = shot.size
    context = browser.new_context(
        viewport={"width": width, "height": height},
        color_scheme="dark" if shot.theme == "dark" else "light",
        locale={"en": "en-GB", "ko": "ko-KR"}[shot.language],
        has_touch=shot.touch,
        is_mobile=shot.touch,
    )
    context.add_cookies([{"name": "theme", "value": shot.theme, "url": url}])
    return context


def _sign_in(page: Page, url: str, name: str, password: str) -> None:
    page.goto(url + "/accounts/login/")
    page.fill("[name=login]", name)
    page.fill("[name=password]", password)
    page.click("main button.primary")
    page.wait_for_load_state("networkidle")


def _choose(context: BrowserContext, page: Page, url: str, shot: Shot) -> None:
    """Keep theme and language in the account, as a person would by the menu."""
    token = next(one["value"] for one in context.cookies() if one["name"] == "csrftoken")
    page.request.post(
        url + "/choose/",
        form={"theme": shot.theme, "language": shot.language, "next": "/"},
        headers={"X-CSRFToken": token, "Referer": url},
    )


if __name__ == "__main__":
    main()
