"""Changing a line over from its page: what it does to the evidence is said first, done once, and kept with a name."""

from datetime import date

import pytest
from django.db import DatabaseError, transaction
from django.urls import reverse

from inspection import changeovers, scopes
from inspection.models import Changeover, Line
from inspection.rules.words import ChangeKind, Role
from tests.builders import NOON, make_line, make_user
from tests.review.scene import later

pytestmark = pytest.mark.django_db

OPTICS = "lens: 25 mm\nlight: ring"
BEGINS_AT_0 = "This opens a new epoch: evidence begins at 0."


@pytest.fixture
def lead(client, quinn):
    client.force_login(quinn)
    return client


def send(client, line, **facts):
    return client.post(
        reverse("changeover-change", args=[line.slug]), {"sku": "A12", "optics": "", **facts}, follow=True
    )


def fresh(line) -> Line:
    return Line.objects.select_related("product", "epoch").get(pk=line.pk)


def plan(line, lead, *, due_on, kind=ChangeKind.SKU, what="B7 for spring"):
    return scopes.plan_change(line, kind=kind, due_on=due_on, what=what, by=lead, now=NOON)


def test_what_it_does_to_the_evidence_is_said_before_anything_changes(lead, line):
    html = send(lead, line, sku="B7").content.decode()
    assert BEGINS_AT_0 in html
    assert 'value="B7"' in html
    assert (fresh(line).product.sku, fresh(line).epoch) == ("A12", line.epoch)
    assert not Changeover.objects.exists()


def test_another_product_has_an_epoch_of_its_own_with_the_model_that_serves(lead, line, quinn):
    send(lead, line, sku="B7", confirmed="1")
    now = fresh(line)
    assert (now.product.sku, now.epoch.product.sku) == ("B7", "B7")
    assert now.epoch.model_version == line.epoch.model_version
    kept = Changeover.objects.get()
    assert (kept.from_product.sku, kept.to_product.sku, kept.changed_by) == ("A12", "B7", quinn)
    assert (kept.from_epoch, kept.to_epoch) == (line.epoch, now.epoch)
    assert now.level == line.level


def test_a_product_that_returns_finds_its_own_epoch_and_the_page_says_so(lead, line):
    first = line.epoch
    send(lead, line, sku="B7", confirmed="1")
    html = send(lead, line, sku="A12").content.decode()
    assert BEGINS_AT_0 not in html
    assert "what was counted there goes on counting" in html
    send(lead, line, sku="A12", confirmed="1")
    assert fresh(line).epoch == first


def test_other_optics_are_another_epoch_and_the_same_ones_are_none(lead, line):
    assert BEGINS_AT_0 in send(lead, line, optics=OPTICS).content.decode()
    send(lead, line, optics=OPTICS, confirmed="1")
    assert fresh(line).optics == {"lens": "25 mm", "light": "ring"}
    assert fresh(line).epoch != line.epoch
    again = send(lead, line, optics=OPTICS, confirmed="1")
    assert again.status_code == 422
    assert "with these optics already" in again.content.decode()
    assert Changeover.objects.count() == 1


def test_optics_that_nobody_touched_keep_their_type(lead, line):
    Line.objects.filter(pk=line.pk).update(optics={"exposure_ms": 4})
    send(lead, line, optics="exposure_ms: 4\nlens: 25 mm", confirmed="1")
    assert fresh(line).optics == {"exposure_ms": 4, "lens": "25 mm"}


@pytest.mark.parametrize("facts", [{"sku": ""}, {"sku": "B 7"}, {"optics": "25 mm"}, {"optics": "lens:"}])
def test_what_cannot_be_read_changes_nothing(facts, lead, line):
    assert send(lead, line, confirmed="1", **facts).status_code == 422
    assert fresh(line).epoch == line.epoch


@pytest.mark.parametrize(("role", "status"), [(Role.ADMINISTRATOR, 200), (Role.INSPECTOR, 404), (None, 404)])
def test_leads_and_administrators_of_the_line_change_it_over(role, status, client, line):
    client.force_login(make_user("oscar", role=role))
    assert send(client, line, sku="B7", confirmed="1").status_code == status
    assert client.get(reverse("changeover", args=[line.slug])).status_code == status
    assert Changeover.objects.exists() == (status == 200)


def test_a_lead_of_another_line_changes_nothing(client, line):
    client.force_login(make_user("elsewhere", role=Role.QA_LEAD, line=make_line("phone-back")))
    assert send(client, line, sku="B7", confirmed="1").status_code == 404
    assert fresh(line).product.sku == "A12"


def test_the_audit_log_says_who_changed_over_from_what_to_what(lead, line, quinn):
    changeovers.change(line, sku="B7", optics={"lens": "25 mm"}, by=quinn, now=NOON)
    html = lead.get(f"{reverse('log', args=[line.slug])}?action=changeover").content.decode()
    assert all(word in html for word in ("quinn", "A12 → B7", "lens: 25 mm"))


def test_a_changeover_is_never_edited(line, quinn):
    kept = changeovers.change(line, sku="B7", optics={}, by=quinn, now=NOON)
    with pytest.raises(DatabaseError), transaction.atomic():
        Changeover.objects.filter(pk=kept.pk).update(to_optics={"lens": "other"})


# What was planned -----------------------------------------------------------------------------------------------


def test_a_planned_change_is_due_from_its_day_on_by_the_clock_of_the_line(quinn):
    line = make_line(time_zone="Asia/Seoul")
    planned = plan(line, quinn, due_on=date(2026, 11, 24))
    assert changeovers.due(line, now=NOON) == []
    assert changeovers.due(line, now=later(3 * 3600)) == [planned]


def test_every_page_of_the_line_reminds_its_leads_until_it_was_done(lead, line, quinn):
    planned = plan(line, quinn, due_on=date(2026, 1, 5))
    plan(line, quinn, due_on=date(2126, 1, 5), what="far away")
    page = reverse("data", args=[line.slug])
    html = lead.get(page).content.decode()
    assert "Planned for 2026-01-05: B7 for spring." in html
    assert "far away" not in html

    lead.post(reverse("changeover-done", args=[line.slug, planned.pk]))

    assert "B7 for spring" not in lead.get(page).content.decode()
    planned.refresh_from_db()
    assert planned.done_by == quinn
    assert "done" in lead.get(reverse("scope", args=[line.slug])).content.decode()


def test_one_that_was_withdrawn_reminds_nobody(lead, line, quinn):
    scopes.withdraw_change(plan(line, quinn, due_on=date(2026, 1, 5)), by=quinn, now=NOON)
    assert "B7 for spring" not in lead.get(reverse("data", args=[line.slug])).content.decode()


def test_what_was_signed_stays_as_it_was_when_a_planned_change_is_done(line, quinn):
    planned = plan(line, quinn, due_on=date(2026, 1, 5))
    before = scopes.as_plain(line)
    changeovers.finish(planned, by=quinn, now=NOON)
    assert scopes.as_plain(line) == before
