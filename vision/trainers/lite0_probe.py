"""Training of the probe: pooled features of the frozen backbone, standardised, logistic regression."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from vision import backbone
from vision.networks import Lite0Probe, load_state, pooled, state_of
from vision.preprocessing import Preprocessing
from vision.runtimes import Floats
from vision.trainers import Course, Examples, Progress, batches, binary_loss

_PENALTIES = (3e-5, 1e-4, 3e-4, 1e-3, 1e-2)
_STEPS = 400
_AT_ONCE = 32


def train(network: Lite0Probe, train: Examples, val: Examples, course: Course) -> int:
    """Load the backbone, fit the regression with the penalty that validates best. Returns 1 epoch."""
    if course.backbone is None:
        raise backbone.BackboneMissing("lite0-probe needs the converted backbone: python -m vision.backbone PATH")
    load_state(network, {**state_of(network), **backbone.load(course.backbone)})
    features = _features(network, train, course)
    mean, deviation = features.mean(axis=0), np.maximum(features.std(axis=0), 1e-6)
    known = (features - mean) / deviation
    held_back = (_features(network, val, course) - mean) / deviation
    classes = network.classify.out_features
    fits = [_regression(known, train.class_numbers, classes, strength) for strength in _PENALTIES]
    weight, bias = min(fits, key=lambda fit: binary_loss(held_back @ fit[0].T + fit[1], val.class_numbers))
    probe = {"mean": mean, "deviation": deviation, "classify.weight": weight, "classify.bias": bias}
    load_state(network, {**state_of(network), **probe})
    return 1


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
