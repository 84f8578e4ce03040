"""Audits of automatic decisions: what they find, how the charts hear it, and how a line comes down by itself."""

from dataclasses import asdict
from datetime import timedelta

import pytest

from inspection import automation, dispositions
from inspection.models import Freeze, Hold, LevelChange, Line, Run
from inspection.rules.ladder import DISAGREEMENT_DEMOTE
from inspection.rules.words import Call, Label, Level
from review import audits, evidence, filling, watches
from review.audit_models import AuditFinding, AuditLot, MissResult, Watch, WatchChart
from review.models import Adjudication, Chart
from review.rules import charts
from tests.builders import NOON
from tests.inspection.test_automation import evaluation
from tests.review.deciding import audit, audited, escape, make_deciding_line, passed, rule
from tests.review.scene import later, make_run, make_watched_line, read

pytestmark = pytest.mark.django_db
PASS, DEFECT = Label.PASS, Label.DEFECT
SHIFT_B, SHIFT_C, NEXT_A = (NOON + timedelta(hours=h) for h in (3, 11, 19))


@pytest.fixture
def line():
    return make_deciding_line()


def standing(line: Line) -> Line:
    return Line.objects.select_related("epoch").get(pk=line.pk)


def chart(name: str) -> WatchChart:
    return WatchChart.objects.select_related("watch").get(name=name, closed_at=None)


def known_defects(line, count: int, *, missed: bool, first: int = 0) -> None:
    for n in range(first, first + count):
        audits.note_known_defect(standing(line), source=f"challenge:{n}", is_missed=missed, now=later(n))


# Findings -------------------------------------------------------------------------------------------------------


def test_an_audit_that_agrees_is_heard_as_good(line, ana):
    audit(line, "A-1", ana, PASS)

    found = AuditFinding.objects.get()
    assert (found.kind, found.is_bad) == ("auto_pass", False)
    assert (chart("escape").n, chart("escape").bad) == (1, 0)


def test_an_audit_that_differs_waits_for_the_ruling(line, ana, quinn):
    run = audit(line, "A-1", ana, DEFECT)
    assert not AuditFinding.objects.exists()

    rule(run, quinn, DEFECT, now=later(60))
    assert AuditFinding.objects.get().is_bad
    assert chart("escape").bad == 1


def test_an_auditor_who_errs_is_overruled_and_nothing_escaped(line, ana, quinn):
    run = audit(line, "A-1", ana, DEFECT)
    rule(run, quinn, PASS, now=later(60))
    assert not AuditFinding.objects.get().is_bad


def test_the_truth_draw_of_an_audited_part_is_not_waited_for_where_all_agree(line, ana):
    task = audited(line, "A-1", reason="truth-draw")
    Run.objects.filter(pk=task.run_id).update(drawn_truth=True)
    read(task, ana, PASS)
    assert Adjudication.objects.filter(ruled_at=None).exists()
    assert not AuditFinding.objects.get().is_bad


def test_a_part_that_people_decided_anyway_is_no_audit(line, ana):
    task = audited(line, "A-1", reason="between-bands")
    read(task, ana, PASS)
    assert not AuditFinding.objects.exists()


def test_an_audited_rejection_of_a_good_part_is_overkill_and_no_escape(line, ana, quinn):
    run = audit(line, "A-1", ana, PASS, call=Call.DEFECT)
    rule(run, quinn, PASS, now=later(60))
    found = AuditFinding.objects.get()
    assert (found.kind, found.is_bad) == ("auto_reject", True)
    assert WatchChart.objects.get(name="escape").n == 0


# The escape chart -----------------------------------------------------------------------------------------------


def test_the_audit_charts_limits_come_from_the_lines_ppm_target(ana):
    strict = make_deciding_line("strict", target_escape_ppm=50.0)
    watch = watches.current(strict, now=NOON)
    limits = watch.charts.get(name="escape")
    assert limits.p0 == pytest.approx(0.00005)
    assert limits.act == pytest.approx(1.944, abs=1e-3)


def test_escapes_first_tighten_and_freeze_then_lower_on_the_very_next_item(line, ana, quinn):
    """Target 500 ppm: each escape weighs ln 4, the chart warns at 1.94 and lowers at 3.99."""
    escape(line, "A-1", ana, quinn, minute=1)
    assert standing(line).level == "partial"
    assert not Freeze.objects.exists()

    escape(line, "A-2", ana, quinn, minute=2)
    assert Freeze.objects.in_force().get().cause == "escape-chart"
    assert (standing(line).level, standing(line).audit_share) == ("partial", 0.20)

    escape(line, "A-3", ana, quinn, minute=3)
    assert standing(line).level == "assist"
    change = LevelChange.objects.get()
    assert change.cause.startswith("escape chart 4.1")
    assert (change.changed_by, change.detail["bad"]) == (None, 3)
    assert standing(line).epoch.n == line.epoch.n + 1


def test_the_lowered_line_starts_its_charts_anew(line, ana, quinn, quill):
    for n in (1, 2, 3):
        escape(line, f"A-{n}", ana, quinn, minute=n)
    assert watches.current(standing(line), now=NOON) is None
    filling.stand(standing(line), [(Level.PARTIAL, later(900))], leads=(quinn, quill), cause="signed")
    fresh = watches.current(standing(line), now=later(901))
    assert (fresh.charts.get(name="escape").n, fresh.state) == (0, "tightened")


def test_a_critical_escape_lowers_at_once(line, ana, quinn):
    escape(line, "A-1", ana, quinn, defect_class="crack")
    assert standing(line).level == "assist"
    assert LevelChange.objects.get().cause == "an audit found a critical escape: crack"


def test_the_adjudicators_kind_of_defect_decides_whether_an_escape_is_critical(line, ana, quinn):
    run = audit(line, "A-1", ana, DEFECT, defect_class="scratch")
    rule(run, quinn, DEFECT, now=later(60), defect_class="crack")
    assert (AuditFinding.objects.get().defect_class, standing(line).level) == ("crack", "assist")


def test_what_an_earlier_stretch_is_found_guilty_of_does_not_lower_the_present_one(line, ana, quinn):
    audits.follow(now=NOON)
    run = audit(line, "A-1", ana, DEFECT, defect_class="crack")
    automation.lower(standing(line), to_level=Level.ASSIST, by=quinn, reason="doubt", now=later(30))
    rule(run, quinn, DEFECT, now=later(60), defect_class="crack")
    assert AuditFinding.objects.get().is_critical
    assert standing(line).level == "assist"


def test_a_chart_is_recounted_from_its_history(line, ana, quinn):
    for n in range(1, 6):
        audit(line, f"A-{n}", ana, PASS, at=later(60 * n))
    escape(line, "A-7", ana, quinn, minute=7)
    found = chart("escape")
    assert audits.recompute(found) == (found.w, 6, 1)


# Known defects --------------------------------------------------------------------------------------------------


def test_a_dead_model_holds_at_the_sixth_known_defect_and_falls_at_the_eighth(line):
    known_defects(line, 5, missed=True)
    assert not Hold.objects.exists()
    known_defects(line, 1, missed=True, first=5)
    assert Hold.objects.in_force().get().kind == "challenge"
    known_defects(line, 1, missed=True, first=6)
    assert standing(line).level == "partial"
    known_defects(line, 1, missed=True, first=7)
    assert standing(line).level == "assist"
    assert LevelChange.objects.get().detail["chart"] == "miss"


def test_a_model_that_finds_them_stays(line):
    known_defects(line, 60, missed=False)
    assert (standing(line).level, chart("miss").n) == ("partial", 60)
    assert audits.recompute(chart("miss"))[:2] == (chart("miss").w, 60)


def test_the_same_showing_counts_once(line):
    for _ in range(9):
        audits.note_known_defect(standing(line), source="challenge:1", is_missed=True, now=NOON)
    assert (MissResult.objects.count(), chart("miss").n) == (1, 1)


def test_where_people_decide_no_known_defect_is_counted():
    below = make_watched_line("assisted", level=Level.ASSIST)
    assert audits.note_known_defect(below, source="challenge:1", is_missed=True, now=NOON) is None


# Calls ----------------------------------------------------------------------------------------------------------


def hear(line, name, call_rate, limits) -> WatchChart:
    """Give the line's watch a chart of calls, as one with a reference has."""
    watch = watches.current(standing(line), now=NOON)
    return WatchChart.objects.create(watch=watch, name=name, opened_at=NOON, **asdict(limits(call_rate)))


def pass_parts(line, count: int, *, call: Call = Call.PASS, first: int = 0) -> None:
    for n in range(first, first + count):
        passed(line, f"P-{n}", call=call, at=later(n))
    dispositions.sequence_due(now=later(first + count))
    audits.follow(now=later(first + count))


def test_a_silent_model_is_held_exactly_at_the_charts_length(line):
    silence = hear(line, "silence", 0.8, charts.silence_limits)
    silent = charts.design_down(0.4).silent
    pass_parts(line, silent - 1)
    assert not Hold.objects.exists()

    pass_parts(line, 1, first=silent)
    hold = Hold.objects.in_force().get()
    assert hold.reason.startswith("Too few defect calls: silence chart")
    silence.refresh_from_db()
    assert audits.recompute(silence)[:2] == (silence.w, silent)


def test_once_a_person_has_lifted_the_hold_the_silence_chart_begins_anew(line, quinn):
    hear(line, "silence", 0.8, charts.silence_limits)
    silent = charts.design_down(0.4).silent
    pass_parts(line, silent)
    automation.lift_hold(Hold.objects.get(), by=quinn, now=later(500))

    pass_parts(line, 2, first=600)
    assert not Hold.objects.in_force().exists()
    assert chart("silence").n == 2


def test_too_many_calls_tighten_the_audit_and_freeze_promotions(line):
    hear(line, "call_rate", 0.02, charts.rise_limits)
    Line.objects.update(audit_share=0.05)
    pass_parts(line, 20, call=Call.DEFECT)
    assert Freeze.objects.in_force().get().cause == "call-rate"
    assert standing(line).audit_share == 0.20


def test_fewer_calls_than_ever_tighten_the_audit_and_freeze_promotions_until_a_lead_lets_them_go_on(line, quinn):
    hear(line, "call_fall", 0.4, charts.fall_limits)
    Line.objects.update(audit_share=0.05)
    enough = charts.design_down(0.3, charts.FALL_RATIO, charts.FALL_LENGTH).silent
    pass_parts(line, enough - 1)
    assert not Freeze.objects.exists()

    pass_parts(line, 1, first=enough)
    assert Freeze.objects.in_force().get().cause == "call-fall"
    assert standing(line).audit_share == 0.20
    assert not Hold.objects.exists()

    automation.thaw(line, cause="call-fall", by=quinn, now=later(500))
    pass_parts(line, 2, first=enough + 100)
    assert not Freeze.objects.in_force().exists()
    assert chart("call_fall").n == 2


def test_a_round_that_comes_twice_hears_nothing_twice(line):
    hear(line, "silence", 0.8, charts.silence_limits)
    pass_parts(line, 3)
    audits.follow(now=later(100))
    assert chart("silence").n == 3


# Shifts ---------------------------------------------------------------------------------------------------------


def test_a_new_stretch_is_audited_at_the_tightened_rate(line):
    audits.follow(now=NOON)
    assert standing(line).audit_share == 0.20
    assert Watch.objects.get().state == "tightened"


def test_five_accepted_shifts_lead_back_to_the_normal_rate(line, ana):
    audits.follow(now=NOON)
    for n in range(5):
        audit(line, f"A-{n}", ana, PASS, at=NOON + timedelta(hours=8 * n))
        audits.follow(now=NOON + timedelta(hours=8 * (n + 1)))
    assert [lot.state for lot in AuditLot.objects.order_by("pk")] == ["tightened"] * 4 + ["normal"]
    assert standing(line).audit_share == 0.05


def test_two_shifts_without_closed_audits_lower_the_line(line):
    audits.follow(now=NOON)
    for moment, after in ((NOON, SHIFT_B), (SHIFT_B, SHIFT_C)):
        assert standing(line).level == "partial"
        for n in range(3):
            audited(line, f"{moment:%H}-{n}", at=moment)
        audits.follow(now=after)
    assert standing(line).level == "assist"
    assert LevelChange.objects.get().cause == "two shifts without enough audits"


def test_one_starved_shift_between_good_ones_lowers_nothing(line, ana):
    audits.follow(now=NOON)
    audited(line, "A-1", at=NOON)
    audits.follow(now=SHIFT_B)
    audit(line, "B-1", ana, PASS, at=SHIFT_B)
    audits.follow(now=SHIFT_C)
    audited(line, "C-1", at=SHIFT_C)
    audits.follow(now=NEXT_A)
    assert [lot.is_starved for lot in AuditLot.objects.order_by("pk")] == [True, False, True]
    assert standing(line).level == "partial"


def test_a_shift_in_which_nothing_was_decided_is_not_starved(line):
    audits.follow(now=NOON)
    audits.follow(now=SHIFT_B)
    audits.follow(now=SHIFT_C)
    assert [lot.is_starved for lot in AuditLot.objects.all()] == [False, False]
    assert standing(line).level == "partial"


# Other ways down and what stays shut ----------------------------------------------------------------------------


def test_people_and_model_that_disagree_too_often_take_assist_to_shadow():
    assisted = make_watched_line("assisted", level=Level.ASSIST)
    Chart.objects.create(
        epoch=assisted.epoch, name=Chart.DISAGREEMENT, w=DISAGREEMENT_DEMOTE + 0.1, n=40, updated_at=NOON
    )
    audits.follow(now=NOON)
    audits.follow(now=NOON)
    assert standing(assisted).level == "shadow"


def test_a_frozen_line_goes_nowhere_up(quinn, quill):
    shadow = make_watched_line("frozen", level=Level.SHADOW)
    facts = {"to_level": Level.ASSIST, "by": quinn, "reason": "good", "now": NOON}
    proposal = automation.propose(shadow, evaluation=evaluation(shadow), **facts)
    automation.freeze(shadow, cause="drift", reason="The images drift.", now=NOON)
    with pytest.raises(automation.Frozen):
        automation.approve(proposal, by=quill, evaluation=evaluation(shadow), now=NOON)

    automation.reject(proposal, by=quinn, reason="drift", now=NOON)
    with pytest.raises(automation.Frozen):
        automation.propose(shadow, evaluation=evaluation(shadow), **facts)
    assert automation.open_by_system(shadow, evaluation(shadow), now=NOON) is None

    automation.thaw(shadow, cause="drift", by=quinn, now=NOON)
    assert automation.open_by_system(shadow, evaluation(shadow), now=NOON) is not None


def test_the_gate_to_full_hears_the_charts_and_how_long_they_were_quiet(line, ana, quinn):
    audits.follow(now=NOON)
    seen = evidence.read(standing(line), Level.FULL, now=NOON + timedelta(days=31)).evidence
    assert (seen.quiet_days, sorted(seen.charts)) == (31.0, ["escape", "miss"])

    for n in (1, 2):
        escape(line, f"A-{n}", ana, quinn, minute=n)
    warned = evidence.read(standing(line), Level.FULL, now=NOON + timedelta(days=31)).evidence
    assert warned.charts["escape"][0] > warned.charts["escape"][1]
    assert warned.quiet_days < 31
    assert warned.freezes == 1


def test_where_no_watch_is_open_nothing_is_quiet(line):
    assert evidence.read(line, Level.FULL, now=NOON).evidence.quiet_days is None


def test_an_audited_part_waits_in_the_queue_like_any_other(line):
    task = audited(line, "A-1")
    other = make_run(line, "A-2").items.get()
    assert task.purpose == "primary"
    assert other.run.drawn_audit is False
