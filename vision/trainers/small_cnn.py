"""Training of the small network from scratch: AdamW, warm-up and cosine, ending with its best epoch."""

from __future__ import annotations

import math
import time

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from vision.networks import SmallCnn, load_state, state_of
from vision.preprocessing import Preprocessing
from vision.trainers import Course, Examples, Progress, binary_loss, epoch_done, outputs_of

MAX_EPOCHS = 30
PATIENCE = 10
_BATCH = 32
_PEAK_RATE = 2e-3
_WARM_UP = 0.15
_DECAY = 0.02
# Scoring validation and test images after the last epoch.
_RESERVE_S = 10.0


def train(network: SmallCnn, train: Examples, val: Examples, course: Course) -> int:
    """Fit the network in place and return the epochs run. It ends with the weights of its best epoch."""
    learner = _Learner(network, train, course)
    best, best_epoch, best_state = math.inf, 0, state_of(network)
    epoch, epochs = 0, MAX_EPOCHS
    while epoch < epochs and epoch - best_epoch < PATIENCE:
        started = time.monotonic()
        learned = learner.run_epoch(epoch, epochs)
        epoch += 1
        loss = binary_loss(outputs_of(network, val, course.recipe)[0], val.class_numbers)
        if loss < best:
            best, best_epoch, best_state = loss, epoch, state_of(network)
        course.progress(epoch_done(epoch, epochs, loss=learned, held_back_loss=loss))
        # A slow machine gets fewer epochs and a steeper cosine, not a cut one.
        epochs = min(epochs, epoch + _affordable(course, time.monotonic() - started))
    load_state(network, best_state)
    return epoch


def _affordable(course: Course, epoch_s: float) -> int:
    return max(0, int((course.seconds_left - _RESERVE_S) / epoch_s))


class _Learner:
    """The network with its optimiser and its own randomness."""

    def __init__(self, network: SmallCnn, train: Examples, course: Course) -> None:
        self._network = network
        self._train = train
        self._recipe = course.recipe
        self._progress = course.progress
        self._random = np.random.default_rng(course.seed)
        self._optimiser = torch.optim.AdamW(network.parameters(), lr=_PEAK_RATE, weight_decay=_DECAY)
        self._weights = _class_weights(train, network.classify.out_features)

    def run_epoch(self, epoch: int, epochs: int) -> float:
        """Learn from every example once. Returns the mean loss of the steps."""
        self._network.train()
        order = self._random.permutation(len(self._train.squares))
        starts = range(0, len(order), _BATCH)
        losses = []
        for step, start in enumerate(starts):
            self._set_rate((epoch + step / len(starts)) / epochs)
            losses.append(self._learn(order[start : start + _BATCH]))
            self._progress(Progress(stage="steps", done=step + 1, total=len(starts)))
        return float(np.mean(losses))

    def _learn(self, chosen: NDArray[np.int64]) -> float:
        images = torch.from_numpy(self._recipe.scale(self._train.squares[chosen]))
        images = _vary(images, self._recipe, self._random).to(memory_format=torch.channels_last)
        targets = torch.from_numpy(self._train.class_numbers[chosen])
        loss = functional.cross_entropy(self._network(images)[0], targets, weight=self._weights)
        self._optimiser.zero_grad()
        loss.backward()
        self._optimiser.step()
        return float(loss.detach())

    def _set_rate(self, share: float) -> None:
        rising = min(1.0, share / _WARM_UP)
        falling = 0.5 * (1 + math.cos(math.pi * max(0.0, (share - _WARM_UP) / (1 - _WARM_UP))))
        for group in self._optimiser.param_groups:
            group["lr"] = _PEAK_RATE * max(rising * falling, 1e-3)


def _class_weights(train: Examples, classes: int) -> Tensor:
    """Rare classes count more, by the square root: full balance would make overkill cheap."""
    counts = np.bincount(train.class_numbers, minlength=classes)
    weights = np.sqrt(counts.sum() / (classes * np.maximum(counts, 1)))
    return torch.from_numpy(weights.astype(np.float32))


def _vary(images: Tensor, recipe: Preprocessing, random: np.random.Generator) -> Tensor:
    """Turn, mirror and relight. No blur and no erasing: what parts a scratch from oil is its sharp edge."""
    turned = torch.empty_like(images)
    poses = random.integers(0, 8, len(images))
    for pose in range(8):
        chosen = torch.from_numpy(poses == pose)
        part = torch.rot90(images[chosen], pose % 4, (2, 3))
        turned[chosen] = part.flip(3) if pose >= 4 else part
    black = recipe.centre / recipe.spread
    gain = torch.from_numpy(random.uniform(0.9, 1.1, (len(images), 1, 1, 1)).astype(np.float32))
    return (turned + black) * gain - black
