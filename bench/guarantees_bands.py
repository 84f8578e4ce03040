"""Guarantees of truth from noisy people, calibration, bands and certificates: P9 to P12 and P28."""

from functools import partial
from statistics import NormalDist

import numpy as np

from bench.guarantees_claims import Row, Size, at_least, at_most, below, near
from stats.adjudication import two_phase
from stats.bands import ltt_certified, ltt_learned_start
from stats.calibration import ece, platt

# Share auto-passed by prevalence, mean score of defects, and number of held-out defects.
CERTIFIED = {
    0.001: {2.0: (0.68, 0.76, 0.83), 3.5: (0.93, 0.95, 0.96)},
    0.002: {2.0: (0.70, 0.77, 0.83), 3.5: (0.92, 0.95, 0.96)},
    0.005: {2.0: (0.67, 0.77, 0.83), 3.5: (0.92, 0.94, 0.96)},
    0.010: {2.0: (0.66, 0.77, 0.81), 3.5: (0.92, 0.94, 0.95)},
}
_HELD_OUT = (60, 100, 200)


def adjudicated(size: Size) -> list[Row]:
    """P9."""
    rng, runs, rows = np.random.default_rng(9), size.runs(60, 20), []
    for name, correlated in (("independent", False), ("correlated", True)):
        found = np.array([_line(rng, correlated) for _ in range(runs)])
        two, naive, disagreements, truth = found.mean(axis=0)
        rows.append(near(f"two-phase escape, errors {name}", two, truth, size.slack(0.006, 60, 20)))
        rows.append(at_least(f"model against one human is off, errors {name}", naive - truth, 0.10))
        if correlated:
            rows.append(at_least("adjudicating disagreements only reads low", truth - disagreements, 0.012))
    return rows


def _line(rng: np.random.Generator, correlated: bool, items: int = 20_000) -> tuple[float, float, float, float]:
    """Escape by the two-phase design, against one human, from disagreements only; and the truth."""
    defect = rng.random(items) < 0.05
    hard = rng.random(items) < 0.15
    # Hard items are failed five times as often as the average, easy ones so much less that the mean stays.
    factor = np.where(hard, 5.0, 0.25 / 0.85) if correlated else np.ones(items)
    model = np.where(rng.random(items) < np.where(defect, 0.05, 0.02) * factor, ~defect, defect)
    human = np.where(rng.random(items) < np.where(defect, 0.10, 0.01) * factor, ~defect, defect)
    drawn = rng.random(items) < np.where(model != human, 1.0, np.where(model, 0.25, 0.05))
    tables = [_table(model[kept], human[kept]) for kept in (slice(None), drawn, drawn & defect)]
    known = np.where(model == human, human, defect)
    return (
        two_phase(*tables).escape or 0.0,
        float((~model[human]).mean()),
        float((~model[known]).mean()),
        float((~model[defect]).mean()),
    )


def _table(model: np.ndarray, human: np.ndarray) -> list[list[int]]:
    cells = np.bincount(2 * model.astype(int) + human, minlength=4)
    return [[int(cell) for cell in row] for row in cells.reshape(2, 2)]


def gaussian(
    rng: np.random.Generator, items: int, prevalence: float, mean: float = 2.0, *, blind: bool = False
) -> tuple[np.ndarray, np.ndarray]:
    """Scores and labels: good N(-2.5, 1.3), defects N(mean, 1.6); a blind model scores both alike."""
    labels = (rng.random(items) < prevalence).astype(int)
    bad = defect_scores(rng, items, mean, blind=blind)
    return np.where(labels == 1, bad, rng.normal(-2.5, 1.3, items)), labels


def defect_scores(rng: np.random.Generator, items: int, mean: float, *, blind: bool) -> np.ndarray:
    """Scores of defects."""
    return rng.normal(-2.5, 1.3, items) if blind else rng.normal(mean, 1.6, items)


def band_guarantee(size: Size) -> list[Row]:
    """P10."""
    rows = []
    for n_b, limit in ((3_000, 0.75), (10_000, 0.85)):
        runs = size.runs(600, 60 if n_b == 3_000 else 20)
        rng = np.random.default_rng(10)
        found = [_certified_band(rng, n_b) for _ in range(runs)]
        violated, covered = np.mean(found, axis=0)
        rows.append(at_most(f"true risk above .5 %, n_B {n_b:,}", violated, 0.05, runs))
        rows.append(at_least(f"mean share auto-passed, n_B {n_b:,}", covered, limit))
    return rows


def _certified_band(rng: np.random.Generator, n_b: int) -> tuple[bool, float]:
    scores_a, y_a = gaussian(rng, n_b // 2, 0.05)
    scores_b, y_b = gaussian(rng, n_b, 0.05)
    threshold = ltt_learned_start(scores_a, y_a, scores_b, y_b, 0.005, 0.05).threshold
    return _outcome(threshold, 0.005)


def naive_bands(size: Size) -> list[Row]:
    """P11."""
    rng, runs = np.random.default_rng(11), size.runs(600, 200)
    violated = [_outcome(_naive_threshold(*gaussian(rng, 3_000, 0.05), 0.005), 0.005)[0] for _ in range(runs)]
    return [
        at_least("largest threshold with observed risk within .5 %: true risk above", float(np.mean(violated)), 0.15)
    ]


def _naive_threshold(scores: np.ndarray, labels: np.ndarray, risk: float) -> float:
    order = np.argsort(scores)
    observed = np.cumsum(labels[order]) / np.arange(1, len(order) + 1)
    within = np.flatnonzero(observed <= risk)
    return float(scores[order][within[-1]])


def _outcome(threshold: float | None, risk: float) -> tuple[bool, float]:
    """Whether the true risk of a band exceeds its limit, and the share it passes."""
    if threshold is None:
        return False, 0.0
    escaped = 0.05 * NormalDist(2.0, 1.6).cdf(threshold)
    passed = escaped + 0.95 * NormalDist(-2.5, 1.3).cdf(threshold)
    return escaped > risk * passed, passed


def calibration(_: Size) -> list[Row]:
    """P12."""
    rng = np.random.default_rng(12)

    def sample(items: int) -> tuple[np.ndarray, np.ndarray]:
        logits = rng.normal(-5.0, 3.0, items)
        labels = (rng.random(items) < 1 / (1 + np.exp(-logits))).astype(int)
        return 2.0 * logits + 5.0, labels

    fitted, fresh = sample(4_000), sample(20_000)
    a, b = platt(*fitted)
    raw, mended = (1 / (1 + np.exp(exponent)) for exponent in (-fresh[0], a * fresh[0] + b))
    return [
        at_least("ECE of raw mis-scaled, shifted logits", ece(raw, fresh[1]), 0.05),
        below("ECE after Platt on 4,000 items", ece(mended, fresh[1]), 0.01),
    ]


def certificate(size: Size) -> list[Row]:
    """P28."""
    rng, runs, rows = np.random.default_rng(28), size.runs(1_200, 12), []
    for prevalence, by_mean in CERTIFIED.items():
        for mean, shares in by_mean.items():
            for held_out, share in zip(_HELD_OUT, shares, strict=True):
                cell = f"prevalence {prevalence:.1%}, mean {mean}, D {held_out}"
                found = [_certified(rng, prevalence, mean, held_out) for _ in range(runs)]
                missed, risky, passed = np.mean([outcome for outcome in found if outcome is not None], axis=0)
                covered = passed * sum(outcome is not None for outcome in found) / runs
                rows.append(at_most(f"{cell}: misses above 5 %", missed, 0.05, runs))
                rows.append(at_most(f"{cell}: risk above .5 %", risky, 0.05, runs))
                rows.append(near(f"{cell}: share auto-passed", covered, share, size.slack(0.04, 1_200, 12)))
        blind = sum(_certified(rng, prevalence, 2.0, d, blind=True) is not None for d in _HELD_OUT for _ in range(runs))
        rows.append(near(f"prevalence {prevalence:.1%}: blind model certified, of {3 * runs} runs", blind, 0, 0))
    draw = partial(gaussian, rng, prevalence=0.001, blind=True)
    alone = [ltt_learned_start(*draw(1_500), *draw(3_000), 0.005, 0.05).threshold is not None for _ in range(runs)]
    return [*rows, at_least("the risk limit alone certifies a blind model at .1 %", float(np.mean(alone)), 0.95, runs)]


def _certified(
    rng: np.random.Generator, prevalence: float, mean: float, held_out: int, *, blind: bool = False
) -> tuple[bool, bool, float] | None:
    """Whether the misses and the risk exceed their limits in truth, and the share auto-passed; None without a band."""
    half = partial(gaussian, rng, prevalence=prevalence, mean=mean, blind=blind)
    held = defect_scores(rng, held_out, mean, blind=blind)
    found = ltt_certified(*half(1_000), *half(2_000), held, label_cut=0.0)
    if found.threshold is None:
        return None
    missed = NormalDist(mean, 1.6).cdf(found.threshold)
    passed = prevalence * missed + (1 - prevalence) * NormalDist(-2.5, 1.3).cdf(found.threshold)
    return missed > 0.05, prevalence * missed > 0.005 * passed, passed


CHECKS = {
    "P9": ("Two-phase adjudication", adjudicated),
    "P10": ("Band guarantee", band_guarantee),
    "P11": ("Naive bands fail", naive_bands),
    "P12": ("Calibration", calibration),
    "P28": ("Certificate", certificate),
}
