"""A campaign draws more for truth between two dates that are logged before the first part arrives."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.urls import reverse

from inspection import campaigns, intake, salts
from inspection.models import Campaign, Line
from inspection.rules.words import Role
from review import audit_log
from tests.builders import NOON, make_line, make_user

pytestmark = pytest.mark.django_db

DAY = timedelta(days=1)
STARTS, ENDS = NOON + DAY, NOON + 3 * DAY


@pytest.fixture
def line():
    return make_line("phone-frame", truth_share=0.05)


def announce(line, quinn, *, now=NOON, **changes):
    asked = {"share": 0.2, "starts_at": STARTS, "ends_at": ENDS, "reason": "few defects"} | changes
    return campaigns.announce(line, **asked, by=quinn, now=now)


def drawn(line, at) -> float:
    return intake.shares_of(Line.objects.get(pk=line.pk), now=at)["truth"]


def test_the_truth_draw_follows_the_dates_and_comes_back_by_itself(line, quinn):
    announce(line, quinn)
    moments = [NOON, STARTS - timedelta(seconds=1), STARTS, ENDS - timedelta(seconds=1), ENDS]
    assert [drawn(line, at) for at in moments] == [0.05, 0.05, 0.2, 0.2, 0.05]
    assert intake.shares_of(line, now=STARTS)["audit"] == line.audit_share


def test_a_run_keeps_the_share_of_its_own_moment(line, quinn):
    announce(line, quinn)
    line, salt = Line.objects.get(pk=line.pk), salts.rotate(line, now=NOON)
    runs = [intake.new_run(line, n=1, salt=salt, now=at) for at in (NOON, STARTS, ENDS)]
    assert [run.shares["truth"] for run in runs] == [0.05, 0.2, 0.05]


@pytest.mark.parametrize(
    "wrong", [{"starts_at": NOON}, {"ends_at": STARTS}, {"share": 0.05}, {"share": 1.5}, {"starts_at": NOON - DAY}]
)
def test_a_campaign_is_announced_beforehand_and_draws_more(line, quinn, wrong):
    with pytest.raises(campaigns.NotBeforehand):
        announce(line, quinn, **wrong)
    assert not Campaign.objects.exists()


def test_one_campaign_at_a_time_and_the_next_after_it(line, quinn):
    announce(line, quinn)
    with pytest.raises(campaigns.CampaignStands):
        announce(line, quinn)
    assert announce(line, quinn, now=ENDS, starts_at=ENDS + DAY, ends_at=ENDS + 2 * DAY).pk


def test_an_early_end_is_an_entry_of_its_own_and_holds_from_the_next_part(line, quinn):
    announce(line, quinn)
    campaigns.end(line, reason="enough hands elsewhere", by=quinn, now=STARTS)
    assert drawn(line, STARTS + timedelta(seconds=1)) == 0.05
    assert [entry.share for entry in Campaign.objects.order_by("pk")] == [0.2, None]
    with pytest.raises(campaigns.NoCampaign):
        campaigns.end(line, reason="again", by=quinn, now=STARTS)


def test_what_is_over_cannot_be_ended(line, quinn):
    announce(line, quinn)
    with pytest.raises(campaigns.NoCampaign):
        campaigns.end(line, reason="late", by=quinn, now=ENDS)


def test_the_database_keeps_an_announcement_as_it_was_and_refuses_one_after_the_fact(line, quinn):
    announce(line, quinn)
    with pytest.raises(IntegrityError), transaction.atomic():
        Campaign.objects.update(share=0.9)
    facts = {"line": line, "share": 0.2, "reason": "x", "announced_by": quinn, "announced_at": NOON}
    with pytest.raises(IntegrityError), transaction.atomic():
        Campaign.objects.create(**facts, starts_at=NOON, ends_at=ENDS)
    with pytest.raises(IntegrityError), transaction.atomic():
        Campaign.objects.create(**facts, ends_at=ENDS)
    with pytest.raises(IntegrityError), transaction.atomic():
        Line.objects.update(campaign_starts_at=None)


# Doors ----------------------------------------------------------------------------------------------------------


def asked(**changes) -> dict[str, str]:
    return {"share": "20", "first_day": "2099-03-02", "last_day": "2099-03-15", "reason": "few defects"} | changes


def test_a_lead_announces_it_on_the_plan_page_and_both_pages_show_it(client, line, quinn):
    client.force_login(quinn)
    said = client.post(reverse("plan-campaign", args=[line.slug]), asked(), follow=True).text
    assert "Announced. It begins and ends by itself." in said
    sentence = "Campaign: 20\u00a0% of parts are drawn for truth from"
    assert sentence in said
    assert sentence in client.get(reverse("automation", args=[line.slug])).text
    entry = next(audit_log.entries(line, audit_log.Asked(action="campaign")))
    assert (entry.who, entry.thing, entry.reason) == ("quinn", "0.2", "few defects")
    assert entry.change.startswith("2099-03-0")
    client.post(reverse("plan-campaign", args=[line.slug]), {"end": "1", "reason": "no hands"})
    assert sentence not in client.get(reverse("automation", args=[line.slug])).text


@pytest.mark.parametrize("wrong", [{"first_day": ""}, {"first_day": "2020-01-01"}, {"share": "4"}, {"reason": " "}])
def test_what_is_no_campaign_to_come_is_refused_in_words(client, line, quinn, wrong):
    client.force_login(quinn)
    client.post(reverse("plan-campaign", args=[line.slug]), asked(**wrong))
    assert not Campaign.objects.exists()


@pytest.mark.parametrize(("role", "status"), [(Role.ADMINISTRATOR, 403), (Role.INSPECTOR, 404)])
def test_only_qa_leads_announce(client, line, role, status):
    client.force_login(make_user("oscar", role=role))
    assert client.post(reverse("plan-campaign", args=[line.slug]), asked()).status_code == status
    assert not Campaign.objects.exists()
