"""The audit over its doors: what leads see, what they lift, and that looking changes nothing."""

from datetime import timedelta

import pytest
from django.template.loader import render_to_string

from inspection import automation
from inspection.models import Freeze, Hold, Line
from inspection.rules.words import Label, Level, Role
from review import audit_boards, audits
from review.audit_models import Watch
from tests.builders import NOON, PASSWORD, make_user
from tests.review.deciding import audit, escape, make_deciding_line
from tests.review.scene import make_watched_line

pytestmark = pytest.mark.django_db
PAGE = "/lines/phone-back/automation/"


@pytest.fixture
def line():
    line = make_deciding_line()
    audits.follow(now=NOON)
    return line


@pytest.fixture
def lead(client, quinn):
    client.force_login(quinn)
    return client


def test_the_automation_page_shows_audit_and_charts(lead, line, ana):
    audit(line, "A-1", ana, Label.PASS)
    html = lead.get(PAGE).content.decode()
    assert "Audit of automatic decisions" in html
    assert "tightened audit" in html
    assert "0 escapes in 1 audited passes" in html


def test_the_last_thirty_days_stand_beside_the_audit_and_are_called_no_test(line, ana, quinn):
    audit(line, "A-1", ana, Label.PASS)
    escape(line, "A-2", ana, quinn, minute=1)
    board = audit_boards.of(line, now=NOON + timedelta(days=1))
    assert (board.lately.escapes, board.lately.passes) == (1, 2)
    told = render_to_string("review/_audit.html", {"audit": board})
    assert "The last 30 days: 1 escapes in 2 audited passes, 9.45\u00a0% – 90.55\u00a0%" in told
    assert "Not a test" in told
    assert audit_boards.of(line, now=NOON + timedelta(days=31)).lately.passes == 0


def test_the_api_tells_state_rate_and_charts(lead, line, ana, quinn):
    escape(line, "A-1", ana, quinn, minute=1)
    said = lead.get("/api/v1/lines/phone-back/automation/").json()["audit"]
    assert (said["state"], said["rate"], said["escapes"], said["audited_passes"]) == ("tightened", 0.2, 1, 1)
    assert said["cusum"] == pytest.approx(1.386, abs=1e-3)
    assert [chart["name"] for chart in said["charts"]] == ["escape", "miss"]


def test_looking_opens_no_watch(lead):
    make_deciding_line("phone-lens")
    assert lead.get("/lines/phone-lens/automation/").status_code == 200
    assert lead.get("/api/v1/lines/phone-lens/automation/").json()["audit"]["state"] is None
    assert not Watch.objects.exists()


def test_a_lead_who_has_looked_lifts_a_hold_that_a_chart_placed(lead, line, quinn):
    hold = automation.place_hold(line, kind=Hold.ALARM, reason="Too few defect calls.", now=NOON)
    assert "I have looked: lift the hold" in lead.get(PAGE).content.decode()
    lead.post(f"{PAGE}lift/", {"hold": hold.pk})
    hold.refresh_from_db()
    assert hold.lifted_by == quinn


def test_stop_is_not_lifted_by_one_lead(lead, line, quinn):
    hold = automation.stop(line, by=quinn, reason="doubt", now=NOON)
    lead.post(f"{PAGE}lift/", {"hold": hold.pk})
    hold.refresh_from_db()
    assert hold.lifted_at is None


def test_an_inspector_lifts_nothing(client, line, ana):
    hold = automation.place_hold(line, kind=Hold.ALARM, reason="Too few defect calls.", now=NOON)
    client.force_login(ana)
    assert client.post(f"{PAGE}lift/", {"hold": hold.pk}).status_code == 404
    assert Hold.objects.in_force().exists()


@pytest.mark.parametrize(("password", "left"), [(PASSWORD, 0), ("not-the-password", 1)])
def test_promotions_go_on_when_a_lead_signs(lead, line, password, left):
    freeze = automation.freeze(line, cause="call-rate", reason="Too many defect calls.", now=NOON)
    assert "Promotions have been frozen since" in lead.get(PAGE).content.decode()
    lead.post(f"{PAGE}thaw/", {"freeze": freeze.pk, "password": password})
    assert Freeze.objects.in_force().count() == left


def test_what_drift_froze_is_not_thawed_without_a_new_reference(lead, line):
    freeze = automation.freeze(line, cause="drift", reason="The images drift.", now=NOON)
    lead.post(f"{PAGE}thaw/", {"freeze": freeze.pk, "password": PASSWORD})
    assert Freeze.objects.in_force().exists()


def test_after_a_fall_a_lead_reads_what_froze_the_way_up_and_lifts_it(lead, line, ana, quinn):
    for n in (1, 2, 3):
        escape(line, f"A-{n}", ana, quinn, minute=n)
    assert Line.objects.get(pk=line.pk).level == "assist"
    page = lead.get(PAGE)
    freeze = Freeze.objects.in_force().get()
    assert f'name="freeze" value="{freeze.pk}"' in page.content.decode()
    assert "Audits find escapes: escape chart 2.7" in page.content.decode()
    assert "freezes" in failing(page)

    after = lead.post(f"{PAGE}thaw/", {"freeze": freeze.pk, "password": PASSWORD}, follow=True)
    assert "Promotions have been frozen since" not in after.content.decode()
    assert "freezes" not in failing(after)


def failing(page) -> list[str]:
    """Return the names of the checks that keep the next gate shut on an automation page."""
    return [check.name for check in page.context["reading"].judgement.failing]


@pytest.mark.parametrize("level", [Level.HUMAN, Level.SHADOW, Level.ASSIST, Level.PARTIAL, Level.FULL])
def test_a_drift_freeze_leads_to_where_it_is_signed_off_on_every_rung(lead, level):
    line = make_watched_line("phone-lens", level=level)
    automation.freeze(line, cause="drift", reason="The images drift.", now=NOON)
    html = lead.get("/lines/phone-lens/automation/").content.decode()
    assert "Promotions have been frozen since" in html
    assert 'href="/lines/phone-lens/drift/">Look at the drift' in html
    assert 'name="freeze"' not in html


def test_an_administrator_reads_why_and_who_lifts_it(client, line):
    automation.freeze(line, cause="call-rate", reason="Too many defect calls.", now=NOON)
    client.force_login(make_user("admin", role=Role.ADMINISTRATOR))
    html = client.get(PAGE).content.decode()
    assert "A QA lead of this line lifts it." in html
    assert 'name="freeze"' not in html


def test_the_card_of_a_freeze_speaks_korean(lead, line):
    reason = "Challenge parts are overdue: 0 of 2 came."
    automation.freeze(line, cause="challenge-overdue", reason=reason, now=NOON)
    html = lead.get(PAGE, headers={"Accept-Language": "ko"}).content.decode()
    assert "챌린지 부품이 늦었습니다: 2개 중 0개 투입." in html
    assert reason not in html


def test_the_api_tells_freezes_below_partial_too(lead):
    shadow = make_watched_line("phone-lens", level=Level.SHADOW)
    automation.freeze(shadow, cause="drift", reason="The images drift.", now=NOON)
    said = lead.get("/api/v1/lines/phone-lens/automation/").json()["audit"]
    assert [one["cause"] for one in said["freezes"]] == ["drift"]


@pytest.mark.parametrize("model", ["receipt", "freeze"])
def test_a_lead_reads_receipts_and_freezes_in_the_admin_and_changes_none(lead, line, model):
    assert lead.get(f"/admin/inspection/{model}/").status_code == 200
    assert lead.get(f"/admin/inspection/{model}/add/").status_code == 403
