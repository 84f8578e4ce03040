"""Trains a network of the allow-list on labelled images. Torch on one or two threads, no Django.

The caller gets raw logits of the validation and test images: it calibrates on the first and
judges on the second (AUC, escape, ECE), with the mathematics the product uses everywhere.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from vision.architectures import ARCHITECTURES, PASS
from vision.dataset import LABELS, OTHER, SPLITS, Sample, with_splits
from vision.decode import DECODER_ID, DecodeFailed, Decoder
from vision.networks import build, state_of
from vision.preprocessing import PREPROCESSINGS, Preprocessing
from vision.runtimes import Floats
from vision.scoring import activation, raw_scores
from vision.trainers import Course, Examples, Progress, lite0_probe, lite0_tuned, outputs_of, patch_memory, small_cnn

__all__ = ["Fitted", "Progress", "Scores", "TrainingRefused", "fit"]

HEAT_WITHOUT_DEFECTS = 3.0
"""Where no defect is known, a heat map is full three spreads of good parts beyond their farthest places."""

_TRAINERS: dict[str, Callable[[Any, Examples, Examples, Course], int]] = {
    "small-cnn": small_cnn.train,
    "lite0-probe": lite0_probe.train,
    "lite0-tuned": lite0_tuned.train,
    "patch-memory": patch_memory.train,
}


class TrainingRefused(ValueError):
    """The samples or the request cannot give a model; the message says what would."""


@dataclass(frozen=True, kw_only=True)
class Scores:
    """What the network says about images it did not learn from."""

    samples: tuple[Sample, ...]
    logits: Floats
    """N x classes, pass first."""
    class_numbers: NDArray[np.int64]
    """The true class of each image: 0 is pass."""

    @property
    def labels(self) -> NDArray[np.int64]:
        """1 for a defect, 0 for a good part."""
        return (self.class_numbers > 0).astype(np.int64)

    @property
    def raw_scores(self) -> NDArray[np.float64]:
        """Log-odds of "defect", as serving computes them."""
        return raw_scores(self.logits)


@dataclass(frozen=True, kw_only=True)
class Fitted:
    """A trained network and what is needed to judge, export and serve it."""

    architecture: str
    classes: tuple[str, ...]
    """Defect classes in the order of the network's outputs, pass left out."""
    preprocessing: str
    decoder: str
    state: dict[str, Floats]
    heat_scale: float
    seed: int
    epochs: int
    seconds: float
    counts: dict[str, dict[str, int]]
    """Split -> label -> images used; "unreadable" -> images left out because they do not decode."""
    val: Scores
    test: Scores


def fit(
    samples: Sequence[Sample],
    *,
    architecture: str,
    classes: Sequence[str],
    seed: int = 0,
    progress: Callable[[Progress], None] = lambda _progress: None,
    minutes_cap: float = 5.0,
    threads: int = 1,
    backbone: Path | None = None,
) -> Fitted:
    """Train on the samples' training split, stop early by its validation split, score both other splits.

    `classes` are the defect classes. Splits are the samples' own, or drawn by whole groups.
    `backbone` is the converted file `vision.backbone.ensure` gives, for architectures that need it.
    One seed and one thread give the same network again unless the time cap cut it short.
    """
    _check_request(samples, architecture, classes)
    started = time.monotonic()
    torch.set_num_threads(threads)
    torch.manual_seed(seed)
    recipe = PREPROCESSINGS[ARCHITECTURES[architecture].preprocessing]
    deadline = started + minutes_cap * 60
    course = Course(seed=seed, recipe=recipe, deadline=deadline, progress=progress, backbone=backbone)
    read = _read(with_splits(samples, seed=seed), classes, course, good_only=ARCHITECTURES[architecture].good_only)
    unreadable = len(samples) - sum(len(part.samples) for part in read.values())
    network = build(architecture, 1 + len(classes))
    epochs = _TRAINERS[architecture](network, read["train"], read["val"], course)
    return Fitted(
        architecture=architecture,
        classes=tuple(classes),
        seed=seed,
        epochs=epochs,
        counts=_counts(read, unreadable),
        **_findings(network, read, recipe),
        seconds=time.monotonic() - started,
    )


def _findings(network: nn.Module, read: dict[str, Examples], recipe: Preprocessing) -> dict[str, Any]:
    """What can be said once the network is trained."""
    val, maps = _scores(network, read["val"], recipe)
    test, _ = _scores(network, read["test"], recipe)
    return {
        "preprocessing": recipe.id,
        "decoder": DECODER_ID,
        "state": state_of(network),
        "heat_scale": _heat_scale(val, maps),
        "val": val,
        "test": test,
    }


def class_numbers(samples: Sequence[Sample], classes: Sequence[str]) -> NDArray[np.int64]:
    """The class of each sample: 0 for a good part, else 1 + its place among `classes`.

    A defect whose type is not among them counts as "other" if there is such a class, or as the only
    class if there is just one.
    """
    return np.array([_class_number(sample, classes) for sample in samples], dtype=np.int64)


def _class_number(sample: Sample, classes: Sequence[str]) -> int:
    if sample.label == "ok":
        return 0
    if sample.defect_type in classes:
        return 1 + classes.index(sample.defect_type)
    if OTHER in classes:
        return 1 + classes.index(OTHER)
    if len(classes) == 1:
        return 1
    raise TrainingRefused(f"{sample.path.name}: {sample.defect_type!r} is none of the classes {', '.join(classes)}.")


def _check_request(samples: Sequence[Sample], architecture: str, classes: Sequence[str]) -> None:
    if architecture not in ARCHITECTURES:
        raise TrainingRefused(f"architecture is {architecture!r}, use one of {', '.join(sorted(ARCHITECTURES))}.")
    if not classes or len(set(classes)) < len(classes) or PASS in classes:
        raise TrainingRefused(f"classes are {list(classes)}, name each defect class once and leave out 'pass'.")
    unlabelled = sum(sample.label not in LABELS for sample in samples)
    if unlabelled:
        raise TrainingRefused(f"{unlabelled} of {len(samples)} images have no label.")
    class_numbers(samples, classes)


def _read(samples: Sequence[Sample], classes: Sequence[str], course: Course, *, good_only: bool) -> dict[str, Examples]:
    """Decode every image once, through the same decoder as serving, and keep it small."""
    kept: dict[str, list[tuple[Sample, NDArray[np.uint8]]]] = {split: [] for split in SPLITS}
    with Decoder() as decoder:
        for n, sample in enumerate(samples, start=1):
            try:
                pixels = decoder.decode(sample.path, renditions=False).pixels
            except DecodeFailed:
                continue
            kept[sample.split].append((sample, course.recipe.shrink(pixels)))
            course.progress(Progress(stage="read", done=n, total=len(samples)))
    if good_only:
        kept["train"] = [pair for pair in kept["train"] if pair[0].label == "ok"]
    return {split: _examples(split, part, classes, good_only=good_only) for split, part in kept.items()}


def _examples(
    split: str, part: Sequence[tuple[Sample, NDArray[np.uint8]]], classes: Sequence[str], *, good_only: bool
) -> Examples:
    samples = tuple(sample for sample, _ in part)
    numbers = class_numbers(samples, classes)
    has_good, has_defects = bool((numbers == 0).any()), bool((numbers > 0).any())
    if not has_good or not (has_defects or good_only):
        wanted = "good parts" if good_only else "both labels"
        raise TrainingRefused(f"The split {split!r} needs readable images of {wanted}.")
    return Examples(samples=samples, squares=np.stack([square for _, square in part]), class_numbers=numbers)


def _scores(network: nn.Module, examples: Examples, recipe: Preprocessing) -> tuple[Scores, Floats]:
    logits, maps = outputs_of(network, examples, recipe)
    return Scores(samples=examples.samples, logits=logits, class_numbers=examples.class_numbers), maps


def _heat_scale(val: Scores, maps: Floats) -> float:
    """The hottest place of a middling validation defect: a heat map is full there."""
    defects = np.flatnonzero(val.class_numbers)
    if not len(defects):
        return HEAT_WITHOUT_DEFECTS
    tops = 1 + val.logits[defects, 1:].argmax(axis=1)
    hottest = [float(activation(maps[n], top).max()) for n, top in zip(defects, tops, strict=True)]
    return max(float(np.median(hottest)), 1e-3)


def _counts(read: dict[str, Examples], unreadable: int) -> dict[str, dict[str, int]]:
    counts = {split: _by_label(part) for split, part in read.items()}
    return {**counts, "unreadable": {"images": unreadable}}


def _by_label(part: Examples) -> dict[str, int]:
    defects = int((part.class_numbers > 0).sum())
    return {"ok": len(part.samples) - defects, "defect": defects}
