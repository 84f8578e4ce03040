"""Guarantees of canary and paired comparison: P17 to P19."""

import numpy as np

from bench.guarantees_claims import (
    Row,
    Size,
    at_least,
    at_most,
    below,
    ever,
    failure_limits,
    first,
    near,
    near_share,
    passage,
    quantile,
)
from stats.canary import theta0

SHARES, RATES = (0.05, 0.10, 0.20, 0.50), (0.005, 0.01, 0.05)
_Z95 = 1.6448536269514722
# Median canary items until rollback, by base rate and share, at twice and three times the rate.
DELAYS = {
    (0.005, 0.05): (2_922, 858),
    (0.01, 0.05): (1_346, 413),
    (0.05, 0.05): (284, 93),
    (0.005, 0.10): (3_063, 839),
    (0.01, 0.10): (1_445, 421),
    (0.05, 0.10): (275, 90),
    (0.01, 0.20): (1_831, 550),
    (0.01, 0.50): (3_014, 998),
}
# Discordant items to adjudicate, median and 90th percentile, by alpha and share of the better arm.
PAIRED = {
    0.05: {0.55: (800, 1_887), 0.60: (168, 431), 2 / 3: (53, 138), 0.75: (23, 56), 0.90: (7, 17)},
    0.01: {0.55: (1_221, 2_374), 0.60: (272, 547), 2 / 3: (86, 189), 0.75: (36, 74), 0.90: (14, 24)},
}


def false_alarm(size: Size) -> list[Row]:
    """P17."""
    rng, runs, items = np.random.default_rng(17), size.runs(400, 100), 100_000
    rows, found, peeked = [], [], []
    for share in SHARES:
        limits = failure_limits(6_000, theta0(share), 0.01)
        for rate in RATES:
            alarmed = [_alarms(rng, rng.binomial(items, rate), share, limits) for _ in range(runs)]
            found.append(float(np.mean(alarmed)))
            rows.append(at_most(f"share {share:.0%}, failures {rate:.1%}", found[-1], 0.01, runs))
            peeked.append(_peeked_z_test(rng, runs, items, share, rate))
    rows.append(below("mean of the 12", float(np.mean(found)), 0.01))
    return [
        *rows,
        at_least("a one-sided 5 % z-test peeked at every 100 items, least of the 12", float(min(peeked)), 0.30, runs),
    ]


def _alarms(rng: np.random.Generator, failures: int, theta: float, limits: np.ndarray) -> bool:
    """Whether the share of canary failures ever looks above theta0, failure by failure."""
    incumbent = rng.random(failures) >= theta
    return bool(ever(incumbent[None, :], limits)[0])


def _peeked_z_test(rng: np.random.Generator, runs: int, items: int, share: float, rate: float) -> float:
    looks = items // 100
    routed = rng.binomial(100, share, (runs, looks))
    canary, incumbent = rng.binomial(routed, rate).cumsum(axis=1), rng.binomial(100 - routed, rate).cumsum(axis=1)
    n1 = routed.cumsum(axis=1)
    n2 = 100 * np.arange(1, looks + 1) - n1
    pooled = (canary + incumbent) / (n1 + n2)
    with np.errstate(invalid="ignore", divide="ignore"):
        z = (canary / n1 - incumbent / n2) / np.sqrt(pooled * (1 - pooled) * (1 / n1 + 1 / n2))
    return float((z > _Z95).any(axis=1).mean())


def canary_items(
    rng: np.random.Generator, base: float, share: float, factor: float, runs: int, cap: int = 400_000
) -> np.ndarray:
    """Canary items until rollback at alpha .01 when the canary fails `factor` times as often; the cap if later."""
    rate = base * (share * factor + 1 - share)
    theta = share * factor / (share * factor + 1 - share)
    limits = failure_limits(min(20_000, round(1.2 * cap * rate)), theta0(share), 0.01)
    found = []
    for _ in range(runs):
        incumbent = rng.random(len(limits) - 1) >= theta
        failures = first((np.cumsum(incumbent) <= limits[1:])[None, :])[0]
        # Items up to the n-th failure are negative binomial; a share of them is routed to the canary.
        items = failures + rng.negative_binomial(failures, rate) if failures < len(limits) else cap
        found.append(rng.binomial(min(items, cap), share))
    return np.array(found)


def median_delay(base: float, share: float, factor: float) -> float:
    """Exact median of canary items until rollback, by forward recursion over the failures."""
    rate = base * (share * factor + 1 - share)
    theta = share * factor / (share * factor + 1 - share)
    return quantile(passage(theta, failure_limits(4_000, theta0(share), 0.01)), 0.5) / rate * share


def canary_delay(size: Size) -> list[Row]:
    """P18."""
    rng, runs, rows = np.random.default_rng(18), size.runs(1_000, 40), []
    for (base, share), targets in DELAYS.items():
        for factor, target in zip((2, 3), targets, strict=True):
            cell, exact = f"base {base:.1%}, share {share:.0%}, x{factor}", median_delay(base, share, factor)
            found = float(np.median(canary_items(rng, base, share, factor, runs)))
            rows.append(near_share(f"{cell}: exact median", exact, target, 0.20))
            rows.append(near_share(f"{cell}: median of {runs} runs", found, exact, size.slack(0.20, 1_000, 40)))
    return rows


def paired(size: Size) -> list[Row]:
    """P19."""
    rng, runs, rows = np.random.default_rng(19), size.runs(2_000, 300), []
    for alpha, published in PAIRED.items():
        limits = failure_limits(6_000, 0.5, alpha)
        rate = ever(rng.random((runs, 3_000)) >= 0.5, limits).mean()
        rows.append(at_most(f"equal models, 3,000 discordant items, alpha {alpha}", rate, alpha, runs))
        for theta, (target, late) in published.items():
            done = np.cumsum(passage(theta, limits))
            rows.append(near_share(f"p90 at {theta:.3f}, alpha {alpha}", int(np.searchsorted(done, 0.9)), late, 0.05))
            if done[target - 1] < 0.45 < done[target] < 0.5:
                # Seven items in a row pass; the next way to pass takes 11. The half lies between.
                rows.append(near(f"runs done by {target} items at {theta:.3f}, alpha {alpha}", done[target], 0.5, 0.05))
                continue
            rows.append(
                near_share(f"median at {theta:.3f}, alpha {alpha}", int(np.searchsorted(done, 0.5)), target, 0.15)
            )
    return rows


CHECKS = {
    "P17": ("Canary false alarms", false_alarm),
    "P18": ("Canary delay", canary_delay),
    "P19": ("Paired comparison", paired),
}
