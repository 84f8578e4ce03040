"""CUSUM charts and switching rules: exact run lengths by a second way, designs that are just enough."""

from math import ceil, log

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy.sparse import lil_matrix
from scipy.sparse.linalg import spsolve

from stats.cusum import (
    arl,
    arl_down,
    design,
    design_down,
    design_q1,
    design_r1,
    escape_target,
    escapes_before_alarm,
    misses_to_alarm,
    shiryaev_roberts,
    step,
    step_down,
    trace,
    trace_down,
)
from stats.runlengths import falling, rising
from stats.switching import levels

MISS = (0.05, 0.1472810308)


def solved_chain(rate, k, steps):
    """Mean run length of the rising chart, by the whole sparse system."""
    matrix = lil_matrix((steps, steps))
    for j in range(steps):
        matrix[j, j] += 1
        matrix[j, max(j - 1, 0)] -= 1 - rate
        if j + k < steps:
            matrix[j, j + k] -= rate
    return spsolve(matrix.tocsc(), np.ones(steps))[0]


def solved_falling_chain(rate, k, steps):
    matrix = lil_matrix((steps, steps))
    for j in range(steps):
        matrix[j, j] += 1
        matrix[j, max(j - k, 0)] -= rate
        if j + 1 < steps:
            matrix[j, j + 1] -= 1 - rate
    return spsolve(matrix.tocsc(), np.ones(steps))[0]


@given(st.floats(0.001, 1.0), st.integers(1, 60), st.integers(1, 200))
def test_run_lengths_in_blocks_equal_the_whole_chain(rate, k, steps):
    expected = solved_chain(rate, k, steps)
    assume(0 < expected < 1e8)
    assert rising(rate, k, steps) == pytest.approx(expected, rel=1e-6)


@pytest.mark.filterwarnings("error")
def test_run_lengths_of_any_size_keep_their_precision():
    # One step up at rate r, one down otherwise: the gambler's mean duration is known in closed form.
    r, steps = 0.1, 30
    ratio = (1 - r) / r
    exact = sum(sum(ratio**i for i in range(j + 1)) / r for j in range(steps))
    assert exact > 1e28
    assert rising(r, 1, steps) == pytest.approx(exact, rel=1e-12)
    assert rising(1e-9, 1, 60) == float("inf")


@given(st.floats(0.0, 0.2), st.integers(1, 60), st.integers(1, 100))
def test_falling_run_lengths_equal_the_whole_chain(rate, k, steps):
    assert falling(rate, k, steps) == pytest.approx(solved_falling_chain(rate, k, steps), rel=1e-6)


@pytest.mark.parametrize(("rate", "h"), [(0.1, 5.726), (0.2, 8.103), (0.5, 3.0)])
def test_run_lengths_equal_simulated_ones(rate, h):
    rng, lengths = np.random.default_rng(13), []
    for _ in range(400):
        w, n = 0.0, 0
        while w < h - 1e-9:
            w, n = step(w, int(rng.random() < rate), *MISS), n + 1
        lengths.append(n)
    assert np.mean(lengths) == pytest.approx(arl(rate, *MISS, h), rel=0.15)


@given(st.lists(st.integers(0, 1), max_size=60))
def test_the_trace_is_its_steps_one_after_another(items):
    up, down = 0.0, 0.0
    for item, w, w_down in zip(items, trace(items, *MISS), trace_down(items, MISS[1], MISS[0]), strict=True):
        up, down = step(up, item, *MISS), step_down(down, item, MISS[1], MISS[0])
        assert (w, w_down) == (up, down)


def test_the_floor_acts_before_the_step():
    assert step(-9.0, 0, *MISS) == log((1 - MISS[1]) / (1 - MISS[0]))
    assert step(-9.0, 1, *MISS) == log(MISS[1] / MISS[0])
    assert step_down(-9.0, 1, 0.2, 0.1) == log(0.5)
    assert step_down(0.5, 0, 0.2, 0.1) == pytest.approx(0.5 + log(0.9 / 0.8))


@pytest.mark.parametrize("chart", [trace, shiryaev_roberts])
def test_no_items_no_trace(chart):
    assert chart([], *MISS) == []
    assert trace_down([], 0.2, 0.1) == []


def test_a_list_is_no_label():
    with pytest.raises(ValueError, match=r"^bad is array\(\[0, 1\]\), use 0 or 1\.$"):
        step(0.0, np.array([0, 1]), *MISS)


def test_the_companion_chart_adds_one_before_it_weighs():
    assert shiryaev_roberts([1, 0], 0.1, 0.2) == pytest.approx([2.0, 3.0 * 0.8 / 0.9])


@given(st.integers(1, 500), st.floats(0.05, 0.95))
def test_designed_rates_make_one_bad_item_weigh_k_good_ones(k, part):
    edge = 1 / (k + 1)
    below, above = edge * part, edge * (1 + part)
    r1, q1 = design_r1(below, k), design_q1(above, k)
    assert below < edge < r1 < 1
    assert 0 < q1 < edge < above
    assert log(r1 / below) == pytest.approx(-k * log((1 - r1) / (1 - below)), rel=1e-6)
    assert log(above / q1) == pytest.approx(k * log((1 - q1) / (1 - above)), rel=1e-6)


@pytest.mark.parametrize("r0", [0.00005, 0.0005, 0.005, 0.05])
@pytest.mark.parametrize("ratio", [2.0, 4.0])
def test_a_design_is_the_lowest_that_reaches_its_run_lengths(r0, ratio):
    r1, k, h_warn, h_demote = design(r0, ratio, 2_000, 30_000)
    size = -log((1 - r1) / (1 - r0))
    assert log(r1 / r0) == pytest.approx(k * size, rel=1e-6)
    assert k == max(1, round(log(ratio) / -log((1 - ratio * r0) / (1 - r0))))
    for h, target in ((h_warn, 2_000), (h_demote, 30_000)):
        steps = ceil(h / size)
        assert h == pytest.approx((steps - 0.5) * size, rel=1e-6)
        assert arl(r0, r0, r1, h) >= target
        assert steps == 1 or rising(r0, k, steps - 1) < target


def test_one_bad_item_may_weigh_as_much_as_one_good_one():
    assert arl(0.4, 0.4, 0.6, 1.1) == pytest.approx(solved_chain(0.4, 1, 3))
    assert arl_down(0.6, 0.6, 0.4, 1.1) == pytest.approx(solved_falling_chain(0.6, 1, 3))
    assert arl(0.5, 0.4, 0.9, 4.0) == pytest.approx(solved_chain(0.5, 1, 3))
    assert arl_down(0.5, 0.95, 0.5, 5.0) == pytest.approx(solved_falling_chain(0.5, 1, 3))


def test_a_design_exists_up_to_the_rate_that_its_weight_allows():
    for r0, k in ((0.1995, 4), (0.24, 3), (0.4995, 1)):
        r1 = design_r1(r0, k)
        assert r1 > 1 / (k + 1) > r0
        assert log(r1 / r0) == pytest.approx(-k * log((1 - r1) / (1 - r0)))
    for q0, k in ((0.2005, 4), (0.26, 3), (0.5005, 1)):
        q1 = design_q1(q0, k)
        assert q1 < 1 / (k + 1) < q0
        assert -log(q1 / q0) == pytest.approx(k * log((1 - q1) / (1 - q0)))
    assert design(0.4, 1.2).k == 1


def test_the_usual_design_is_four_times_the_rate_at_ten_and_a_hundred_thousand_items():
    assert design(0.0005) == design(0.0005, 4.0, 1e4, 1e5)
    assert design_down(0.005) == design_down(0.005, 4.0, 1e6)
    assert escape_target(0.01) == escape_target(0.01, 0.05, 1.0) == (500.0, 0.0005)


def test_a_target_of_one_item_is_the_first_step():
    r1, k, h_warn, _ = design(0.01, 4.0, 1, 10)
    assert h_warn == pytest.approx(-0.5 * log((1 - r1) / 0.99), rel=1e-6)
    assert design_down(0.1, 4.0, 1).silent == 1
    assert design_down(0.5, 4.0, 2).silent == 1
    assert k == 45


@pytest.mark.parametrize("q0", [0.0005, 0.005, 0.1, 0.5])
def test_a_silence_design_is_the_lowest_that_reaches_its_run_length(q0):
    q1, k, h, silent = design_down(q0, 4.0, 50_000)
    size = log((1 - q1) / (1 - q0))
    assert k == max(1, round(log(4) / log((1 - q0 / 4) / (1 - q0))))
    assert h == pytest.approx((silent - 0.5) * size, rel=1e-9)
    assert arl_down(0.0, q0, q1, h) == silent
    assert falling(q0, k, silent) >= 50_000 > falling(q0, k, silent - 1)


def test_a_run_length_beyond_all_bounds_is_infinite_not_undefined():
    assert arl_down(0.999, 0.02, 0.005, 60.0) == float("inf")


@pytest.mark.parametrize(("h", "misses"), [(5.726, 6), (8.103, 8), (2 * log(MISS[1] / MISS[0]), 2), (0.001, 1)])
def test_misses_in_a_row_to_the_alarm(h, misses):
    assert misses_to_alarm(*MISS, h) == misses
    assert arl(1.0, *MISS, h - 1e-9) == pytest.approx(misses)


def test_escapes_shipped_until_the_alarm():
    assert escapes_before_alarm(446, 0.02, 0.05) == pytest.approx(178.4)
    assert escapes_before_alarm(0, 0.5, 1.0) == 0.0
    assert escape_target(0.002, 0.1, 0.8) == pytest.approx((200.0, 0.00025))


def lots(text):
    return [{"R": "reduced", "N": "normal", "T": "tightened", "D": "discontinued"}[letter] for letter in text]


@pytest.mark.parametrize(
    ("start", "escapes", "states"),
    [
        ("normal", [0] * 16, "NNNNNNNNNNNNNNRR"),
        ("normal", [1] * 31, "N" * 29 + "RN"),
        ("normal", [0] * 14 + [2] + [0] * 15, "N" * 29 + "R"),
        ("normal", [0] * 14 + [1, 1], "N" * 15 + "R"),
        ("normal", [2, 0, 0, 0, 2], "NNNNT"),
        ("normal", [2, 0, 0, 0, 0, 2], "NNNNNN"),
        ("normal", [2, 2, 2], "NTT"),
        ("tightened", [1, 0, 1, 0, 1], "TTTTN"),
        ("tightened", [0, 0, 0, 0, 2, 0, 0, 0, 0, 0], "TTTTTTTTTN"),
        ("tightened", [2, 0, 2, 0, 2, 0, 2, 0, 2, 0], "TTTTTTTTDD"),
        ("reduced", [0] * 40 + [1, 0], "R" * 40 + "NN"),
        ("reduced", [1, 2, 2], "NNT"),
        ("reduced", [], ""),
    ],
)
def test_the_audit_rate_follows_the_lots(start, escapes, states):
    assert levels(escapes, start) == lots(states)


def test_audits_start_normal_unless_said_otherwise():
    assert levels([2, 2]) == levels([2, 2], "normal")
