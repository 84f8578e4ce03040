"""Seeded and natural defects, the policy, the canary, the plan."""

from math import ceil, exp, log

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom

from stats.canary import log_e_noninferior, log_e_paired, log_e_shift, log_e_worse, theta0
from stats.eprocess import items_for_failures, items_to_pass, log_e_above, log_e_below, retry_alpha, stream_passes
from stats.planning import defects_expected, items_expected, plan
from stats.policy import class_status, decide, rates, streams
from stats.seeding import contradiction_power, detection_gate, distinct, natural_verdict


@given(st.lists(st.tuples(st.sampled_from("abcdef"), st.booleans()), max_size=40), st.sets(st.sampled_from("abc")))
def test_each_defect_counts_once_however_often_it_is_shown(showings, trained):
    groups, found = [name for name, _ in showings], [seen for _, seen in showings]
    result = distinct(groups, found, sorted(trained))
    fates = {name: all(seen for other, seen in showings if other == name) for name in groups}
    counted = [fate for name, fate in fates.items() if name not in trained]
    assert (result.s, result.f) == (sum(counted), len(counted) - sum(counted))
    assert result.repeats == len(groups) - len(fates)
    assert result.leaked == sorted(trained & set(fates))
    assert result.refused is bool(result.leaked)


@pytest.mark.parametrize(
    ("s", "f", "minimum", "verdict"),
    [
        (9, 1, 10, "consistent"),
        (8, 1, 10, "insufficient"),
        (0, 0, 0, "consistent"),
        (20, 10, 10, "contradicts"),
        (0, 5, 10, "contradicts"),
    ],
)
def test_what_natural_defects_say(s, f, minimum, verdict):
    assert natural_verdict(s, f, 0.95, minimum=minimum) == verdict
    assert natural_verdict(s, f, 0.95, 0.05, 10) == natural_verdict(s, f, 0.95)


def test_natural_defects_contradict_at_the_limit_itself():
    alpha = exp(-log_e_below(20, 10, 0.95)) * (1 + 1e-12)
    assert natural_verdict(20, 10, 0.95, alpha) == "contradicts"
    assert natural_verdict(20, 10, 0.95, alpha * 0.999) == "consistent"
    exact = exp(-log_e_below(0, 3, 0.9))
    assert -log(exact) == log_e_below(0, 3, 0.9)
    assert natural_verdict(0, 3, 0.9, exact) == "contradicts"
    assert contradiction_power(0.0, 3, 0.9, exact) == 1.0


@pytest.mark.parametrize(
    ("rate", "p0", "alpha", "powers"),
    [
        (0.9, 0.95, 0.05, (0.01, 0.07, 0.19, 0.35)),
        (0.5, 0.95, 0.05, (0.75, 1, 1, 1)),
        (0.8, 0.97, 0.01, (0.03, 0.45, 0.91, 1)),
        (0.4, 0.80, 0.05, (0.50, 0.99, 1, 1)),
        (0.95, 0.95, 0.05, (0.001, 0.004, 0.008, 0.012)),
    ],
)
def test_the_power_of_natural_defects_to_contradict(rate, p0, alpha, powers):
    found = [contradiction_power(rate, n, p0, alpha) for n in (10, 30, 60, 100)]
    assert found == pytest.approx(powers, abs=0.0051)


def test_power_equals_counting_every_sequence():
    fired = 0.0
    for sequence in range(2**10):
        found = [sequence >> i & 1 for i in range(10)]
        hit = any(natural_verdict(sum(found[:n]), n - sum(found[:n]), 0.8) == "contradicts" for n in range(1, 11))
        fired += hit * 0.6 ** sum(found) * 0.4 ** (10 - sum(found))
    assert contradiction_power(0.6, 10, 0.8) == pytest.approx(fired, rel=1e-12)


def test_power_at_the_ends():
    assert contradiction_power(0.5, 0, 0.95) == 0.0
    assert contradiction_power(1.0, 50, 0.95) == 0.0
    assert contradiction_power(0.0, 50, 0.95) == 1.0
    assert contradiction_power(0.95, 2_000, 0.95) <= 0.05
    assert contradiction_power(0.2, 1, 0.95, 0.6) == 0.8  # one failure alone contradicts at so large an alpha
    assert contradiction_power(0.2, 100, 0.8) == 1.0  # a chance, whatever the rounding of its sum


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({}, "met"),
        ({"leaked": True, "natural": [0, 9]}, "leaked"),
        ({"natural": [4, 6]}, "contradicted"),
        ({"natural": [0, 5]}, "contradicted"),
        ({"natural": [9, 0]}, "few_natural"),
        ({"natural": [9, 0], "minimum": 9}, "met"),
        ({"bank": [87, 0]}, "short"),
        ({"route": "natural"}, "short"),
        ({"route": "natural", "bank": [0, 0], "natural": [88, 0]}, "met"),
        ({"alpha": 0.01}, "short"),
    ],
)
def test_the_detection_gate_gives_its_first_reason(changed, reason):
    case = {"bank": [88, 0], "natural": [10, 0], "p0": 0.95} | changed
    assert detection_gate(**case) == (reason == "met", reason)


@pytest.mark.parametrize(
    ("score", "low", "high", "certified", "decision"),
    [
        (0.05, 0.05, 0.9, True, "pass"),
        (0.0501, 0.05, 0.9, True, "person"),
        (0.9, 0.05, 0.9, True, "reject"),
        (0.8999, 0.05, 0.9, True, "person"),
        (0.0, None, 0.9, True, "person"),
        (1.0, 0.05, None, True, "person"),
        (0.5, None, None, True, "person"),
        (0.0, 0.05, 0.9, False, "person"),
        (1.0, 0.05, 0.9, False, "person"),
    ],
)
def test_the_policy_decides_at_its_thresholds(score, low, high, certified, decision):
    assert decide(score, low, high, certified) == decision


def test_a_policy_is_certified_unless_said_otherwise():
    assert decide(0.0, 0.05, 0.9) == "pass"


def test_the_rates_of_a_policy():
    table = [[7800, 3], [1900, 60], [20, 217]]
    assert rates(table) == pytest.approx((277 / 280, 9700 / 9720, 0.196, 0.7803, 300.0))
    assert streams(np.array(table)) == (277, 3, 9700, 20)
    assert rates([[0, 3], [0, 6], [0, 1]]) == (0.7, None, 0.6, 0.3, 300_000.0)
    assert rates([[3, 0], [6, 0], [1, 0]]) == (None, 0.9, 0.6, 0.3, 0.0)
    assert rates([[0, 1], [1, 0], [1, 1]])[:2] == (0.5, 0.5)


@pytest.mark.parametrize(
    ("risk_class", "s", "f", "expected"),
    [
        ("critical", 449, 0, ("met", 0.99, 0)),
        ("critical", 448, 0, ("unproven", 0.99, 1)),
        ("critical", 448, 1, ("short", 0.99, 234)),
        ("major", 88, 0, ("met", 0.95, 0)),
        ("cosmetic", 42, 0, ("unproven", 0.90, 1)),
        ("cosmetic", 43, 0, ("met", 0.90, 0)),
        ("cosmetic", 42, 1, ("short", 0.90, 23)),
    ],
)
def test_where_a_class_stands(risk_class, s, f, expected):
    assert class_status(risk_class, s, f) == expected
    assert class_status(risk_class, s, f, 0.01).needed == items_to_pass(s, f, expected[1], 0.01)


@pytest.mark.parametrize("rho", [0.5, 1.0, 1.25, 2.0])
def test_a_canary_is_compared_by_its_share_of_failures(rho):
    edge = rho * 0.2 / (rho * 0.2 + 0.8)
    assert theta0(0.2, rho) == pytest.approx(edge)
    assert log_e_worse(9, 20, 0.2, rho) == log_e_above(9, 20, theta0(0.2, rho))
    assert log_e_noninferior(9, 20, 0.2, rho) == log_e_below(9, 20, theta0(0.2, rho))
    mean = (exp(log_e_worse(9, 20, 0.2, rho)) + exp(log_e_noninferior(9, 20, 0.2, 1 / rho))) / 2
    assert log_e_shift(9, 20, 0.2, rho) == pytest.approx(log(mean))


def test_a_shift_is_heard_in_either_direction_and_far_out():
    assert log_e_shift(0, 4_000_000, 0.5) > 1_000
    assert log_e_shift(4_000_000, 0, 0.5) > 1_000
    assert log_e_shift(9, 20, 0.2) == log_e_shift(9, 20, 0.2, 1.25)
    assert log_e_worse(9, 20, 0.2) == log_e_worse(9, 20, 0.2, 1.0)
    assert theta0(0.2) == pytest.approx(0.2)


def test_without_failures_a_canary_is_neither_better_nor_worse():
    assert (
        log_e_worse(0, 0, 0.05)
        == log_e_noninferior(0, 0, 0.05, 2)
        == log_e_shift(0, 0, 0.05)
        == log_e_paired(0, 0)
        == 0
    )
    assert log_e_paired(15, 4) == log_e_above(15, 4, 0.5)


def scanned(rate, passes):
    """The smallest n that passes with its expected failures, one after another."""
    n = 1
    while not passes(n, ceil(n * (1 - rate) - 1e-9)):
        n += 1
    return n


@given(st.floats(0.5, 0.97), st.floats(0.2, 1.0), st.sampled_from([0.05, 0.01]))
def test_items_expected_are_the_first_that_pass(p0, part, alpha):
    rate = p0 + (1 - p0) * part
    expected = scanned(rate, lambda n, f: f <= n and stream_passes(n - f, f, p0, alpha))
    assert items_expected(rate, p0, alpha) == expected


@given(st.floats(0.5, 0.97), st.floats(0.2, 1.0), st.sampled_from([0.05, 0.01]))
def test_defects_expected_are_the_first_that_pass(p0, part, alpha):
    rate = p0 + (1 - p0) * part
    expected = scanned(rate, lambda n, f: f < n and binom.cdf(f, n, 1 - p0) <= alpha)
    assert defects_expected(rate, p0, alpha) == expected


@pytest.mark.parametrize("expected", [items_expected, defects_expected])
def test_a_rate_at_or_below_its_target_never_passes(expected):
    assert expected(0.95, 0.95, 0.05) is None
    assert expected(0.0, 0.95, 0.05) is None
    assert expected(1, 0.95, 0.05) == expected(1.0, 0.95, 0.05)


def test_what_just_reaches_its_limit_is_expected_to_pass():
    exact = exp(-log_e_above(22, 0, 0.9))
    assert -log(exact) == log_e_above(22, 0, 0.9)
    assert items_expected(1, 0.9, exact) == 22
    assert defects_expected(1, 0.5, 0.25) == 2
    assert defects_expected(1, 0.01, 0.05) == 1


@pytest.mark.parametrize("expected", [items_expected, defects_expected])
def test_a_rate_that_exceeds_its_target_by_a_rounding_never_passes(expected):
    assert expected(0.9500000000000001, 0.95, 0.05) is None
    assert expected(0.95 + 1e-9, 0.95, 0.05) > 10**15


@pytest.mark.parametrize(
    ("parts", "defects", "days"),
    [
        (5_000, 0.001, [(200, 384, 1_108), (50, 96, 277), (5, 40, 120), (5, 10, 30), (1, 1, 40)]),
        (5_000, 0.01, [(20, 50, 111), (5, 13, 30), (5, 12, 30), (5, 5, 30), (1, 1, 30)]),
        (20_000, 0.001, [(50, 96, 277), (13, 24, 70), (5, 10, 30), (5, 5, 30), (1, 1, 30)]),
        (20_000, 0.02, [(5, 8, 30), (5, 5, 30), (5, 5, 30), (5, 5, 30), (1, 1, 30)]),
    ],
)
def test_the_days_of_the_plan(parts, defects, days):
    ways = [
        {},
        {"truth_share": 0.2},
        {"bank": 400},
        {"bank": 400, "truth_share": 0.2},
        {"bank": 400, "archive": 20_000, "attempt": 2},
    ]
    assert [tuple(row.days for row in plan(parts, defects, **way)) for way in ways] == days


@pytest.mark.parametrize(
    ("changed", "rung", "binding", "days"),
    [
        ({"parts_per_day": 20, "bank": 400}, 0, "agreement", 18),
        ({"parts_per_day": 20, "agreement": 1.0, "bank": 400}, 0, "minimum", 10),
        ({"defect_rate": 0.001, "bank": 400}, 1, "natural", 40),
        ({"bank": 400}, 1, "truth_draw", 12),
        ({"bank": 93, "truth_share": 1.0}, 1, "minimum", 5),
        ({"bank": 92, "truth_share": 1.0}, 1, "minimum", 5),
        ({"bank": 400, "seeds_per_day": 4, "truth_share": 1.0}, 1, "detection", 24),
        ({"bank": 400, "seeds_per_day": 4}, 2, "detection", 70),
        ({"parts_per_day": 3, "bank": 400, "archive": 9_000}, 0, "minimum", 67),
        ({"parts_per_day": 1, "bank": 400, "archive": 9_000}, 0, "minimum", 200),
        ({"bank": 400, "archive": 100}, 1, "truth_draw", 12),
        # On the natural route the archive holds defects and band items already.
        ({"archive": 10_000}, 0, "detection", 3),
        # An archive that holds everything leaves nothing to wait for, however few parts are drawn.
        ({"parts_per_day": 200, "truth_share": 0.0001, "bank": 400, "archive": 50_000}, 0, "minimum", 1),
        ({"parts_per_day": 200, "truth_share": 0.0001, "archive": 500_000}, 0, "minimum", 1),
        ({"parts_per_day": 20}, 0, "detection", 10_000),
        ({"bank": 50}, 0, "minimum", 5),
        ({"bank": 400, "seeds_per_day": 10}, 0, "minimum", 5),
        ({"archive": 10_000}, 1, "detection", 82),
        ({"archive": 500_000}, 1, "minimum", 1),
    ],
)
def test_the_need_that_binds(changed, rung, binding, days):
    row = plan(**({"parts_per_day": 5_000, "defect_rate": 0.005} | changed))[rung]
    assert (row.binding, row.days) == (binding, days)


def test_a_rate_that_does_not_exceed_its_target_makes_the_rung_unreachable():
    rows = plan(5_000, 0.005, specificity=0.97)
    assert [row.binding for row in rows] == ["detection", "detection", "never"]
    assert rows[2] == ("full", None, "never", None, None, None, None, rows[0].hours_per_day)
    assert plan(5_000, 0.005, specificity=0.95)[1].binding == "never"
    assert plan(5_000, 0.005, agreement=0.95)[0].binding == "never"
    assert plan(5_000, 0.005, label_detection=0.8)[0].binding == "never"


def test_an_archive_spends_the_alpha_of_its_attempt():
    needs = plan(5_000, 0.005, bank=400, archive=9_000, attempt=3)
    assert needs[0].bank_defects == items_expected(0.95, 0.80, retry_alpha(0.05, 3))
    assert needs[1].bank_defects == defects_expected(0.99, 0.95, retry_alpha(0.05, 3))
    assert needs[2].truth_items == items_expected(0.99, 0.97, retry_alpha(0.01, 3))
    assert plan(5_000, 0.005, attempt=3) == plan(5_000, 0.005)


def test_the_cost_of_a_plan():
    without, bank = plan(20_000, 0.005, truth_share=0.2)[0], plan(20_000, 0.005, truth_share=0.2, bank=400)[0]
    assert without.hours_per_day == pytest.approx(4_000 * 1.1 * 20 / 3_600)
    assert bank.hours_per_day == pytest.approx(without.hours_per_day + 36 / 60)
    assert without.adjudications == without.days * 4_400
    assert plan(20_000, 0.005, adjudicate_s=0)[0].hours_per_day == 0.0


def test_every_assumption_of_the_plan_is_its_own():
    assert plan(5_000, 0.005, band_items=9_000)[1].truth_items == 9_000
    assert plan(5_000, 0.005, band_items=0)[1].truth_items == items_expected(0.99, 0.95, 0.05)
    assert plan(5_000, 0.005, policy_detection=1.0)[1].bank_defects == 59
    assert plan(5_000, 0.005, full_detection=1.0)[2].bank_defects == 152
    assert plan(5_000, 0.005, label_detection=1.0)[0].bank_defects == 30
    assert plan(5_000, 0.005, targets=(0.9, 0.7, 0.9, 0.9, 0.95, 0.9))[2].bank_defects == defects_expected(
        0.995, 0.95, 0.01
    )
    assert items_for_failures(0, 0.8, 0.05) == 20
