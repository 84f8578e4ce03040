"""Ruling on a disagreement: one form, and no script needed; with scripts by keys, the past beside the image."""

from datetime import timedelta

import pytest
from django.utils.timezone import now
from playwright.sync_api import expect

from inspection.rules.words import Label, Role, TruthSource
from review import held_rulings
from review.models import HeldRuling, Truth
from tests.browser.floor import add_disagreement, add_single_case, make_floor
from tests.builders import make_user

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def quinn(transactional_db):
    return make_user("quinn", role=Role.QA_LEAD)


@pytest.fixture
def line(transactional_db):
    return make_floor()


@pytest.fixture
def adjudicate(quinn, visit):
    """Open a case as a lead, with its images on the screen and its keys at work."""

    def opened(case):
        page = visit(address_of(case), quinn)
        listens(page)
        return page

    return opened


def address_of(case):
    return f"/lines/phone-glass/adjudications/{case.pk}/"


def listens(page):
    expect(page.locator(".ruling-foot")).to_have_attribute("aria-busy", "false")


def ruled_truth():
    held_rulings.give_due(now=now() + timedelta(seconds=30))
    return Truth.objects.get(source=TruthSource.ADJUDICATION.value)


def test_a_disagreement_is_ruled_on_without_any_script(line, ana, quinn, visit):
    add_disagreement(line, ana, make_user("andre"))
    page = visit("/lines/phone-glass/adjudications/", quinn, java_script_enabled=False)
    page.get_by_role("link", name="Rule").click()

    assert "ana" not in page.inner_text("main")
    assert "andre" not in page.inner_text("main")
    expect(page.locator(".side:not([hidden]) img")).to_have_count(2)
    page.locator("button.answer", has_text="scratch").click()

    expect(page.get_by_role("heading", name="Ruling kept")).to_be_visible()
    assert (ruled_truth().label, ruled_truth().defect_class) == (Label.DEFECT, "scratch")


def test_a_ruling_that_differs_from_both_wants_a_reason(line, ana, adjudicate):
    case = add_disagreement(line, ana, make_user("andre"))
    page = adjudicate(case)
    page.get_by_label("Another call").select_option("crack")
    page.get_by_role("button", name="Rule").click()

    expect(page.locator(".error-summary")).to_contain_text("Say why in a few words.")
    page.get_by_role("textbox", name="Reason").fill("follows the edge")
    page.get_by_label("Another call").select_option("crack")
    page.get_by_role("button", name="Rule").click()

    expect(page.get_by_role("heading", name="Ruling kept")).to_be_visible()
    assert ruled_truth().defect_class == "crack"


def test_enter_in_the_reason_rules_nothing_before_a_ruling_is_chosen(line, ana, adjudicate):
    for case in (add_disagreement(line, ana, make_user("andre")), add_single_case(line, ana)):
        page = adjudicate(case)
        page.get_by_role("textbox", name="Reason").fill("glare")
        page.get_by_role("textbox", name="Reason").press("Enter")
        page.wait_for_timeout(200)

        expect(page.locator(".ruling-foot")).to_be_visible()
    assert not Truth.objects.filter(source=TruthSource.ADJUDICATION.value).exists()


def test_after_say_why_the_reason_has_the_focus_and_enter_keeps_the_ruling(line, ana, adjudicate):
    case = add_single_case(line, ana)
    page = adjudicate(case)
    page.keyboard.press("KeyD")
    expect(page.locator(".error-summary")).to_contain_text("Say why in a few words.")
    expect(page.get_by_role("textbox", name="Reason")).to_be_focused()

    page.keyboard.type("fd 2 glare")
    page.keyboard.press("Enter")

    expect(page.get_by_role("heading", name="Ruling kept")).to_be_visible()
    assert ruled_truth().label == Label.CANNOT_JUDGE
    case.refresh_from_db()
    assert (case.label, case.reason) == (Label.CANNOT_JUDGE, "fd 2 glare")


def test_keys_rule_again_once_the_field_asked_for_is_left(line, ana, adjudicate):
    case = add_single_case(line, ana)
    page = adjudicate(case)
    page.keyboard.press("KeyD")
    expect(page.get_by_role("textbox", name="Reason")).to_be_focused()

    expect(page.locator("html[data-ready]")).to_have_count(1)
    page.keyboard.press("Escape")
    page.keyboard.press("KeyF")

    expect(page.get_by_role("heading", name="Ruling kept")).to_be_visible()
    assert ruled_truth().label == Label.PASS


def test_one_key_rules(line, ana, adjudicate):
    case = add_disagreement(line, ana, make_user("andre"))
    page = adjudicate(case)
    first = page.locator(".side-head").first.inner_text()

    page.keyboard.press("Digit1")

    expect(page.get_by_role("heading", name="Ruling kept")).to_be_visible()
    assert ruled_truth().label in first


def test_three_then_a_digit_is_another_call_and_the_reason_keeps_it(line, ana, adjudicate):
    case = add_disagreement(line, ana, make_user("andre"))
    page = adjudicate(case)
    page.keyboard.press("Digit3")
    page.keyboard.press("Digit2")
    expect(page.get_by_role("textbox", name="Reason")).to_be_focused()
    page.keyboard.type("follows the edge")
    page.keyboard.press("Enter")

    expect(page.get_by_role("heading", name="Ruling kept")).to_be_visible()
    assert ruled_truth().defect_class == "crack"


def test_a_ruling_goes_to_the_next_case_and_z_brings_it_back_with_the_image_under_the_loops_keys(line, ana, adjudicate):
    andre = make_user("andre")
    first, second = (add_disagreement(line, ana, andre, n=n) for n in (900, 901))
    page = adjudicate(first)
    page.keyboard.press("Digit1")
    page.wait_for_url(f"**/{second.pk}/?after={first.pk}")
    # Read again, the page would bring back no more than what the window leaves.
    HeldRuling.objects.update(final_at=now() + timedelta(minutes=10))
    page.reload()

    expect(page.locator(".loop-head")).to_contain_text("2 of 2")
    expect(page.locator("[data-live]")).to_have_count(3)
    page.keyboard.press("Equal")
    expect(page.locator("[data-zoomed]")).to_have_count(1)
    page.keyboard.press("KeyG")
    expect(page.locator("[data-beside]")).to_be_visible()
    page.keyboard.press("KeyZ")

    page.wait_for_url(f"**/{first.pk}/")
    expect(page.locator(".ruling-foot")).to_be_visible()
    assert HeldRuling.objects.get().end == "undone"
    assert not Truth.objects.filter(source=TruthSource.ADJUDICATION.value).exists()


def test_a_single_reading_shows_one_image_and_no_call(line, ana, adjudicate):
    case = add_single_case(line, ana)
    page = adjudicate(case)

    expect(page.locator(".side:not([hidden]) img")).to_have_count(1)
    assert "cannot judge" not in page.inner_text("main").lower()
    box = page.locator(".answer.defect")
    expect(box.locator("kbd").first).to_have_text("J")
    page.keyboard.press("KeyJ")
    expect(box).to_have_attribute("data-open", "")
    page.keyboard.press("Escape")
    expect(box).not_to_have_attribute("data-open", "")
    page.keyboard.press("Digit2")

    expect(page.get_by_role("heading", name="Ruling kept")).to_be_visible()
    assert ruled_truth().defect_class == "crack"


def test_who_read_the_image_finds_no_case_of_it(line, ana, quinn, visit):
    reader = make_user("quill", role=Role.QA_LEAD)
    make_user_too = make_user("andre")
    case = add_disagreement(line, reader, make_user_too)
    page = visit("/lines/phone-glass/adjudications/", reader)
    expect(page.get_by_text("No open disagreements")).to_be_visible()

    page.goto(f"{page.url}{case.pk}/")
    listens(page)
    page.keyboard.press("Digit1")

    expect(page.locator(".error-summary")).to_contain_text("You have read this image yourself")


def test_nothing_is_ruled_before_its_image_is_on_the_screen(line, ana, quinn, visit):
    case = add_single_case(line, ana)
    page = visit("/", quinn)
    held = []
    page.route("**/image/", lambda route: held.append(route))
    page.goto(page.url + address_of(case)[1:], wait_until="commit")
    page.wait_for_selector("html[data-ready]", state="attached")
    page.keyboard.press("KeyF")
    page.get_by_role("button", name="Pass").click()
    expect(page.locator(".ruling-foot")).to_be_visible()
    assert not HeldRuling.objects.exists()

    for route in held:
        route.continue_()
    listens(page)
    page.keyboard.press("KeyF")

    expect(page.get_by_role("heading", name="Ruling kept")).to_be_visible()
    assert ruled_truth().label == Label.PASS


def test_the_second_half_of_a_double_tap_rules_nothing(line, ana, quinn, visit):
    case = add_single_case(line, ana)
    page = visit("/", quinn)
    # A moment after the image has come, as a finger that bounces would.
    page.add_init_script(
        """new MutationObserver((_, watch) => {
          if (!document.querySelector("[data-pane][data-live]")) return;
          watch.disconnect();
          const tap = () => document.dispatchEvent(new KeyboardEvent("keydown", { code: "KeyF" }));
          setTimeout(() => { tap(); document.body.dataset.tapped = ""; }, 40);
        }).observe(document, { attributes: true, subtree: true, attributeFilter: ["data-live"] });"""
    )
    page.goto(page.url + address_of(case)[1:])
    expect(page.locator("body[data-tapped]")).to_have_count(1)
    listens(page)

    expect(page.locator(".ruling-foot")).to_be_visible()
    assert not HeldRuling.objects.exists()
