"""Whether a classifier can tell new embeddings from those of the reference: drift that no single measure shows.

Apart from `stats.drift`, because scikit-learn is slow to import and no web page needs it.
"""

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import StratifiedKFold, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from stats import checks

_COMPONENTS, _FOLDS, _FEWEST = 16, 3, 20


class Domain(NamedTuple):
    """AUC of the held-out answers, .5 where nothing can be told apart, and each new row's probability of being new."""

    auc: float
    likeness: list[float]


def domain_auc(ref: Iterable[Iterable[float]], cur: Iterable[Iterable[float]]) -> Domain:
    """Logistic regression on 16 principal components, by 3 folds in a fixed order.

    It shares the blind spots of the embedding. Raises ValueError for fewer than 20 rows on a side,
    rows of unequal length and non-finite entries. Source: Lopez-Paz & Oquab 2017.

    >>> found = domain_auc([[n % 7, 0.0] for n in range(30)], [[n % 7, 9.0] for n in range(30)])
    >>> found.auc, min(found.likeness) > 0.9
    (1.0, True)
    """
    before, after = _rows(ref, "ref"), _rows(cur, "cur")
    if before.shape[1] != after.shape[1]:
        raise ValueError(f"Rows of ref hold {before.shape[1]} numbers and rows of cur {after.shape[1]}.")
    rows = np.concatenate([before, after])
    is_new = np.repeat([0, 1], [len(before), len(after)])
    kept = min(_COMPONENTS, rows.shape[1])
    classifier = make_pipeline(StandardScaler(), PCA(kept, svd_solver="full"), LogisticRegression(max_iter=200))
    folds = StratifiedKFold(_FOLDS, shuffle=True, random_state=0)
    said = cross_val_predict(classifier, rows, is_new, cv=folds, method="predict_proba")[:, 1]
    return Domain(float(roc_auc_score(is_new, said)), [float(p) for p in said[len(before) :]])


def _rows(values: Iterable[Iterable[float]], name: str) -> np.ndarray:
    rows = [checks.numbers(row, f"A row of {name}") for row in checks.listed_values(values, name)]
    if len(rows) < _FEWEST:
        raise ValueError(f"{name} has {len(rows)} rows, use at least {_FEWEST}.")
    if len({len(row) for row in rows}) > 1:
        raise ValueError(f"The rows of {name} are of unequal length.")
    return np.array(rows)
