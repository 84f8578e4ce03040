"""A candidate's own certificate: what it takes, what it lets it decide, and that it follows it there and back."""

from dataclasses import replace
from datetime import timedelta

import pytest

from inspection import automation, certificates, epochs, heartbeats, lineage, pipeline, registry, rollouts
from inspection.models import ArmEvent, Disposition, Line, Rollout, Routing
from inspection.rules.words import Level
from review import bands, bank, candidate_bands, rollbacks
from review.band_models import BandsChange, Certification
from stats.eprocess import retry_alpha
from tests.builders import NOON, make_station
from tests.review.bank_scene import make_defect
from tests.review.candidate_scene import (
    WIDE,
    make_beside,
    make_certified_line,
    make_shown_candidate,
    miss_a_challenge,
    serve_candidate,
    show,
)
from tests.review.rollout_scene import GOOD, examined, make_rollout, send
from tests.review.scene import later, make_run

pytestmark = pytest.mark.django_db

MINE, THEIRS = 0.04, 0.5
"""Positions of runs: below the canary's share, and above."""


@pytest.fixture
def line():
    return make_certified_line()


def fresh(line: Line) -> Line:
    return Line.objects.select_related("epoch__model_version", "bands").get(pk=line.pk)


def stands(line: Line, version) -> bool:
    return certificates.standing(fresh(line), version.pk) is not None


def routed(line: Line, serial: str, **said) -> Routing:
    send(line, serial, **said)
    return Routing.objects.select_related("model_version", "bands").get(item__run__part__serial=serial)


# What it lets the candidate decide ------------------------------------------------------------------------------


def test_without_a_certificate_the_candidate_decides_nothing(line):
    make_rollout(line)
    assert routed(line, "A-1", position=MINE).reason == "no-certificate"
    assert routed(line, "A-2", position=THEIRS).route == "auto_pass"


def test_with_one_it_decides_its_share_under_its_own_bands_and_nothing_else(line):
    theirs = make_beside(line, make_rollout(line), t_lo=0.02)
    mine = routed(line, "A-1", position=MINE, green=0.01)
    assert (mine.route, mine.model_version.name, mine.bands) == ("auto_pass", "green", theirs)
    # Blue's bands would pass this one: they are not the candidate's.
    assert routed(line, "A-2", position=MINE, green=0.04, blue=GOOD).reason == "between-bands"
    other = routed(line, "A-3", position=THEIRS, green=0.99, blue=0.04)
    assert (other.route, other.model_version.name, other.bands_id) == ("auto_pass", "blue", line.bands_id)


def test_another_share_or_a_pause_leaves_the_certificate_as_it_is(line, quinn):
    rollout = make_rollout(line)
    make_beside(line, rollout)
    rollouts.set_share(rollout, share=0.045, by=quinn, now=later(1))
    rollouts.pause(rollout, by=quinn, cause="looking", now=later(2))
    rollouts.go_on(rollout, by=quinn, now=later(3))
    assert stands(line, rollout.candidate)
    assert routed(line, "A-1", position=MINE, at=later(4)).model_version.name == "green"


def test_the_receipt_names_the_candidate_and_its_bands(line):
    theirs = make_beside(line, make_rollout(line), t_lo=0.02)
    mine = routed(line, "A-1", position=MINE)
    facts = lineage.of_runs(lineage.for_facts(Disposition.objects.filter(run=mine.item.run_id)), {})
    told = facts[mine.item.run_id]["views"][0]["routing"]
    assert (told["model"]["name"], told["bands"]["id"], told["bands"]["t_lo"]) == ("green", theirs.pk, 0.02)


def test_a_silent_candidate_decides_nothing_with_whatever_bands(line):
    make_beside(line, make_rollout(line, "shadow"))
    assert routed(line, "A-1", position=MINE, green=GOOD, blue=0.5).model_version.name == "blue"


def test_below_partial_nobody_is_asked_for_bands(line):
    Line.objects.filter(pk=line.pk).update(level="assist")
    make_beside(line, make_rollout(line))
    mine = routed(line, "A-1", position=MINE)
    assert (mine.reason, mine.policy) == ("level", "pass")


# There and back -------------------------------------------------------------------------------------------------


@pytest.fixture
def switched(line, quinn):
    """The candidate with its certificate serves, watched."""
    rollout = make_rollout(line, "blue_green")
    make_beside(line, rollout, t_lo=0.02)
    return serve_candidate(line, rollout, quinn)


def test_at_the_switch_the_bands_are_in_force_with_the_new_epoch_from_the_next_item_on(line, switched):
    after = fresh(line)
    assert (after.level, after.epoch.model_version.name, after.bands.t_lo) == ("partial", "green", 0.02)
    decided = routed(line, "B-1", at=later(61))
    assert (decided.route, decided.model_version.name, decided.bands) == ("auto_pass", "green", after.bands)


def test_a_station_is_told_the_bands_of_what_serves(line, switched):
    pulse = heartbeats.Pulse(sent_at=later(62))
    orders = heartbeats.take(make_station(fresh(line)), pulse, now=later(62))
    assert (orders["model"]["name"], orders["policy"]["bands"]["t_lo"]) == ("green", 0.02)


@pytest.mark.parametrize("is_over", [False, True])
def test_rolling_back_puts_the_bands_of_before_in_force_at_once(line, switched, quinn, is_over):
    if is_over:
        show(switched, [make_run(fresh(line), f"watched-{n}") for n in range(600)], overturned=0)
        rollouts.follow(switched, now=NOON + timedelta(days=2))
        assert not Rollout.objects.get().is_open
    rollbacks.roll_back(switched, by=quinn, reason="scratches", read_again=False, now=NOON + timedelta(days=3))
    after = fresh(line)
    assert (after.bands_id, after.epoch_id) == (line.bands_id, line.epoch_id)
    decided = routed(line, "B-1", at=NOON + timedelta(days=3, seconds=1))
    assert (decided.route, decided.model_version.name, decided.bands_id) == ("auto_pass", "blue", line.bands_id)


def test_a_candidate_without_a_certificate_leaves_the_line_without_bands_until_it_goes_back(line, quinn):
    rollout = serve_candidate(line, make_rollout(line, "blue_green"), quinn)
    assert fresh(line).bands is None
    assert routed(line, "B-1", at=later(61)).reason == "no-certificate"
    rollouts.roll_back(rollout, by=quinn, cause="back", now=later(70))
    assert fresh(line).bands_id == line.bands_id


def test_the_bands_of_a_candidate_that_was_taken_off_do_not_come_again_with_it(line, quinn):
    rollout = make_rollout(line)
    make_beside(line, rollout)
    rollouts.abort(rollout, by=quinn, cause="no", now=later(1))
    again = make_rollout(line, at=later(2))
    assert not stands(line, again.candidate)
    assert routed(line, "A-1", position=MINE, at=later(3)).reason == "no-certificate"


@pytest.mark.parametrize("is_certified", [True, False])
def test_what_the_candidate_alone_looked_at_before_it_went_is_decided_by_people(line, quinn, is_certified):
    """No run is decided by one model under the bands of another, whatever happens between looking and routing."""
    rollout = make_rollout(line)
    theirs = make_beside(line, rollout) if is_certified else None
    item = make_run(line, "A-1", position=MINE).items.select_related("run__part", "station").get()
    looked_at = examined(line, item, {"green": GOOD, "blue": GOOD}, at=NOON)
    rollouts.abort(rollout, by=quinn, cause="no", now=later(1))
    decided = pipeline.record(item, looked_at, now=later(1))
    assert (decided.reason, decided.model_version.name, decided.bands_id) == ("no-prediction", "blue", line.bands_id)
    assert decided.bands != theirs


# What ends it ---------------------------------------------------------------------------------------------------


def test_a_recalibrated_version_has_no_certificate(line):
    rollout = make_rollout(line)
    make_beside(line, rollout, calibrator_hash="0" * 64)
    assert routed(line, "A-1", position=MINE).reason == "no-certificate"


def test_another_configuration_ends_it_and_the_switch_does_not_revive_it(line, quinn):
    rollout = make_rollout(line, "blue_green")
    make_beside(line, rollout)
    changed = Line.objects.select_related("product").get(pk=line.pk)
    changed.call_threshold = 0.4
    changed.save()
    epochs.enter(changed, registry.present(changed), cause="threshold", now=NOON)
    assert not stands(line, rollout.candidate)
    serve_candidate(changed, rollout, quinn)
    assert not stands(line, rollout.candidate)


def test_a_demotion_ends_it_for_good(line, quinn):
    rollout = make_rollout(line, "blue_green")
    make_beside(line, rollout)
    automation.lower(line, to_level=Level.ASSIST, by=None, reason="drift", now=NOON)
    Line.objects.filter(pk=line.pk).update(level="partial")
    assert not stands(line, rollout.candidate)
    serve_candidate(line, rollout, quinn)
    assert not stands(line, rollout.candidate)


# Certifying -----------------------------------------------------------------------------------------------------


@pytest.fixture
def shown(ana, andre, quinn, quill):
    return make_shown_candidate()


@pytest.fixture
def certified(shown, quinn):
    return candidate_bands.certify(shown, by=quinn, now=NOON, limits=WIDE)


def test_a_candidate_is_certified_on_the_truth_draw_of_the_model_before_it(shown, certified):
    assert (certified.reason, certified.rollout, certified.model_version) == ("certified", shown, shown.candidate)
    made = certified.bands
    assert (made.drawn_in, made.epoch.model_version) == (shown.line.present_epoch, shown.candidate)
    assert made.epoch != made.drawn_in
    assert len(certified.inputs["parts"]) == 210
    assert certified.inputs["limits"]["delta"] == retry_alpha(0.05, 1)
    assert bands.recompute(Certification.objects.get())


def test_nothing_is_in_force_before_another_lead_signs_at_any_level(shown, certified, quinn, quill):
    Line.objects.filter(pk=shown.line_id).update(level="assist")
    assert not stands(shown.line, shown.candidate)
    with pytest.raises(bands.SecondSignature):
        bands.put_in_force(shown.line, certified.bands, by=quinn, now=NOON)
    bands.put_in_force(shown.line, certified.bands, by=quill, now=NOON)
    assert stands(shown.line, shown.candidate)
    assert fresh(shown.line).bands is None
    signed = BandsChange.objects.get()
    assert (signed.model_version, signed.certified_by, signed.put_by) == (shown.candidate, quinn, quill)


def test_a_candidates_bands_are_withdrawn_by_one_person(shown, certified, quill):
    bands.put_in_force(shown.line, certified.bands, by=quill, now=NOON)
    bands.withdraw(shown.line, by=quill, reason="doubt", now=NOON, version=shown.candidate)
    assert not stands(shown.line, shown.candidate)
    with pytest.raises(bands.NoBands):
        bands.withdraw(shown.line, by=quill, reason="doubt", now=NOON, version=shown.candidate)


def test_every_attempt_for_any_candidate_is_made_at_a_smaller_chance_of_error(shown, certified, quinn):
    again = candidate_bands.at_attempt(shown.line, WIDE)
    assert again == replace(WIDE, delta=retry_alpha(0.05, 2))
    # 210 parts and 40 defects were enough for the first attempt only.
    with pytest.raises(candidate_bands.NotReady) as refusal:
        candidate_bands.certify(shown, by=quinn, now=NOON, limits=WIDE)
    assert [need.code for need in refusal.value.needs] == ["known"]
    assert Certification.objects.count() == 1


def test_the_sealed_archive_counts_and_so_a_new_version_need_not_wait_for_new_parts(ana, andre, quinn, quill):
    rollout = make_shown_candidate(sealed=True)
    made = candidate_bands.certify(rollout, by=quinn, now=NOON, limits=WIDE)
    assert (made.reason, len(made.inputs["parts"])) == ("certified", 210)


def learn(rollout, item) -> None:
    bank.note_training(rollout.candidate, [(item.sha256, "")])


def missing(rollout, quinn) -> list[str]:
    """Try to certify, and return the codes of everything that is said to be missing."""
    with pytest.raises(candidate_bands.NotReady) as refusal:
        candidate_bands.certify(rollout, by=quinn, now=NOON, limits=WIDE)
    assert not Certification.objects.exists()
    return [need.code for need in refusal.value.needs]


def test_too_little_refuses_without_spending_an_attempt(ana, andre, quinn, quill):
    rollout = make_shown_candidate(parts=40, known=20, live=2)
    learn(rollout, rollout.line.bank.all()[0].images.get().item)
    assert missing(rollout, quinn) == ["parts", "known", "live", "shifts", "unlearned"]


def test_what_speaks_against_it_refuses_without_spending_an_attempt(ana, andre, quinn, quill):
    rollout = make_shown_candidate(overturned=40)
    make_defect(rollout.line, "D-new")
    miss_a_challenge(rollout)
    learn(rollout, rollout.line.items.filter(run__drawn_truth=True)[0])
    assert missing(rollout, quinn) == ["bank", "agreement", "challenges", "unlearned"]


def test_readings_that_a_ruling_took_back_do_not_speak_against_it(ana, andre, quinn, quill):
    rollout = make_shown_candidate(overturned=40)
    make_defect(rollout.line, "D-new")
    assert missing(rollout, quinn) == ["bank", "agreement"]
    for event in ArmEvent.objects.filter(kind="overturns"):
        event.pk, event.n, event.weight = None, event.n + 1, -1
        event.save(force_insert=True)
    assert missing(rollout, quinn) == ["bank"]


def test_only_the_candidate_of_a_running_rollout_is_certified(shown, quinn):
    rollouts.abort(shown, by=quinn, cause="no", now=NOON)
    with pytest.raises(candidate_bands.NoCandidate):
        candidate_bands.certify(shown, by=quinn, now=NOON, limits=WIDE)


def test_the_bank_is_scored_for_a_candidate_too(line):
    rollout = make_rollout(line)
    make_defect(line)
    assert [version for _, version in bank.lines_to_score()] == [rollout.incumbent, rollout.candidate]
