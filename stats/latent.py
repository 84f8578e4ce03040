"""Confusion of raters when nobody knows the truth."""

from collections.abc import Sequence
from math import isnan
from typing import Any, NamedTuple

import numpy as np

from stats import checks


class DawidSkene(NamedTuple):
    """Class shares, confusion[rater][true][observed], posterior[item][class] and log-likelihood."""

    prior: list[float]
    confusion: list[list[list[float | None]]]
    posterior: list[list[float]]
    loglik: float


def dawid_skene(
    labels: Sequence[Sequence[int]], classes: int = 2, tol: float = 1e-10, max_iter: int = 500
) -> DawidSkene:
    """Maximum-likelihood confusion of each rater when nobody knows the truth, by EM from the majority vote.

    labels[item][rater] holds a class 0..classes-1 or -1 for missing. Use it to rank
    inspectors only, with at least three labels an item: it is biased where raters find the
    same items hard. Stops when the log-likelihood moves by less than `tol`. A row of a
    rater's confusion without any weight is made of None.
    Raises ValueError for no items, ragged rows, an unknown label, and an item nobody labelled.
    Source: Dawid & Skene 1979.

    >>> result = dawid_skene([[0, 0, 0], [1, 1, 1], [0, 0, 1], [1, 1, 1]])
    >>> [round(share, 3) for share in result.prior]
    [0.5, 0.5]
    """
    votes = _votes(labels, checks.count(classes, "classes", least=2))
    tol, max_iter = checks.positive(tol, "tol"), checks.count(max_iter, "max_iter", least=1)
    posterior = votes.sum(axis=1) / votes.sum(axis=(1, 2))[:, None]
    before = -np.inf
    for _ in range(max_iter):
        prior, confusion = posterior.mean(axis=0), _confusion(votes, posterior)
        posterior, loglik = _expect(votes, prior, confusion)
        if abs(loglik - before) < tol:
            break
        before = loglik
    rows = [[[None if isnan(share) else share for share in row] for row in rater] for rater in confusion.tolist()]
    return DawidSkene(prior.tolist(), rows, posterior.tolist(), loglik)


def _votes(labels: Sequence[Sequence[int]], classes: int) -> np.ndarray:
    """votes[item][rater][class], 1.0 where this rater gave this class."""
    rows = [
        [_vote(value, classes) for value in checks.entries(row, "A row of labels")]
        for row in checks.entries(labels, "labels")
    ]
    lengths = sorted({len(row) for row in rows})
    if len(lengths) > 1:
        raise ValueError(f"The rows of labels have {lengths} entries, give every item one entry per rater.")
    unlabelled = [item for item, row in enumerate(rows) if max(row) == -1]
    if unlabelled:
        raise ValueError(f"Item {unlabelled[0]} has no label (-1 only), leave it out.")
    given = np.array(rows)
    return (given[:, :, None] == np.arange(classes)).astype(float)


def _vote(value: Any, classes: int) -> int:
    if checks.number(value, "A label") not in range(-1, classes):
        raise ValueError(f"A label is {value!r}, use -1 for missing or 0 to {classes - 1}.")
    return int(value)


def _confusion(votes: np.ndarray, posterior: np.ndarray) -> np.ndarray:
    """confusion[rater][true][observed]; NaN rows where a rater has no weight in a class."""
    weighed = np.einsum("nt,nro->rto", posterior, votes)
    whole = weighed.sum(axis=2, keepdims=True)
    return np.divide(weighed, whole, out=np.full_like(weighed, np.nan), where=whole > 0)


def _expect(votes: np.ndarray, prior: np.ndarray, confusion: np.ndarray) -> tuple[np.ndarray, float]:
    """Posterior of every item, and the log-likelihood of all labels."""
    # A rater who gave no label, or has no weight in a class, says nothing about it.
    known = np.where(np.isnan(confusion), 1.0, confusion)
    factors = np.einsum("nro,rto->nrt", votes, known) + (1 - votes.sum(axis=2))[:, :, None]
    with np.errstate(divide="ignore"):  # a label never given in a class rules the class out
        joint = np.log(prior) + np.log(factors).sum(axis=1)
    top = joint.max(axis=1, keepdims=True)
    weights = np.exp(joint - top)
    whole = weights.sum(axis=1, keepdims=True)
    return weights / whole, float((top + np.log(whole)).sum())
