"""The scope of a line: agreed step by step, signed whole, and nothing is collected before."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction

from inspection import batches, intake, risks, scopes
from inspection.models import FailureWatch, Line, ScopeSignature
from inspection.rules.risks import METRICS, PRELOADED
from inspection.rules.words import ChangeKind, Decider, Priority, Role
from inspection.scopes import ScopeIncomplete
from tests.builders import NOON, make_line, make_station, make_user
from tests.inspection.making import make_device, upload

pytestmark = pytest.mark.django_db

DESCRIPTION = {
    "name": "Phone frame",
    "name_ko": "휴대폰 프레임",
    "takt_s": 2.0,
    "time_zone": "Asia/Seoul",
    "definition": "marks seen at arm's length",
    "parts_per_day": 5000,
    "defect_rate_low": 0.003,
    "defect_rate_high": 0.007,
    "pace": "consumer",
    "recertify_by": None,
}
SCRATCH = {
    "name": "scratch",
    "name_ko": "긁힘",
    "risk_class": "major",
    "key": 1,
    "still_good": "not seen at 40 cm",
    "already_bad": "longer than 2 mm",
    "kept_as": "LS-1, LS-2",
}
TARGETS = {
    "target_escape_ppm": 120.0,
    "target_overkill_share": 0.02,
    "currency": "EUR",
    "cost_escape": None,
    "cost_overkill": None,
    "cost_reading": None,
    "lot_release": True,
}


@pytest.fixture
def quinn():
    return make_user("quinn", role=Role.QA_LEAD)


@pytest.fixture
def founded(quinn):
    return scopes.found(slug="phone-frame", sku="F05", facts=DESCRIPTION, by=quinn, now=NOON)


@pytest.fixture
def agreed(founded, quinn):
    scopes.keep_class(founded, code="scratch", facts=SCRATCH, by=quinn, now=NOON)
    scopes.aim(founded, facts=TARGETS, by=quinn, now=NOON)
    scopes.say_who_decides(founded, decider=Decider.PEOPLE, system_name="", by=quinn, now=NOON)
    for watch in risks.standing(founded):
        if watch.is_amber:
            risks.accept(watch.failure_mode, reason="checked by hand", by=quinn, now=NOON)
    return founded


def reloaded(line: Line) -> Line:
    return Line.objects.get(pk=line.pk)


def sheet(line: Line) -> dict[str, FailureWatch]:
    return {watch.failure_mode.code: watch for watch in risks.standing(line)}


# Signing --------------------------------------------------------------------------------------------------------


def test_a_new_line_stands_at_human_in_an_epoch_with_a_salt_and_twenty_risks(founded):
    assert (founded.level, founded.present_epoch.n, founded.salts.count()) == ("human", 1, 1)
    assert founded.failure_modes.count() == len(PRELOADED) == 20


def test_nothing_is_collected_before_the_scope_is_signed(agreed, quinn):
    station = make_station(agreed)
    with pytest.raises(intake.ScopeUnsigned):
        intake.accept(station, upload=upload(), now=NOON)
    with pytest.raises(intake.ScopeUnsigned):
        batches.take_in(station, archive=upload().file, members=[], now=NOON)
    assert not agreed.items.exists()

    scopes.sign(agreed, by=quinn, now=NOON)

    assert intake.accept(make_station(reloaded(agreed), "st-02"), upload=upload(), now=NOON).item.line == agreed


def test_the_device_is_told_why_nothing_is_collected():
    refused = make_device(make_line("phone-lens", scope_signed_at=None)).post()
    assert (refused.status_code, refused.json()["code"], refused.json()["retryable"]) == (409, "scope-unsigned", True)


def test_a_demo_line_collects_without_a_signature():
    assert make_line(scope_signed_at=None, is_demo=True).may_collect
    assert not make_line("phone-lens", scope_signed_at=None).may_collect


@pytest.mark.parametrize("undone", ["scope", "classes", "targets", "today", "risks"])
def test_every_step_must_be_done_before_signing(agreed, quinn, undone):
    if undone == "scope":
        scopes.describe(agreed, facts={**DESCRIPTION, "definition": ""}, by=quinn, now=NOON)
    elif undone == "classes":
        scopes.retire_class(agreed.defect_classes.get(), by=quinn, now=NOON)
    elif undone == "targets":
        scopes.aim(agreed, facts={**TARGETS, "target_escape_ppm": None}, by=quinn, now=NOON)
    elif undone == "today":
        agreed.scope.delete()
        scopes.describe(agreed, facts=DESCRIPTION, by=quinn, now=NOON)
        scopes.aim(agreed, facts=TARGETS, by=quinn, now=NOON)
    else:
        risks.add(agreed, failure="Mirror cracks", failure_ko="", by=quinn, now=NOON)
    with pytest.raises(ScopeIncomplete) as refused:
        scopes.sign(reloaded(agreed), by=quinn, now=NOON)
    assert refused.value.missing == [undone]
    assert not ScopeSignature.objects.exists()


def test_targets_bind_the_line_with_the_signature_and_not_before(agreed, quinn):
    assert reloaded(agreed).target_escape_ppm == 500.0
    scopes.sign(agreed, by=quinn, now=NOON)
    signed = reloaded(agreed)
    assert (signed.target_escape_ppm, signed.target_overkill_share, signed.lot_release) == (120.0, 0.02, True)

    scopes.aim(signed, facts={**TARGETS, "target_escape_ppm": 900.0}, by=quinn, now=NOON)
    assert reloaded(agreed).target_escape_ppm == 120.0


def test_a_signature_keeps_what_was_signed_and_a_later_change_shows(agreed, quinn):
    first = scopes.sign(agreed, by=quinn, now=NOON)
    assert first.content_hash == scopes.hash_of(scopes.as_plain(reloaded(agreed)))

    scopes.plan_change(agreed, kind=ChangeKind.LENS, due_on=NOON.date(), what="12 mm lens", by=quinn, now=NOON)
    assert first.content_hash != scopes.hash_of(scopes.as_plain(reloaded(agreed)))

    second = scopes.sign(agreed, by=quinn, now=NOON + timedelta(days=1))
    assert (first.version, second.version) == (1, 2)
    assert reloaded(agreed).scope_signed_at == NOON
    assert [row.content["planned_changes"] for row in agreed.scope_signatures.order_by("version")] == [
        [],
        [["lens", "2026-11-23", "12 mm lens"]],
    ]


@pytest.mark.parametrize("rows", ["scope_signatures", "baselines", "failure_modes"])
def test_what_was_signed_and_measured_is_never_edited(agreed, quinn, rows):
    baseline = {"judge": "people", "defects": 30, "missed": 3, "good": 60, "rejected": 2}
    scopes.measure(agreed, facts={**baseline, "method": "x", "measured_on": NOON.date()}, by=quinn, now=NOON)
    scopes.sign(agreed, by=quinn, now=NOON)
    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
        getattr(agreed, rows).all().update(line=make_line("phone-lens"))


# Classes --------------------------------------------------------------------------------------------------------


def test_a_changed_class_list_is_another_epoch_and_a_changed_limit_sample_is_not(agreed, quinn):
    before = reloaded(agreed).epoch_id
    scopes.keep_class(reloaded(agreed), code="scratch", facts={**SCRATCH, "still_good": "30 cm"}, by=quinn, now=NOON)
    assert reloaded(agreed).epoch_id == before

    scopes.keep_class(reloaded(agreed), code="crack", facts={**SCRATCH, "key": 2}, by=quinn, now=NOON)
    assert reloaded(agreed).epoch_id != before


def test_limit_samples_are_kept_in_versions_and_the_same_words_make_none(agreed, quinn):
    for words in ("not seen at 40 cm", "not seen at 40 cm", "not seen at 30 cm"):
        scopes.keep_class(agreed, code="scratch", facts={**SCRATCH, "still_good": words}, by=quinn, now=NOON)
    ((kind, sample),) = scopes.classes_of(agreed)
    assert (kind.limit_samples.count(), sample.version, sample.still_good) == (2, 2, "not seen at 30 cm")


def test_a_retired_class_keeps_its_row(agreed, quinn):
    scopes.retire_class(agreed.defect_classes.get(), by=quinn, now=NOON)
    assert scopes.classes_of(agreed) == []
    assert agreed.defect_classes.get().retired_at == NOON


# Baseline and calendar ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "wrong", [{"missed": 31}, {"rejected": 61}, {"defects": 0, "missed": 0, "good": 0, "rejected": 0}]
)
def test_a_baseline_counts_what_was_there(agreed, quinn, wrong):
    facts = {"judge": "people", "defects": 30, "missed": 3, "good": 60, "rejected": 2, "method": "x"}
    with pytest.raises(IntegrityError), transaction.atomic():
        scopes.measure(agreed, facts={**facts, "measured_on": NOON.date(), **wrong}, by=quinn, now=NOON)


def test_a_withdrawn_change_leaves_the_calendar_and_keeps_its_row(agreed, quinn):
    change = scopes.plan_change(agreed, kind=ChangeKind.SKU, due_on=NOON.date(), what="A13", by=quinn, now=NOON)
    assert change.opens_epoch
    scopes.withdraw_change(change, by=quinn, now=NOON)
    assert scopes.changes_of(agreed) == []
    assert agreed.planned_changes.get().withdrawn_by == quinn


# Risks ----------------------------------------------------------------------------------------------------------


def test_the_preloaded_sheet_is_owned_and_shows_first_what_nothing_watches(founded, quinn):
    watches = risks.standing(founded)
    assert [watch.failure_mode.code for watch in watches if watch.is_amber] == ["lens-swapped", "coating-changed"]
    assert all(watch.is_amber for watch in watches[:2])
    assert all(watch.owner == quinn for watch in watches[2:])
    assert {row.metric for row in PRELOADED} - {""} <= set(METRICS)


def test_choosing_a_metric_ends_the_amber(founded, quinn):
    wish = risks.Watch(metric="image_size", threshold="1 px", priority=Priority.P2, action="hold", owner=quinn)
    risks.watch(sheet(founded)["lens-swapped"].failure_mode, wish, reason="lens has another field", by=quinn, now=NOON)
    after = sheet(founded)["lens-swapped"]
    assert (after.is_amber, after.metric, after.n, after.owner) == (False, "image_size", 2, quinn)


def test_pruning_a_metric_says_which_failures_become_unwatched(founded, quinn):
    wish = risks.Watch(metric="sharpness", threshold="< 120", priority=Priority.P2, action="hold", owner=quinn)
    risks.watch(sheet(founded)["lens-swapped"].failure_mode, wish, reason="blur", by=quinn, now=NOON)
    assert {mode.code for mode in risks.unwatched_without(founded, "sharpness")} == {"lens-swapped", "focus-drifts"}

    lost = risks.prune(founded, "sharpness", reason="false alarms", by=quinn, now=NOON)

    assert {mode.code for mode in lost} == {"lens-swapped", "focus-drifts"}
    assert all(sheet(founded)[mode.code].is_amber for mode in lost)
    assert {change.reason for change in risks.history(founded)} == {"false alarms", "blur"}
    with pytest.raises(risks.NothingWatchedBy):
        risks.prune(founded, "sharpness", reason="again", by=quinn, now=NOON)


def test_an_accepted_failure_bears_a_name_and_choosing_a_metric_later_takes_it_off(founded, quinn):
    mode = sheet(founded)["lens-swapped"].failure_mode
    accepted = risks.accept(mode, reason="checked at changeover", by=quinn, now=NOON)
    assert (accepted.is_watched, accepted.is_amber, accepted.owner) == (False, False, quinn)
    with pytest.raises(IntegrityError), transaction.atomic():
        FailureWatch.objects.create(failure_mode=mode, n=9, accepted=True, reason="x", changed_at=NOON)


def test_the_sheet_lists_a_failure_once(founded, quinn):
    risks.add(founded, failure="Mirror cracks", failure_ko="거울 균열", by=quinn, now=NOON)
    assert sheet(founded)["mirror-cracks"].is_amber
    with pytest.raises(risks.FailureKnown):
        risks.add(founded, failure="mirror cracks", failure_ko="", by=quinn, now=NOON)


def test_a_watch_is_whole_or_not_there(founded, quinn):
    mode = sheet(founded)["lens-swapped"].failure_mode
    with pytest.raises(IntegrityError), transaction.atomic():
        FailureWatch.objects.create(failure_mode=mode, n=9, metric="brightness", reason="x", changed_at=NOON)
