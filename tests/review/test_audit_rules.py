"""The rules of the audit: what an audited part shows, when a shift is starved, how charts are designed and move."""

from dataclasses import replace

import pytest

from inspection.rules.words import Call, Label
from review.rules import auditing, charts
from review.rules.auditing import AuditedView, Finding, Kind, ShiftAudits
from stats.cusum import arl_down

GOOD = AuditedView(
    reason="audit-draw", call=Call.PASS, first=Label.PASS, ruling=None, defect_class="", awaits_ruling=False
)
SCRATCHED = replace(GOOD, first=Label.DEFECT, ruling=Label.DEFECT, defect_class="scratch")


@pytest.mark.parametrize(
    ("views", "found"),
    [
        ([GOOD], Finding(Kind.AUTO_PASS, False, "")),
        ([SCRATCHED], Finding(Kind.AUTO_PASS, True, "scratch")),
        ([GOOD, SCRATCHED], Finding(Kind.AUTO_PASS, True, "scratch")),
        ([replace(SCRATCHED, ruling=Label.PASS)], Finding(Kind.AUTO_PASS, False, "")),
        ([replace(GOOD, call=Call.DEFECT)], Finding(Kind.AUTO_REJECT, True, "")),
        ([replace(SCRATCHED, call=Call.DEFECT)], Finding(Kind.AUTO_REJECT, False, "scratch")),
        ([replace(GOOD, reason="truth-draw")], Finding(Kind.AUTO_PASS, False, "")),
        ([], None),
        ([replace(GOOD, reason="between-bands")], None),
        ([GOOD, replace(GOOD, reason="outside-envelope")], None),
        ([replace(GOOD, call=None)], None),
        ([GOOD, replace(GOOD, first=None)], None),
        ([replace(SCRATCHED, ruling=None, awaits_ruling=True)], None),
        ([replace(GOOD, first=Label.CANNOT_JUDGE)], None),
    ],
)
def test_what_an_audited_part_shows(views, found):
    assert auditing.finding(views) == found


@pytest.mark.parametrize(
    ("found", "critical"),
    [
        (Finding(Kind.AUTO_PASS, True, "crack"), True),
        (Finding(Kind.AUTO_PASS, True, "scratch"), False),
        (Finding(Kind.AUTO_REJECT, False, "crack"), False),
    ],
)
def test_only_a_passed_defect_of_a_critical_class_is_critical(found, critical):
    assert auditing.is_critical(found, {"crack": "critical", "scratch": "major"}) == critical


@pytest.mark.parametrize(
    ("shift", "starved"),
    [
        ({"drawn": 20, "closed": 10}, False),
        ({"drawn": 20, "closed": 9}, True),
        ({"drawn": 0, "closed": 0, "decided": 49}, False),
        ({"drawn": 0, "closed": 0, "decided": 50}, True),
        ({"drawn": 0, "closed": 0, "decided": 0}, False),
    ],
)
def test_a_shift_is_starved_below_half_of_its_plan(shift, starved):
    facts = {"drawn": 0, "closed": 0, "decided": 0, "rate": 0.2}
    assert auditing.is_starved(ShiftAudits(**{**facts, **shift})) == starved


def test_every_state_of_the_audit_has_its_rate():
    assert auditing.AUDIT_RATES == {"reduced": 0.02, "normal": 0.05, "tightened": 0.20}


@pytest.mark.parametrize(
    ("ppm", "share", "r0", "warn", "act"),
    [(50, 1.0, 0.00005, 0.000075, 1.944), (500, 1.0, 0.0005, 1.944, 3.986), (1000, 1.0, 0.001, 2.590, 4.674)],
)
def test_the_escape_charts_limits_are_those_of_the_design_table(ppm, share, r0, warn, act):
    limits = charts.escape_limits(ppm, share)
    assert limits.p0 == pytest.approx(r0)
    assert (limits.warn, limits.act) == (pytest.approx(warn, abs=2e-3), pytest.approx(act, abs=2e-3))


def test_fewer_automatic_passes_may_hold_more_of_the_same_escapes():
    assert charts.escape_limits(500, 0.5).p0 == pytest.approx(0.001)


def test_a_line_that_calls_most_parts_defects_has_no_chart_of_rising_calls():
    assert charts.rise_limits(0.12) is not None
    assert charts.rise_limits(0.13) is None


@pytest.mark.parametrize("rate", [0.002, 0.01, 0.03, 0.2])
def test_a_fall_to_a_third_is_heard_soon_and_the_reference_itself_hardly_ever(rate):
    limits = charts.fall_limits(rate)
    found = [arl_down(share * rate, limits.p0, limits.p1, limits.act) for share in (1 / 3, 0.75, 1.0)]
    assert found[0] < 60 / rate
    assert found[1] >= 100_000
    assert found[2] > 800_000


def test_a_chart_that_crosses_says_so_once():
    limits = charts.miss_limits()
    first = charts.move(charts.MISS, limits, 0.0, [True] * 6)
    after = charts.move(charts.MISS, limits, first.w, [True])
    assert (first.warned, first.acted) == (True, False)
    assert (after.warned, after.acted) == (False, False)


def test_a_chart_that_falls_below_its_warning_says_so():
    limits = charts.escape_limits(500, 1.0)
    loud = charts.move(charts.ESCAPE, limits, 0.0, [True, True])
    assert not loud.calmed
    assert charts.move(charts.ESCAPE, limits, loud.w, [False] * 900).calmed
