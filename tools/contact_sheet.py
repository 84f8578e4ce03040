"""One picture with every page of a running demo, to be looked over by eye: `make sheet`.

    ./start                                             # in another terminal
    python -m tools.contact_sheet [--data var] [--only agreement] [--to FOLDER]

A sheet a person and a width: a row a page, its four looks (English and Korean, light and dark) beside each other.
"""

import argparse
import io
import json
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

from PIL import Image, ImageDraw
from playwright.sync_api import Browser, Page, sync_playwright

from tools.ui import ARGUMENTS, ROOT, Look, name_of, opened, paths_of
from tools.ui_pages import PEOPLE

WIDTHS = {1366: 768, 768: 1024, 390: 844}
LOOKS = [Look(theme=theme, language=language) for theme in ("light", "dark") for language in ("en", "ko")]
THUMBNAIL, MARGIN, NAME = 460, 12, 22
# Of a long page the first screens show how it looks.
SCREENS = 2


def main() -> int:
    asked = _asked()
    folder = Path(asked.to)
    folder.mkdir(parents=True, exist_ok=True)
    running = json.loads((Path(asked.data) / "run.json").read_text(encoding="utf-8"))
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=ARGUMENTS)
        for person in PEOPLE:
            seen: dict[tuple[int, str], list[Image.Image]] = {}
            for look in LOOKS:
                for width, path, picture in _pictures(browser, running, person, look, only=asked.only):
                    seen.setdefault((width, path), []).append(picture)
            for width in WIDTHS:
                rows = {path: pictures for (wide, path), pictures in seen.items() if wide == width}
                if rows:
                    _sheet(rows).save(folder / f"{person or 'nobody'}-{width}.png")
        browser.close()
    return 0


def _pictures(
    browser: Browser, running: dict, person: str, look: Look, *, only: str
) -> Iterator[tuple[int, str, Image.Image]]:
    """Yield every page of a person in one look and each width."""
    context = opened(browser, running, person, look)
    base, page = running["url"].rstrip("/"), context.new_page()
    for path in (path for _, path in paths_of(page, base, person) if path and only in path):
        page.goto(base + path, wait_until="load")
        for width, height in WIDTHS.items():
            page.set_viewport_size({"width": width, "height": height})
            yield width, path, _taken(page, width, height)
    context.close()


def _taken(page: Page, width: int, height: int) -> Image.Image:
    """Take the first screens of the page, small."""
    whole = Image.open(io.BytesIO(page.screenshot(full_page=True))).convert("RGB")
    seen = whole.crop((0, 0, width, min(whole.height, SCREENS * height)))
    return seen.resize((THUMBNAIL, round(seen.height * THUMBNAIL / width)))


def _sheet(rows: dict[str, list[Image.Image]]) -> Image.Image:
    heights = [NAME + max(picture.height for picture in pictures) + MARGIN for pictures in rows.values()]
    sheet = Image.new("RGB", (MARGIN + len(LOOKS) * (THUMBNAIL + MARGIN), MARGIN + sum(heights)), "#777777")
    pen, top = ImageDraw.Draw(sheet), MARGIN
    for (path, pictures), height in zip(rows.items(), heights, strict=True):
        pen.text((MARGIN, top), name_of(path), fill="white")
        for place, picture in enumerate(pictures):
            sheet.paste(picture, (MARGIN + place * (THUMBNAIL + MARGIN), top + NAME))
        top += height
    return sheet


def _asked() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", default=str(ROOT / "var"))
    parser.add_argument("--only", default="", help="addresses that contain this")
    parser.add_argument("--to", default=str(ROOT / "var" / "sheets"), help="folder for the sheets")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
