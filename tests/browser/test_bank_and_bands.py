"""The bank and the bands as a lead uses them, by keyboard alone."""

import pytest

from inspection.models import Item, Line
from inspection.rules.words import Level, Role
from review import bands
from review.bank_models import BankDefect
from review.rules.certifying import Limits
from tests.browser.floor import add_waiting, make_floor
from tests.builders import NOON, PASSWORD, make_user
from tests.review.bank_scene import make_bank
from tests.review.past_scene import draw_scores, load_truth_draw

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def quinn(transactional_db):
    return make_user("quinn", role=Role.QA_LEAD)


def tab_to(page, name: str) -> None:
    """Press Tab until the focus is on the control with this name."""
    for _ in range(120):
        page.keyboard.press("Tab")
        if name in (page.evaluate("document.activeElement.innerText || document.activeElement.name || ''") or ""):
            return
    raise AssertionError(f"Tab never came to {name!r}.")


def test_a_lead_adds_and_confirms_a_defect_by_keyboard(visit, quinn):
    line = make_floor(level=Level.SHADOW)
    add_waiting(line, 2)
    serial = Item.objects.order_by("pk").first().run.part.serial
    page = visit(f"/lines/{line.slug}/bank/", quinn, width=1366, height=768)
    tab_to(page, "serial")
    page.keyboard.type(serial)
    tab_to(page, "found_by")
    page.keyboard.type("teardown")
    page.keyboard.press("Enter")
    page.wait_for_selector("text=B-001")
    tab_to(page, "Confirm")
    page.keyboard.press("Enter")
    tab_to(page, "method")
    page.keyboard.type("microscope")
    page.keyboard.press("Enter")
    page.wait_for_selector("text=microscope")
    assert BankDefect.objects.in_use().count() == 1
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


def test_a_lead_reads_the_certificate_and_signs_it_by_keyboard(visit, quinn):
    line = make_floor(level=Level.ASSIST)
    load_truth_draw(line, draw_scores(180, defects=12))
    make_bank(line, 60)
    line = Line.objects.select_related("epoch__model_version").get(pk=line.pk)
    bands.certify(line, by=quinn, now=NOON, limits=Limits(risk=0.05))
    page = visit(f"/lines/{line.slug}/bands/", quinn, width=1366, height=768)
    assert "Certified: passing up to" in page.inner_text("main")
    tab_to(page, "password")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_selector("text=in force")
    line.refresh_from_db()
    assert line.bands_id is not None
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


def test_on_a_phone_the_words_of_the_bank_stay_whole_and_its_table_scrolls(visit, quinn):
    line = make_floor(level=Level.SHADOW)
    make_bank(line, 2, code="scratch")
    page = visit(f"/lines/{line.slug}/bank/", quinn, width=390, height=844)
    row = page.locator(".scroll > table > tbody > tr").first
    assert row.bounding_box()["height"] < 120
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
