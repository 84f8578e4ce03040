"""People come in and go out: invited by a link good once, given a role, and let out again by an administrator."""

import pytest
from playwright.sync_api import expect

from inspection.rules.words import Role
from tests.browser.floor import make_floor
from tests.browser.test_entrance import sign_in
from tests.builders import make_user

pytestmark = pytest.mark.django_db(transaction=True)

CHOSEN = "wren over the seventh press"


@pytest.fixture
def office(transactional_db, visit):
    """The page of people, as an administrator of every line has it."""
    make_floor()
    return visit("/people/", make_user("admin", role=Role.ADMINISTRATOR))


def send(form, button, **facts):
    for name, value in facts.items():
        field = form.locator(f"[name={name}]")
        field.select_option(label=value) if name in ("role", "line") else field.fill(value)
    form.get_by_role("button", name=button, exact=True).click()


def choose_password(page):
    expect(page.get_by_role("heading", name="Choose a new password")).to_be_visible()
    for field in page.locator("[type=password]").all():
        field.fill(CHOSEN)
    page.get_by_role("button", name="Change the password").click()
    page.get_by_role("link", name="Sign in").click()


def test_who_is_invited_chooses_a_password_behind_the_link_and_is_in(office, visit):
    invited = {"username": "wren", "role": "inspector", "line": "phone-glass", "reason": "new on the night shift"}
    send(office.locator("#invite form"), "Invite", **invited)
    link = office.get_by_role("textbox", name="Link").input_value()
    path = link[link.index("/accounts/") :]

    page = visit(path)
    choose_password(page)
    sign_in(page, "wren", CHOSEN)

    expect(page.get_by_role("heading", name="Choose a line")).to_be_visible()
    expect(page.get_by_role("link", name="Wait phone-glass")).to_be_visible()
    expect(visit(path).get_by_role("heading", name="This link is spent")).to_be_visible()


def test_a_role_is_given_with_a_reason_and_who_is_disabled_comes_in_no_more(office, visit):
    make_user("wren", role=None)
    page = visit("/accounts/login/")
    sign_in(page, "wren")
    expect(page.get_by_role("heading", name="Choose a line")).to_be_visible()

    office.reload()
    office.get_by_role("link", name="wren").click()
    given = {"role": "inspector", "line": "phone-glass", "reason": "helps out"}
    send(office.locator("form").filter(has=office.get_by_role("button", name="Give", exact=True)), "Give", **given)
    expect(office.locator("li").filter(has_text="helps out")).to_contain_text("inspector · phone-glass")
    page.reload()
    expect(page.get_by_role("link", name="Wait phone-glass")).to_be_visible()

    office.locator("summary", has_text="Disable").click()
    send(office.locator("form.sheet:visible"), "Disable the account", reason="left the plant")
    expect(office.get_by_role("button", name="Disable the account")).to_have_count(0)
    page.reload()
    sign_in(page, "wren")

    expect(page.locator(".error-summary")).to_contain_text("Employee ID and password do not match.")
