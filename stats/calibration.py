"""Readable probabilities from scores. The certified bands hold for any score, calibrated or not."""

from collections.abc import Iterable
from math import log
from typing import NamedTuple

import numpy as np
from scipy.optimize import minimize_scalar
from sklearn.isotonic import IsotonicRegression
from sklearn.linear_model import LogisticRegression

from stats import checks
from stats.reliability import brier, ece

__all__ = ["Platt", "Temperature", "brier", "ece", "isotonic", "platt", "temperature"]


class Platt(NamedTuple):
    """p = 1/(1 + exp(a score + b))."""

    a: float
    b: float


class Temperature(NamedTuple):
    """p = sigmoid(logit/t), and the mean negative log-likelihood it reaches."""

    t: float
    nll: float


def platt(scores: Iterable[float], y: Iterable[int]) -> Platt:
    """Fit p = 1/(1 + exp(a score + b)) by maximum likelihood on Platt's softened targets.

    Targets are (N1+1)/(N1+2) for defects and 1/(N0+2) for good parts, so the fit is finite
    also where the classes separate. When all scores are equal, a is 0.
    Raises ValueError for empty or unequal lists, another label than 0 or 1, a non-finite
    score, and one class only. Source: Platt 1999; Lin, Lin & Weng 2007.

    >>> fit = platt([-2.0, -1.0, 1.0, 2.0], [0, 0, 1, 1])
    >>> fit.a < 0, round(abs(fit.b), 6)
    (True, 0.0)
    """
    values, labels = _two_classes(scores, y, "scores")
    bad = sum(labels)
    target = np.where(np.array(labels) == 1, (bad + 1) / (bad + 2), 1 / (len(labels) - bad + 2))
    if min(values) == max(values):  # their computed sd may be a rounding above 0
        mean = float(target.mean())
        return Platt(0.0, log((1 - mean) / mean))
    centre, spread = float(np.mean(values)), float(np.std(values))
    scaled = (np.array(values) - centre) / spread
    slope, intercept = _weighted_logistic(scaled, target)
    return Platt(-slope / spread, slope * centre / spread - intercept)


def temperature(logits: Iterable[float], y: Iterable[int]) -> Temperature:
    """The t in [e^-5, e^5] that minimises the mean negative log-likelihood of sigmoid(logit/t).

    One number cannot mend a shifted prior: prefer `platt` for two classes.
    Raises ValueError as `platt` does. Source: Guo et al. 2017.

    >>> 1 < temperature([-4.0, 4.0, -4.0, 4.0], [0, 1, 1, 1]).t < 10
    True
    """
    values, labels = _two_classes(logits, y, "logits")
    margins = np.array(values) * (1 - 2 * np.array(labels))

    def nll(log_t: float) -> float:
        return float(np.logaddexp(0, margins * np.exp(-log_t)).mean())

    best = minimize_scalar(nll, bounds=(-5, 5), options={"xatol": 1e-10})
    return Temperature(float(np.exp(best.x)), float(best.fun))


def isotonic(scores: Iterable[float], y: Iterable[int]) -> list[float]:
    """Non-decreasing fitted probabilities, one per score in the order given; equal scores get one value.

    Use it from 1,000 items with 100 defects on. One class gives that class throughout.
    Raises ValueError for empty or unequal lists, another label than 0 or 1, a non-finite score.
    Source: Zadrozny & Elkan 2002 (pool adjacent violators).

    >>> isotonic([0.1, 0.2, 0.3, 0.4], [0, 1, 0, 1])
    [0.0, 0.5, 0.5, 1.0]
    """
    values, labels = checks.numbers(scores, "scores"), checks.labels(y, "y")
    checks.same_length(values, labels, "scores and y")
    return [float(p) for p in IsotonicRegression(y_min=0, y_max=1).fit_transform(values, labels)]


def _two_classes(scores: Iterable[float], y: Iterable[int], name: str) -> tuple[list[float], list[int]]:
    values, labels = checks.numbers(scores, name), checks.labels(y, "y")
    checks.same_length(values, labels, f"{name} and y")
    if len(set(labels)) == 1:
        raise ValueError(f"y holds only the label {labels[0]}, give both classes.")
    return values, labels


def _weighted_logistic(scores: np.ndarray, target: np.ndarray) -> tuple[float, float]:
    """Slope and intercept on soft targets: every row twice, as a defect and as a good part."""
    rows = np.concatenate([scores, scores]).reshape(-1, 1)
    classes = np.repeat([1, 0], len(scores))
    model = LogisticRegression(C=np.inf, solver="newton-cholesky", tol=1e-10)
    model.fit(rows, classes, sample_weight=np.concatenate([target, 1 - target]))
    return float(model.coef_[0, 0]), float(model.intercept_[0])
