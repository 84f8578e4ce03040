"""The scripted checks of accessibility that axe cannot make: each goes over one open page and yields its faults."""

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from PIL import Image, ImageChops
from playwright.sync_api import Locator, Page

SCRIPTS = Path(__file__).with_suffix(".js").read_text(encoding="utf-8")
AXE = Path(__file__).resolve().parents[1] / "tests" / "browser" / "vendor" / "axe.min.js"
RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}
DESK, SMALL = {"width": 1366, "height": 768}, {"width": 320, "height": 640}
ZOOMED = {"width": DESK["width"] // 2, "height": DESK["height"] // 2}
STOPS_MAX = 200
SPACING = """
* { line-height: 1.5 !important; letter-spacing: 0.12em !important; word-spacing: 0.16em !important; }
p { margin-bottom: 2em !important; }
"""
DEFICIENCIES = ("achromatopsia", "deuteranopia")
# So many levels of grey apart, a line can be told from what it lies on.
APART = 40


def run(page: Page, name: str, argument: object = None) -> Any:
    """Run one of the scripts on the page."""
    return page.evaluate(f"(argument) => ({SCRIPTS}).{name}(argument)", argument)


def asked_of_axe(page: Page) -> dict:
    """Return all that axe says. It is handed in through the debugger, which the page's policy does not bind."""
    page.evaluate(AXE.read_text(encoding="utf-8"))
    found = page.evaluate("(rules) => axe.run(document, rules)", RULES)
    # Kept for every time it is asked: the same page may be looked at folded and unfolded.
    left = [one["id"] for one in found["incomplete"]]
    page.evaluate("(left) => { window.undecided = [...new Set([...(window.undecided ?? []), ...left])]; }", left)
    return found


def undecided(page: Page) -> list[str]:
    """Return the rules of which axe, asked before, could not tell."""
    return page.evaluate("window.undecided ?? []")


def axe(page: Page) -> Iterator[str]:
    for one in asked_of_axe(page)["violations"]:
        yield f"{one['id']}: {one['nodes'][0]['html'][:120]} ({len(one['nodes'])})"


def unfolded(page: Page) -> Iterator[str]:
    """What is folded away or hangs from a button holds to the same."""
    folded = page.locator("details:not([open])")
    if folded.count():
        folded.evaluate_all("(all) => { for (const one of all) one.dataset.unfolded = one.open = true; }")
        yield from axe(page)
        page.evaluate("() => { for (const one of document.querySelectorAll('[data-unfolded]')) one.open = false; }")


def motion(page: Page) -> Iterator[str]:
    """Nothing moves for who asked for that."""
    if moving := run(page, "moves"):
        yield f"{moving} movements though motion is reduced"


def keyboard(page: Page) -> Iterator[str]:
    """Tab comes around, and every stop shows where it is and lies under nothing."""
    names: list[str] = []
    for _ in range(STOPS_MAX):
        page.keyboard.press("Tab")
        stop = run(page, "stop")
        # Behind the last stop the page lets go; the next one is its first.
        if stop is None:
            continue
        if stop["name"] in names[:1]:
            yield from (f"Tab passes by: {one}" for one in run(page, "unreached"))
            return
        names.append(stop["name"])
        if not stop["seen"]:
            yield f"focus not seen: {stop['html']}"
        if stop["covered"]:
            yield f"focus covered: {stop['html']}"
    yield f"Tab does not come around in {STOPS_MAX} steps"


def targets(page: Page) -> Iterator[str]:
    yield from (f"smaller than 24 px: {one}" for one in run(page, "smallTargets"))


def twins(page: Page) -> Iterator[str]:
    yield from run(page, "unequalTwins")


def reflow(page: Page) -> Iterator[str]:
    page.set_viewport_size(SMALL)
    width = page.evaluate("document.documentElement.scrollWidth")
    page.set_viewport_size(DESK)
    if width > SMALL["width"]:
        yield f"{width} px wide at {SMALL['width']}"


def spacing(page: Page) -> Iterator[str]:
    """Nothing is cut under the text spacing of 1.4.12."""
    # The policy of the page binds its own styles, not those of the debugger.
    run(page, "styled", SPACING)
    yield from (f"cut: {one}" for one in run(page, "cut"))
    page.evaluate("document.adoptedStyleSheets = []")


def forced_colours(page: Page) -> Iterator[str]:
    page.emulate_media(forced_colors="active")
    yield from (f"control without edge or word: {one}" for one in run(page, "vanished"))
    page.emulate_media(forced_colors="none")


def zoom(page: Page) -> Iterator[str]:
    """At 200 % the window holds half as many pixels of the page each way."""
    page.set_viewport_size(ZOOMED)
    width = page.evaluate("document.documentElement.scrollWidth")
    page.set_viewport_size(DESK)
    if width > ZOOMED["width"]:
        yield f"{width} px wide at {ZOOMED['width']}"


def contrast(page: Page) -> Iterator[str]:
    yield from (f"too faint: {one}" for one in run(page, "faint"))


def colour(page: Page) -> Iterator[str]:
    """Nothing is told by colour alone, and every line is seen by who sees other colours or none."""
    yield from run(page, "colourAlone")
    charts = [one for one in page.locator("svg.chart:has(.series)").all() if one.is_visible()]
    tools = page.context.new_cdp_session(page)
    for kind in DEFICIENCIES if charts else ():
        tools.send("Emulation.setEmulatedVisionDeficiency", {"type": kind})
        yield from (f"not seen with {kind}: {one.get_attribute('aria-label')}" for one in charts if not _is_seen(one))
    tools.send("Emulation.setEmulatedVisionDeficiency", {"type": "none"})
    tools.detach()


def _is_seen(chart: Locator) -> bool:
    """Say whether a picture of the chart is another one without its lines."""
    shown = _taken(chart)
    for line in chart.locator(".series").all():
        line.evaluate("(line) => { line.style.visibility = 'hidden'; }")
    bare = _taken(chart)
    for line in chart.locator(".series").all():
        line.evaluate("(line) => { line.style.visibility = ''; }")
    return ImageChops.difference(shown, bare).getextrema()[1] >= APART


def _taken(chart: Locator) -> Image.Image:
    return Image.open(io.BytesIO(chart.screenshot())).convert("L")


def errors(page: Page) -> Iterator[str]:
    yield from (f"wrong, and no word why: {one}" for one in run(page, "unexplained"))


def paste(page: Page) -> Iterator[str]:
    yield from (f"paste refused: {one}" for one in run(page, "refusesPaste"))


def languages(page: Page) -> Iterator[str]:
    yield from (f"Korean that no lang says: {one}" for one in run(page, "unmarkedKorean"))


def length(page: Page) -> Iterator[str]:
    """Two fifths more of each word still fit. The page is another one afterwards: nothing is asked of it then."""
    run(page, "lengthen")
    yield from (f"cut when longer: {one}" for one in run(page, "cut"))
    width = page.evaluate("document.documentElement.scrollWidth")
    if width > DESK["width"]:
        yield f"{width} px wide when longer"


CHECKS = {
    "axe": axe,
    "axe, all unfolded": unfolded,
    "reduced motion": motion,
    "targets": targets,
    "charts and their tables": twins,
    "keyboard": keyboard,
    "reflow at 320 px": reflow,
    "text spacing": spacing,
    "forced colours": forced_colours,
    "zoom at 200 %": zoom,
    "computed contrast": contrast,
    "colour alone": colour,
    "paste": paste,
    "errors": errors,
    "languages of parts": languages,
    # Last: it changes the page.
    "longer words": length,
}
# What neither words nor colours change is asked in one look.
ONCE = {
    "axe, all unfolded",
    "reduced motion",
    "targets",
    "charts and their tables",
    "keyboard",
    "forced colours",
    "paste",
}
EVERY_LOOK = {"axe", "computed contrast", "languages of parts"}

BROWSER = "tests/browser/"
# The rows of accessibility that are promised, in their order: the checks above that ask every page, and the tests that
# ask what a page at rest does not show.
REQUIREMENTS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "axe in both languages and themes": (
        ("axe", "axe, all unfolded"),
        (f"{BROWSER}test_accessibility.py::test_the_loop_in_its_states",),
    ),
    "keyboard, no trap": (("keyboard",), (f"{BROWSER}test_review_loop.py::test_a_box_is_placed_without_a_mouse",)),
    "single keys": (
        (),
        (
            f"{BROWSER}test_review_loop.py::test_with_single_keys_off_only_buttons_decide",
            f"{BROWSER}test_review_loop.py::test_a_chosen_letter_decides_and_the_products_no_longer_does",
            f"{BROWSER}test_review_loop.py::test_keys_typed_into_a_comment_decide_nothing",
        ),
    ),
    "focus seen, not covered": (
        ("keyboard",),
        (f"{BROWSER}test_accessibility.py::test_a_ring_that_nobody_sees_is_a_fault_of_every_stop",),
    ),
    "contrast": (("axe", "computed contrast"), ()),
    "not colour alone": (("colour alone",), ()),
    "zoom and reflow": (("zoom at 200 %", "reflow at 320 px"), ()),
    "text spacing": (("text spacing", "longer words"), ()),
    "timing": (
        (),
        (
            "tests/review/test_more_time.py::test_a_call_may_be_taken_back_for_ten_times_as_long_where_the_part_can_wait",
            f"{BROWSER}test_shared_station.py::test_before_the_session_ends_the_page_says_so_and_one_key_keeps_it",
        ),
    ),
    "reduced motion": (("reduced motion",), (f"{BROWSER}test_layout.py::test_reduced_motion_animates_nothing",)),
    "drag alternatives": ((), (f"{BROWSER}test_review_loop.py::test_a_box_is_placed_without_a_mouse",)),
    "targets": (
        ("targets",),
        (f"{BROWSER}test_accessibility.py::test_all_that_is_pressed_in_the_loop_is_44_pixels_large",),
    ),
    "errors": (("errors",), (f"{BROWSER}test_accessibility.py::test_the_entrance",)),
    "no second entry, paste": (
        ("paste",),
        (f"{BROWSER}test_deep_pages.py::test_the_second_factor_from_the_sign_in_to_taking_it_off",),
    ),
    "status": (
        (),
        (
            f"{BROWSER}test_accessibility.py::test_the_status_line_says_what_was_saved_and_what_is_left",
            f"{BROWSER}test_layout.py::test_readers_hear_of_calls_at_most_once_a_second_and_what_the_canvas_shows",
        ),
    ),
    "images and twins": (
        ("charts and their tables",),
        (f"{BROWSER}test_layout.py::test_readers_hear_of_calls_at_most_once_a_second_and_what_the_canvas_shows",),
    ),
    "forced colours": (("forced colours",), ()),
    "language": (("languages of parts",), ()),
}
