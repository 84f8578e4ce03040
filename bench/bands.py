"""Bands on real pictures: what both certificates allow, what came of it, and what a plain threshold would have claimed.

    python -m bench.bands --images FOLDER [--backbone FILE]

FOLDER is a data-set folder whose `group` column keeps near-duplicates together. Scores are cross-fitted: a picture is
scored by a head on the frozen backbone, fitted as the product fits it, that never saw its group. Whole groups are then
divided by hash, once: to certify, to be the closed list of distinct defects, and to see what really happened. Nothing
is resampled. Beside each target stands whether a model that never errs would be certified on so many pictures.
"""

import argparse
import importlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench import figures
from review.rules.certifying import DEFAULTS, KnownDefect, Limits, Outcome, Part, certify
from stats.calibration import platt
from stats.ltt import quantile_grid
from stats.sampling import bucket
from vision.dataset import Sample, read_folder
from vision.decode import Decoder
from vision.preprocessing import PREPROCESSINGS

RECIPE = "squash-224-lite/1"
FOLDS = 5
LABEL_CUT = 0.5
# Shares of the groups, by hash: what certifies, what is the closed list; the rest shows what really happened.
CERTIFYING, LISTED = 0.5, 0.8
# A scratch is a major defect, so that its class asks for 5 % misses whatever is asked of all defects together.
TARGETS = tuple(Limits(risk=risk, miss=0.05) for risk in (0.005, 0.01, 0.02, 0.03, 0.05, 0.10))
FINEST = 1000
GRID = 40


@dataclass(frozen=True, kw_only=True)
class Scored:
    """One picture: its group, the thing it shows, its truth, and the score of a model that never saw either."""

    name: str
    group: str
    thing: str
    is_defect: bool
    kind: str
    score: float


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", type=Path, required=True, help="data-set folder with leakage groups")
    parser.add_argument("--backbone", type=Path, default=Path("var/lite0.safetensors"))
    options = parser.parse_args(arguments)
    if not options.images.is_dir():
        print(f"{options.images} is not there: nothing was measured.")
        return
    samples = [sample for sample in read_folder(options.images) if sample.label]
    scored = cross_fitted(samples, features_of(samples, options.backbone))
    figures.keep(
        "bands", {"set": options.images.name, **facts(scored), **{_name(one): told(scored, one) for one in TARGETS}}
    )


# Scores ---------------------------------------------------------------------------------------------------------


def features_of(samples: Sequence[Sample], backbone: Path) -> NDArray[np.float32]:
    recipe = PREPROCESSINGS[RECIPE]
    with Decoder() as decoder:
        squares = np.stack([recipe.shrink(decoder.decode(one.path, renditions=False).pixels) for one in samples])
    # Only who measures loads torch.
    weights = importlib.import_module("vision.backbone").ensure(backbone)
    return importlib.import_module("vision.trainers.lite0_probe").frozen_features(
        squares, recipe=recipe, weights=weights
    )


def cross_fitted(samples: Sequence[Sample], features: NDArray[np.float32]) -> list[Scored]:
    """Score every picture by a head that never saw its group: a fold chooses the penalty, three are learned from."""
    # Only who measures loads torch.
    fit_probe = importlib.import_module("vision.trainers.lite0_probe").fit_probe
    labels = np.array([sample.label == "defect" for sample in samples], dtype=np.int64)
    folds = np.array([int(bucket(sample.group, "fold-1") * FOLDS) for sample in samples])
    scores = np.zeros(len(samples))
    for fold in range(FOLDS):
        own, choosing = folds == fold, folds == (fold + 1) % FOLDS
        learned = ~own & ~choosing
        head = fit_probe(features[learned], labels[learned], features[choosing], labels[choosing], classes=2)
        passes, defects = head.logits(features[own]).T
        scores[own] = defects - passes
    a, b = platt(list(scores), [int(label) for label in labels])
    probabilities = 1 / (1 + np.exp(a * scores + b))
    return [
        Scored(
            name=sample.path.stem,
            group=sample.group,
            thing=sample.path.stem.rpartition("_v")[0] or sample.path.stem,
            is_defect=bool(label),
            kind=sample.defect_type,
            score=float(p),
        )
        for sample, label, p in zip(samples, labels, probabilities, strict=True)
    ]


# Bands ----------------------------------------------------------------------------------------------------------


def divided(scored: Sequence[Scored]) -> tuple[list[Scored], list[Scored], list[Scored]]:
    """Return what certifies, the closed list, and what shows what really happened: whole groups, by hash."""
    sides: tuple[list[Scored], list[Scored], list[Scored]] = ([], [], [])
    for one in scored:
        place = bucket(one.group, "side-1")
        sides[0 if place < CERTIFYING else 1 if place < LISTED else 2].append(one)
    return sides


def told(scored: Sequence[Scored], limits: Limits) -> dict[str, Any]:
    """Return what the product certifies at the limits and what came of it, beside what a plain threshold claims."""
    certifying, _, rest = divided(scored)
    outcome = certified(scored, limits)
    plain = _plain_threshold(certifying, limits.risk)
    return {
        "reason": outcome.reason,
        "t_lo": outcome.t_lo,
        "a model that never errs": certified(_unerring(scored), limits).reason,
        "both certificates": {"last steps": outcome.pass_trace[-2:], "known defects": outcome.counts["known"]},
        "certified, on the rest": _came_of(rest, outcome.t_lo),
        "plain threshold": {"claims": _came_of(certifying, plain), "on the rest": _came_of(rest, plain)},
    }


def certified(scored: Sequence[Scored], limits: Limits) -> Outcome:
    """Return what the product certifies on the pictures that certify, with the closed list of those set aside."""
    certifying, listed, _ = divided(scored)
    known: dict[str, Scored] = {}
    for one in listed:
        # A thing counts once, by the picture in which it is hardest to see.
        if one.is_defect and one.score <= known.get(one.thing, replace(one, score=1.0)).score:
            known[one.thing] = one
    parts = [Part(one.name, one.score, int(one.is_defect), one.kind if one.is_defect else "") for one in certifying]
    defects = [KnownDefect(thing, one.score, one.kind) for thing, one in known.items()]
    risk_classes = dict.fromkeys({one.defect_class for one in defects}, "major")
    return certify(parts, defects, risk_classes, threshold=LABEL_CUT, limits=limits)


def least_certifiable(scored: Sequence[Scored]) -> dict[str, float | None]:
    """Return the smallest limits that so many pictures can certify at all: those of a model that never errs."""
    unerring = _unerring(scored)
    risks = (Limits(risk=n / FINEST, miss=TARGETS[0].miss) for n in range(1, FINEST // 10))
    known = certified(unerring, DEFAULTS).counts["known"]
    return {
        "risk": next((one.risk for one in risks if certified(unerring, one).t_lo is not None), None),
        "miss": round(1 - DEFAULTS.delta ** (1 / known), 4) if known else None,
    }


def _unerring(scored: Sequence[Scored]) -> list[Scored]:
    return [replace(one, score=float(one.is_defect)) for one in scored]


def _plain_threshold(scored: Sequence[Scored], risk: float) -> float | None:
    """Return the largest threshold whose observed escaped fraction is within the target: what the eye would choose."""
    kept = None
    for t in quantile_grid([one.score for one in scored], 1 / GRID, GRID):
        passed = [one.is_defect for one in scored if one.score <= t]
        kept = t if passed and sum(passed) / len(passed) <= risk else kept
    return kept


def _came_of(scored: Sequence[Scored], t_lo: float | None) -> dict[str, Any]:
    passed = [one for one in scored if t_lo is not None and one.score <= t_lo]
    escaped, defects = sum(one.is_defect for one in passed), sum(one.is_defect for one in scored)
    return {
        "auto-passed share": round(len(passed) / len(scored), 4),
        "escaped fraction": f"{escaped}/{len(passed)}",
        "escape rate": f"{escaped}/{defects}",
    }


def facts(scored: Sequence[Scored]) -> dict[str, Any]:
    """Return how much there is of what."""
    sides = divided(scored)
    names = ("certifying", "closed list", "rest")
    return {
        name: {
            "pictures": len(side),
            "defects": sum(one.is_defect for one in side),
            "groups": len({one.group for one in side}),
        }
        for name, side in zip(names, sides, strict=True)
    } | {
        "smallest certifiable limits": least_certifiable(scored),
        "defaults of the product": {"risk": DEFAULTS.risk, "miss": DEFAULTS.miss, "delta": DEFAULTS.delta},
    }


def _name(limits: Limits) -> str:
    return f"risk {limits.risk:g}, miss {limits.miss:g}"


if __name__ == "__main__":
    main()
