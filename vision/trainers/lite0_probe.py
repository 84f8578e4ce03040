"""Training of the probe: pooled features of the frozen backbone, standardised, logistic regression."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from vision import backbone
from vision.networks import Lite0Probe, load_state, pooled, state_of
from vision.preprocessing import Preprocessing
from vision.runtimes import Floats
from vision.trainers import Course, Examples, Progress, batches, binary_loss

_PENALTIES = (3e-5, 1e-4, 3e-4, 1e-3, 1e-2, 1e-1)
_STEPS = 400
_AT_ONCE = 32
# A feature that all but never fires in training has next to no spread. Divided by it, one new picture in which it does
# fire would outweigh all others together, for either class: so no spread counts as less than this share of the usual.
_LEAST_SPREAD = 0.1
_SPREAD_OF_NOTHING = 1e-6


class Probe(NamedTuple):
    """A fitted head: how features are standardised, and the regression on them."""

    mean: Floats
    deviation: Floats
    weight: Floats
    bias: Floats

    def logits(self, features: Floats) -> Floats:
        """Return N x classes, as the network with this head gives them."""
        logits = ((features - self.mean) / self.deviation) @ self.weight.T + self.bias
        return logits.astype(np.float32)


def train(network: Lite0Probe, train: Examples, val: Examples, course: Course) -> int:
    """Load the backbone, fit the regression with the penalty that validates best. Returns 1 epoch."""
    if course.backbone is None:
        raise backbone.BackboneMissing("lite0-probe needs the converted backbone: python -m vision.backbone PATH")
    load_state(network, {**state_of(network), **backbone.load(course.backbone)})
    probe = fit_probe(
        _features(network, train, course),
        train.class_numbers,
        _features(network, val, course),
        val.class_numbers,
        classes=network.classify.out_features,
    )
    head = {
        "mean": probe.mean,
        "deviation": probe.deviation,
        "classify.weight": probe.weight,
        "classify.bias": probe.bias,
    }
    load_state(network, {**state_of(network), **head})
    return 1


def fit_probe(
    features: Floats,
    class_numbers: NDArray[np.int64],
    held_back: Floats,
    held_back_numbers: NDArray[np.int64],
    *,
    classes: int,
) -> Probe:
    """Fit the regression on pooled features with the penalty that tells the held-back pictures best."""
    mean, spread = features.mean(axis=0), features.std(axis=0)
    deviation = np.maximum(spread, max(_LEAST_SPREAD * float(np.median(spread)), _SPREAD_OF_NOTHING))
    known = (features - mean) / deviation
    fits = [_regression(known, class_numbers, classes, strength) for strength in _PENALTIES]
    probes = [Probe(mean, deviation, weight, bias) for weight, bias in fits]
    return min(probes, key=lambda probe: binary_loss(probe.logits(held_back), held_back_numbers))


def frozen_features(squares: NDArray[np.uint8], *, recipe: Preprocessing, weights: Path) -> Floats:
    """The pooled features of pictures in the network's size: nothing of them is learnt, so folds may share them."""
    network = Lite0Probe(classes=2)
    load_state(network, {**state_of(network), **backbone.load(weights)})
    network.eval()
    starts = range(0, len(squares), _AT_ONCE)
    return np.concatenate([_pooled(network, recipe.scale(squares[start : start + _AT_ONCE])) for start in starts])


def _features(network: Lite0Probe, examples: Examples, course: Course) -> Floats:
    network.eval()
    answers, total = [], len(examples.squares)
    for batch in batches(examples, course.recipe):
        answers.append(_pooled(network, batch))
        course.progress(Progress(stage="features", done=min(total, 32 * len(answers)), total=total))
    return np.concatenate(answers)


@torch.inference_mode()
def _pooled(network: Lite0Probe, batch: Floats) -> Floats:
    images = torch.from_numpy(batch).to(memory_format=torch.channels_last)
    return pooled(network.backbone(images)).numpy()


def _regression(
    features: Floats, class_numbers: NDArray[np.int64], classes: int, strength: float
) -> tuple[Floats, Floats]:
    """Weights (classes x features) and biases of a multinomial logistic regression; absent classes get none."""
    fitted = LogisticRegression(C=strength, max_iter=_STEPS).fit(features, class_numbers)
    weight = np.zeros((classes, features.shape[1]), np.float32)
    bias = np.full(classes, -20.0, np.float32)
    if len(fitted.classes_) == 2:
        # Two classes share one row: the second against the first.
        first, second = fitted.classes_
        weight[second], bias[first], bias[second] = fitted.coef_[0], 0.0, fitted.intercept_[0]
    else:
        weight[fitted.classes_], bias[fitted.classes_] = fitted.coef_, fitted.intercept_
    return weight, bias
