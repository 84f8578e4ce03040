"""Certified bands: earned on the truth draw and the bank, kept with their inputs, ended by any change."""

import numpy as np
import pytest
from django.db import IntegrityError, transaction
from django.urls import reverse

from inspection import automation, certificates, epochs
from inspection.models import Line
from inspection.rules.words import Level
from review import band_boards, bands, bank, evidence, forecasts
from review.band_models import BandsChange, Certification
from review.rules import certifying
from review.rules.certifying import KnownDefect, Limits, Part
from tests.builders import NOON, PASSWORD, make_model_version
from tests.review.bank_scene import make_bank
from tests.review.past_scene import draw_scores, load_truth_draw
from tests.review.scene import make_watched_line

pytestmark = pytest.mark.django_db

RISKS = {"scratch": "major", "crack": "critical"}
# A wide limit keeps the parts of a test few; the rule is the same.
WIDE = Limits(risk=0.05)


def parts(count: int, *, defects: int, seed: int = 1, good: float = 0.05, bad: float = 0.9) -> list[Part]:
    rng = np.random.default_rng(seed)
    labels = [1] * defects + [0] * (count - defects)
    return [
        Part(f"run-{n}", float(np.clip(rng.normal(bad if label else good, 0.02), 0, 1)), label, "scratch" * label)
        for n, label in enumerate(labels)
    ]


def known(count: int, score: float = 0.9, code: str = "scratch") -> list[KnownDefect]:
    return [KnownDefect(f"{code}-{n}", score, code) for n in range(count)]


# The rule -------------------------------------------------------------------------------------------------------


def test_a_good_model_is_certified_below_the_call_threshold():
    found = certifying.certify(parts(3000, defects=30), known(100), RISKS, threshold=0.5)
    assert found.reason == "certified"
    assert 0 < found.t_lo <= 0.5
    assert found.closed_list == {"scratch": [100, 0]}
    assert found.shares["pass"] > 0.8


@pytest.mark.parametrize(
    ("drawn", "list_", "reason"),
    [
        (parts(3000, defects=30), known(58), "too_few_defects"),
        (parts(3000, defects=1), known(10), "always_pass"),
        (parts(300, defects=3), known(100), "too_few_items"),
        ([], known(100), "too_few_items"),
        (parts(3000, defects=30), known(100, score=0.01), "misses"),
        (parts(3000, defects=90, bad=0.05), known(100), "risk"),
        (parts(3000, defects=30, good=0.7), known(100), "above_cut"),
    ],
)
def test_what_is_not_proven_is_not_certified_and_says_why(drawn, list_, reason):
    found = certifying.certify(drawn, list_, RISKS, threshold=0.5)
    assert (found.t_lo, found.reason) == (None, reason)
    assert found.closed_list == {}


@pytest.mark.parametrize("defects", [3, 30, 60])
@pytest.mark.parametrize("score", [0.0, 0.05, 1.0])
def test_a_model_that_says_the_same_of_every_part_is_never_certified(defects, score):
    blind = [part._replace(score=score) for part in parts(3000, defects=defects)]
    found = certifying.certify(blind, known(300, score=score), RISKS, threshold=0.5)
    assert found.t_lo is None


def test_a_class_large_enough_for_its_own_limit_must_hold_it():
    drawn = parts(3000, defects=30)
    cracks = known(290, code="crack") + known(15, score=0.0, code="crack")
    assert certifying.certify(drawn, known(300) + cracks, RISKS, threshold=0.5).reason == "misses"
    assert certifying.certify(drawn, known(300) + cracks[:290], RISKS, threshold=0.5).reason == "certified"


def test_without_a_bank_the_list_is_natural_and_outside_both_halves():
    found = certifying.certify(parts(6000, defects=240), [], RISKS, threshold=0.5, natural_list=True)
    assert found.reason == "certified"
    assert found.counts["known"] > 59
    assert found.counts["tuning"] + found.counts["certifying"] < 3200


def test_the_split_hangs_on_the_names_alone():
    drawn = parts(600, defects=6)
    one, other = certifying.split(drawn, natural_list=False), certifying.split(drawn[::-1], natural_list=False)
    assert one == other
    assert len(one[0]) == pytest.approx(200, abs=45)
    assert not {part.name for part in one[0]} & {part.name for part in one[1]}


def test_parts_are_rejected_automatically_only_above_the_call_threshold():
    found = certifying.certify(parts(4000, defects=900), known(100), RISKS, threshold=0.5, limits=WIDE)
    assert found.t_hi is None or found.t_hi >= 0.5
    assert certifying.certify(parts(4000, defects=900), known(100), RISKS, threshold=0.999).t_hi is None


# The deeds ------------------------------------------------------------------------------------------------------


@pytest.fixture
def assisted(ana, andre, quinn, quill):
    """A line at `assist` with 180 ruled parts of the truth draw and 60 known defects."""
    line = make_watched_line(level=Level.ASSIST)
    load_truth_draw(line, draw_scores(180, defects=12))
    make_bank(line, 60, probability=0.9)
    return Line.objects.select_related("epoch__model_version", "product", "bands").get(pk=line.pk)


@pytest.fixture
def certified(assisted, quinn):
    return bands.certify(assisted, by=quinn, now=NOON, limits=WIDE)


def test_a_certificate_is_kept_with_its_inputs_and_comes_out_the_same(assisted, certified):
    assert (certified.reason, certified.n) == ("certified", 1)
    assert certified.bands.t_lo <= assisted.call_threshold
    assert len(certified.inputs["parts"]) == 180
    assert len(certified.inputs["known"]) == 60
    again = Certification.objects.get()
    assert bands.recompute(again)
    again.inputs["parts"][0][1] = 0.4
    assert not bands.recompute(again)


def test_the_envelope_is_what_the_certified_images_span(certified):
    low, high = certified.bands.envelope["brightness"]
    assert 100.0 <= low < 102.0
    assert 135.0 < high <= 140.0
    assert set(certified.bands.envelope) >= {"p99_luminance", "contrast", "sharpness", "size_bytes"}


def test_every_attempt_is_kept_and_numbered_and_a_refused_one_has_no_bands(assisted, certified, quinn):
    refused = bands.certify(assisted, by=quinn, now=NOON)
    assert (refused.n, refused.reason, refused.bands) == (2, "too_few_items", None)
    assert "too few" in band_boards.sentence(refused)
    with pytest.raises(IntegrityError), transaction.atomic():
        Certification.objects.filter(pk=refused.pk).update(reason="certified")


def test_parts_of_the_bank_are_in_neither_half(assisted, quinn):
    part = assisted.parts.get(serial="T-3")
    made = bank.add(
        assisted, serial=part.serial, view="front", defect_class="scratch", mark="1", found_by="x", by=quinn, now=NOON
    )
    run = made.part.runs.get()
    found = bands.certify(assisted, by=quinn, now=NOON, limits=WIDE)
    assert str(run.pk) not in {row[0] for row in found.inputs["parts"]}
    assert len(found.inputs["parts"]) == 179


def in_force(line: Line) -> bool:
    fresh = Line.objects.select_related("epoch__model_version", "bands").get(pk=line.pk)
    return certificates.standing(fresh, fresh.epoch.model_version_id) is not None


def test_below_partial_one_lead_puts_bands_in_force_and_the_policy_counts_from_there(assisted, certified, quinn):
    bands.put_in_force(assisted, certified.bands, by=quinn, now=NOON)
    assert in_force(assisted)
    assisted.refresh_from_db()
    read = evidence.read(assisted, Level.PARTIAL, now=NOON).evidence
    assert (read.bands_certified, read.bank, read.streams["policy_detection"]) == (True, (60, 0), (0, 0))


def test_the_signature_keeps_what_was_promised_whatever_is_drawn_later(assisted, certified, quinn):
    Line.objects.filter(pk=assisted.pk).update(truth_share=0.0)
    promised = forecasts.forecast(Line.objects.get(pk=assisted.pk), certified.outcome["shares"], now=NOON)
    signed = bands.put_in_force(assisted, certified.bands, by=quinn, now=NOON)
    Line.objects.filter(pk=assisted.pk).update(audit_share=0.5)
    signed.refresh_from_db()
    assert signed.forecast == promised.as_plain()
    later = forecasts.forecast(Line.objects.get(pk=assisted.pk), certified.outcome["shares"], now=NOON)
    assert later.automatic_share < signed.forecast["automatic_share"]


def test_where_the_model_decides_another_lead_puts_new_bands_in_force(assisted, certified, quinn, quill):
    Line.objects.filter(pk=assisted.pk).update(level="partial")
    with pytest.raises(bands.SecondSignature):
        bands.put_in_force(assisted, certified.bands, by=quinn, now=NOON)
    bands.put_in_force(assisted, certified.bands, by=quill, now=NOON)
    assert in_force(assisted)


def test_bands_certified_by_a_lead_who_is_none_any_more_do_not_decide(assisted, certified, quinn, quill):
    Line.objects.filter(pk=assisted.pk).update(level="partial")
    quinn.memberships.update(revoked_at=NOON)
    with pytest.raises(bands.SecondSignature):
        bands.put_in_force(assisted, certified.bands, by=quill, now=NOON)
    assert not in_force(assisted)


def test_the_database_wants_two_people_where_the_model_decides(assisted, certified, quinn):
    facts = {"line": assisted, "bands": certified.bands, "level": "partial", "put_at": NOON}
    with pytest.raises(IntegrityError), transaction.atomic():
        BandsChange.objects.create(certified_by=quinn, put_by=quinn, **facts)


@pytest.mark.parametrize("change", ["model", "threshold", "demotion"])
def test_any_change_of_model_configuration_or_epoch_ends_the_bands(assisted, certified, quinn, change):
    bands.put_in_force(assisted, certified.bands, by=quinn, now=NOON)
    line = Line.objects.get(pk=assisted.pk)
    if change == "demotion":
        automation.lower(line, to_level=Level.SHADOW, by=None, reason="drift", now=NOON)
    else:
        line.call_threshold = 0.4 if change == "threshold" else line.call_threshold
        line.save()
        version = make_model_version("newer") if change == "model" else line.present_epoch.model_version
        epochs.enter(line, version, cause=change, now=NOON)
    assert not in_force(assisted)
    with pytest.raises(bands.NotCertified):
        bands.put_in_force(line, certified.bands, by=quinn, now=NOON)


def test_withdrawn_bands_hold_no_more(assisted, certified, quinn):
    with pytest.raises(bands.NoBands):
        bands.withdraw(assisted, by=quinn, reason="doubt", now=NOON)
    bands.put_in_force(assisted, certified.bands, by=quinn, now=NOON)
    bands.withdraw(assisted, by=quinn, reason="doubt", now=NOON)
    assert not in_force(assisted)
    assert [change.bands_id for change in BandsChange.objects.order_by("pk")] == [certified.bands_id, None]


def test_the_forecast_tells_a_shift_before_anybody_signs(assisted, certified):
    assisted.truth_share, assisted.audit_share, assisted.control_share, assisted.cost_reading = 0.05, 0.05, 0.05, 2
    told = forecasts.forecast(assisted, {"pass": 0.9, "reject": 0.0, "person": 0.1}, now=NOON)
    assert told.parts >= 0
    assert told.read + told.auto_passed + told.auto_rejected == pytest.approx(told.parts, abs=2)
    assert told.money is not None


# Doors ----------------------------------------------------------------------------------------------------------


def test_a_lead_certifies_reads_the_forecast_and_signs_on_the_page(client, assisted, certified, quinn):
    client.force_login(quinn)
    page = reverse("bands", args=[assisted.slug])
    shown = client.get(page).content.decode()
    assert "Certified: passing up to" in shown
    assert "A usual shift under these bands" in shown
    client.post(reverse("bands-deed", args=[assisted.slug, "put"]), {"n": 1, "password": "wrong"})
    assert not in_force(assisted)
    client.post(reverse("bands-deed", args=[assisted.slug, "put"]), {"n": 1, "password": PASSWORD})
    assert in_force(assisted)
    client.post(reverse("bands-deed", args=[assisted.slug, "certify"]))
    assert Certification.objects.count() == 2
    client.post(reverse("bands-deed", args=[assisted.slug, "withdraw"]), {"reason": "doubt"})
    assert not in_force(assisted)


def test_the_api_certifies_signs_and_withdraws(assisted, certified, quinn, client_of):
    client = client_of(quinn)
    address = f"/api/v1/lines/{assisted.slug}/bands/"
    assert client.post(address).json()["reason"] == "too_few_items"
    listed = client.get(address).json()
    assert ([one["n"] for one in listed["certificates"]], listed["in_force"]) == ([2, 1], None)
    wrong = client.post(f"{address}1/put/", {"password": "wrong"}, format="json")
    assert wrong.json()["code"] == "not-confirmed"
    assert client.post(f"{address}1/put/", {"password": PASSWORD}, format="json").status_code == 200
    assert client.get(address).json()["in_force"] == 1
    assert client.post(f"{address}withdraw/", {"reason": "doubt"}, format="json").status_code == 204


def test_bands_are_hidden_from_inspectors(client, assisted, ana):
    client.force_login(ana)
    assert client.get(reverse("bands", args=[assisted.slug])).status_code == 404
    assert client.get(f"/api/v1/lines/{assisted.slug}/bands/").status_code == 404


def test_a_model_that_passes_everything_is_neither_certified_nor_raised_on_the_lines_own_data(ana, andre, quinn, quill):
    line = make_watched_line(level=Level.SHADOW)
    load_truth_draw(line, [(0.001, label) for _, label in draw_scores(400, defects=4)])
    make_bank(line, 120, probability=0.001)
    line = Line.objects.select_related("epoch__model_version", "product", "bands").get(pk=line.pk)
    assert bands.certify(line, by=quinn, now=NOON, limits=WIDE).bands is None
    for to_level in (Level.ASSIST, Level.PARTIAL, Level.FULL):
        judgement = evidence.read(line, to_level, now=NOON).judgement
        assert not judgement.is_open
        assert any(check.stream.endswith("detection") and not check.passed for check in judgement.checks)
    agreement = evidence.read(line, Level.ASSIST, now=NOON).judgement.checks[0]
    assert (agreement.stream, agreement.passed, agreement.successes) == ("agreement", True, 396)
