"""From nothing to a signed scope by keyboard: the wizard without a script of its own, in both languages and themes."""

import pytest
from playwright.sync_api import Page, expect

from inspection import scopes
from inspection.models import Line
from inspection.rules.words import Role
from tests.browser.test_accessibility import LOOKS, violations
from tests.builders import NOON, PASSWORD, make_user
from tests.inspection.test_scopes import DESCRIPTION, SCRATCH

pytestmark = pytest.mark.django_db(transaction=True)

STEP_1 = {
    "slug": "phone-frame",
    "sku": "F05",
    "name": "Phone frame",
    "definition": "marks seen at arm's length",
    "parts_per_day": "5000",
    "takt_s": "2",
    "low": "0.3",
    "high": "0.8",
    "pace": "consumer",
    "recertify_by": "2027-06-01",
}
STEP_2 = {name: str(SCRATCH[name]) for name in ("name", "name_ko", "still_good", "already_bad", "kept_as")}
STEP_3 = {"target_escape_ppm": "120", "cost_escape": "40"}


@pytest.fixture
def quinn(transactional_db):
    return make_user("quinn", role=Role.QA_LEAD)


@pytest.fixture
def founded(quinn):
    return scopes.found(slug="phone-frame", sku="F05", facts=DESCRIPTION, by=quinn, now=NOON)


def fill(page: Page, facts: dict[str, str]) -> None:
    """Fill the fields as a person who never touches the mouse: focus, type, Enter in the last one."""
    for name, value in facts.items():
        field = page.locator(f"#id_{name}")
        field.focus()
        if field.evaluate("node => node.tagName") == "SELECT":
            field.select_option(value)
        else:
            field.fill(value)


def submit(page: Page, word: str) -> None:
    page.get_by_role("button", name=word).focus()
    page.keyboard.press("Enter")


def test_a_new_line_goes_from_nothing_to_a_signed_scope(quinn, visit):
    page = visit("/", quinn)
    page.goto(page.url + "lines/new/")
    submit(page, "Found the line")
    expect(page.locator(".error-summary")).to_be_focused()

    fill(page, STEP_1)
    submit(page, "Found the line")
    fill(page, {"code": "scratch", **STEP_2})
    submit(page, "Keep the class")
    expect(page.get_by_role("cell", name="not seen at 40 cm")).to_be_visible()
    page.get_by_role("link", name="Go on to targets").press("Enter")
    fill(page, STEP_3)
    submit(page, "Keep and go on")
    fill(page, {"decides_today": "people"})
    submit(page, "Keep")
    page.get_by_role("link", name="Go on to the plan").press("Enter")

    expect(page.get_by_text("2 amber: choose a metric before signing")).to_be_visible()
    expect(page.get_by_role("button", name="Sign scope")).to_have_attribute("aria-disabled", "true")
    page.get_by_role("link", name="Lens swapped: Choose metric").press("Enter")
    fill(page, {"metric": "image_size", "threshold": "1 px", "reason": "another lens, another field"})
    submit(page, "Let this metric watch")
    page.get_by_role("link", name="Supplier changes the coating: Choose metric").press("Enter")
    fill_accept(page, "the buyer tells quality")
    sign(page)

    expect(page.get_by_text("version 1 signed by quinn")).to_be_visible()
    line = Line.objects.get(slug="phone-frame")
    assert (line.may_collect, line.target_escape_ppm) == (True, 120.0)


def fill_accept(page: Page, reason: str) -> None:
    page.locator("#accept_reason").fill(reason)
    submit(page, "I answer for it")


def sign(page: Page) -> None:
    page.locator(".sign-menu > summary").press("Enter")
    page.locator("#sign-password").fill(PASSWORD)
    page.keyboard.press("Enter")


def test_the_wizard_works_without_script(founded, quinn, visit):
    page = visit("/lines/phone-frame/scope/classes/", quinn, java_script_enabled=False)
    fill(page, {"code": "scratch", **STEP_2, "kept_as": ""})
    page.get_by_role("button", name="Keep the class").click()
    expect(page.locator("#id_kept_as-error")).to_contain_text("required")
    page.locator("#id_kept_as").fill("LS-1")
    page.get_by_role("button", name="Keep the class").click()
    expect(page.get_by_role("cell", name="LS-1")).to_be_visible()


STEPS = ["scope/", "scope/classes/", "scope/targets/", "scope/today/", "plan/", "plan/add/", "plan/metrics/sharpness/"]


@pytest.mark.parametrize(("theme", "language"), LOOKS)
def test_every_step_is_accessible(founded, quinn, visit, theme, language):
    quinn.preferences = {"theme": theme}
    quinn.save()
    page = visit("/lines/new/", quinn, theme=theme, language=language)
    assert violations(page) == []
    page.locator("main button.primary").click()
    assert violations(page) == []

    root = page.url.removesuffix("new/")
    for step in [*STEPS, "plan/failures/lens-swapped/"]:
        page.goto(f"{root}phone-frame/{step}")
        assert (step, violations(page)) == (step, [])


@pytest.mark.parametrize("step", STEPS)
def test_at_320_pixels_only_tables_scroll_sideways(founded, quinn, visit, step):
    page = visit(f"/lines/phone-frame/{step}", quinn, width=320, height=640)
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
