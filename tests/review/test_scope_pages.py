"""The line wizard over its pages: five steps of plain forms, a sheet of risks, a signature; who may and who may not."""

from datetime import date

import pytest
from django.urls import reverse
from django.utils.html import escape

from inspection import risks, scopes
from inspection.models import Line, Membership
from inspection.rules.words import Role
from monitoring.models import AlarmThreshold
from tests.builders import NOON, PASSWORD, make_line, make_user

pytestmark = pytest.mark.django_db

LINE = {
    "slug": "phone-frame",
    "sku": "F05",
    "name": "Phone frame",
    "name_ko": "휴대폰 프레임",
    "definition": "marks seen at arm's length",
    "parts_per_day": "5000",
    "takt_s": "2",
    "low": "0.5",
    "high": "0.5",
    "pace": "consumer",
    "recertify_by": "2027-06-01",
    "time_zone": "Asia/Seoul",
}
SCRATCH = {
    "code": "scratch",
    "name": "scratch",
    "name_ko": "긁힘",
    "risk_class": "major",
    "key": "1",
    "still_good": "not seen at 40 cm",
    "already_bad": "longer than 2 mm",
    "kept_as": "LS-1, LS-2",
}
TARGETS = {"target_escape_ppm": "120", "overkill": "2", "currency": "EUR", "cost_escape": "40"}
BASELINE = {
    "judge": "people",
    "defects": "75",
    "missed": "12",
    "good": "75",
    "rejected": "3",
    "method": "microscope",
    "measured_on": "2026-11-20",
}
WATCH = {"metric": "image_size", "threshold": "1 px", "priority": "P2", "action": "hold", "reason": "another field"}


@pytest.fixture
def lead(client, quinn):
    client.force_login(quinn)
    return client


@pytest.fixture
def founded(lead):
    lead.post(reverse("line-new"), LINE)
    return Line.objects.get(slug="phone-frame")


@pytest.fixture
def ready(lead, founded, quinn):
    """A line with every step done and its amber failures answered for."""
    lead.post(reverse("scope-classes", args=["phone-frame"]), SCRATCH)
    lead.post(reverse("scope-targets", args=["phone-frame"]), TARGETS)
    lead.post(reverse("scope-today", args=["phone-frame"]), {"decides_today": "people"})
    for code in ("lens-swapped", "coating-changed"):
        lead.post(reverse("risk-accept", args=["phone-frame", code]), {"reason": "checked by hand"})
    return founded


def page(client, name: str, *args: object) -> str:
    answer = client.get(reverse(name, args=args))
    assert answer.status_code == 200
    return answer.content.decode()


def sheet(line) -> dict:
    return {watch.failure_mode.code: watch for watch in risks.standing(line)}


# Steps ----------------------------------------------------------------------------------------------------------


def test_a_lead_takes_a_line_from_nothing_to_a_signed_scope(lead, ready):
    assert not Line.objects.get(slug="phone-frame").may_collect
    answer = lead.post(reverse("plan-sign", args=["phone-frame"]), {"password": PASSWORD}, follow=True)
    line = Line.objects.get(slug="phone-frame")
    assert (line.may_collect, line.target_escape_ppm, line.target_overkill_share) == (True, 120.0, 0.02)
    assert "Scope signed, version 1." in answer.content.decode()
    assert "version 1 signed by quinn" in answer.content.decode()


def test_shares_are_asked_for_in_percent_and_shown_so_again(lead, founded):
    assert (founded.scope.defect_rate_low, founded.time_zone) == (0.005, "Asia/Seoul")
    assert 'value="0.5"' in page(lead, "scope", "phone-frame")


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"slug": "phone-glass"}, "There is a line of this name."),
        ({"time_zone": "Seoul"}, "Name a zone like Asia/Seoul."),
        ({"low": "2", "high": "1"}, "The upper end lies below the lower one."),
        ({"parts_per_day": ""}, "This field is required."),
        ({"recertify_by": "soon"}, "Enter a valid date."),
    ],
)
def test_a_wrong_first_step_founds_nothing_and_says_why(lead, wrong, sentence):
    make_line("phone-glass")
    answer = lead.post(reverse("line-new"), {**LINE, **wrong})
    assert (answer.status_code, Line.objects.count()) == (422, 1)
    assert sentence in answer.content.decode()
    assert "error-summary" in answer.content.decode()


def test_a_class_needs_both_limit_samples_and_a_key_of_its_own(lead, founded):
    address = reverse("scope-classes", args=["phone-frame"])
    assert lead.post(address, {**SCRATCH, "still_good": ""}).status_code == 422
    assert lead.post(address, SCRATCH).status_code == 302
    taken = lead.post(address, {**SCRATCH, "code": "crack"})
    assert "Another class has this key." in taken.content.decode()
    assert [kind.code for kind, _sample in scopes.classes_of(founded)] == ["scratch"]


def test_a_class_is_changed_on_the_same_form_and_retired(lead, ready):
    shown = lead.get(reverse("scope-classes", args=["phone-frame"]) + "?class=scratch").content.decode()
    assert 'value="LS-1, LS-2"' in shown
    lead.post(reverse("scope-class-retire", args=["phone-frame", "scratch"]))
    assert scopes.classes_of(ready) == []


def test_targets_stand_beside_what_they_cost(lead, ready):
    shown = page(lead, "scope-targets", "phone-frame")
    assert "0.6 a day" in shown
    assert "24\u00a0EUR" in shown


def test_an_older_system_is_named(lead, founded):
    address = reverse("scope-today", args=["phone-frame"])
    assert lead.post(address, {"decides_today": "system"}).status_code == 422
    assert lead.post(address, {"decides_today": "system", "system_name": "AOI 3"}).status_code == 302
    assert scopes.scope_of(founded).system_name == "AOI 3"


def test_a_baseline_is_counted_and_shown_with_its_interval(lead, founded):
    address = reverse("scope-baseline", args=["phone-frame"])
    assert "More than were shown." in lead.post(address, {**BASELINE, "missed": "76"}).content.decode()
    assert lead.post(address, BASELINE).status_code == 302
    shown = page(lead, "scope-today", "phone-frame")
    assert "12 of 75" in shown
    assert "16.0\u00a0% · 95 %: 8.6 – 26.3\u00a0%" in shown


def test_planned_changes_are_added_and_withdrawn(lead, founded):
    lead.post(reverse("scope-change", args=["phone-frame"]), {"kind": "lens", "due_on": "2027-01-04", "what": "12 mm"})
    assert "opens an epoch" in page(lead, "scope", "phone-frame")
    change = founded.planned_changes.get()
    lead.post(reverse("scope-change-withdraw", args=["phone-frame", change.pk]))
    assert "None is planned." in page(lead, "scope", "phone-frame")


# The sheet ------------------------------------------------------------------------------------------------------


def test_amber_failures_keep_the_scope_unsigned(lead, ready, quinn):
    risks.prune(ready, "sharpness", reason="false alarms", by=quinn, now=NOON)
    answer = lead.post(reverse("plan-sign", args=["phone-frame"]), {"password": PASSWORD}, follow=True).content.decode()
    assert "The scope is not complete. Nothing was signed." in answer
    assert "1 amber: choose a metric before signing" in answer
    assert not Line.objects.get(slug="phone-frame").may_collect


def test_choosing_a_metric_takes_the_amber_away(lead, founded, quinn):
    assert "2 amber: choose a metric before signing" in page(lead, "plan", "phone-frame")
    address = reverse("risk", args=["phone-frame", "lens-swapped"])
    assert lead.post(address, {**WATCH, "owner": quinn.pk, "reason": ""}).status_code == 422
    assert lead.post(address, {**WATCH, "owner": quinn.pk}).status_code == 302
    assert sheet(founded)["lens-swapped"].metric == "image_size"
    assert "Lens swapped: image size watches (quinn: another field)" in page(lead, "plan", "phone-frame")


def test_the_sheet_prints_the_alarms_that_exist_with_their_thresholds_in_force(lead, founded, quinn):
    html = page(lead, "plan", "phone-frame")
    assert "again and again: mean of 2 min &gt; 20 %, from 6 values on, puts the line on hold" in html
    assert "defect calls are wrong: mean of 60 min &gt; 50 %, from 30 values on, for 60 s" in html
    assert "−3 sd" not in html
    AlarmThreshold.objects.create(
        line=founded,
        rule="overkill-high",
        n=1,
        raise_at=0.1,
        clear_at=0.05,
        reason="oil",
        review_on=date(2027, 6, 1),
        replay={},
        changed_by=quinn,
        changed_at=NOON,
    )
    html = page(lead, "plan", "phone-frame")
    assert "defect calls are wrong: mean of 60 min &gt; 10 %, from 30 values on, for 60 s" in html
    assert "10 %" in page(lead, "risk", "phone-frame", "oil-looks-like-scratch")


def test_a_row_whose_metric_no_alarm_reads_says_so(lead, founded, quinn):
    before = page(lead, "plan", "phone-frame").count("No alarm reads this metric.")
    lead.post(reverse("risk", args=["phone-frame", "lens-swapped"]), {**WATCH, "metric": "volume", "owner": quinn.pk})
    assert page(lead, "plan", "phone-frame").count("No alarm reads this metric.") == before + 1


def test_pruning_shows_what_becomes_unwatched_and_asks_why(lead, founded):
    address = reverse("metric-prune", args=["phone-frame", "sharpness"])
    assert "Focus drifts" in lead.get(address).content.decode()
    assert lead.post(address, {"reason": ""}).status_code == 422
    assert not sheet(founded)["focus-drifts"].is_amber
    answer = lead.post(address, {"reason": "false alarms"}, follow=True).content.decode()
    assert "Nothing watches now: Focus drifts." in answer
    assert sheet(founded)["focus-drifts"].is_amber
    assert lead.get(address).status_code == 404


def test_a_row_is_added_once_and_leads_to_its_metric(lead, founded):
    answer = lead.post(reverse("risk-add", args=["phone-frame"]), {"failure": "Mirror cracks"})
    assert answer.url == reverse("risk", args=["phone-frame", "mirror-cracks"])
    again = lead.post(reverse("risk-add", args=["phone-frame"]), {"failure": "Mirror cracks"})
    assert (again.status_code, founded.failure_modes.count()) == (422, 21)


def test_a_line_from_before_gets_its_sheet_once(lead):
    line = make_line("phone-glass")
    assert "This line has no sheet yet." in page(lead, "plan", "phone-glass")
    for _ in range(2):
        lead.post(reverse("risk-preload", args=["phone-glass"]))
    assert line.failure_modes.count() == 20


def test_failures_are_told_in_the_readers_language(lead, founded):
    lead.cookies["django_language"] = "ko"
    assert "렌즈 교체" in page(lead, "plan", "phone-frame")


# The plan -------------------------------------------------------------------------------------------------------


def test_the_plan_page_tells_days_in_both_modes(lead, founded):
    normal = page(lead, "plan", "phone-frame")
    assert "detection, bank empty: 93 distinct defects would make it 12 days" in normal
    assert "audit only" in normal
    campaign = lead.get(reverse("plan", args=["phone-frame"]) + "?mode=campaign").content.decode()
    assert "Campaign, 20\u00a0% draw" in campaign
    assert "93 distinct defects would make it 5 days" in campaign


def test_a_planned_change_of_lens_tells_which_rung_it_comes_before(lead, founded):
    for kind, what in (("lens", "12 mm lens"), ("supplier", "second supplier")):
        lead.post(reverse("scope-change", args=["phone-frame"]), {"kind": kind, "due_on": "2000-01-01", "what": what})
    shown = page(lead, "plan", "phone-frame")
    assert "2000-01-01, 12 mm lens: evidence begins at 0, and shadow is not reached by then." in shown
    assert "second supplier" not in shown


def test_a_scope_is_to_be_certified_again_when_its_day_has_come(lead, ready):
    lead.post(reverse("plan-sign", args=["phone-frame"]), {"password": PASSWORD})
    assert "to be certified again since" not in page(lead, "plan", "phone-frame")
    Line.objects.filter(slug="phone-frame").update(recertify_by="2026-01-31")
    assert "to be certified again since 2026-01-31" in page(lead, "plan", "phone-frame")


def test_a_line_without_rates_asks_for_them(lead):
    make_line("phone-glass")
    assert "No rates yet" in page(lead, "plan", "phone-glass")


def test_the_plan_page_costs_a_stated_number_of_statements(lead, ready, django_assert_max_num_queries):
    with django_assert_max_num_queries(52):
        page(lead, "plan", "phone-frame")


# Who may --------------------------------------------------------------------------------------------------------


PAGES = ["scope", "scope-classes", "scope-targets", "scope-today", "plan", "risk-add"]


@pytest.mark.parametrize("name", PAGES)
def test_inspectors_and_strangers_do_not_find_the_wizard(client, ana, oscar, name):
    make_line("phone-frame")
    for person in (ana, oscar):
        client.force_login(person)
        assert client.get(reverse(name, args=["phone-frame"])).status_code == 404
        assert client.get(reverse("line-new")).status_code == 403


@pytest.mark.parametrize("name", PAGES)
def test_a_visitor_signs_in_first(client, name):
    assert client.get(reverse(name, args=["phone-frame"])).status_code == 302


def test_an_administrator_fills_the_steps_but_a_lead_signs(client, ready):
    client.force_login(make_user("admin", role=Role.ADMINISTRATOR))
    shown = page(client, "plan", "phone-frame")
    assert "A QA lead of this line signs." in shown
    assert client.post(reverse("plan-sign", args=["phone-frame"]), {"password": PASSWORD}).status_code == 403
    assert client.post(reverse("scope-targets", args=["phone-frame"]), TARGETS).status_code == 302


def test_a_lead_of_one_line_founds_no_other(client):
    quinn = make_user("quinn", role=Role.QA_LEAD, line=make_line("phone-glass"))
    client.force_login(quinn)
    assert client.get(reverse("line-new")).status_code == 403
    assert escape(reverse("line-new")) not in page(client, "plan", "phone-glass")


def test_a_fresh_role_does_not_sign_yet(client, ready):
    quill = make_user("quill", role=None)
    Membership.objects.create(user=quill, role=Role.QA_LEAD.value, granted_at="2126-01-01T00:00Z")
    client.force_login(quill)
    assert client.post(reverse("plan-sign", args=["phone-frame"]), {"password": PASSWORD}).status_code == 403


def test_a_wrong_password_signs_nothing(lead, ready):
    answer = lead.post(reverse("plan-sign", args=["phone-frame"]), {"password": "guess"}, follow=True)
    assert "Nothing was signed." in answer.content.decode()
    assert not ready.scope_signatures.exists()


def test_the_sidebar_leads_to_a_new_line_and_to_the_plan(lead, founded):
    shown = page(lead, "plan", "phone-frame")
    assert f'href="{reverse("line-new")}"' in shown
    assert f'href="{reverse("plan", args=["phone-frame"])}" aria-current="page"' in shown
