"""Settings of a line: kept with who and why; no one person loosens a line that runs on them."""

from datetime import date

import pytest
from django.db import IntegrityError, transaction
from django.urls import reverse

from inspection import line_settings
from inspection.models import Line, SettingChange
from inspection.rules.line_settings import loosens
from inspection.rules.words import Role
from review import audit_log
from review.audit_log import Asked
from tests.builders import NOON, make_line, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def running():
    return make_line("phone-back", level="partial")


@pytest.fixture
def office(client):
    client.force_login(make_user("admin", role=Role.ADMINISTRATOR))
    return client


def save(office, line, **changes):
    """Send the line's page in the admin as it was offered, with some fields changed."""
    address = reverse("admin:inspection_line_change", args=[line.pk])
    page = office.get(address)
    form = page.context["adminform"].form
    inlines = [inline.formset for inline in page.context["inline_admin_formsets"]]
    forms = [form, *(one for formset in inlines for one in (formset.management_form, *formset.forms))]
    facts = {}
    for one in forms:
        for name in one.fields:
            value = one[name].value()
            facts |= {one[name].html_name: value} if value is not None else {}
    answer = office.post(address, facts | changes)
    line.refresh_from_db()
    return answer


def told(line):
    found = audit_log.page(line, Asked(action="setting")).entries
    return [(entry.who, entry.thing, entry.change, entry.reason) for entry in found]


@pytest.mark.parametrize(
    ("name", "before", "after", "is_loose"),
    [
        ("audit_share", 0.05, 0.02, True),
        ("audit_share", 0.05, 0.08, False),
        ("truth_share", 0.05, 0.0, True),
        ("lot_release", True, False, True),
        ("lot_release", False, True, False),
        ("target_escape_ppm", 500.0, 900.0, True),
        ("target_overkill_share", 0.03, 0.01, False),
        ("recertify_by", date(2026, 1, 1), date(2027, 1, 1), True),
        ("recertify_by", date(2026, 1, 1), None, True),
        ("recertify_by", None, date(2027, 1, 1), False),
        ("call_threshold", 0.5, 0.6, True),
        ("model_deadline_s", 2.0, 1.0, False),
        ("review_deadline_s", 30.0, 60.0, True),
        ("fail_safe", "reject", "hold", True),
        ("fail_safe", "hold", "reject", False),
        ("takt_s", 1.0, 2.0, False),
    ],
)
def test_which_way_a_setting_loosens(name, before, after, is_loose):
    assert loosens(name, before, after) is is_loose


def test_an_administrator_tightens_a_running_line_with_a_reason_and_the_log_tells_it(office, running):
    answer = save(office, running, audit_share="0.08", reason="new supplier")
    assert answer.status_code == 302, answer.context["errors"]
    assert running.audit_share == 0.08
    assert told(running) == [("admin", "audit_share", "0.05 → 0.08", "new supplier")]


@pytest.mark.parametrize(
    ("name", "value"), [("audit_share", "0.01"), ("call_threshold", "0.9"), ("review_deadline_s", "600")]
)
def test_an_administrator_loosens_no_running_line(office, running, name, value):
    answer = save(office, running, **{name: value, "reason": "faster"})
    assert "This loosens a running line." in str(answer.context["errors"])
    assert getattr(running, name) == getattr(Line(), name)
    assert told(running) == []


def test_a_line_where_people_decide_is_loosened_by_one_person_with_a_reason(office):
    line = make_line()
    assert "Give a reason" in str(save(office, line, audit_share="0.01").context["errors"])
    assert save(office, line, audit_share="0.01", reason="a trial").status_code == 302
    assert told(line) == [("admin", "audit_share", "0.05 → 0.01", "a trial")]


def test_targets_are_no_fields_of_a_line_that_is_there(office, running):
    forged = {"target_escape_ppm": "90000", "lot_release": "on", "recertify_by": "2099-01-01", "reason": "mine"}
    save(office, running, **forged)
    assert (running.target_escape_ppm, running.lot_release, running.recertify_by) == (500.0, False, None)


def test_what_changes_no_setting_asks_for_no_reason(office, running):
    assert save(office, running, name="Back").status_code == 302
    assert (running.name, told(running)) == ("Back", [])


def test_the_deed_refuses_too_and_names_what(running):
    with pytest.raises(line_settings.Loosens) as refusal:
        line_settings.put(running, {"truth_share": 0.0, "undo_s": 5}, by=make_user("adam"), reason="x", now=NOON)
    assert refusal.value.names == ["truth_share"]
    assert not SettingChange.objects.exists()


def test_the_database_keeps_no_loosening_without_a_signature_and_edits_no_change(running):
    facts = {"line": running, "name": "audit_share", "before": 0.05, "after": 0.01, "changed_at": NOON}
    facts |= {"changed_by": make_user("adam"), "reason": "x"}
    with pytest.raises(IntegrityError, match="loosened_by_signature"), transaction.atomic():
        SettingChange.objects.create(**facts, is_loosened=True)
    SettingChange.objects.create(**facts, is_loosened=False)
    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
        SettingChange.objects.update(reason="y")
