"""What reaches a gate beside the counts: the bank on its route, classes, waivers, harm, and the promised ppm."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.urls import reverse

from inspection import automation, waivers
from inspection.models import GateLimits, Waiver
from inspection.rules.words import Call, Label, Level, Policy, Stream
from review import adjudications, counts, decisions, evidence
from review.models import Watch, WatchChart
from tests.builders import NOON, PASSWORD
from tests.inspection.models import make_bands
from tests.review.bank_scene import make_bank
from tests.review.scene import an_answer, answer, lease, make_task, make_watched_line, read

pytestmark = pytest.mark.django_db

SOON = (NOON + timedelta(days=30)).date()


def limits(line, to_level: Level, **asked) -> None:
    GateLimits.objects.create(line=line, to_level=to_level.value, limits=asked, created_at=NOON)


def gathered(line, to_level: Level):
    return evidence.read(line, to_level, now=NOON).evidence


def rule_all(line, lead, label: Label) -> None:
    code = "scratch" if label == Label.DEFECT else ""
    for case in adjudications.waiting_for(lead, lines=[line]):
        adjudications.rule(case, by=lead, label=label, defect_class=code, now=NOON + timedelta(minutes=9))


# The bank -------------------------------------------------------------------------------------------------------


def test_toward_assist_the_bank_counts_what_the_label_finds(line):
    make_bank(line, 3, probability=0.9)
    make_bank(line, 1, probability=0.2, first=10)
    found = gathered(line, Level.ASSIST)
    assert (found.bank, found.defects, found.natural) == ((3, 1), 4, (0, 0))


def test_toward_partial_the_closed_list_is_the_one_the_certificate_froze(line):
    make_bands(line, line.epoch.model_version, certificates={"closed_list": {"crack": [5, 1], "scratch": [60, 0]}})
    make_bank(line, 3)
    found = gathered(line, Level.PARTIAL)
    assert found.bank == (65, 1)
    assert found.classes == {"crack": ("critical", 5, 1), "scratch": ("major", 60, 0)}


def test_the_bank_may_be_read_all_the_time_where_the_line_chose_so(line):
    make_bands(line, line.epoch.model_version)
    make_bank(line, 2, probability=0.3)
    make_bank(line, 1, probability=0.01, code="crack")
    limits(line, Level.PARTIAL, closed_list=False)
    found = gathered(line, Level.PARTIAL)
    assert (found.bank, found.classes["crack"]) == ((2, 1), ("critical", 0, 1))


def test_on_the_natural_route_classes_are_those_of_the_truth_draw(line, ana, quinn):
    make_bands(line, line.epoch.model_version)
    limits(line, Level.PARTIAL, route="natural")
    read(make_task(line, drawn=("truth",), policy=Policy.PERSON), ana, Label.DEFECT)
    rule_all(line, quinn, Label.DEFECT)
    found = gathered(line, Level.PARTIAL)
    assert found.classes["scratch"] == ("major", 1, 0)
    assert (found.natural, found.escapes) == ((1, 0), (0, 1))


def test_without_a_standing_certificate_the_policys_streams_are_empty(line, ana, quinn):
    make_bands(line, line.epoch.model_version)
    read(make_task(line, drawn=("truth",), policy=Policy.PERSON), ana, Label.DEFECT)
    rule_all(line, quinn, Label.DEFECT)
    make_bands(line, line.epoch.model_version, calibrator_hash="0" * 64)
    found = gathered(line, Level.PARTIAL)
    assert (found.bands_certified, found.streams["policy_detection"]) == (False, (0, 0))


# Harm -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("kept", "harm"), [(Label.DEFECT, (0, 1)), (Label.PASS, (1, 1))])
def test_giving_up_a_right_call_after_a_wrong_prediction_is_harm(ana, quinn, kept, harm):
    line = make_watched_line(level=Level.ASSIST)
    task = make_task(line, call=Call.PASS)
    answer(task, ana, Label.DEFECT)
    mine = lease(task, ana)
    given = an_answer(kept, phase=decisions.Phase.FINAL)
    recorded = decisions.record(mine, person=ana, token=mine.lease_token, decision=given, now=NOON)
    decisions.finalise_due(now=recorded.decision.final_at)
    rule_all(line, quinn, Label.DEFECT)
    assert gathered(line, Level.PARTIAL).harm == harm
    assert counts.sums(line.epoch, Stream.OMISSION).f == harm[0]


# Waivers --------------------------------------------------------------------------------------------------------


@pytest.fixture
def assisted():
    return make_watched_line(level=Level.ASSIST)


def test_a_waiver_takes_two_leads_and_holds_until_its_date(assisted, quinn, quill):
    asked = waivers.ask(assisted, subject="crack", until=SOON, reason="none ever seen", by=quinn, now=NOON)
    assert gathered(assisted, Level.PARTIAL).waived == ()
    with pytest.raises(automation.SelfApproval):
        waivers.sign(asked, by=quinn, now=NOON)
    waivers.sign(asked, by=quill, now=NOON)
    assert gathered(assisted, Level.PARTIAL).waived == ("crack",)
    assert waivers.in_force(assisted, Level.PARTIAL, now=NOON + timedelta(days=31)) == ()
    assert waivers.in_force(assisted, Level.FULL, now=NOON) == ()
    with pytest.raises(waivers.WaiverClosed):
        waivers.sign(asked, by=quill, now=NOON)


def test_a_waiver_whose_first_signer_is_no_lead_any_more_takes_no_second_signature(assisted, quinn, quill):
    asked = waivers.ask(assisted, subject="crack", until=SOON, reason="none ever seen", by=quinn, now=NOON)
    quinn.memberships.update(revoked_at=NOON)
    with pytest.raises(waivers.WaiverClosed):
        waivers.sign(asked, by=quill, now=NOON)
    assert waivers.in_force(assisted, Level.PARTIAL, now=NOON) == ()


@pytest.mark.parametrize(("subject", "days"), [("dent", 30), ("crack", -1)])
def test_only_a_class_of_the_line_and_a_date_to_come_can_be_waived(assisted, quinn, subject, days):
    with pytest.raises(waivers.NothingToWaive):
        waivers.ask(
            assisted, subject=subject, until=(NOON + timedelta(days=days)).date(), reason="x", by=quinn, now=NOON
        )


def test_the_database_refuses_one_person_twice_on_a_waiver(assisted, quinn):
    asked = waivers.ask(assisted, subject="crack", until=SOON, reason="x", by=quinn, now=NOON)
    with pytest.raises(IntegrityError), transaction.atomic():
        Waiver.objects.filter(pk=asked.pk).update(second_by=quinn, second_at=NOON)


def test_two_leads_waive_on_the_page_with_their_passwords(client, assisted, quinn, quill):
    page = reverse("automation", args=[assisted.slug])
    given = {"subject": "crack", "until": "2099-01-01", "reason": "none ever seen", "password": PASSWORD}
    client.force_login(quinn)
    client.post(reverse("ladder-deed", args=[assisted.slug, "waive"]), {**given, "password": "wrong"})
    assert not Waiver.objects.exists()
    client.post(reverse("ladder-deed", args=[assisted.slug, "waive"]), given)
    assert "none ever seen" in client.get(page).content.decode()
    signing = {"waiver": Waiver.objects.get().pk, "password": PASSWORD}
    client.post(reverse("ladder-deed", args=[assisted.slug, "sign-waiver"]), signing)
    assert Waiver.objects.get().second_by is None
    client.force_login(quill)
    client.post(reverse("ladder-deed", args=[assisted.slug, "sign-waiver"]), signing)
    assert Waiver.objects.get().second_by == quill


# What watches -----------------------------------------------------------------------------------------------------


def watch(line, *, days: int, warned: int | None = None, w: float = 0.2) -> None:
    """Let audits have watched the line for so many days; `warned` says how many days ago the chart warned."""
    opened = NOON - timedelta(days=days)
    stretch = Watch.objects.create(
        line=line, epoch=line.epoch, level=line.level, opened_at=opened, shift="x", shift_began_at=opened,
        state="normal", switched_at=opened, target_ppm=500.0, auto_pass_share=0.8,
    )  # fmt: skip
    WatchChart.objects.create(
        watch=stretch, name="escape", p0=0.001, p1=0.004, warn=2.59, act=4.67, w=w, opened_at=opened,
        warned_at=None if warned is None else NOON - timedelta(days=warned),
    )  # fmt: skip


@pytest.mark.parametrize(("warned", "quiet"), [(None, 40.0), (12, 12.0)])
def test_days_are_quiet_since_the_last_warning_or_since_the_stretch_began(warned, quiet):
    line = make_watched_line(level=Level.PARTIAL)
    watch(line, days=40, warned=warned)
    found = gathered(line, Level.FULL)
    assert (found.quiet_days, found.charts) == (quiet, {"escape": (0.2, 2.59)})


def test_where_nothing_watches_no_day_is_quiet():
    assert gathered(make_watched_line(level=Level.PARTIAL), Level.FULL).quiet_days is None


def test_a_freeze_shuts_every_gate_and_says_so(line):
    automation.freeze(line, cause="drift", reason="brightness moved", now=NOON)
    reading = evidence.read(line, Level.ASSIST, now=NOON)
    assert "freezes" in [one.name for one in reading.judgement.failing]
