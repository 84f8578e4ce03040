"""A model from labelled images as files: fitted, calibrated, judged on what it never saw.

Imports torch and no Django: commands and the child process of a training only.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import roc_auc_score

from stats.auc import auc_interval
from stats.calibration import ece, platt
from stats.proportions import clopper_pearson
from vision import backbone, export
from vision.architectures import ARCHITECTURES
from vision.dataset import Sample
from vision.decode import Decoder
from vision.scoring import UNCALIBRATED, probability
from vision.serving import CARD_FILE, load
from vision.trainers import Progress
from vision.training import Fitted, Scores, TrainingRefused, fit

OVERKILL_SHARES = (0.01, 0.05)
TIMED_IMAGES = 30


@dataclass(frozen=True, kw_only=True)
class Order:
    """What shall be learned from what. `card` is what only the caller knows; `backbone` names a file, or is empty."""

    samples: Sequence[Sample]
    architecture: str
    classes: Sequence[str]
    minutes: float
    backbone: str = ""
    seed: int = 0
    card: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Judged:
    """What the finished model says of one image that it did not learn from."""

    path: Path
    split: str
    probability: float


def make(order: Order, folder: Path, *, progress: Callable[[Progress], None]) -> list[Judged]:
    """Write the model's files and its card into the folder; return what it says of every held-back image.

    The calibrator comes from the validation split, the figures from the test split. Raises TrainingRefused or
    BackboneMissing, and then the folder holds no model.
    """
    known = ARCHITECTURES.get(order.architecture)
    if known is None:
        raise TrainingRefused(
            f"There is no architecture {order.architecture!r}, use one of {', '.join(ARCHITECTURES)}."
        )
    fitted = fit(
        order.samples,
        architecture=order.architecture,
        classes=order.classes,
        seed=order.seed,
        progress=progress,
        minutes_cap=order.minutes,
        backbone=backbone.ensure(order.backbone) if known.needs_backbone else None,
    )
    finished = export.save(fitted, folder, {**order.card, "calibrator": _calibrator(fitted.val)})
    _write(fitted, folder, finished)
    return _judged("val", fitted.val, finished["calibrator"]) + _judged("test", fitted.test, finished["calibrator"])


def figures(test: Scores, calibrator: Mapping[str, float]) -> dict[str, Any]:
    """Return what the held-back images show: AUC, escapes at two prices, and whether probabilities are true."""
    labels, scores = test.labels, test.raw_scores
    p = [probability(float(score), calibrator) for score in scores]
    defects = int(labels.sum())
    if not defects:
        overkilled = sum(score > 0.5 for score in p)
        return {"images": len(labels), "defects": 0, "overkilled": overkilled, "escape": []}
    auc = float(roc_auc_score(labels, scores))
    low, high = auc_interval(auc, defects, len(labels) - defects)
    return {
        "images": len(labels),
        "defects": defects,
        "auc": auc,
        "auc_low": low,
        "auc_high": high,
        "ece": ece(p, labels.tolist()),
        "escape": [escape_at(share, scores=scores, labels=labels) for share in OVERKILL_SHARES],
    }


def escape_at(overkill: float, *, scores: NDArray[np.float64], labels: NDArray[np.int64]) -> dict[str, Any]:
    """Return the escape rate where at most this share of the good images is called a defect.

    The threshold lies at the good image that would be one too many, so ties never spoil the promise.
    The interval is Clopper-Pearson, 95 %.
    """
    good = np.sort(scores[labels == 0])[::-1]
    allowed = int(overkill * len(good))
    threshold = good[min(allowed, len(good) - 1)]
    misses = int((scores[labels == 1] <= threshold).sum())
    defects = int((labels == 1).sum())
    low, high = clopper_pearson(misses, defects)
    return {
        "overkill": overkill,
        "overkilled": int((good > threshold).sum()),
        "misses": misses,
        "rate": misses / defects,
        "low": low,
        "high": high,
    }


def _calibrator(val: Scores) -> dict[str, float]:
    """Platt's a and b from the validation images; where no defect is among them, scores stay what they are."""
    if not val.labels.any():
        return dict(UNCALIBRATED)
    found = platt(val.raw_scores.tolist(), val.labels.tolist())
    return {"a": found.a, "b": found.b}


def _write(fitted: Fitted, folder: Path, finished: dict[str, Any]) -> None:
    finished["figures"] = {
        **figures(fitted.test, finished["calibrator"]),
        "ms_per_image": _ms_per_image(folder, fitted.test),
    }
    (folder / CARD_FILE).write_text(json.dumps(finished, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def _judged(split: str, scores: Scores, calibrator: Mapping[str, float]) -> list[Judged]:
    pairs = zip(scores.samples, scores.raw_scores, strict=True)
    return [Judged(sample.path, split, probability(float(score), calibrator)) for sample, score in pairs]


def _ms_per_image(folder: Path, test: Scores) -> float:
    """Return the median time of a prediction as served, one image at a time, decoding left out."""
    scorer = load(folder)
    with Decoder() as decoder:
        pictures = [decoder.decode(sample.path, renditions=False).pixels for sample in test.samples[:TIMED_IMAGES]]
    return median(scorer.score(pixels).ms for pixels in pictures)
