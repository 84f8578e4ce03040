"""axe on every page and state of the people's way, in both themes and languages; keyboards and small screens."""

import pytest
from playwright.sync_api import expect

from inspection.models import Hold
from inspection.rules.words import Call, Level, Role
from tests.browser.floor import add_disagreement, add_limits, add_single_case, add_waiting, make_floor
from tests.browser.loop import LoopPage
from tests.builders import make_user
from tools import ui_checks

pytestmark = pytest.mark.django_db(transaction=True)

LOOKS = [("light", "en-US"), ("dark", "ko-KR")]


def violations(page):
    """Return what axe finds."""
    found = ui_checks.asked_of_axe(page)
    return [(one["id"], [node["html"][:120] for node in one["nodes"]]) for one in found["violations"]]


@pytest.fixture
def floor(transactional_db, ana):
    line = make_floor(level=Level.ASSIST)
    add_limits(line, make_user("quill", role=Role.QA_LEAD))
    case = add_disagreement(line, ana, make_user("andre"))
    single = add_single_case(line, ana)
    add_waiting(line, 6, call=Call.DEFECT)
    return {"case": case, "single": single, "line": line}


@pytest.mark.parametrize(("theme", "language"), LOOKS)
def test_the_entrance(floor, visit, theme, language):
    page = visit("/accounts/login/", theme=theme, language=language)
    assert violations(page) == []

    page.locator("button.primary").click()
    expect(page.locator(".error-summary")).to_be_focused()
    expect(page.locator("[aria-invalid=true]").first).to_be_visible()
    assert [*violations(page), *ui_checks.errors(page)] == []


@pytest.mark.parametrize(("theme", "language"), LOOKS)
def test_choosing_a_line(floor, ana, visit, theme, language):
    page = visit("/", ana, theme=theme, language=language)
    assert violations(page) == []

    page.locator("summary.person").first.click()
    assert violations(page) == []


@pytest.mark.parametrize(("theme", "language"), LOOKS)
def test_the_loop_in_its_states(floor, ana, review, theme, language):
    ana.preferences = {"theme": theme}
    ana.save()
    loop = review(floor["line"], ana, theme=theme, language=language)
    assert violations(loop.page) == []

    loop.press("KeyD")
    assert violations(loop.page) == []
    loop.press("Escape", "KeyL")
    expect(loop.part("limits")).to_be_visible()
    assert violations(loop.page) == []
    loop.press("Escape", "KeyC")
    assert violations(loop.page) == []
    loop.press("Escape", "KeyF")
    expect(loop.part("reveal")).to_be_visible()
    # The pressed state of 80 ms is inverted; what is read comes after it.
    expect(loop.page.locator("[data-pressed]")).to_have_count(0)
    assert violations(loop.page) == []
    loop.press("Shift+Slash")
    assert violations(loop.page) == []
    loop.press("Escape", "KeyQ")
    expect(loop.part("veil")).to_be_visible()
    assert violations(loop.page) == []


@pytest.mark.parametrize(("theme", "language"), LOOKS)
def test_adjudication(floor, visit, theme, language):
    quinn = make_user("quinn", role=Role.QA_LEAD, preferences={"theme": theme})
    page = visit("/lines/phone-glass/adjudications/", quinn, theme=theme, language=language)
    assert violations(page) == []

    for case in (floor["case"], floor["single"]):
        page.goto(f"{page.url.split('/lines')[0]}/lines/phone-glass/adjudications/{case.pk}/")
        assert violations(page) == []


@pytest.mark.parametrize(
    "path",
    [
        "/accounts/login/",
        "/accounts/password/change/",
        "/accounts/2fa/",
        "/",
        "/lines/phone-glass/adjudications/",
        "/lines/phone-glass/automation/",
        "/lines/phone-glass/agreement/",
    ],
)
def test_at_320_pixels_nothing_needs_scrolling_sideways(floor, visit, path):
    person = make_user("quinn", role=Role.QA_LEAD)
    page = visit(path, None if "login" in path else person, width=320, height=640)

    assert page.evaluate("document.documentElement.scrollWidth") <= 320


def test_the_last_column_of_a_wide_table_can_be_scrolled_to(floor, visit):
    page = visit("/lines/phone-glass/log/", make_user("quinn", role=Role.QA_LEAD), width=390, height=844)
    box = page.locator(".card.scroll")
    assert box.evaluate("box => box.scrollWidth > box.clientWidth")
    box.hover()
    page.mouse.wheel(2000, 0)
    expect(box.locator("th").last).to_be_in_viewport(ratio=1)


@pytest.mark.parametrize("path", ["/", "/lines/phone-glass/review/"])
def test_tab_comes_around_and_every_stop_shows_its_ring(floor, ana, visit, path):
    page = visit(path, ana)
    if "review" in path:
        LoopPage(page).wait_until_ready()

    assert list(ui_checks.keyboard(page)) == []
    assert page.locator("[data-stop]").count() > 5


@pytest.mark.parametrize("ring", ["outline: none", "outline-color: transparent", "outline-width: 1px"])
def test_a_ring_that_nobody_sees_is_a_fault_of_every_stop(floor, ana, visit, ring):
    page = visit("/", ana)
    ui_checks.run(page, "styled", f"* {{ {ring} !important; }}")

    faults = list(ui_checks.keyboard(page))

    assert len(faults) == page.locator("[data-stop]").count() > 5
    assert all(fault.startswith("focus not seen") for fault in faults)


# What can be pressed and is smaller than 44 pixels, or lies under something else near an edge of those. What an open
# choice or comment lies over is not pressed meanwhile.
SMALL = """[...(document.querySelector('dialog[open]') ?? document.querySelector('.loop'))
    .querySelectorAll('a, button')]
  .filter((node) => node.checkVisibility())
  .filter((node) => {
    node.scrollIntoView({ block: "nearest", inline: "nearest" });
    const box = node.getBoundingClientRect();
    const [x, y] = [box.x + box.width / 2, box.y + box.height / 2];
    const far = LEAST / 2 - 1;
    const edges = [[x, y - far], [x, y + far], [x - far, y], [x + far, y]];
    const above = edges.map(([left, top]) => document.elementFromPoint(left, top)).filter((one) => !node.contains(one));
    const isCovered = above.some((one) => !one?.closest("[data-part='reasons'], [data-part='comment-form']"));
    return box.width < LEAST || box.height < LEAST || isCovered;
  })
  .map((node) => node.outerHTML.slice(0, 90))"""
GLOVES = SMALL.replace("LEAST", "48"), SMALL.replace("LEAST", "56")
SMALL = SMALL.replace("LEAST", "44")
DESK, TABLET = {"width": 1366, "height": 768}, {"width": 1024, "height": 768, "has_touch": True, "is_mobile": True}


@pytest.mark.parametrize("language", ["en-US", "ko-KR"])
@pytest.mark.parametrize("screen", [DESK, TABLET])
def test_all_that_is_pressed_in_the_loop_is_44_pixels_large(floor, ana, review, screen, language):
    loop = review(floor["line"], ana, **screen, language=language)
    assert loop.page.evaluate(SMALL) == []

    for key, part in (("KeyD", "reasons"), ("KeyC", "comment-form"), ("Slash", "help"), ("KeyQ", "veil")):
        loop.press("Shift+Slash" if key == "Slash" else key)
        expect(loop.part(part)).to_be_visible()
        assert (part, loop.page.evaluate(SMALL)) == (part, [])
        loop.press("Escape")


@pytest.mark.parametrize("language", ["en-US", "ko-KR"])
@pytest.mark.parametrize(("screen", "small"), zip((DESK, TABLET), GLOVES, strict=True))
def test_with_gloves_all_is_larger_at_the_desk_and_on_touch(floor, ana, review, screen, small, language):
    ana.preferences = {"glove": True}
    ana.save(update_fields=["preferences"])
    loop = review(floor["line"], ana, **screen, language=language)
    assert loop.page.evaluate(small) == []

    loop.page.locator(".answer.pass").click()
    expect(loop.part("reveal")).to_be_visible()
    loop.decide("KeyF")
    expect(loop.part("undo")).to_be_visible()
    assert loop.page.evaluate(small) == []
    size = loop.page.evaluate("[document.documentElement.scrollWidth, document.documentElement.scrollHeight]")
    assert size == [screen["width"], screen["height"]]
    field = loop.page.locator(".field").bounding_box()
    assert field["width"] * field["height"] >= 0.55 * screen["width"] * screen["height"]


def test_after_a_reveal_and_beside_undo_all_is_as_large_and_nothing_of_the_panel_is_cut(floor, ana, review):
    loop = review(floor["line"], ana, **DESK)
    loop.press("KeyF")
    expect(loop.part("reveal")).to_be_visible()

    assert loop.page.evaluate(SMALL) == []
    hidden = "(node) => node.scrollHeight - node.clientHeight"
    assert [loop.page.locator(box).evaluate(hidden) for box in (".panel", '[data-part="reveal"]')] == [0, 0]
    loop.decide("KeyF")
    expect(loop.part("undo")).to_be_visible()
    assert loop.page.evaluate(SMALL) == []


def test_the_status_line_says_what_was_saved_and_what_is_left(floor, ana, review):
    line = make_floor("phone-frame")
    add_waiting(line, 4, first=50)
    loop = review(line, ana)

    loop.decide("KeyJ", "Digit1")

    expect(loop.page.get_by_role("status")).to_have_text("defect · scratch saved, 3 left")


def test_at_320_pixels_the_bar_of_a_held_line_leaves_the_page_to_its_reader(floor, visit):
    line = floor["line"]
    Hold.objects.create(line=line, kind=Hold.CAMERA, reason="Too dark", placed_at=line.created_at)
    page = visit(f"/lines/{line.slug}/agreement/", make_user("quinn", role=Role.QA_LEAD), width=320, height=640)
    assert page.locator(".deeds").bounding_box()["height"] <= 128
    page.locator(".held-fold summary").click()
    expect(page.locator(".held-fold").get_by_text("Everything goes to people.")).to_be_visible()
    # The word of the field stands on its frame, not in the voice of readers alone.
    assert page.locator("label[for=stop-why]").bounding_box()["width"] > 20
