"""Seeded and natural defects, the policy, the canary."""

from math import exp, log

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stats.canary import log_e_noninferior, log_e_paired, log_e_shift, log_e_worse, theta0
from stats.eprocess import items_to_pass, log_e_above, log_e_below
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
