"""How each architecture learns. `train(network, train, val, course)` changes the network and returns its epochs."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from vision.dataset import Sample
from vision.preprocessing import Preprocessing
from vision.runtimes import Floats
from vision.scoring import raw_scores

_BATCH = 32


@dataclass(frozen=True, kw_only=True)
class Progress:
    """How far the training is, for a progress bar."""

    stage: str
    """"read", "steps" (inside an epoch), "train" (epochs) or "features"."""
    done: int
    total: int
    note: str = ""
    loss: float | None = None
    """Of an epoch that is done: mean loss while it learned."""
    held_back_loss: float | None = None
    """Of an epoch that is done: loss of defect against pass on the validation images."""


@dataclass(frozen=True, kw_only=True)
class Examples:
    """One split in memory: pictures in the network's size, still 8 bits, and their true classes (0 is pass)."""

    samples: tuple[Sample, ...]
    squares: NDArray[np.uint8]
    class_numbers: NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class Course:
    """What a trainer is given besides the examples. `deadline` is on the monotonic clock."""

    seed: int
    recipe: Preprocessing
    deadline: float
    progress: Callable[[Progress], None]
    backbone: Path | None

    @property
    def seconds_left(self) -> float:
        """Until the time cap; negative when past it."""
        return self.deadline - time.monotonic()


def epoch_done(epoch: int, epochs: int, *, loss: float, held_back_loss: float) -> Progress:
    """Say that an epoch is over, in numbers and in words."""
    note = f"validation loss {held_back_loss:.4f}"
    return Progress(stage="train", done=epoch, total=epochs, note=note, loss=loss, held_back_loss=held_back_loss)


@torch.inference_mode()
def outputs_of(network: nn.Module, examples: Examples, recipe: Preprocessing) -> tuple[Floats, Floats]:
    """Logits and class-activation maps of all examples, in their order."""
    network.eval()
    answers = [network(torch.from_numpy(batch)) for batch in batches(examples, recipe)]
    logits, maps = (np.concatenate([answer[n].numpy() for answer in answers]) for n in (0, 1))
    return logits, maps


def binary_loss(logits: Floats, class_numbers: NDArray[np.int64]) -> float:
    """Log loss of defect against pass: a mistake between defect classes costs nothing here."""
    scores = raw_scores(logits)
    return float(np.logaddexp(0.0, np.where(class_numbers > 0, -scores, scores)).mean())


def batches(examples: Examples, recipe: Preprocessing) -> Iterator[Floats]:
    """The pictures as the network takes them, a few at a time."""
    for start in range(0, len(examples.squares), _BATCH):
        yield recipe.scale(examples.squares[start : start + _BATCH])
