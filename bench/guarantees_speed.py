"""Speed and accuracy of the functions that pages wait for, each as a ratio to its limit.

    python -m bench.guarantees_speed [--cases 2000]

A ratio of 1 or below keeps the promise. Writes bench/results/statistics-speed.json.
"""

import argparse
import json
import sys
import time
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path

import numpy as np

from bench.guarantees_evidence import quadrature
from stats.cusum import design, design_down
from stats.eprocess import cs_lower, items_to_pass, log_e_above

RESULTS = Path(__file__).parent / "results" / "statistics-speed.json"
Case = tuple[int, int, float]


def main() -> int:
    """Measure, print the ratios, store them; 1 if a limit is broken."""
    parser = argparse.ArgumentParser(description="Speed and accuracy of the statistics.")
    parser.add_argument("--cases", type=int, default=2_000, help="random (S, F, p0) against quadrature")
    cases = random_cases(parser.parse_args().cases)
    figures = {
        "log_e_above, 20 us": _mean_seconds(partial(log_e_above, *case) for case in cases) / 20e-6,
        "log_e_above, slowest case, 20 us": max(_seconds(partial(log_e_above, *case)) for case in cases[:200]) / 20e-6,
        "log_e_above, error 1e-9 max(1, |ln E|)": max(map(_error, cases)) / 1e-9,
        "items_to_pass, 1 ms": max(_seconds(partial(items_to_pass, *case, 0.05)) for case in _waiting()) / 1e-3,
        "cs_lower, 1 ms": max(_seconds(partial(cs_lower, s, f)) for s, f, _ in cases[:200]) / 1e-3,
        "design of one chart, 1 s": max(_seconds(partial(design, r0), 1) for r0 in (5e-5, 5e-4, 5e-3, 0.05)),
        "design_down of one chart, 1 s": max(_seconds(partial(design_down, q0), 1) for q0 in (5e-4, 5e-3, 0.05)),
    }
    for name, ratio in figures.items():
        print(f"{name:<42} {ratio:.3g}")
    RESULTS.parent.mkdir(parents=True, exist_ok=True)
    RESULTS.write_text(json.dumps(figures, indent=1) + "\n")
    return 0 if all(ratio <= 1 for ratio in figures.values()) else 1


def random_cases(number: int) -> list[Case]:
    """Streams of up to 100,000 items, from far contradictions to far confirmations of p0."""
    rng, cases = np.random.default_rng(3), []
    for _ in range(number):
        n, p0 = int(10 ** rng.uniform(0, 5)), float(rng.uniform(0.001, 0.9999))
        rate = p0 if rng.random() < 0.3 else rng.random()
        s = int(rng.binomial(n, rate))
        cases.append((s, n - s, p0))
    return cases


def _waiting() -> list[Case]:
    return [(0, 0, 0.95), (490, 10, 0.97), (9_900, 100, 0.99), (0, 10, 0.999), (99_000, 1_200, 0.99)]


def _error(case: Case) -> float:
    exact = quadrature(*case)
    return abs(log_e_above(*case) - exact) / max(1.0, abs(exact))


def _mean_seconds(calls: Iterable[Callable[[], object]]) -> float:
    return float(np.mean([_seconds(call) for call in calls]))


def _seconds(call: Callable[[], object], repeats: int = 20) -> float:
    """Processor time of one call, the best of three rounds, so that neighbours do no harm."""
    rounds = []
    for _ in range(3):
        start = time.process_time()
        for _ in range(repeats):
            call()
        rounds.append((time.process_time() - start) / repeats)
    return min(rounds)


if __name__ == "__main__":
    sys.exit(main())
