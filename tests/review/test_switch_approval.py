"""Where the model decides, one starts a blue-green rollout and another approves the switch; back goes one alone."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.urls import reverse

from inspection import registry, rollouts
from inspection.models import Membership, Rollout
from inspection.rules.words import Role, RolloutOutcome
from review import audit_log, rollbacks
from review.audit_log import Asked
from tests.builders import NOON, PASSWORD, make_user
from tests.review.asking import code_of
from tests.review.rollout_scene import deployed, make_rollout, make_served_line, send
from tests.review.scene import later

pytestmark = pytest.mark.django_db


@pytest.fixture
def line():
    return make_served_line(level="partial")


@pytest.fixture
def warm(line, quinn):
    """A blue-green rollout that quinn started and that the evidence lets go on."""
    rollout = make_rollout(line, "blue_green", by=quinn)
    for n in range(20):
        send(line, f"warm-{n}", at=NOON + timedelta(seconds=n))
    return rollout


def promote(client, rollout, **body):
    return client.post(f"/api/v1/rollouts/{rollout.pk}/promote/", body, format="json")


def advance(client, line, password=PASSWORD):
    address = reverse("rollout-deed", args=[line.slug, "advance"])
    return client.post(address, {"password": password}, follow=True).content.decode()


def test_who_started_it_does_not_switch_and_another_person_does(line, warm, quinn, quill):
    with pytest.raises(rollouts.SelfApproval):
        rollouts.confirm(warm, by=quinn, now=later(60))
    assert deployed(line)[0] == "blue:1"
    switched = rollouts.confirm(warm, by=quill, now=later(60))
    assert (deployed(line)[0], switched.approved_by) == ("green:1", quill)


@pytest.mark.parametrize("level", ["shadow", "assist"])
def test_where_people_decide_every_part_one_person_switches(line, warm, quinn, level):
    line.level = level
    line.save(update_fields=["level"])
    switched = rollouts.confirm(warm, by=quinn, now=later(60))
    assert (deployed(line)[0], switched.approved_by) == ("green:1", None)


def test_a_role_given_today_approves_no_switch(line, warm):
    nora = make_user("nora", role=None)
    Membership.objects.create(user=nora, role=Role.QA_LEAD.value, granted_at=NOON)
    with pytest.raises(rollouts.FreshApprover):
        rollouts.confirm(warm, by=nora, now=later(60))
    assert deployed(line)[0] == "blue:1"


def test_an_account_that_somebody_opened_today_approves_no_switch(line, warm):
    nora = make_user("nora", role=Role.QA_LEAD, let_in_at=NOON)
    with pytest.raises(rollouts.FreshApprover):
        rollouts.confirm(warm, by=nora, now=later(60))
    assert deployed(line)[0] == "blue:1"


def test_nobody_approves_before_the_evidence_lets_it_go_on(line, quinn, quill):
    with pytest.raises(rollouts.NotReady):
        rollouts.confirm(make_rollout(line, "blue_green", by=quinn), by=quill, now=later(60))


def test_the_database_takes_no_approval_of_who_started_it(warm, quinn):
    with pytest.raises(IntegrityError, match="approved_by_another"), transaction.atomic():
        Rollout.objects.filter(pk=warm.pk).update(approved_by=quinn)


def test_a_canary_goes_on_by_one_person_and_names_no_approver(line, quinn):
    registry.serve(line, None, by=None, cause="human", now=NOON)
    line.level = "human"
    line.save(update_fields=["level"])
    rollout = rollouts.confirm(make_rollout(line, "shadow", by=quinn), by=quinn, now=later(60))
    assert (rollout.outcome, rollout.approved_by) == (RolloutOutcome.PROMOTED, None)


def test_back_goes_one_person_alone_also_who_approved_or_started(line, warm, quinn, quill):
    rollout = rollouts.confirm(warm, by=quill, now=later(60))
    rollbacks.roll_back(rollout, by=quinn, reason="", read_again=False, now=later(61))
    assert deployed(line)[0] == "blue:1"


def test_the_log_tells_both(line, warm, quill):
    rollouts.confirm(warm, by=quill, now=later(60))
    told = audit_log.page(line, Asked(action="rollout")).entries
    assert [(entry.who, entry.change) for entry in told] == [("quill", "→ approve"), ("quinn", "→ start")]


def test_over_http_the_switch_takes_another_persons_password(line, warm, quinn, quill, client_of):
    assert code_of(promote(client_of(quinn), warm, password=PASSWORD)) == (403, "self-approval")
    assert code_of(promote(client_of(quill), warm)) == (403, "not-confirmed")
    assert code_of(promote(client_of(quill), warm, password="guessed")) == (403, "not-confirmed")
    assert deployed(line)[0] == "blue:1"
    seen = client_of(quill).get(f"/api/v1/rollouts/{warm.pk}/").json()
    assert (seen["awaits_approval"], seen["opened_by"], seen["approved_by"]) == (True, "quinn", None)
    said = promote(client_of(quill), warm, password=PASSWORD).json()
    assert (said["phase"], said["awaits_approval"], said["approved_by"]) == ("watch", False, "quill")
    assert deployed(line)[0] == "green:1"


def test_the_page_offers_the_switch_to_everybody_but_who_started_it(client, line, warm, quinn, quill):
    client.force_login(quinn)
    shown = client.get(reverse("rollouts", args=[line.slug])).content.decode()
    assert "another lead or administrator approves its switch" in shown
    assert "advance-password" not in shown
    assert "You started this rollout" in advance(client, line)
    client.force_login(quill)
    shown = client.get(reverse("rollouts", args=[line.slug])).content.decode()
    assert "Approve the switch" in shown
    assert "Started by quinn" in shown
    assert "Switch approved" in advance(client, line)
    assert deployed(line)[0] == "green:1"
