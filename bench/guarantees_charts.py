"""Guarantees of the charts and the switching rules: P13 to P16, P24, P29, P32 and P33."""

from math import inf

import numpy as np

from bench.guarantees_claims import Row, Size, at_least, below, near, near_share, true
from inspection.rules.draws import PURPOSES, draw
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
    step,
)
from stats.runlengths import rising
from stats.switching import levels

MISS_CHART = (0.05, 0.1472810308)
GOLD_CHART = (0.02, 0.0613504848)
# r0, r1, k, h_warn, h_demote; run lengths at r0/2 (demote), 2 r0 (warn, demote), r1 and 2 r1.
DESIGNS = (
    (0.001, 0.0039991878, 461, 2.589, 4.672, 2.0e6, (2554, 7963), (832, 1641), (336, 594)),
    (0.002, 0.0079939656, 230, 3.145, 5.337, 3.4e6, (1863, 5224), (527, 952), (205, 342)),
    (0.005, 0.0200928236, 91, 3.989, 6.252, 6.6e6, (1164, 2916), (272, 446), (103, 157)),
    (0.010, 0.0400716796, 45, 4.689, 6.940, 1.1e7, (802, 1807), (163, 248), (59, 86)),
    (0.020, 0.0613504848, 26, 4.915, 7.199, 4.6e7, (457, 842), (155, 234), (51, 73)),
    (0.030, 0.0838169296, 18, 5.138, 7.421, 1.1e8, (329, 564), (135, 203), (42, 61)),
    (0.050, 0.1472810308, 10, 5.726, 8.103, 1.6e8, (229, 391), (78, 114), (25, 35)),
)
# Prevalence, r1, h_warn, h_demote; audits to both when the model misses all, 20 % and 10 % of the defects.
AUDITS = (
    (0.001, 0.0001999932, 0.000075, 1.944, (1_000, 2_004), (5_000, 12_284), (10_000, 32_637)),
    (0.002, 0.0003999754, 0.00015, 2.589, (500, 1_147), (2_500, 8_315), (5_000, 25_517)),
    (0.005, 0.0010002096, 1.387, 3.375, (400, 607), (2_187, 4_527), (5_317, 16_811)),
    (0.010, 0.0020001443, 1.944, 3.986, (200, 368), (1_228, 2_769), (3_264, 11_727)),
    (0.020, 0.0039991878, 2.590, 4.674, (115, 203), (832, 1_641), (2_554, 7_973)),
)


def run_lengths(
    rng: np.random.Generator, rate: float, r0: float, r1: float, h: float, runs: int, cap: float = inf
) -> np.ndarray:
    """Simulated run lengths of a rising chart: from bad item to bad item, good ones in one stride."""
    up, down = np.log(r1 / r0), np.log((1 - r1) / (1 - r0))
    lengths, w = np.zeros(runs), np.zeros(runs)
    running = np.arange(runs)
    while len(running):
        good = rng.geometric(rate, len(running)) - 1
        lengths[running] += good + 1
        w = np.maximum(0.0, w + good * down) + up
        alive = (w < h - 1e-9) & (lengths[running] < cap)
        running, w = running[alive], w[alive]
    return lengths


def falling_lengths(
    rng: np.random.Generator, rate: float, q0: float, q1: float, h: float, runs: int, cap: float = inf
) -> np.ndarray:
    """Simulated run lengths of a falling chart: silent items in one stride, then a call."""
    up, down = np.log((1 - q1) / (1 - q0)), np.log(q1 / q0)
    lengths, w = np.zeros(runs), np.zeros(runs)
    running = np.arange(runs)
    while len(running):
        silent = rng.geometric(rate, len(running)) - 1
        needed = np.ceil((h - w) / up - 1e-9)
        alarmed = silent >= needed
        lengths[running] += np.where(alarmed, needed, silent + 1)
        w = np.maximum(0.0, w + silent * up + down)
        alive = ~alarmed & (lengths[running] < cap)
        running, w = running[alive], w[alive]
    return lengths


def run_length(size: Size) -> list[Row]:
    """P13."""
    rng, runs, rows = np.random.default_rng(13), size.runs(4_000, 400), []
    for r0, r1, h in ((0.005, 0.0200928236, 3.989), (0.01, 0.0400716796, 4.689), (0.02, 0.0613504848, 7.199)):
        for rate in (r0, 2 * r0, r1):
            exact = arl(rate, r0, r1, h)
            found = run_lengths(rng, rate, r0, r1, h, runs).mean()
            rows.append(near_share(f"r0 {r0}, h {h}, rate {rate:.4f}", found, exact, size.slack(0.05, 4_000, 400)))
    return rows


def design_table(_: Size) -> list[Row]:
    """P14."""
    rows = []
    for r0, r1, k, warn, demote, half, twice, detect, far in DESIGNS:
        found = design_r1(r0, k)
        rows.append(near(f"r0 {r0}: r1 for k {k}", found, r1, 1e-9))
        rows.append(_between(f"r0 {r0}: ARL0 of h_warn", arl(r0, r0, found, warn), 0.95e4, 1.1e4))
        rows.append(_between(f"r0 {r0}: ARL0 of h_demote", arl(r0, r0, found, demote), 0.9e5, 1.1e5))
        rounding = 0.05 * 10 ** np.floor(np.log10(half))  # the table gives two figures here
        rows.append(near(f"r0 {r0}: ARL at r0/2", arl(r0 / 2, r0, found, demote), half, rounding))
        for rate, targets in ((2 * r0, twice), (r1, detect), (2 * r1, far)):
            for name, h, target in zip(("warn", "demote"), (warn, demote), targets, strict=True):
                rows.append(
                    near(f"r0 {r0}: {name} at {rate:.4g}", arl(rate, r0, found, h), target, max(0.01 * target, 0.51))
                )
    return rows


def _between(claim: str, found: float, low: float, high: float) -> Row:
    return near(claim, found, (low + high) / 2, (high - low) / 2)


def delay(size: Size) -> list[Row]:
    """P15."""
    shipped = {
        0.01: (2_916, (2_916, 583, 146)),
        0.02: (446, (896, 179, 45)),
        0.04: (157, (630, 126, 32)),
        0.08: (68, (545, 109, 27)),
    }
    rows = []
    for risk, (_, targets) in shipped.items():
        audited = arl(risk, 0.005, 0.0200928236, 6.252)
        for rate, target in zip((0.01, 0.05, 0.20), targets, strict=True):
            found = escapes_before_alarm(audited, risk, rate)
            rows.append(
                near(f"escapes shipped at {risk:.0%} risk, {rate:.0%} audited", found, target, max(0.02 * target, 0.51))
            )
    runs = size.runs(4_000, 400)
    found = run_lengths(np.random.default_rng(15), 0.02, 0.005, 0.0200928236, 6.252, runs).mean()
    rows.append(near_share("mean audited items to demote at 2 % risk, chart alone", found, 446, 0.20))
    lines = size.runs(200, 20)
    slack = size.slack(0.20, 200)
    heard = float(np.mean([_heard_on_a_line(line) for line in range(lines)]))
    return [*rows, near_share("the same on a line that draws 5 % of its parts for audit", heard, 446, slack)]


def _heard_on_a_line(line: int) -> int:
    """Audited parts until a line is demoted that passes 2 % defects, drawn part by part as the product draws."""
    rng, w, audited, part = np.random.default_rng([15, line]), 0.0, 0, 0
    while w < 6.252:
        part += 1
        if draw(f"{line}-{part}", "5a17", dict.fromkeys(PURPOSES, 0.05)).audit:
            audited += 1
            w = step(w, int(rng.random() < 0.02), 0.005, 0.0200928236)
    return audited


def switching(size: Size) -> list[Row]:
    """P16."""
    rng, runs, rows = np.random.default_rng(16), size.runs(200, 40), []
    for rate, target in ((0.01, 62), (0.02, 14.8), (0.04, 8.3), (0.08, 7.2)):
        found = np.mean([_lots(rng, rate) for _ in range(runs)])
        rows.append(
            near_share(f"mean lots to discontinue at {rate:.0%}", float(found), target, size.slack(0.20, 200, 40))
        )
    never = sum(_lots(rng, 0.001) > 2_000 for _ in range(runs))
    return [*rows, near(f"runs of {runs} discontinued within 2,000 lots at .1 %", runs - never, 0, 0)]


def _lots(rng: np.random.Generator, rate: float, cap: int = 2_000) -> int:
    """Lots until 'discontinued'; the audit rate, and so the size of a lot, follows the state."""
    audited = {"reduced": 20, "normal": 50, "tightened": 200}
    state, since = "normal", list[int]()
    for lot in range(1, cap + 1):
        since.append(int(rng.binomial(audited[state], rate)))
        following = levels(since, state)[-1]
        if following == "discontinued":
            return lot
        state, since = (state, since) if following == state else (following, [])
    return cap + 1


def inspectors(_: Size) -> list[Row]:
    """P24."""
    return [
        _between("ARL0 of the gold chart at 2 % miss", arl(0.02, *GOLD_CHART, 7.199), 0.9e5, 1.1e5),
        near_share("golds to the alarm at 10 % miss", arl(0.10, *GOLD_CHART, 7.199), 98, 0.01),
    ]


def dead_model(size: Size) -> list[Row]:
    """P29."""
    rng, runs = np.random.default_rng(29), size.runs(2_000, 300)
    rows = [
        near("challenge parts to demote a dead model", misses_to_alarm(*MISS_CHART, 8.103), 8, 0),
        near("to hold it", misses_to_alarm(*MISS_CHART, 5.726), 6, 0),
        below("both within one shift of 12 parts", misses_to_alarm(*MISS_CHART, 8.103), 12),
    ]
    for rate, target in ((0.20, 62), (0.10, 391)):
        exact = arl(rate, *MISS_CHART, 8.103)
        rows.append(near(f"parts to demote at {rate:.0%} missed", exact, target, max(0.01 * target, 0.51)))
        found = run_lengths(rng, rate, *MISS_CHART, 8.103, runs).mean()
        rows.append(near_share(f"the same, {runs} runs", found, exact, size.slack(0.10, 2_000, 300)))
    healthy = run_lengths(rng, 0.025, *MISS_CHART, 8.103, 20, cap=1e6).min()
    return [*rows, at_least("first demotion of a healthy model (2.5 %), shortest of 20 runs", healthy, 1e6)]


def silence(size: Size) -> list[Row]:
    """P32."""
    rng, runs, rows = np.random.default_rng(32), size.runs(4_000, 400), []
    for q0 in (0.005, 0.01, 0.02):
        q1, _, h, silent = design_down(q0)
        for part in (2, 4):
            exact = arl_down(q0 / part, q0, q1, h)
            found = falling_lengths(rng, q0 / part, q0, q1, h, runs).mean()
            rows.append(near_share(f"q0 {q0}, calls at 1/{part} of it", found, exact, size.slack(0.03, 4_000, 400)))
        rows.append(near(f"q0 {q0}: items of a silent model to the alarm", arl_down(0.0, q0, q1, h), silent, 0))
        least = falling_lengths(rng, 2 * q0, q0, q1, h, 20, cap=1e6).min()
        rows.append(at_least(f"q0 {q0}: items at the reference rate without alarm, shortest of 20", least, 1e6))
    for reference, q1, h, silent in (
        (0.001, 0.00012497, 5.328, 14_204),
        (0.002, 0.00025008, 6.012, 8_012),
        (0.01, 0.00124584, 7.617, 2_023),
    ):
        found = design_down(reference / 2)
        rows.append(near(f"table of 4.6 at {reference}: q1", found.q1, q1, 1e-8))
        rows.append(near(f"table of 4.6 at {reference}: h", found.h, h, 0.001))
        rows.append(near(f"table of 4.6 at {reference}: silent", found.silent, silent, 0))
        rows.append(near("design_q1 agrees", design_q1(reference / 2, found.k), found.q1, 1e-12))
    return rows


def audit_design(_: Size) -> list[Row]:
    """P33."""
    rows = []
    for r0 in (0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.005):
        r1, k, *heights = design(r0)
        step = -np.log((1 - r1) / (1 - r0))
        for name, h, target in zip(("warn", "demote"), heights, (1e4, 1e5), strict=True):
            steps = round(h / step + 0.5)
            reached = rising(r0, k, steps) >= target and (steps == 1 or rising(r0, k, steps - 1) < target)
            rows.append(true(f"r0 {r0}: {name} is the lowest threshold with ARL0 {target:.0e}", reached))
    for prevalence, r1, warn, demote, dead, fifth, tenth in AUDITS:
        tolerated = escape_target(prevalence)
        found = design(tolerated.r0)
        rows.append(near(f"prevalence {prevalence}: r1", found.r1, r1, 1e-10))
        rows.append(near(f"prevalence {prevalence}: h_warn", found.h_warn, warn, 0.001))
        rows.append(near(f"prevalence {prevalence}: h_demote", found.h_demote, demote, 0.001))
        for missed, pair in ((1.0, dead), (0.2, fifth), (0.1, tenth)):
            for name, h, audits in zip(("warn", "demote"), (found.h_warn, found.h_demote), pair, strict=True):
                exact = arl(prevalence * missed, tolerated.r0, found.r1, h)
                rows.append(
                    near(
                        f"prevalence {prevalence}: audits to {name}, {missed:.0%} missed",
                        exact,
                        audits,
                        max(0.01 * audits, 0.51),
                    )
                )
        if prevalence <= 0.005:
            deaf = arl(prevalence, 0.005, 0.0200928236, 6.252)
            rows.append(at_least(f"prevalence {prevalence}: the chart at .005 stays deaf to a dead model", deaf, 1e5))
    return rows


CHECKS = {
    "P13": ("CUSUM run length", run_length),
    "P14": ("Design table", design_table),
    "P15": ("Delay to demotion", delay),
    "P16": ("Switching", switching),
    "P24": ("Inspector chart", inspectors),
    "P29": ("Dead model", dead_model),
    "P32": ("Silence", silence),
    "P33": ("Audit design", audit_design),
}
