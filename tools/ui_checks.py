"""The scripted checks of accessibility that axe cannot make: each goes over one open page and yields its faults."""

from collections.abc import Iterator
from pathlib import Path

from playwright.sync_api import Page

AXE = Path(__file__).resolve().parents[1] / "tests" / "browser" / "vendor" / "axe.min.js"
RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}
DESK, SMALL = {"width": 1366, "height": 768}, {"width": 320, "height": 640}
STOPS_MAX = 200
SPACING = """
* { line-height: 1.5 !important; letter-spacing: 0.12em !important; word-spacing: 0.16em !important; }
p { margin-bottom: 2em !important; }
"""
STYLED = "(css) => { const s = new CSSStyleSheet(); s.replaceSync(css); document.adoptedStyleSheets = [s]; }"
CUT = """() => [...document.querySelectorAll('main *')].filter((one) => {
  const style = getComputedStyle(one);
  const hides = style.overflowX === 'hidden' || style.overflowY === 'hidden';
  // What is there for readers alone is clipped on purpose.
  return hides && one.textContent.trim() && !one.closest('svg, canvas') && style.clipPath === 'none'
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
# `outline: none` leaves a width behind in the computed style, and a ring without colour is none either.
STOP = """() => {
  const one = document.activeElement;
  if (one === document.body) return null;
  one.dataset.stop ??= String(document.querySelectorAll('[data-stop]').length + 1);
  const style = getComputedStyle(one), box = one.getBoundingClientRect();
  const top = document.elementFromPoint(box.left + box.width / 2, box.top + box.height / 2);
  return {
    name: one.dataset.stop,
    html: one.outerHTML.slice(0, 100),
    seen: style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2
      && !/, 0\\)$|transparent|\\/ 0\\)$/.test(style.outlineColor),
    covered: top !== null && top !== one && !one.contains(top) && !top.contains(one) && !top.closest('label'),
  };
}"""
# A link within a sentence is as high as its line; whatever stands alone is not.
SMALL_TARGETS = """() => [...document.querySelectorAll(
  'button, summary, select, input, a.button, nav a')].filter((one) => {
  if (!one.checkVisibility({ visibilityProperty: true })) return false;
  if (one.type === 'hidden' || one.closest('.unseen')) return false;
  const box = one.getBoundingClientRect();
  return box.width > 1 && (box.width < 24 || box.height < 24);
}).map((one) => one.outerHTML.slice(0, 100))"""
# A chart and the table beside it: as many points as rows, and the same last number.
UNEQUAL_TWINS = """() => [...document.querySelectorAll('figure')].flatMap((figure) => {
  const series = figure.querySelector('polyline.series'), rows = figure.querySelectorAll('.twin tbody tr');
  if (!figure.querySelector('.chart') || !series) return [];
  const name = figure.querySelector('.chart').getAttribute('aria-label');
  if (!rows.length) return [`${name}: no table`];
  const points = series.getAttribute('points').trim().split(/\\s+/).length;
  const last = rows[rows.length - 1].querySelector('td').textContent.trim();
  const label = figure.querySelector('.end-label')?.textContent.trim();
  if (points === rows.length && (!label || label === last)) return [];
  return [`${name}: ${points} points, ${rows.length} rows, ${label} and ${last}`];
})"""


def axe(page: Page) -> Iterator[str]:
    page.evaluate(AXE.read_text(encoding="utf-8"))
    for one in page.evaluate("(rules) => axe.run(document, rules)", RULES)["violations"]:
        yield f"{one['id']}: {one['nodes'][0]['html'][:120]} ({len(one['nodes'])})"


def motion(page: Page) -> Iterator[str]:
    """Nothing moves for who asked for that."""
    if moving := page.evaluate(MOVES):
        yield f"{moving} movements though motion is reduced"


def keyboard(page: Page) -> Iterator[str]:
    """Tab comes around, and every stop shows where it is and lies under nothing."""
    names: list[str] = []
    for _ in range(STOPS_MAX):
        page.keyboard.press("Tab")
        stop = page.evaluate(STOP)
        if stop is None or stop["name"] in names[:1]:
            return
        names.append(stop["name"])
        if not stop["seen"]:
            yield f"focus not seen: {stop['html']}"
        if stop["covered"]:
            yield f"focus covered: {stop['html']}"
    yield f"Tab does not come around in {STOPS_MAX} steps"


def targets(page: Page) -> Iterator[str]:
    yield from (f"smaller than 24 px: {one}" for one in page.evaluate(SMALL_TARGETS))


def twins(page: Page) -> Iterator[str]:
    yield from page.evaluate(UNEQUAL_TWINS)


def reflow(page: Page) -> Iterator[str]:
    page.set_viewport_size(SMALL)
    width = page.evaluate("document.documentElement.scrollWidth")
    page.set_viewport_size(DESK)
    if width > SMALL["width"]:
        yield f"{width} px wide at {SMALL['width']}"


def spacing(page: Page) -> Iterator[str]:
    """Nothing is cut under the text spacing of 1.4.12."""
    # The policy of the page binds its own styles, not those of the debugger.
    page.evaluate(STYLED, SPACING)
    yield from (f"cut: {one}" for one in page.evaluate(CUT))
    page.evaluate("document.adoptedStyleSheets = []")


def forced_colours(page: Page) -> Iterator[str]:
    page.emulate_media(forced_colors="active")
    yield from (f"control without edge or word: {one}" for one in page.evaluate(VANISHED))
    page.emulate_media(forced_colors="none")


CHECKS = {
    "axe": axe,
    "reduced motion": motion,
    "targets": targets,
    "charts and their tables": twins,
    "keyboard": keyboard,
    "reflow at 320 px": reflow,
    "text spacing": spacing,
    "forced colours": forced_colours,
}
