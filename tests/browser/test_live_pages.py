"""Monitor, all lines and alarms go on by themselves, and say so where the server has fallen silent."""

import pytest
from django.utils.timezone import now
from playwright.sync_api import Page, expect

from inspection.rules.words import Role
from monitoring.models import Alarm
from tests.browser.floor import make_floor
from tests.browser.test_accessibility import violations
from tests.builders import make_user
from tests.monitoring.world import show

pytestmark = pytest.mark.django_db(transaction=True)

PAGES = ["/lines/phone-glass/monitor/", "/fleet/", "/alarms/"]
LOUD = "The camera shows the same image again and again"


@pytest.fixture
def line(transactional_db):
    return make_floor(golden_too=False)


@pytest.fixture
def watch(visit, line):
    """Open a page as a lead, with the page's clock in the test's hand."""
    quinn = make_user("quinn", role=Role.QA_LEAD)

    def opened(address: str) -> Page:
        page = visit("/alarms/runbook/", quinn)
        page.clock.install()
        page.goto(page.url.replace("/alarms/runbook/", address))
        return page

    return opened


def loud_alarm(line) -> None:
    Alarm.objects.create(line=line, rule="camera-stuck", state="unacknowledged", is_on=True, raised_at=now(), value=1.0)


@pytest.mark.parametrize("address", PAGES)
def test_an_alarm_comes_onto_an_open_page_and_the_focus_stays(line, watch, address):
    page = watch(address)
    link = page.locator("main a[href]").last
    link.focus()
    held = link.get_attribute("href")
    loud_alarm(line)
    page.clock.run_for(11_000)
    expect(page.locator("[data-live]").get_by_text(LOUD).first).to_be_visible()
    assert page.evaluate("document.activeElement.getAttribute('href')") == held


def test_a_silent_server_is_named_and_what_it_said_turns_grey(line, watch):
    show(line, "brightness", [100.0], at=now())
    page = watch(PAGES[0])
    value, notice = page.locator(".tiles .value").first, page.locator("[data-unanswered]")
    shown = value.text_content()
    page.route("**/monitor/", lambda route: route.abort())

    page.clock.run_for(11_000)
    expect(notice).to_contain_text("The server does not answer")
    expect(page.locator(".old")).to_have_count(0)
    page.clock.run_for(60_000)
    expect(page.locator("[data-live]:not(.old)")).to_have_count(0)
    expect(value).to_have_text("stale 1\u00a0m")
    assert violations(page) == []

    page.unroute("**/monitor/")
    page.clock.run_for(11_000)
    expect(page.locator(".old")).to_have_count(0)
    expect(notice).to_be_hidden()
    expect(value).to_have_text(shown.strip())
