"""Guarantees of the evidence on a stream: P1 to P8."""

import numpy as np

from bench.guarantees_claims import (
    Row,
    Size,
    at_least,
    at_most,
    below,
    ever,
    failure_limits,
    near,
    near_share,
    passage,
    quantile,
    true,
)
from stats.eprocess import cs_lower, log_e_above, stream_passes
from stats.proportions import wilson

HORIZON = 2_000
_ONE_SIDED = 1.6448536269514722


def shape(size: Size) -> list[Row]:
    """P1."""
    rng, cases = np.random.default_rng(1), size.runs(1_000)
    grows = swaps = falls = True
    for _ in range(cases):
        s, f, p0 = int(rng.integers(0, 2_500)), int(rng.integers(1, 2_500)), float(rng.uniform(0.01, 0.999))
        e = log_e_above(s, f, p0)
        grows &= log_e_above(s + 1, f, p0) >= e
        swaps &= log_e_above(s + 1, f - 1, p0) >= e
        low, high = np.sort(rng.uniform(0.001, max(0.002, s / (s + f)), 2))
        falls &= log_e_above(s, f, low) >= log_e_above(s, f, high) or high > s / (s + f)
    return [
        below("|ln E(0,0)| is 0", max(abs(log_e_above(0, 0, p)) for p in (1e-6, 0.5, 0.95, 1 - 1e-6)), 1e-12),
        true(f"ln E grows with a success, {cases} triples", grows),
        true("ln E grows when a failure turns into a success", swaps),
        true("ln E falls in p0 on (0, S/n)", falls),
    ]


def false_promotion(size: Size) -> list[Row]:
    """P2."""
    exact = {
        2_000: {0.95: (0.0381, 0.0070), 0.97: (0.0353, 0.0063), 0.99: (0.0266, 0.0041)},
        5_000: {0.95: (0.0418, 0.0080), 0.97: (0.0400, 0.0075), 0.99: (0.0342, 0.0060)},
    }
    if size.share == 1:
        exact[20_000] = {0.95: (0.045, 0.009), 0.97: (0.044, 0.009), 0.99: (0.041, 0.008), 0.995: (0.038, 0.007)}
    rows = []
    for horizon, table in exact.items():
        for p0, targets in table.items():
            for alpha, target in zip((0.05, 0.01), targets, strict=True):
                found = passage(p0, failure_limits(horizon, p0, alpha)).sum()
                rows.append(near(f"exact, p = p0 = {p0}, alpha {alpha}, {horizon:,} items", found, target, 0.002))
    rng, runs = np.random.default_rng(2), size.runs(5_000, 500)
    for p0 in (0.95, 0.97, 0.99):
        failures = rng.random((runs, HORIZON)) >= p0
        for alpha in (0.05, 0.01):
            rate = ever(failures, failure_limits(HORIZON, p0, alpha)).mean()
            rows.append(at_most(f"simulated, p0 {p0}, alpha {alpha}, a look at every item", rate, alpha, runs))
    return rows


def naive_promotion(_: Size) -> list[Row]:
    """P3."""
    rows = []
    for p0, target in ((0.95, 0.275), (0.99, 0.199)):
        found = passage(p0, wilson_limits(HORIZON, p0)).sum()
        rows.append(near(f"Wilson peeked at from n = 100 on, p0 {p0}, {HORIZON:,} items", found, target, 0.005))
    return rows


def wilson_limits(horizon: int, p0: float, start: int = 100) -> np.ndarray:
    """The most failures at which a one-sided 95 % Wilson limit lies above p0; -1 before `start`."""
    limits, most = np.full(horizon + 1, -1), -1
    for n in range(start, horizon + 1):
        while most < n and wilson(n - most - 1, n, _ONE_SIDED).low > p0:
            most += 1
        limits[n] = most
    return limits


def power(size: Size) -> list[Row]:
    """P4."""
    limits = failure_limits(20_000, 0.95, 0.05)
    passed = passage(0.975, limits)
    items = np.arange(len(passed))
    mean = float(items @ passed)
    slow = passage(0.9625, limits)
    runs = size.runs(2_000, 200)
    failures = np.random.default_rng(4).random((runs, 4_000)) >= 0.975
    crossed = np.cumsum(failures, axis=1) <= limits[1:4_001]
    simulated = (crossed.argmax(axis=1) + 1)[crossed.any(axis=1)].mean()
    return [
        near("mean items at .975 (exact)", mean, 436, 1),
        near("median", quantile(passed, 0.5), 371, 1),
        near("90 % of runs", quantile(passed, 0.9), 867, 1),
        near("mean items at .9625 (exact)", float(items @ slow), 2_124, 2),
        near_share(f"mean of {runs} simulated runs", simulated, mean, size.slack(0.10, 2_000, 200)),
    ]


def composite(size: Size) -> list[Row]:
    """P5."""
    rng, runs = np.random.default_rng(5), size.runs(5_000, 500)
    limits = failure_limits(HORIZON, 0.95, 0.05)
    blocks = np.where(np.arange(HORIZON) // 50 % 2 == 0, 0.90, 0.95)
    moving = ever(rng.random((runs, HORIZON)) >= blocks, limits).mean()
    uniform, failures = rng.random((runs, HORIZON)), np.zeros((runs, HORIZON), dtype=bool)
    failures[:, 0] = uniform[:, 0] >= 0.95
    for n in range(1, HORIZON):
        failures[:, n] = uniform[:, n] >= np.where(failures[:, n - 1], 0.93, 0.95)
    return [
        at_most("rate moves .90/.95 in blocks of 50", moving, 0.05, runs),
        at_most("rate .93 after a failure, .95 otherwise", ever(failures, limits).mean(), 0.05, runs),
    ]


def open_items(size: Size) -> list[Row]:
    """P6."""
    runs, items, delay = size.runs(400, 100), 4_000, 300
    rng, limits = np.random.default_rng(6), failure_limits(4_000, 0.95, 0.05)
    failures = rng.random((runs, items)) >= 0.95
    seen = np.arange(1, items + 1)
    late = np.zeros_like(failures)
    late[:, delay:] = failures[:, :-delay]
    all_failures, closed_failures = np.cumsum(failures, axis=1), np.cumsum(late, axis=1)
    closed = seen - all_failures + closed_failures
    return [
        at_most("an open item counts as a failure", (all_failures <= limits[seen]).any(axis=1).mean(), 0.05, runs),
        at_most("stop at the first open item", _watermark(failures, delay, limits), 0.05, runs),
        at_least(
            "closed items only: promotes for certain", (closed_failures <= limits[closed]).any(axis=1).mean(), 0.95
        ),
    ]


def _watermark(failures: np.ndarray, delay: int, limits: np.ndarray) -> float:
    passes = []
    for row in failures:
        where, items = np.flatnonzero(row), np.arange(1, len(row) + 1)
        # The first failure that is still open after each item, and how many came before it.
        before = np.searchsorted(where, items - delay, side="left")
        first_open = np.append(where, len(row))[before]
        prefix = np.minimum(first_open, items)
        passes.append(bool((before <= limits[prefix]).any()))
    return float(np.mean(passes))


def truth_draw(size: Size) -> list[Row]:
    """P7."""
    runs, counted = size.runs(400, 100), 3_000
    rng, limits, rows = np.random.default_rng(7), failure_limits(3_000, 0.95, 0.05), []
    cases = (
        ("5 %, errors independent", 0.05, False),
        ("5 %, same items missed", 0.05, True),
        ("10 %, same items", 0.10, True),
    )
    for name, escape, same in cases:
        every, drawn = _adjudicated(rng, runs, counted, escape, same, limits)
        rows.append(at_most(f"truth draw only, escape {name}", drawn, 0.05, runs))
        rows.append(
            at_least(f"every adjudicated defect, {name}", every, 0.95)
            if same
            else below(f"every adjudicated defect, {name}", every, 0.05)
        )
    return rows


def _adjudicated(
    rng: np.random.Generator, runs: int, counted: int, escape: float, same: bool, limits: np.ndarray
) -> tuple[float, float]:
    """How often the gate opens when counting every adjudicated defect, and the truth draw alone."""
    opened = [0, 0]
    for _ in range(runs):
        defects = 80_000
        common = rng.random(defects)
        model_missed = common < escape
        human_missed = common < 0.10 if same else rng.random(defects) < 0.10
        drawn = rng.random(defects) < 0.05
        extra = (model_missed != human_missed) | (~model_missed & ~human_missed & (rng.random(defects) < 0.25))
        for index, chosen in enumerate((drawn | extra, drawn)):
            stream = model_missed[chosen][:counted]
            opened[index] += bool(ever(stream[None, :], limits)[0])
    return opened[0] / runs, opened[1] / runs


def confidence_sequence(size: Size) -> list[Row]:
    """P8."""
    rng, runs = np.random.default_rng(8), size.runs(2_000, 300)
    failures = rng.random((runs, HORIZON)) >= 0.98
    # The bound exceeds p exactly when the stream passes at p0 = p; the last row checks that.
    rate = ever(failures, failure_limits(HORIZON, 0.98, 0.05)).mean()
    agree = True
    for _ in range(size.runs(1_000)):
        s, f, p0 = int(rng.integers(0, 3_000)), int(rng.integers(0, 200)), float(rng.uniform(0.5, 0.999))
        bound = cs_lower(s, f)
        agree &= abs(bound - p0) < 1e-9 or (bound >= p0) == stream_passes(s, f, p0, 0.05)
    return [
        at_most("the lower bound ever exceeds the true rate .98", rate, 0.05, runs),
        true("bound >= p0 exactly when the stream passes at p0", agree),
    ]


CHECKS = {
    "P1": ("Shape of E", shape),
    "P2": ("False promotion when peeking at every item", false_promotion),
    "P3": ("The naive way fails", naive_promotion),
    "P4": ("Items to promotion", power),
    "P5": ("Rates that move or depend on the past", composite),
    "P6": ("Open items", open_items),
    "P7": ("Truth draw", truth_draw),
    "P8": ("Confidence sequence", confidence_sequence),
}
