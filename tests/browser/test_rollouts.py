"""What a lead does to a line, and what others see of it: a rollout started and taken back, a line stopped."""

from datetime import timedelta

import pytest
from playwright.sync_api import expect

from inspection import rollouts
from inspection.models import Hold, Line, Rollout
from inspection.rules.words import Role, RolloutStrategy
from review import candidate_bands
from tests.builders import NOON, PASSWORD, make_model_version, make_user
from tests.review.candidate_scene import WIDE, make_shown_candidate
from tests.review.rollout_scene import deployed, make_served_line, send, warmed

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_lead_starts_a_canary_and_takes_it_back_by_enter_twice(visit, transactional_db):
    line = make_served_line()
    make_model_version("green")
    page = visit(f"/lines/{line.slug}/automation/", make_user("quinn", role=Role.QA_LEAD), width=1366, height=768)
    page.click("text=Models and rollouts")
    page.select_option("#start-strategy", "canary")
    page.fill("#start-why", "retrained on new labels")
    page.fill("#start-password", PASSWORD)
    page.click("[aria-labelledby='start-title'] button")
    page.wait_for_selector("text=Candidate green:1")
    assert deployed(line) == ("blue:1", "green:1", "canary", 0.05)
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    page.focus("button.hold")
    page.keyboard.press("Enter")
    page.keyboard.press("Enter")
    page.wait_for_selector("text=Rolled back from the next item on.")
    assert deployed(line) == ("blue:1", "", "", 0.0)
    assert Rollout.objects.get().outcome == "rolled_back"
    page.fill("#explain-why", "scratches")
    page.click("text=Add the reason")
    page.wait_for_selector("text=The reason stands beside the rollback.")
    assert Rollout.objects.get().cause == "scratches"


def test_beside_a_shadow_that_began_by_itself_the_line_goes_back_to_the_model_before(visit, transactional_db):
    line, quinn = make_served_line(), make_user("quinn", role=Role.QA_LEAD)
    rollout = rollouts.confirm(warmed(line), by=quinn, now=NOON + timedelta(minutes=1))
    rollout.steps.update(min_parts=1)
    send(Line.objects.get(pk=line.pk), "watched", at=NOON + timedelta(minutes=2))
    rollouts.follow(rollout, now=NOON + timedelta(days=2))
    later = NOON + timedelta(days=2, seconds=1)
    red = make_model_version("red")
    rollouts.start(line, red, strategy=RolloutStrategy.SHADOW, by=None, reason="trained on s-1", now=later)
    page = visit(f"/lines/{line.slug}/rollouts/", quinn, width=1366, height=768)
    expect(page.get_by_role("button", name="Roll back to green:1")).to_contain_text("takes red:1 off")
    page.get_by_role("button", name="Roll back to blue:1").focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Enter")
    page.wait_for_selector("text=Rolled back from the next item on.")
    assert deployed(line) == ("blue:1", "", "", 0.0)


def test_a_stop_shows_by_itself_within_two_seconds_on_the_page_of_another_person(visit, transactional_db):
    line = make_served_line()
    elsewhere = visit(f"/lines/{line.slug}/agreement/", make_user("quill", role=Role.QA_LEAD))
    # Its own clock stands still but for the two seconds: how busy this machine is does not count.
    elsewhere.clock.install(time=0)
    elsewhere.reload()
    expect(elsewhere.locator("button[data-hold]")).to_be_visible()
    elsewhere.clock.pause_at(3_600_000)
    page = visit(f"/lines/{line.slug}/automation/", make_user("quinn", role=Role.QA_LEAD))
    page.focus("button[data-hold]")
    page.keyboard.press("Enter")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Everything goes to people.").first).to_be_visible()
    expect(elsewhere.get_by_text("Everything goes to people.").first).to_be_hidden()
    elsewhere.clock.run_for(2000)
    expect(elsewhere.get_by_text("Everything goes to people.").first).to_be_visible()
    assert Hold.objects.in_force().get().kind == Hold.STOP


def test_a_deed_and_what_it_says_are_not_cut_off_where_its_own_hold_shows_first(visit, transactional_db):
    line, asked, sent, read = make_served_line(), [], [], []
    page = visit(f"/lines/{line.slug}/automation/", make_user("quinn", role=Role.QA_LEAD))
    page.route("**/holds/", lambda route: asked.append(route))
    page.route("**/automation/stop/", lambda route: sent.append(route))
    with page.expect_request("**/holds/"):
        page.focus("button[data-hold]")
    with page.expect_request("**/automation/stop/"):
        page.keyboard.press("Enter")
        page.keyboard.press("Enter")
    page.on("request", lambda request: read.append(request.url) if request.is_navigation_request() else None)
    with page.expect_event("requestfinished", lambda request: request.url.endswith("/holds/")):
        asked[0].fulfill(json={"holds": [line.slug]})
    assert read == []
    sent[0].continue_()
    expect(page.locator(".messages")).to_contain_text("Stopped")


def test_a_second_lead_puts_a_candidates_certificate_in_force_on_the_rollouts_page(visit, transactional_db):
    quinn, quill = (make_user(name, role=Role.QA_LEAD) for name in ("quinn", "quill"))
    rollout = make_shown_candidate()
    candidate_bands.certify(rollout, by=quinn, now=NOON, limits=WIDE)
    page = visit(f"/lines/{rollout.line.slug}/automation/", quill, width=1366, height=768)
    page.click("text=Its rollout and certificate")
    page.fill("#certificate-password", PASSWORD)
    page.click("#certificate button.primary")
    expect(
        page.get_by_text("It decides its share inside its own bands. They stay in force when it serves.")
    ).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    deployment = rollout.line.deployment
    deployment.refresh_from_db()
    assert deployment.bands.model_version == rollout.candidate
