"""Guarantees of drift detection: P20 to P22."""

import numpy as np

from bench.guarantees_claims import Row, Size, at_least, below, true
from bench.guarantees_ladder import fresh_evidence_opens_none, old_evidence_opens_none
from stats.adwin import change_points
from stats.cusum import trace
from stats.drift import block_threshold, cbpe_accuracy, two_of_three, w1

_BETWEEN, _SHIFTS, _WINDOW = 0.35, 20, 500


def false_alarms(size: Size) -> list[Row]:
    """P20."""
    runs = size.runs(60, 6)
    found = np.array([line(np.random.default_rng([20, run])) for run in range(runs)])
    block, paired, independent, shifted = found.mean(axis=0)
    return [
        below("block threshold, false alarms per window", block, size.slack(0.03, 60, 6)),
        below("the same, 2 of 3 windows", paired, size.slack(0.005, 60, 6)),
        at_least("threshold from independent items", independent, 0.5),
        at_least("a shift of 2.1 sd is found in the first window", shifted, 0.95, runs * _SHIFTS),
    ]


def line(rng: np.random.Generator) -> tuple[float, float, float, float]:
    """One reference and 20 windows: shares flagged by block, by 2 of 3, by an iid threshold, and of shifted windows."""
    blocks = [rng.normal(rng.normal(0, _BETWEEN), 1, 600) for _ in range(_SHIFTS)]
    reference = np.concatenate(blocks)
    threshold, sd = block_threshold(blocks), float(reference.std())
    iid = [w1(reference, rng.choice(reference, _WINDOW), sd) for _ in range(25)]
    limit = float(np.mean(iid) + 3 * np.std(iid))
    windows = [rng.normal(rng.normal(0, _BETWEEN), 1, _WINDOW) for _ in range(20)]
    distances = [w1(reference, window, sd) for window in windows]
    moved = [w1(reference, window + 2.1 * sd, sd) for window in windows]
    alarms = [two_of_three(distances[: seen + 1], threshold) for seen in range(len(distances))]
    return (
        float(np.mean([distance > threshold for distance in distances])),
        float(np.mean(alarms)),
        float(np.mean([distance > limit for distance in distances])),
        float(np.mean([distance > threshold for distance in moved])),
    )


def adwin(size: Size) -> list[Row]:
    """P21."""
    rng, runs, items = np.random.default_rng(21), size.runs(20, 5), round(50_000 * max(0.2, size.share))
    quiet = len(change_points(rng.normal(0, 1, items)))
    delays = []
    for _ in range(runs):
        darker = rng.normal(-0.10 / 0.06, 1, 500)  # -10 % where the gain varies by 6 %
        found = [index for index in change_points(np.concatenate([rng.normal(0, 1, 2_000), darker])) if index >= 2_000]
        delays.append(found[0] - 1_999 if found else 500)
    return [
        below(f"alarms per 10,000 of {items:,} items in control", quiet / items * 10_000, 1),
        below(f"median images to notice -10 % brightness, {runs} runs", float(np.median(delays)), 100),
    ]


def concept(size: Size) -> list[Row]:
    """P22."""
    rng, items = np.random.default_rng(22), 200_000
    logits, labels = _scored(rng, items, 0.0)
    moved, moved_labels = _scored(rng, items, -2.0)
    before, after = 1 / (1 + np.exp(-logits)), 1 / (1 + np.exp(-moved))
    wrong = ((moved > 0) != moved_labels)[:20_000].astype(int)
    alarms = [index for index, w in enumerate(trace(wrong, 0.02, 0.0613504848)) if w >= 7.199]
    return [
        below("accuracy estimated without labels moves by", abs(cbpe_accuracy(before) - cbpe_accuracy(after)), 0.005),
        at_least(
            "true accuracy falls by",
            float(((logits > 0) == labels).mean() - ((moved > 0) == moved_labels).mean()),
            0.01,
        ),
        below("items until the disagreement chart alarms", alarms[0] if alarms else len(wrong), 3_000),
        true("with the chart at its warning level no evidence of before opens a gate", old_evidence_opens_none()),
        true("nor does the fresh epoch after the demotion", fresh_evidence_opens_none()),
    ]


def _scored(rng: np.random.Generator, items: int, shift: float) -> tuple[np.ndarray, np.ndarray]:
    """Calibrated logits of good parts N(-4.5, 2.9) and defects N(4.5, 2.9) at 5 %, defects then moved by `shift`.

    For equal spreads the log odds are linear in the score: (mean difference)/variance x score + prior.
    """
    labels = rng.random(items) < 0.05
    scores = rng.normal(np.where(labels, 4.5, -4.5), 2.9, items)
    return scores * (9.0 / 2.9**2) + np.log(0.05 / 0.95) + np.where(labels, shift, 0.0), labels


CHECKS = {
    "P20": ("Drift false alarms", false_alarms),
    "P21": ("ADWIN", adwin),
    "P22": ("Concept drift", concept),
}
