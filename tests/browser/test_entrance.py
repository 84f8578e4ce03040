"""Coming in, choosing a line, choosing how it looks."""

import pytest
from playwright.sync_api import expect

from inspection.rules.words import Role
from tests.browser.floor import add_waiting, make_floor
from tests.builders import PASSWORD, make_user

pytestmark = pytest.mark.django_db(transaction=True)


def sign_in(page, name, password=PASSWORD):
    page.get_by_label("Employee ID or e-mail").fill(name)
    page.locator("[name=password]").fill(password)
    page.get_by_role("button", name="Sign in", exact=True).click()


def test_one_enter_signs_in_and_one_key_starts_the_loop(ana, visit):
    line = make_floor()
    add_waiting(line, 3)
    page = visit("/accounts/login/")
    page.keyboard.type("ana")
    page.keyboard.press("Tab")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    expect(page.locator("tr.selected")).to_be_visible()

    page.keyboard.press("Enter")

    expect(page.locator('[data-part="serial"]')).to_have_text("8F2-001")


def test_an_employee_id_signs_in_too(visit):
    make_user("ana", employee_id="E-1042")
    page = visit("/accounts/login/")

    sign_in(page, "E-1042")

    expect(page.get_by_role("heading", name="Choose a line")).to_be_visible()


@pytest.mark.parametrize(("name", "password"), [("ana", "wrong"), ("nobody", PASSWORD)])
def test_a_wrong_name_and_a_wrong_password_get_the_same_words(ana, visit, name, password):
    page = visit("/accounts/login/")

    sign_in(page, name, password)

    summary = page.locator(".error-summary")
    expect(summary).to_be_focused()
    expect(summary).to_contain_text("Employee ID and password do not match.")


def test_the_fifth_wrong_password_locks_and_counts_down(ana, visit):
    page = visit("/accounts/login/")
    for _ in range(5):
        sign_in(page, "ana", "wrong")

    expect(page.get_by_role("heading", name="Sign-in is locked")).to_be_visible()
    expect(page.get_by_role("timer")).to_be_visible()


def test_the_password_can_be_shown(visit, transactional_db):
    page = visit("/accounts/login/")

    page.get_by_role("button", name="Show").click()

    expect(page.locator("[name=password]")).to_have_attribute("type", "text")


def test_the_way_to_korean_has_its_letters_on_an_english_page(transactional_db, visit):
    page = visit("/accounts/login/")
    page.get_by_role("button", name="한국어").wait_for()

    korean = """async () => {
      await document.fonts.ready;
      return [...document.fonts].filter((face) => /Noto Sans KR/.test(face.family) && face.status === "loaded")
        .map((face) => face.unicodeRange);
    }"""

    # One tiny face with its three syllables, not those of all Korean pages.
    assert page.evaluate(korean) == ["U+AD6D, U+C5B4, U+D55C"]


def test_the_choice_of_language_and_theme_stays_with_the_person(ana, visit):
    page = visit("/", ana)

    page.get_by_role("button", name="한국어").click()
    expect(page.get_by_role("heading", name="라인 선택")).to_be_visible()
    page.locator("summary.person").click()
    page.get_by_role("button", name="어둡게").click()

    assert page.locator("html").get_attribute("lang") == "ko"
    assert page.locator("html").get_attribute("data-theme") == "dark"
    ana.refresh_from_db()
    assert (ana.language, ana.preferences) == ("ko", {"theme": "dark"})


def test_digits_and_arrows_choose_a_line(ana, visit):
    for slug in ("phone-frame", "phone-glass"):
        make_floor(slug, golden_too=False)
    page = visit("/", ana)

    page.keyboard.press("ArrowDown")
    expect(page.locator("tr.selected")).to_contain_text("phone-glass")
    page.keyboard.press("Digit1")

    page.wait_for_url("**/lines/phone-frame/review/")


def test_waiting_counts_follow_without_a_reload_and_keep_the_selection(ana, visit):
    line = make_floor()
    make_floor("phone-lens", golden_too=False)
    page = visit("/", ana)
    page.keyboard.press("ArrowDown")
    chosen = page.locator("tr.selected").get_attribute("data-row")

    add_waiting(line, 7)

    expect(page.locator('tr[data-row="phone-glass"]')).to_contain_text("7")
    assert page.locator("tr.selected").get_attribute("data-row") == chosen


def test_a_line_without_permission_is_absent(visit, transactional_db):
    line = make_floor()
    make_floor("phone-lens", golden_too=False)
    page = visit("/", make_user("ana", role=Role.INSPECTOR, line=line))

    expect(page.locator("tr[data-row]")).to_have_count(1)


def test_a_stranger_is_told_whom_to_ask(visit, transactional_db):
    make_floor()
    page = visit("/", make_user("oscar", role=None))

    expect(page.get_by_text("You are not assigned to a line yet.")).to_be_visible()


def test_on_a_phone_the_numbers_of_a_line_stand_beside_their_words(ana, visit):
    line = make_floor()
    add_waiting(line, 3)

    row = visit("/", ana, width=390, height=844).locator("tr.selected")

    for words in ("Waiting 3", "Oldest"):
        expect(row.get_by_text(words.split()[0])).to_be_visible()
        expect(row).to_contain_text(words)
