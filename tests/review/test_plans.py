"""The plan: how long each rung takes at the line's own rates, and an honest never."""

from datetime import date, timedelta

import pytest
from django.urls import reverse
from django.utils import translation

from inspection.models import GateLimits, LineScope
from inspection.rules.words import Call, Label, Level
from review import plan_sentences, plans, rates, retro
from review.models import Count
from review.retro_models import RetroTrial
from tests.builders import NOON, make_line
from tests.review.bank_scene import make_defect
from tests.review.scene import make_run, make_task, read

pytestmark = pytest.mark.django_db


def promise(line, *, parts: int = 5000, low: float = 0.005, high: float = 0.005) -> None:
    LineScope.objects.create(
        line=line, parts_per_day=parts, defect_rate_low=low, defect_rate_high=high, updated_at=NOON
    )


@pytest.fixture
def fresh():
    """A line without a past; its scope promises 5,000 parts a day with 0.5 % defects."""
    line = make_line("phone-frame")
    promise(line)
    return line


def counted(line, stream: str, s: int, f: int, **cells) -> None:
    """Give the line's epoch folded counts, as its finaliser would have."""
    Count.objects.create(line=line, epoch=line.epoch, stream=stream, shift="2026-11-20/A", s=s, f=f, **cells)


def rungs(line, mode: str = "normal", **known) -> dict[Level, plans.PlannedRung]:
    return {rung.level: rung for rung in getattr(plans.read(line, now=NOON, **known), mode).rungs}


def sentence(line, level: Level, **known) -> str:
    found = plans.read(line, now=NOON, **known)
    return plan_sentences.limited_by(next(rung for rung in found.normal.rungs if rung.level == level), found)


# Days -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("mode", "bank", "days"),
    [
        ("normal", 0, (0, 40, 87, 222)),
        ("campaign", 0, (0, 10, 22, 56)),
        ("normal", 400, (0, 5, 12, 30)),
        ("campaign", 400, (0, 5, 5, 30)),
    ],
)
def test_days_are_those_of_the_published_table(fresh, mode, bank, days):
    # The table's bank proves detection at every rung; where nobody chose it the first rung waits for nature.
    GateLimits.objects.create(line=fresh, to_level=Level.ASSIST.value, limits={"route": "bank"}, created_at=NOON)
    assert tuple(rung.days for rung in rungs(fresh, mode, bank=bank).values()) == days


def test_rungs_follow_each_other_in_the_calendar(fresh):
    found = rungs(fresh, "campaign")
    assert found[Level.SHADOW].earliest == date(2026, 11, 23)
    assert found[Level.ASSIST].earliest == date(2026, 12, 3)
    assert found[Level.PARTIAL].earliest == date(2026, 12, 25)
    assert found[Level.FULL].earliest == date(2027, 2, 19)


def test_costs_are_those_of_the_days(fresh):
    assist = rungs(fresh, "campaign")[Level.ASSIST]
    assert (assist.parts, assist.readings, round(assist.hours)) == (50_000, 55_000, 61)
    assert rungs(fresh)[Level.FULL].readings is None


def test_a_range_of_defects_makes_a_range_of_days(fresh):
    fresh.scope.delete()
    promise(fresh, low=0.0025, high=0.01)
    assist = rungs(fresh)[Level.ASSIST]
    assert (assist.best.days, assist.days, assist.worst.days) == (20, 40, 80)
    assert plan_sentences.spreads(assist)["days"] == "20 – 80"


def test_parts_and_readings_have_the_same_range_as_days(fresh):
    fresh.scope.delete()
    promise(fresh, low=0.0025, high=0.01)
    found = rungs(fresh)
    assist = found[Level.ASSIST]
    assert assist.best.parts < assist.parts < assist.worst.parts
    assert assist.best.readings == round(assist.best.parts * 1.1)
    spread = plan_sentences.spreads(assist)
    assert spread["parts"] == f"{assist.best.parts:,} – {assist.worst.parts:,}"
    assert spread["readings"] == f"{assist.best.readings:,} – {assist.worst.readings:,}"
    assert plan_sentences.spreads(found[Level.FULL])["readings"] == ""


def test_a_small_line_waits_for_its_first_two_hundred_images(fresh):
    fresh.scope.delete()
    promise(fresh, parts=50)
    assert rungs(fresh)[Level.SHADOW].days == 4


def test_without_rates_there_is_no_plan_and_nothing_is_invented():
    found = plans.read(make_line("phone-frame"), now=NOON)
    assert (found.normal, found.campaign) == (None, None)
    assert plan_sentences.basis(found) == ""


def test_an_archive_that_opened_leaves_a_day_of_confirmation_and_nothing_of_the_rungs_above(fresh):
    before, after = rungs(fresh), rungs(fresh, archive_opened=True)
    assert (before[Level.ASSIST].days, after[Level.ASSIST].days, after[Level.ASSIST].binding) == (40, 1, "minimum")
    assert before[Level.PARTIAL].days == after[Level.PARTIAL].days


def test_the_archives_answer_for_the_lines_own_version_is_heard(line, quinn, client_of):
    promise(line)
    version = line.present_epoch.model_version
    RetroTrial.objects.create(
        line=line,
        product=line.product,
        model_version=version,
        fingerprint=retro.fingerprint_of(version),
        attempt=1,
        alphas={},
        closes_at=NOON,
        asked_by=quinn,
        asked_at=NOON,
        answer=RetroTrial.OPEN,
        answered_at=NOON,
    )
    answer = client_of(quinn).get(reverse("api-plan", args=[line.slug])).json()
    assert (answer["archive_opened"], answer["normal"]["rungs"][1]["days"]) == (True, 1)


def test_a_rung_that_was_climbed_is_reached_and_takes_no_days_of_the_calendar(fresh):
    fresh.level = Level.ASSIST.value
    found = rungs(fresh, "campaign")
    assert [rung.is_reached for rung in found.values()] == [True, True, False, False]
    assert found[Level.PARTIAL].earliest == NOON.date() + timedelta(days=22)


# The line's own rates -------------------------------------------------------------------------------------------


def test_a_line_that_runs_is_planned_at_its_own_parts_and_not_at_the_promised_ones(fresh):
    for day, parts in enumerate((1, 3, 5, 4, 9)):
        for n in range(parts):
            make_run(fresh, f"A-{day}-{n}", at=NOON - timedelta(days=5 - day))
    make_run(fresh, "A-today", at=NOON)
    figure = plans.read(fresh, now=NOON).rates.parts_per_day
    assert (figure.low, figure.value, figure.high, figure.source) == (3, 4.5, 9, rates.FROM_RUNS)


def test_defects_of_the_truth_draw_count_before_what_the_scope_promises(fresh):
    counted(fresh, "detection", 18, 2)
    counted(fresh, "specificity", 170, 10)
    figure = plans.read(fresh, now=NOON).rates.defect_rate
    assert (figure.k, figure.n, figure.value, figure.source) == (20, 200, 0.1, rates.FROM_TRUTH)
    assert figure.low < 0.1 < figure.high


def test_before_a_model_runs_two_readers_of_the_same_part_tell_the_defect_rate(fresh):
    counted(fresh, "people", 96, 4, pp=90, pd=2, dp=2, dd=6)
    figure = plans.read(fresh, now=NOON).rates.defect_rate
    assert (figure.k, figure.n, figure.source) == (8, 100, rates.FROM_PEOPLE)


def test_too_few_parts_measure_nothing(fresh):
    counted(fresh, "detection", 1, 0)
    counted(fresh, "specificity", 28, 0)
    counted(fresh, "agreement", 150, 49)
    found = plans.read(fresh, now=NOON).rates
    assert found.defect_rate.source == rates.FROM_SCOPE
    assert (found.agreement.value, found.agreement.source) == (0.98, rates.ASSUMED)


def test_final_calls_of_people_reach_the_plan(line, ana, andre):
    promise(line)
    for n in range(3):
        read(make_task(line, f"A-{n}", call=Call.PASS), ana, Label.PASS)
    assert plans.read(line, now=NOON).rates.agreement.source == rates.ASSUMED


# Sentences ------------------------------------------------------------------------------------------------------


def test_a_bank_that_is_short_says_how_many_more_and_what_they_would_save(fresh):
    assert sentence(fresh, Level.PARTIAL) == "detection, bank empty: 93 distinct defects would make it 12 days"
    assert sentence(fresh, Level.PARTIAL, bank=12) == (
        "detection, bank 12/93: 81 more distinct defects would make it 12 days"
    )
    assert sentence(fresh, Level.PARTIAL, bank=93) == "truth draw, 3,000 parts needed"


def test_a_rung_that_takes_years_says_so_in_months(fresh):
    fresh.scope.delete()
    promise(fresh, low=0.001, high=0.001)
    assert sentence(fresh, Level.PARTIAL).startswith(
        "at 0.1\u00a0% defects detection takes 13 months; fill the bank (93 more)"
    )


def test_a_model_below_its_target_never_rises_and_neither_do_the_rungs_above(fresh):
    counted(fresh, "agreement", 940, 60)
    found = rungs(fresh)
    assert (found[Level.ASSIST].days, found[Level.ASSIST].earliest, found[Level.PARTIAL].earliest) == (None, None, None)
    assert sentence(fresh, Level.ASSIST) == (
        "never: the model agrees in 94\u00a0% (940/1,000), more than 95\u00a0% is needed"
    )


def test_a_model_that_misses_too_many_never_rises(fresh):
    counted(fresh, "detection", 30, 10)
    assert "the model finds 75\u00a0% (30/40) of the defects, more than 80\u00a0% is needed" in sentence(
        fresh, Level.ASSIST
    )


def test_full_may_never_come_and_says_that_partial_is_a_result(fresh):
    assert sentence(fresh, Level.FULL, bank=400).endswith("may never come, and staying at partial is a result")


def test_the_plan_speaks_korean(fresh):
    with translation.override("ko"):
        assert "불량" in sentence(fresh, Level.PARTIAL)


# The door -------------------------------------------------------------------------------------------------------


def test_the_api_gives_days_readings_and_hours_to_each_rung(fresh, quinn, client_of, django_assert_max_num_queries):
    client = client_of(quinn)
    with django_assert_max_num_queries(18):
        answer = client.get(reverse("api-plan", args=[fresh.slug])).json()
    assert [rung["rung"] for rung in answer["normal"]["rungs"]] == ["shadow", "assist", "partial", "full"]
    assert answer["campaign"]["truth_share"] == 0.2
    partial = answer["campaign"]["rungs"][2]
    assert (partial["days"], partial["days_range"], partial["binding"]) == (22, [22, 22], "detection")
    assert answer["rates"]["parts_per_day"] == {"low": 5000, "value": 5000, "high": 5000, "source": "scope", "n": 0}


def test_the_defects_of_the_lines_bank_are_counted(line, quinn, client_of):
    promise(line)
    make_defect(line)
    answer = client_of(quinn).get(reverse("api-plan", args=[line.slug])).json()
    assert answer["bank"] == 1
    assert "bank 1/93: 92 more distinct defects" in answer["normal"]["rungs"][2]["limited_by"]


def test_the_plan_is_hidden_from_inspectors_and_strangers(fresh, ana, oscar, client_of):
    for person in (ana, oscar):
        assert client_of(person).get(reverse("api-plan", args=[fresh.slug])).status_code == 404
