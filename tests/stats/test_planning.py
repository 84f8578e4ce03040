"""The plan: how long each rung takes, what binds, and what it costs."""

from math import ceil, exp, log

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom

from stats.eprocess import items_for_failures, log_e_above, retry_alpha, stream_passes
from stats.planning import defects_expected, items_expected, plan


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
    assert expected(0.95 + 3e-10, 0.95, 0.05) > 10**15


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
        ({"bank": 400, "archive": 1}, 0, "minimum", 1),
        ({"bank": 400, "archive": 2_875}, 1, "minimum", 1),
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
