"""Guarantees of how evidence is computed, counted and tried again: P25, P26, P30, P31 and P35."""

import json
import time
from collections.abc import Callable
from functools import partial

import mpmath
import numpy as np

from bench.guarantees_claims import Row, Size, at_least, at_most, below, failure_limits, first, near, true
from stats.bands import binom_p
from stats.eprocess import cs_lower, cs_upper, items_to_pass, log_e_above, log_e_below, retry_alpha, stream_passes
from stats.seeding import contradiction_power, detection_gate, distinct


def reproducible(size: Size) -> list[Row]:
    """P25, as far as it concerns the figures themselves."""
    rng, equal = np.random.default_rng(25), True
    for _ in range(size.runs(1_000)):
        stream = int(rng.integers(0, 9_999)), int(rng.integers(0, 99)), float(rng.uniform(0.5, 0.999))
        s, f, p0, stored = json.loads(json.dumps([*stream, log_e_above(*stream)]))
        equal &= stored == log_e_above(s, f, p0)
    return [true("stored inputs give the same ln E bit by bit", equal)]


def numeric_range(size: Size) -> list[Row]:
    """P26. Seconds are measured at full size only."""
    rng, cases = np.random.default_rng(26), size.runs(150, 15)
    worst, seconds = 0.0, []
    for _ in range(cases):
        n = int(10 ** rng.uniform(0, 6.7))
        p0 = float(rng.choice([10 ** rng.uniform(-6, -0.3), 1 - 10 ** rng.uniform(-6, -0.3)]))
        s = int(np.clip(rng.normal(n * p0, 20 * (n * p0 * (1 - p0)) ** 0.5 + 1), 0, n))
        value = log_e_above(s, n - s, p0)
        seconds.append(_seconds(partial(log_e_above, s, n - s, p0)))
        worst = max(worst, abs(value - quadrature(s, n - s, p0)) / max(1.0, abs(value)))
    distance = below(
        f"relative distance of log_e_above from quadrature, {cases} cases up to 5,000,000 items", worst, 1e-7
    )
    if size.share < 1:
        return [distance]
    calls: dict[str, Callable[[], object]] = {
        "log_e_below": partial(log_e_below, 5_000_000, 40, 1 - 1e-6),
        "cs_lower": partial(cs_lower, 5_000_000, 5),
        "cs_upper": partial(cs_upper, 3, 5_000_000),
        "items_to_pass": partial(items_to_pass, 0, 5, 1 - 1e-6, 0.01),
    }
    rows = [below(f"{name}, seconds a call", _seconds(call), 1e-3) for name, call in calls.items()]
    return [distance, below("slowest of these log_e_above, seconds a call", max(seconds), 1e-3), *rows]


def quadrature(s: int, f: int, p0: float) -> float:
    """ln E by numerical integration around the mode, with 40 digits."""
    with mpmath.workdps(40):
        x = mpmath.mpf(p0)
        b = max(mpmath.mpf(1), (1 - x) / x)
        a, c = mpmath.mpf(s), f + b - 1

        def height(p: mpmath.mpf) -> mpmath.mpf:
            return (a * mpmath.log(p / x) if a else mpmath.mpf(0)) + (
                c * mpmath.log((1 - p) / (1 - x)) if c else mpmath.mpf(0)
            )

        tiny = mpmath.mpf(10) ** -35
        mode = min(max(a / (a + c) if a + c else x, x), 1 - tiny)
        top = height(mode)
        curvature = a / mode**2 + c / (1 - mode) ** 2
        slope = abs(a / x - c / (1 - x)) if mode == x else mpmath.mpf(0)
        scale = 1 / max(slope, mpmath.sqrt(curvature), mpmath.mpf(1))
        points = sorted(
            {
                x,
                1 - tiny,
                *(min(max(mode + k * scale, x), 1 - tiny) for k in (-60, -30, -15, -7, -3, 0, 3, 7, 15, 30, 60, 120)),
            }
        )
        whole = mpmath.quad(lambda p: mpmath.exp(height(p) - top), points)
        return float(top + mpmath.log(whole * b / (1 - x)))


def _seconds(call: Callable[[], object]) -> float:
    start = time.process_time()
    for _ in range(50):
        call()
    return (time.process_time() - start) / 50


def seeds(size: Size) -> list[Row]:
    """P30."""
    rng, runs = np.random.default_rng(30), size.runs(2_000, 200)
    naive = counted = 0
    for _ in range(runs):
        found = rng.random(20) < 0.95
        showings = np.repeat(found, 10)
        naive += stream_passes(int(showings.sum()), int((~showings).sum()), 0.95, 0.05)
        groups = [f"g{i}" for i in np.repeat(np.arange(20), 10)]
        s, f, *_ = distinct(groups, showings.astype(int))
        counted += stream_passes(s, f, 0.95, 0.05)
    once_missed = distinct(["g"] * 10, [1] * 9 + [0])
    return [
        true("20 defects shown 10 times never open the gate at .95", counted == 0),
        at_least("counting showings opens it for a 95 % model", naive / runs, 0.25, runs),
        true("one miss in ten showings is a failure", (once_missed.s, once_missed.f) == (0, 1)),
        true(
            "a leaked group shuts the gate with that reason",
            detection_gate([500, 0], [99, 0], 0.95, leaked=True).reason == "leaked",
        ),
    ]


def retro_evidence(size: Size) -> list[Row]:
    """P31."""
    rng, runs, versions = np.random.default_rng(31), size.runs(4_000, 400), 20
    rows = []
    for name, n in (("archive of 1,000 items", 1_000), ("closed list of 100", 100), ("closed list of 200", 200)):
        retried = [_most_failures(n, retry_alpha(0.05, m), closed=n < 1_000) for m in range(1, versions + 1)]
        plain = _most_failures(n, 0.05, closed=n < 1_000)
        for overlap in (0.0, 0.5, 1.0):
            failures = _overlapping(rng, runs, versions, n, overlap)
            rate = (failures <= np.array(retried)).any(axis=1).mean()
            rows.append(at_most(f"{name}, {overlap:.0%} of errors shared: some version opens", rate, 0.05, runs))
            if n < 1_000 and overlap == 0:
                rate = (failures <= plain).any(axis=1).mean()
                rows.append(at_least(f"{name}, each version at alpha", rate, 0.25, runs))
    return rows


def _most_failures(n: int, alpha: float, *, closed: bool) -> int:
    """The most failures of n that open, -1 if not even none does."""
    opens = (lambda f: binom_p(f, n, 0.05) <= alpha) if closed else (lambda f: stream_passes(n - f, f, 0.95, alpha))
    return next((f - 1 for f in range(n + 1) if not opens(f)), n)


def _overlapping(rng: np.random.Generator, runs: int, versions: int, n: int, overlap: float) -> np.ndarray:
    """Failure counts of versions at .95 that share each item's fate with probability `overlap`."""
    common = rng.binomial(1, 0.05, (runs, n))
    counts = np.empty((runs, versions), dtype=int)
    for version in range(versions):
        own = rng.binomial(1, 0.05, (runs, n))
        counts[:, version] = np.where(rng.random((runs, n)) < overlap, common, own).sum(axis=1)
    return counts


def natural(size: Size) -> list[Row]:
    """P35."""
    rng, runs, rows = np.random.default_rng(35), size.runs(4_000, 400), []
    cells = [(0.95, 0.05, rate) for rate in (0.9, 0.8, 0.7, 0.5)] + [
        (0.97, 0.01, rate) for rate in (0.9, 0.8, 0.7, 0.5)
    ]
    for p0, alpha, rate in cells + [(0.80, 0.05, rate) for rate in (0.6, 0.4, 0.2)]:
        found = rng.random((runs, 100)) < rate
        # The missed are the successes of the evidence that detection lies below p0, the found its failures.
        fired = _fired(found, 1 - p0, alpha)
        for n in (10, 30, 60, 100):
            exact = contradiction_power(rate, n, p0, alpha)
            error = 3 * (exact * (1 - exact) / runs) ** 0.5 + 3 / runs
            rows.append(near(f"true {rate}, p0 {p0}, alpha {alpha}, n {n}", (fired <= n).mean(), exact, error))
    for p0, alpha in ((0.95, 0.05), (0.97, 0.01), (0.80, 0.05)):
        rows.append(
            below(
                f"true rate = p0 = {p0}, alpha {alpha}, within 2,000", contradiction_power(p0, 2_000, p0, alpha), alpha
            )
        )
    return rows


def _fired(failures: np.ndarray, p0: float, alpha: float) -> np.ndarray:
    limits = failure_limits(failures.shape[1], p0, alpha)
    return first(np.cumsum(failures, axis=1) <= limits[1:])


CHECKS = {
    "P25": ("Reproducible", reproducible),
    "P26": ("Range", numeric_range),
    "P30": ("Seeds", seeds),
    "P31": ("Retro-evidence", retro_evidence),
    "P35": ("Natural evidence", natural),
}
