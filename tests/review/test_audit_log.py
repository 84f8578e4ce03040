"""The audit log: every deed with who, when and why; filters; a file to the very beginning."""

import csv
from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, transaction
from django.urls import reverse

from inspection import automation, risks, rollouts, scopes, waivers
from inspection.models import Hold, Membership, Outbox, Receipt
from inspection.rules.gates import HARM
from inspection.rules.words import ChangeKind, Label, Level, ReceiptKind, Role
from review import (
    adjudications,
    audit_log,
    bank,
    chain_checks,
    challenges,
    containment,
    decisions,
    findings,
    gold,
    receipts,
    tasks,
)
from review.audit_log import Asked
from review.audit_sources import MORE, SEALED
from review.models import Adjudication, ChainCheck, Download, PhysicalFinding
from review.rules.containment import Found
from review.rules.findings import How
from tests.builders import NOON, make_user
from tests.review.bank_scene import make_defect
from tests.review.rollout_scene import make_rollout, make_served_line
from tests.review.scene import an_answer, later, make_task, read

NEW = ("waiver_asked", "waiver_signed", "freeze", "thaw", "containment", "containment_closed")

pytestmark = pytest.mark.django_db


@pytest.fixture
def acted(line, quinn):
    """A line that was stopped, and lowered the minute after."""
    automation.stop(line, by=quinn, reason="glare", now=NOON)
    automation.lower(line, to_level=Level.HUMAN, by=quinn, reason="dust", now=NOON + timedelta(minutes=1))
    return line


def told(line, **asked):
    return [(entry.action, entry.who, entry.reason) for entry in audit_log.page(line, Asked(**asked)).entries]


def test_deeds_are_told_newest_first_with_who_and_why(acted):
    assert told(acted)[:2] == [("level", "quinn", "dust"), ("hold", "quinn", "glare")]


def test_waivers_freezes_and_containments_are_told_with_who(line, quinn, quill):
    asked = waivers.ask(line, subject=HARM, until=later(9e5).date(), reason="a pilot", by=quinn, now=later(1))
    waivers.sign(asked, by=quill, now=later(2))
    automation.freeze(line, cause="drift", reason="Image drift.", now=later(3))
    automation.thaw(line, cause="drift", by=quinn, now=later(4))
    opened = containment.open_for(line, cause="dust", by=quill, now=later(5))
    containment.fill(opened, now=later(100))
    containment.close(opened, by=quinn, now=later(101))
    assert [entry for entry in reversed(told(line)) if entry[0] in NEW] == [
        ("waiver_asked", "quinn", "a pilot"),
        ("waiver_signed", "quill", "a pilot"),
        ("freeze", "", "Image drift."),
        ("thaw", "quinn", "Image drift."),
        ("containment", "quill", "dust"),
        ("containment_closed", "quinn", "dust"),
    ]
    assert told(line, who="quill", action="freeze") == []


def test_the_log_page_says_a_waiver_in_words(client, line, quinn):
    waivers.ask(line, subject=HARM, until=later(9e5).date(), reason="a pilot", by=quinn, now=later(1))
    client.force_login(quinn)
    html = client.get(reverse("log", args=[line.slug]), {"action": "waiver_asked"}).content.decode()
    assert "waiver asked for" in html
    assert "assistance bias" in html


def test_the_log_is_asked_for_one_action_one_person_and_a_moment(acted):
    assert [action for action, _, _ in told(acted, action="hold")] == ["hold"]
    assert told(acted, who="nobody") == []
    assert "level" not in [action for action, _, _ in told(acted, before=NOON + timedelta(seconds=30))]


def test_a_file_reaches_the_beginning_and_tells_each_deed_once(line, monkeypatch):
    monkeypatch.setattr(audit_log, "PAGE", 4)
    for n in range(11):
        at = NOON + timedelta(seconds=n // 2)
        Hold.objects.create(line=line, kind=Hold.ALARM, reason=f"r{n}", placed_at=at, lifted_at=None)
    reasons = [entry.reason for entry in audit_log.entries(line, Asked(action="hold"))]
    assert sorted(reasons) == sorted(f"r{n}" for n in range(11))


def test_the_page_shows_and_files_the_log_to_leads_alone(client, acted, quinn, ana):
    client.force_login(quinn)
    assert "glare" in client.get(reverse("log", args=[acted.slug])).content.decode()
    rows = b"".join(client.get(reverse("log-rows", args=[acted.slug]), {"action": "hold"}).streaming_content).decode()
    assert len(rows.splitlines()) == 2
    client.force_login(ana)
    assert client.get(reverse("log", args=[acted.slug])).status_code == 404


def test_every_file_of_data_that_is_taken_is_told_with_who_and_what_it_was_asked_for(client, acted, quinn):
    client.force_login(quinn)
    for name, asked in (("log-rows", {"action": "hold"}), ("data-rows", {"q": "serial:A-1"}), ("savings-rows", {})):
        assert client.get(reverse(name, args=[acted.slug]), asked).status_code == 200
    client.get(reverse("agreement-paper", args=[acted.slug]))
    client.get(reverse("api-agreement-rows", args=[acted.slug]), {"about": "1"})
    client.head(reverse("api-agreement-rows", args=[acted.slug]))

    assert told(acted, who="quinn", action="download") == [
        ("download", "quinn", "about=1"),
        ("download", "quinn", ""),
        ("download", "quinn", ""),
        ("download", "quinn", "q=serial:A-1"),
        ("download", "quinn", "action=hold"),
    ]
    html = client.get(reverse("log", args=[acted.slug]), {"action": "download"}).content.decode()
    assert "file taken" in html
    assert f"agreement-{acted.slug}-" in html


def test_that_a_gauge_sheet_was_taken_is_hidden_from_who_inspects(line, quinn):
    for file in ("gauge-phone-1.csv", "data-phone.csv"):
        Download.objects.create(line=line, file=file, taken_by=quinn, taken_at=later(1))
    taken = {one.thing for one in audit_log.page(line, Asked()).entries if "download" in one.action}
    assert taken == {"data-phone.csv"}
    assert {one.thing for one in audit_log.page(line, Asked(with_sealed=True)).entries} >= {"gauge-phone-1.csv"}


@pytest.mark.parametrize("deed", [lambda rows: rows.update(file="x"), lambda rows: rows.delete()])
def test_what_was_taken_is_never_rewritten(line, quinn, deed):
    Download.objects.create(line=line, file="data-phone.csv", taken_by=quinn, taken_at=NOON)
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        deed(Download.objects.all())


def test_what_was_said_of_an_image_that_waits_for_a_ruling_is_not_in_the_log(line, ana, quinn):
    first = read(make_task(line, "A-1"), ana, Label.DEFECT)
    case = Adjudication.objects.get(ruled_at=None)
    adjudications.rule(case, by=quinn, label=Label.DEFECT, defect_class="scratch", now=later(300))
    assert [entry.thing for entry in audit_log.page(line, Asked(action="ruling")).entries] == ["A-1"]
    correction = an_answer(Label.PASS, comment="a reflection")
    decisions.amend(first.pk, person=ana, amendment=correction, now=later(400))
    assert Adjudication.objects.filter(ruled_at=None).exists()
    assert told(line, action="ruling") == told(line, action="correction") == []


def test_deeds_on_what_measures_are_told_with_who_and_why(line, quinn, quill):
    defect = make_defect(line, confirmed=False)
    bank.confirm(defect, method="microscope", by=quinn, now=later(1))
    calendar = {"at_shift_start": True, "at_changeover": False, "every_h": 4, "parts": 6}
    challenges.set_calendar(line, **calendar, by=quinn, now=later(2))
    part = challenges.mark(defect, serial="C-1", by=quill, now=later(3))
    challenges.retire(part, by=quinn, now=later(4))
    gold.set_rule(line, is_on=True, wanted_share=0.02, by=quill, now=later(5))
    bank.retire(defect, reason="worn", by=quinn, now=later(6))
    found = reversed(audit_log.page(line, Asked(with_sealed=True)).entries)
    assert [(one.action, one.who, one.thing, one.change, one.reason) for one in found if one.action in SEALED] == [
        ("bank_added", "quill", "B-001", "→ scratch", "teardown"),
        ("bank_confirmed", "quinn", "B-001", "", "microscope"),
        ("challenge_calendar", "quinn", "shift, 4 h", "→ 6", ""),
        ("challenge_part", "quill", "B-001", "", ""),
        ("challenge_part_retired", "quinn", "B-001", "", ""),
        ("gold", "quill", "2 %", "→ on", ""),
        ("bank_retired", "quinn", "B-001", "", "worn"),
    ]


def test_deeds_on_the_plan_are_told_with_who_and_why(line, quinn, quill):
    mode = risks.add(line, failure="Dust", failure_ko="", by=quinn, now=later(1))
    risks.accept(mode, reason="rare", by=quill, now=later(2))
    change = scopes.plan_change(
        line, kind=ChangeKind.LENS, due_on=later(9e5).date(), what="new lens", by=quinn, now=later(3)
    )
    scopes.withdraw_change(change, by=quill, now=later(4))
    assert [entry for entry in reversed(told(line)) if entry[0] in MORE] == [
        ("risk", "quinn", "added to the sheet"),
        ("risk", "quill", "rare"),
        ("planned", "quinn", "new lens"),
        ("planned_withdrawn", "quill", "new lens"),
    ]


def test_a_paused_rollout_is_told_with_who_and_why(quinn):
    line = make_served_line()
    rollouts.pause(make_rollout(line), by=quinn, cause="glare", now=later(1))
    assert told(line, action="rollout")[0] == ("rollout", "quinn", "glare")


def test_a_finding_is_told_once_nothing_waits_for_a_ruling_there(line, ana, quinn):
    task = make_task(line, "A-1")
    read(task, ana, Label.DEFECT)
    case = Adjudication.objects.get(ruled_at=None)
    shown = {"how": How.TEARDOWN, "found": Found.BAD, "defect_class": "scratch", "view": "", "note": "deep"}
    findings.record(task.run, **shown, by=quinn, now=later(250))
    assert told(line, action="finding") == []
    adjudications.rule(case, by=quinn, label=Label.DEFECT, defect_class="scratch", now=later(300))
    [entry] = audit_log.page(line, Asked(action="finding")).entries
    assert (entry.who, entry.thing, entry.change, entry.reason) == ("quinn", "A-1", "→ bad scratch", "deep")
    assert entry.sealed == (ReceiptKind.FINDING, str(PhysicalFinding.objects.get().pk))


def test_who_inspects_on_the_line_reads_nothing_of_what_is_mixed_into_their_work(client, line, quinn):
    gold.set_rule(line, is_on=True, wanted_share=0.02, by=quinn, now=later(5))
    client.force_login(quinn)
    addresses = [reverse(name, args=[line.slug]) for name in ("log", "log-rows")]
    assert ["2 %" in said(client, address) for address in addresses] == [True, True]
    Membership.objects.create(user=quinn, line=line, role=Role.INSPECTOR.value, granted_at=NOON)
    assert ["2 %" in said(client, address) for address in addresses] == [False, False]


def said(client, address) -> str:
    return b"".join(client.get(address, {"action": "gold"})).decode()


@pytest.mark.parametrize("before", ["yesterday", "2026-13-45T00:00:00+00:00", "2026-11-22T00:00:00"])
def test_a_moment_that_cannot_be_read_asks_for_nothing(client, acted, quinn, before):
    client.force_login(quinn)
    assert "glare" in client.get(reverse("log", args=[acted.slug]), {"before": before}).content.decode()


def test_the_page_costs_the_same_however_long_the_history(client, acted, quinn, django_assert_max_num_queries):
    client.force_login(quinn)
    with django_assert_max_num_queries(69):
        client.get(reverse("log", args=[acted.slug]))
    for n in range(5):
        Hold.objects.create(line=acted, kind=Hold.ALARM, reason=f"r{n}", placed_at=NOON + timedelta(seconds=n))
    with django_assert_max_num_queries(69):
        client.get(reverse("log", args=[acted.slug]))


# Roles, receipts, and the chain ---------------------------------------------------------------------------------


def test_a_deed_names_the_roles_that_the_person_had_then(line):
    lead = make_user("quince", role=None)
    roles = {"user": lead, "line": line}
    Membership.objects.create(**roles, role=Role.QA_LEAD.value, granted_at=later(-9e4), revoked_at=later(30))
    Membership.objects.create(**roles, role=Role.ADMINISTRATOR.value, granted_at=later(30))
    automation.stop(line, by=lead, reason="glare", now=NOON)
    automation.lower(line, to_level=Level.HUMAN, by=lead, reason="dust", now=later(60))
    told_roles = {entry.action: entry.role for entry in audit_log.page(line, Asked(who="quince")).entries}
    assert (told_roles["hold"], told_roles["level"]) == ("qa_lead", "administrator")


def test_a_role_that_ended_names_who_took_it_away(client, line, quinn):
    given, taken = make_user("adam", role=Role.ADMINISTRATOR), make_user("eve", role=Role.ADMINISTRATOR)
    role = Membership.objects.create(
        user=make_user("ina", role=None), line=line, role=Role.INSPECTOR.value, granted_at=NOON, granted_by=given
    )
    role.revoke(by=taken, at=later(60))
    client.force_login(quinn)
    [entry] = client.get(reverse("log", args=[line.slug]), {"action": "role_ended"}).context["rows"]
    assert (entry["entry"].who, entry["entry"].thing, entry["entry"].at) == ("eve", "ina", later(60))


def test_a_deed_leads_to_its_receipt_once_it_is_sealed(client, acted, quinn):
    client.force_login(quinn)
    address = reverse("log", args=[acted.slug])
    assert "not sealed yet" in client.get(address).content.decode()

    receipts.seal_due(now=later(200))

    numbers = {entry.action: entry.receipt for entry in audit_log.page(acted, Asked()).entries}
    for action, kind in (("hold", "hold"), ("level", "level")):
        assert numbers[action] == Receipt.objects.get(line=acted, kind=kind).n
    assert reverse("receipt", args=[acted.slug, numbers["hold"]]) in client.get(address).content.decode()
    told_rows = b"".join(client.get(reverse("log-rows", args=[acted.slug])).streaming_content).decode()
    head, *rows = csv.reader(told_rows.removeprefix("\ufeff").splitlines())
    assert [row[head.index("receipt")] for row in rows if row[head.index("action")] == "hold"] == [str(numbers["hold"])]


def test_an_opened_containment_leads_to_the_receipt_of_its_first_reach(line, quinn):
    opened = containment.open_for(line, cause="dust", by=quinn, now=later(5))
    receipts.seal_due(now=later(6))
    [entry] = audit_log.page(line, Asked(action="containment")).entries
    sealed = Receipt.objects.get(line=line, kind="containment")
    assert (entry.receipt, sealed.subject) == (sealed.n, str(opened.reaches.get().pk))


def test_a_lead_has_the_chain_verified_and_the_page_says_with_what_result(client, acted, quinn):
    receipts.seal_due(now=later(200))
    client.force_login(quinn)
    address = reverse("log", args=[acted.slug])
    assert "not verified yet" in client.get(address).content.decode()

    for _ in range(2):
        client.post(reverse("log-verify", args=[acted.slug]))
    assert "being verified" in client.get(address).content.decode()
    [order] = Outbox.objects.filter(topic=chain_checks.TOPIC)
    tasks.check_chain(key=order.key)

    told_page = client.get(address).content.decode()
    assert f"{Receipt.objects.count()} receipts, whole" in told_page
    assert told_page.count("#ring-tick") == 1 + sum(bool(e.receipt) for e in audit_log.page(acted, Asked()).entries)


def test_a_broken_row_is_told_in_words_where_it_stands(client, acted, quinn):
    receipts.seal_due(now=later(200))
    Hold.objects.update(reason="nothing at all")
    broken = Receipt.objects.get(kind="hold").n
    with pytest.raises(CommandError):
        call_command("verify")

    client.force_login(quinn)
    told_page = client.get(reverse("log", args=[acted.slug])).content.decode()

    assert f"The chain is broken at receipt {broken}." in told_page
    assert told_page.count('class="broken"') == 1


def test_inspectors_have_no_chain_verified(client, acted, ana):
    client.force_login(ana)
    assert client.post(reverse("log-verify", args=[acted.slug])).status_code == 404
    assert not ChainCheck.objects.exists()
