"""Guarantees that involve draws, policy, plan and the ladder's own table: P23, P27, P34, P36 and P37."""

from collections import Counter
from itertools import combinations
from math import ceil

import numpy as np

from bench.guarantees_claims import (
    Row,
    Size,
    at_least,
    below,
    failure_limits,
    near,
    passage,
    true,
)
from inspection.rules.draws import PURPOSES, draw
from inspection.rules.ladder import DISAGREEMENT_WARN, GATES, Evidence, Gate, judge
from inspection.rules.words import Level, Route
from stats.bands import binom_p, ltt_certified
from stats.eprocess import stream_passes
from stats.planning import defects_expected, items_expected, plan
from stats.policy import decide, rates, streams
from stats.sampling import bucket
from vision import routing

_DEFECT_RATES = (0.0005, 0.001, 0.005, 0.01, 0.02)
_SEQUENTIAL = ((0.98, 0.95, 0.05), (0.95, 0.80, 0.05), (0.99, 0.95, 0.05), (0.99, 0.97, 0.01))
_WAITS = ((10, 250, 0.001), (30, 250, 0.005), (10, 1_000, 0.001), (30, 1_000, 0.01))
_CLOSED = ((0.99, 0.95, 0.05), (0.995, 0.97, 0.01), (0.98, 0.90, 0.05), (0.999, 0.99, 0.05))


def draws(size: Size) -> list[Row]:
    """P23."""
    ids = size.runs(100_000, 20_000)
    first, second = (np.array([bucket(f"item-{i:06d}", salt) for i in range(ids)]) for salt in ("canary-7", "audit-3"))
    return [
        near(f"share of {ids:,} ids below .05", float((first < 0.05).mean()), 0.05, 4 * (0.05 * 0.95 / ids) ** 0.5),
        below("correlation of two salts", abs(float(np.corrcoef(first, second)[0, 1])), 4 / ids**0.5),
        near("item-000001 with canary-7", bucket("item-000001", "canary-7"), 0.652182449515, 1e-12),
        near("L1-2025-01-01-0042 with canary-7", bucket("L1-2025-01-01-0042", "canary-7"), 0.500025828136, 1e-12),
    ]


def always_pass(size: Size) -> list[Row]:
    """P27."""
    rng, lines = np.random.default_rng(27), size.runs(200, 20)
    opened, certified, rows = 0, 0, []
    for rate in _DEFECT_RATES:
        agreed = 0
        for _ in range(lines):
            defects = int(rng.binomial(20_000, rate))
            agreed += stream_passes(20_000 - defects, defects, 0.95, 0.05)
            opened += sum(_opens_any_gate(_streams(defects, passes)) for passes in (True, False))
        if rate <= 0.01:
            rows.append(at_least(f"{rate:.2%} defects: the agreement stream alone opens", agreed / lines, 0.95, lines))
        certified += sum(_certificate(rng, rate, score) for score in (0.0, 1.0) for _ in range(max(1, lines // 20)))
    return [
        true("every rung with streams has a detection stream", all(map(_has_detection, GATES.values()))),
        near("gates opened by always-pass or always-reject, any evidence missing", opened, 0, 0),
        near("certificates for either", certified, 0, 0),
        *rows,
    ]


def _has_detection(gate: Gate) -> bool:
    return not gate.targets or any(target.stream.endswith("detection") for target in gate.targets)


def _streams(defects: int, passes: bool) -> dict[str, tuple[int, int]]:
    """What 20,000 parts and a bank of 100 say about a model that treats all alike."""
    good, known = 20_000 - defects, defects + 100
    found, specific = ((0, known), (good, 0)) if passes else ((known, 0), (0, good))
    agreement = (good, defects) if passes else (defects, good)
    return {
        "agreement": agreement,
        "detection": found,
        "policy_detection": found,
        "policy_specificity": specific,
    }


def _opens_any_gate(counted: dict[str, tuple[int, int]]) -> bool:
    """Whether some rung's streams all pass, with any subset of them missing."""
    kept = [set(names) for size in range(len(counted) + 1) for names in combinations(counted, size)]
    gates = [gate for gate in GATES.values() if gate.targets]
    return any(
        all(
            target.stream in names and stream_passes(*counted[target.stream], target.p0, target.alpha)
            for target in gate.targets
        )
        for gate in gates
        for names in kept
    )


def _certificate(rng: np.random.Generator, rate: float, score: float) -> bool:
    labels_a, labels_b = (rng.random(items) < rate for items in (1_000, 2_000))
    found = ltt_certified([score] * 1_000, labels_a, [score] * 2_000, labels_b, [score] * 100)
    return found.threshold is not None


def policy(size: Size) -> list[Row]:
    """P34."""
    rng, runs, equal, held = np.random.default_rng(34), size.runs(200, 50), True, True
    for _ in range(runs):
        scores, labels = rng.random(500), rng.random(500) < 0.1
        low, high = np.sort(rng.random(2))
        decided = np.array([decide(score, low, high) for score in scores])
        table = [
            [int(((decided == row) & (labels == truth)).sum()) for truth in (0, 1)]
            for row in ("pass", "person", "reject")
        ]
        found = rates(table)
        equal &= found.detection == (decided[labels] != "pass").sum() / labels.sum()
        equal &= found.specificity == (decided[~labels] != "reject").sum() / (~labels).sum()
        equal &= sum(streams(table)) == 500
        held &= all(decide(score, low, high, certified=False) == "person" for score in scores)
    return [
        true("rates of counted decisions equal the direct definition", equal),
        true("nothing is decided without a certificate", held),
        true("a version without a certificate decides nothing on any level of the product", _people_decide(rng, runs)),
    ]


def _people_decide(rng: np.random.Generator, runs: int) -> bool:
    """Whether every item goes to a person where the version at hand has no certificate of its own."""
    facts = [_facts(level, probability, None) for level in Level for probability in rng.random(runs)]
    return all(routing.decide(fact).route == Route.HUMAN for fact in facts)


def _facts(level: Level, probability: float, band: routing.Band | None) -> routing.RunFacts:
    """A run against which nothing speaks, apart from its level, its probability and the bands."""
    return routing.RunFacts(
        level=level,
        is_held=False,
        call_threshold=0.5,
        measures={"brightness": 0.5},
        is_blank=False,
        is_repeat=False,
        is_rework=False,
        is_late=False,
        drawn_truth=False,
        drawn_audit=False,
        drawn_control=False,
        probability=probability,
        band=band,
    )


def planned(size: Size) -> list[Row]:
    """P36."""
    rng, runs, rows = np.random.default_rng(36), size.runs(4_000, 400), []
    for rate, p0, alpha in _SEQUENTIAL:
        n = items_expected(rate, p0, alpha) or 0
        done = passage(rate, failure_limits(n, p0, alpha)).sum()
        rows.append(near(f"stream at {rate} against {p0}: done by the planned item {n}", done, 0.775, 0.175))
    for needed, drawn, rate in _WAITS:
        days = ceil(needed / (drawn * rate))
        met = (rng.binomial(days * drawn, rate, runs) >= needed).mean()
        rows.append(near(f"{needed} natural defects at {rate:.1%} of {drawn}: met by day {days}", met, 0.55, 0.10))
    for rate, p0, alpha in _CLOSED:
        n = defects_expected(rate, p0, alpha) or 0
        allowed = ceil(n * (1 - rate) - 1e-9)
        exact = binom_p(allowed, n, 1 - rate)
        error = 3 * (exact * (1 - exact) / runs) ** 0.5
        passed = (rng.binomial(n, 1 - rate, runs) <= allowed).mean()
        rows.append(near(f"closed list of {n} at {rate} against {p0}: passes as BinomCDF says", passed, exact, error))
    never = [
        row.binding == "never" for row in plan(5_000, 0.005, agreement=0.95, policy_detection=0.95, full_detection=0.97)
    ]
    ever = [
        row.binding == "never"
        for row in plan(5_000, 0.005, agreement=0.951, policy_detection=0.951, full_detection=0.971)
    ]
    return [*rows, true("never, exactly for rates at or below target", all(never) and not any(ever))]


def draw_at_every_level(size: Size) -> list[Row]:
    """P37."""
    rng, parts, rows = np.random.default_rng(37), size.runs(20_000, 2_000), []
    for share in (0.05, 0.20, 0.01):
        runs, drawn = _routes_and_draws(rng, parts, share)
        for route in (Route.AUTO_PASS, Route.AUTO_REJECT, Route.HUMAN):
            error = 4 * (share * (1 - share) / runs[route]) ** 0.5
            rows.append(near(f"share {share:.0%}, {route}: drawn", drawn[route] / runs[route], share, error))
    return rows


def _routes_and_draws(rng: np.random.Generator, parts: int, share: float) -> tuple[Counter[Route], Counter[Route]]:
    """Runs per route, and those of them in the truth draw, on a line that passes through all levels."""
    band = routing.Band(t_lo=0.4, t_hi=0.7, envelope={"brightness": (0.0, 1.0)})
    runs, drawn = Counter[Route](), Counter[Route]()
    for level in Level:
        for part, probability in enumerate(rng.random(parts)):
            route = routing.decide(_facts(level, probability, band)).route
            runs[route] += 1
            drawn[route] += draw(f"{level}-{share}-{part}", "5a17", dict.fromkeys(PURPOSES, share)).truth
    return runs, drawn


def old_evidence_opens_none() -> bool:
    """Whether a chart at its warning level alone shuts every gate, whatever the evidence from before."""
    calm, alarmed = (Evidence(chart=chart) for chart in (0.0, DISAGREEMENT_WARN))
    gates = [gate for gate in GATES.values() if gate.targets]
    return not any(_shut_by_chart(gate, calm) for gate in gates) and all(
        _shut_by_chart(gate, alarmed) for gate in gates
    )


def _shut_by_chart(gate: Gate, evidence: Evidence) -> bool:
    judgement = judge(gate, evidence)
    return not judgement.is_open and "chart" in {check.name for check in judgement.failing}


def fresh_evidence_opens_none() -> bool:
    """Whether a new epoch, which has counted nothing yet, leaves every gate shut."""
    return not any(judge(gate, Evidence()).is_open for gate in GATES.values())


CHECKS = {
    "P23": ("Hash", draws),
    "P27": ("Always pass", always_pass),
    "P34": ("Policy", policy),
    "P36": ("Plan", planned),
    "P37": ("Draw at every level", draw_at_every_level),
}
