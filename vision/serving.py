"""Scores pictures with a finished model. Needs onnxruntime or torch only when a model is loaded."""

from __future__ import annotations

import hashlib
import importlib
import json
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vision.architectures import ARCHITECTURES, PASS
from vision.heatmaps import heatmap_png
from vision.preprocessing import PREPROCESSINGS
from vision.runtimes import Floats, Runtime
from vision.scoring import UNCALIBRATED, heat, probability, raw_scores, uncertainty

__all__ = ["ModelFailed", "ModelMissing", "Scored", "Scorer", "heatmap_png", "load", "read_card"]

CARD_FILE = "card.json"
DEFECT = "defect"

_RUNTIMES = {"onnx": "vision.runtimes.onnx", "torch": "vision.runtimes.torch"}
_NEEDS = {"onnx": "model.onnx", "torch": "weights.safetensors"}
_BATCH = 8
TOLERANCE = 1e-4
"""Largest difference allowed between two runtimes of one version, in any logit, map value or feature."""


@dataclass(frozen=True, kw_only=True)
class Scored:
    """What the model says about one picture."""

    raw_score: float
    """Log-odds of "defect" before calibration."""
    probability: float
    """Calibrated probability of "defect"."""
    label: str
    """"pass" or "defect": the probability against the call threshold."""
    defect_class: str | None
    """The likeliest defect class when the label is "defect", else None."""
    uncertainty: float
    """Entropy of the probability in bits, 0 to 1."""
    heatmap: NDArray[np.float32] | None
    """Small map from 0 to 1 of where the likeliest defect class was seen; None if not asked for."""
    embedding: NDArray[np.float32]
    """The network's last features, for drift."""
    ms: float
    """Preprocessing and inference; of a batch, the share of one picture."""


class ModelFailed(RuntimeError):
    """The model gave no usable answer (NaN, infinity, wrong shape). The item goes to a person."""


class ModelMissing(RuntimeError):
    """The directory holds no model of ours, or not the one its card describes."""


class Scorer:
    """A loaded model. One thread; not shared between threads."""

    def __init__(self, card: Mapping[str, Any], runtime: Runtime) -> None:
        self.card = card
        self._runtime = runtime
        self._classes = (PASS, *card["classes"])
        self._preprocessing = PREPROCESSINGS[card["preprocessing"]]
        self._calibrator = card.get("calibrator") or UNCALIBRATED
        self._heat_scale = float(card.get("heat_scale") or 1.0)

    def score(self, pixels: NDArray[np.uint8], *, call_threshold: float = 0.5, heatmap: bool = True) -> Scored:
        """Score one decoded picture (`Picture.pixels`). Raises `ModelFailed`."""
        return self.score_many([pixels], call_threshold=call_threshold, heatmap=heatmap)[0]

    def score_many(
        self, pictures: Sequence[NDArray[np.uint8]], *, call_threshold: float = 0.5, heatmap: bool = True
    ) -> list[Scored]:
        """Score pictures in small batches, in their order. Raises `ModelFailed`."""
        batches = (pictures[start : start + _BATCH] for start in range(0, len(pictures), _BATCH))
        return [scored for batch in batches for scored in self._score_batch(batch, call_threshold, heatmap)]

    def _score_batch(
        self, pictures: Sequence[NDArray[np.uint8]], call_threshold: float, heatmap: bool
    ) -> Iterator[Scored]:
        started = time.perf_counter()
        logits, maps, embeddings = self._runtime.run(self._preprocessing.prepare(pictures))
        self._check(len(pictures), logits, maps, embeddings)
        ms = (time.perf_counter() - started) * 1000 / len(pictures)
        for n, raw_score in enumerate(raw_scores(logits)):
            p = probability(float(raw_score), self._calibrator)
            top_class = 1 + int(logits[n, 1:].argmax())
            is_defect = p >= call_threshold
            yield Scored(
                raw_score=float(raw_score),
                probability=p,
                label=DEFECT if is_defect else PASS,
                defect_class=self._classes[top_class] if is_defect else None,
                uncertainty=uncertainty(p),
                heatmap=heat(maps[n], top_class, self._heat_scale) if heatmap else None,
                embedding=embeddings[n],
                ms=ms,
            )

    def _check(self, count: int, logits: Floats, maps: Floats, embeddings: Floats) -> None:
        expected = (count, len(self._classes))
        if logits.shape != expected or maps.ndim != 4 or maps.shape[:2] != expected or len(embeddings) != count:
            raise ModelFailed(f"The model answered in the shape {logits.shape}, {expected} was expected.")
        if not all(np.isfinite(output).all() for output in (logits, maps, embeddings)):
            raise ModelFailed("The model answered with NaN or infinity.")


def load(directory: str | Path, runtime: str = "onnx") -> Scorer:
    """Load the model of a directory written by `vision.export.save`, checked against its card's sha256.

    A version is tried by its graph before it is believed: weights that answer otherwise are not loaded.
    """
    directory = Path(directory)
    if runtime not in _RUNTIMES:
        raise ValueError(f"runtime is {runtime!r}, use 'onnx' or 'torch'.")
    card = read_card(directory)
    opened = _opened(directory, runtime, card)
    if runtime == "torch":
        _check_alike(opened, _opened(directory, "onnx", card), PREPROCESSINGS[card["preprocessing"]].side)
    return Scorer(card, opened)


def _opened(directory: Path, runtime: str, card: Mapping[str, Any]) -> Runtime:
    _check_file(directory / _NEEDS[runtime], card)
    # Named, not imported: a process that serves graphs never loads torch.
    opened: Runtime = importlib.import_module(_RUNTIMES[runtime]).open_model(directory, card)
    return opened


def _check_alike(one: Runtime, other: Runtime, side: int) -> None:
    probe = np.random.default_rng(0).normal(0, 1, (2, 3, side, side)).astype(np.float32)
    if not difference(one, other, probe) <= TOLERANCE:
        raise ModelMissing("The weights do not answer as the graph that was tried.")


def difference(one: Runtime, other: Runtime, batch: Floats) -> float:
    """Return how far two runtimes lie apart at most, in any logit, map value or feature."""
    answers = zip(one.run(batch), other.run(batch), strict=True)
    return max(float(np.abs(ours - theirs).max()) for ours, theirs in answers)


def load_remote(directory: str | Path, address: str, name: str, version: str) -> Scorer:
    """Return a model whose card is in the directory and whose network runs on a prediction server, under that name.

    Prepared, calibrated and checked here, as any other. The address is the caller's own setting.
    """
    card = read_card(directory)
    return Scorer(card, importlib.import_module("vision.runtimes.remote").RemoteRuntime(address, name, version))


def read_card(directory: str | Path) -> dict[str, Any]:
    """The model card of a directory. Raises `ModelMissing` when there is none that this product can run."""
    path = Path(directory) / CARD_FILE
    if not path.is_file():
        raise ModelMissing(f"There is no {CARD_FILE} in {directory}.")
    card = json.loads(path.read_text(encoding="utf-8"))
    if card.get("architecture") not in ARCHITECTURES or card.get("preprocessing") not in PREPROCESSINGS:
        raise ModelMissing(f"{path} names an architecture or preprocessing this version does not have.")
    return card


def _check_file(path: Path, card: Mapping[str, Any]) -> None:
    expected = card.get("files", {}).get(path.name, {}).get("sha256")
    if expected is None or not path.is_file():
        raise ModelMissing(f"{path.name} is not there, or the card does not vouch for it.")
    if hashlib.sha256(path.read_bytes()).hexdigest() != expected:
        raise ModelMissing(f"{path.name} is not the file its card describes: the sha256 differs.")
