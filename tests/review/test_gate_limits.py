"""What the gates ask is a choice of people: made before evidence is collected, and locked from then on."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.urls import reverse

from inspection import epochs, scopes
from inspection.models import GateLimits, Line
from inspection.rules.ladder import GATES
from inspection.rules.words import Level, Role
from review import audit_log, evidence, gate_limits, plans
from tests.builders import NOON, make_line, make_model_version, make_user
from tests.review.bank_scene import make_bank
from tests.review.scene import make_run
from tests.review.test_plans import promise

pytestmark = pytest.mark.django_db

LATER = NOON + timedelta(days=1)


@pytest.fixture
def line():
    """A line whose scope promises 5,000 parts a day with 0.5 % defects. No model has begun on it."""
    line = make_line("phone-frame")
    promise(line)
    return line


@pytest.fixture
def lead(client, quinn):
    client.force_login(quinn)
    return client


def stricter(level: Level = Level.ASSIST, agreement: float = 0.97):
    return gate_limits.chosen(GATES[level], p0={"agreement": agreement, "detection": 0.8}, route=gate_limits.STREAM)


def choose(line, quinn, *, now=NOON, **asked):
    return gate_limits.choose(line, {Level.ASSIST: stricter(**asked)}, by=quinn, now=now)


def typed(**changes) -> dict[str, str]:
    usual = {
        "assist_agreement": "95",
        "assist_detection": "80",
        "assist_route": "natural",
        "partial_policy_detection": "95",
        "partial_policy_specificity": "95",
        "partial_route": "list",
        "full_policy_detection": "97",
        "full_policy_specificity": "97",
        "full_route": "list",
    }
    return usual | changes


# The deed -------------------------------------------------------------------------------------------------------


def test_chosen_limits_bind_the_gate_and_only_what_changed_is_a_row(line, quinn):
    rows = gate_limits.choose(line, {**GATES, Level.ASSIST: stricter()}, by=quinn, now=NOON)
    assert [(row.to_level, row.version) for row in rows] == [("assist", 1)]
    gate = evidence.gate_for(line, Level.ASSIST)
    assert (gate.target("agreement").p0, gate.route, gate.min_parts) == (0.97, "bank", 200)
    assert choose(line, quinn, agreement=0.96)[0].version == 2


def test_without_a_model_parts_that_come_lock_nothing(line, quinn):
    make_run(line)
    assert not gate_limits.is_locked(line)


@pytest.mark.parametrize("seen", ["run", "bank"])
def test_limits_are_locked_once_the_model_has_seen_a_part_or_a_known_defect(line, quinn, seen):
    epochs.enter(line, make_model_version(), cause="set-up", now=NOON)
    assert choose(line, quinn)
    make_run(line) if seen == "run" else make_bank(line, 1)
    with pytest.raises(gate_limits.Locked):
        choose(line, quinn, agreement=0.9)
    assert GateLimits.objects.count() == 1


def test_an_epoch_that_a_line_returns_to_keeps_the_limits_it_began_with(line, quinn):
    first, second = make_model_version("first"), make_model_version("second")
    epochs.enter(line, first, cause="set-up", now=NOON)
    make_run(line)
    epochs.enter(line, second, cause="switched", now=LATER)
    choose(line, quinn, now=LATER)
    assert evidence.gate_for(line, Level.ASSIST).target("agreement").p0 == 0.97
    epochs.enter(line, first, cause="rolled back", now=LATER)
    assert evidence.gate_for(line, Level.ASSIST) == GATES[Level.ASSIST]
    epochs.enter(line, make_model_version("third"), cause="switched", now=LATER + timedelta(days=1))
    assert evidence.gate_for(line, Level.ASSIST).target("agreement").p0 == 0.97


def test_the_database_keeps_limits_as_they_were_chosen(line, quinn):
    choose(line, quinn)
    with pytest.raises(IntegrityError), transaction.atomic():
        GateLimits.objects.update(limits={})
    with pytest.raises(IntegrityError), transaction.atomic():
        GateLimits.objects.all().delete()


def test_limits_that_nobody_chose_leave_a_signed_scope_as_it_was(line, quinn):
    before = scopes.as_plain(line)
    assert "gate_limits" not in before
    choose(line, quinn)
    bound = scopes.as_plain(line).pop("gate_limits")
    assert bound["assist"]["targets"][0] == {"stream": "agreement", "p0": 0.97, "alpha": 0.05}
    assert scopes.hash_of(scopes.as_plain(line)) != scopes.hash_of(before)


def test_the_plan_counts_the_bank_on_its_own_route_alone(line, quinn):
    def days():
        return next(rung.days for rung in plans.read(line, now=NOON, bank=400).normal.rungs if rung.level == "assist")

    assert days() == 40
    choose(line, quinn, agreement=0.95)
    assert days() == 5


def test_the_audit_log_tells_who_set_what(line, quinn):
    choose(line, quinn)
    entry = next(audit_log.entries(line, audit_log.Asked(action="gate_limits")))
    assert (entry.who, entry.thing, entry.change) == (
        "quinn",
        "→ assist v1",
        "agreement > 0.97, detection > 0.8; bank",
    )


# The page -------------------------------------------------------------------------------------------------------


def test_a_lead_sees_the_days_under_what_is_typed_and_sets_it(lead, line):
    page = reverse("scope-limits", args=[line.slug])
    shown = lead.post(page, typed(full_policy_detection="99.6", show="1"))
    assert shown.status_code == 200
    assert "Limits as typed" in shown.text
    assert "never" in shown.text
    assert not GateLimits.objects.exists()
    lead.post(page, typed(partial_policy_detection="96", assist_route="stream"))
    assert {row.to_level for row in GateLimits.objects.all()} == {"assist", "partial"}
    assert 'value="96.0"' in lead.get(page).text


def test_the_automation_page_reads_the_lines_own_limits_of_the_rung_after_the_next(lead, line):
    page = reverse("scope-limits", args=[line.slug])
    lead.post(page, typed(assist_agreement="98"))
    assert "Agreement above 98\u00a0%" in lead.get(reverse("automation", args=[line.slug])).text


def test_where_evidence_is_collected_the_page_says_so_and_nothing_is_set(lead, line):
    epochs.enter(line, make_model_version(), cause="set-up", now=NOON)
    make_run(line)
    page = reverse("scope-limits", args=[line.slug])
    assert "Locked: evidence is collected" in lead.get(page).text
    lead.post(page, typed(assist_agreement="90"))
    assert not GateLimits.objects.exists()


def test_a_rate_outside_what_can_be_proven_is_refused(lead, line):
    answer = lead.post(reverse("scope-limits", args=[line.slug]), typed(assist_agreement="100"))
    assert answer.status_code == 422
    assert not GateLimits.objects.exists()


@pytest.mark.parametrize(("role", "status"), [(Role.ADMINISTRATOR, 403), (Role.INSPECTOR, 404)])
def test_only_qa_leads_set_limits(client, line, role, status):
    client.force_login(make_user("oscar", role=role))
    assert client.post(reverse("scope-limits", args=[line.slug]), typed(assist_agreement="99")).status_code == status
    assert not GateLimits.objects.exists()


def test_the_page_opens_with_a_stated_number_of_statements(lead, line, django_assert_max_num_queries):
    with django_assert_max_num_queries(45):
        assert lead.get(reverse("scope-limits", args=[line.slug])).status_code == 200
    assert Line.objects.count() == 1
