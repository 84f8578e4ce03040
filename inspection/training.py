"""A model from labelled images: fitted, calibrated, judged on what it never saw, registered.

Imports torch: commands and the second worker only, never the web process.
"""

import json
import tempfile
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
from django.conf import settings
from numpy.typing import NDArray
from sklearn.metrics import roc_auc_score

from inspection import registry
from inspection.models import Line, ModelVersion
from stats.calibration import ece, platt
from stats.proportions import clopper_pearson
from vision import backbone, export
from vision.architectures import ARCHITECTURES
from vision.backbone import BackboneMissing
from vision.dataset import Sample
from vision.decode import Decoder
from vision.scoring import probability
from vision.serving import CARD_FILE, load
from vision.trainers import Progress
from vision.training import OTHER, Fitted, Scores, TrainingRefused, fit

__all__ = ["BackboneMissing", "TrainingRefused", "classes_of", "escape_at", "figures", "train"]

OVERKILL_SHARES = (0.01, 0.05)
TIMED_IMAGES = 30


def train(
    line: Line,
    *,
    samples: Sequence[Sample],
    architecture: str,
    name: str,
    source: str,
    minutes: float,
    now: datetime,
    progress: Callable[[Progress], None],
) -> ModelVersion:
    """Fit, calibrate on the validation split, judge on the test split, export and register a version.

    Whole groups stay on one side of the splits. The card says what the test split showed; nothing is put on the
    line. Raises TrainingRefused or BackboneMissing, and then nothing is registered.
    """
    known = ARCHITECTURES.get(architecture)
    if known is None:
        raise TrainingRefused(f"There is no architecture {architecture!r}, use one of {', '.join(ARCHITECTURES)}.")
    fitted = fit(
        samples,
        architecture=architecture,
        classes=classes_of(line, samples),
        progress=progress,
        minutes_cap=minutes,
        backbone=backbone.ensure(settings.MODELS_ROOT / "lite0-backbone.safetensors") if known.needs_backbone else None,
    )
    calibrator = platt(fitted.val.raw_scores.tolist(), fitted.val.labels.tolist())
    card = {
        "name": name,
        "line": line.slug,
        "source": source,
        "trained_at": now.isoformat(),
        "calibrator": {"a": calibrator.a, "b": calibrator.b},
    }
    with tempfile.TemporaryDirectory(prefix="tollgate-model-") as folder:
        _write(fitted, Path(folder), card)
        return registry.register(Path(folder), name=name, now=now)


def classes_of(line: Line, samples: Sequence[Sample]) -> list[str]:
    """Return the defect classes to learn: those of the line that the samples show, and one for all other defects."""
    shown = {sample.defect_type for sample in samples if sample.label == "defect"}
    codes = line.defect_classes.filter(retired_at=None).order_by("key").values_list("code", flat=True)
    classes = [code for code in codes if code in shown]
    return classes if classes and shown <= set(classes) else [*classes, OTHER]


def figures(test: Scores, calibrator: dict[str, float]) -> dict[str, Any]:
    """Return what the held-back images show: AUC, escapes at two prices, and whether probabilities are true."""
    labels, scores = test.labels, test.raw_scores
    p = [probability(float(score), calibrator) for score in scores]
    return {
        "images": len(labels),
        "defects": int(labels.sum()),
        "auc": float(roc_auc_score(labels, scores)),
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


def _write(fitted: Fitted, folder: Path, card: dict[str, Any]) -> None:
    finished = export.save(fitted, folder, card)
    finished["figures"] = {
        **figures(fitted.test, finished["calibrator"]),
        "ms_per_image": _ms_per_image(folder, fitted.test),
    }
    (folder / CARD_FILE).write_text(json.dumps(finished, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def _ms_per_image(folder: Path, test: Scores) -> float:
    """Return the median time of a prediction as served, one image at a time, decoding left out."""
    scorer = load(folder)
    with Decoder() as decoder:
        pictures = [decoder.decode(sample.path, renditions=False).pixels for sample in test.samples[:TIMED_IMAGES]]
    return median(scorer.score(pixels).ms for pixels in pictures)
