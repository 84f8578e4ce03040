"""Training of the probe and of the backbone's last block with it: for a line with some hundreds of labels.

What lies below the last block is frozen, so its answer is computed once an image and mirrored image; an epoch then
costs little. It begins as the probe and ends with its best epoch, so it validates no worse than the probe.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from vision.architectures import LITE0_TAPS
from vision.networks import Lite0Probe, load_state, pooled, state_of
from vision.trainers import Course, Examples, Progress, batches, binary_loss, epoch_done, lite0_probe

MAX_EPOCHS = 20
PATIENCE = 5
_BATCH = 32
_BLOCK_RATE, _HEAD_RATE = 5e-5, 3e-5
_DECAY = 0.02
_RESERVE_S = 20.0


@dataclass(frozen=True)
class _Below:
    """What the frozen part says of each image: the map that the last block takes, and the pooled middle maps."""

    maps: Tensor
    taps: Tensor


def train(network: Lite0Probe, train: Examples, val: Examples, course: Course) -> int:
    """Fit the probe, then the last block, the head and the classifier together. Returns the epochs of the second."""
    lite0_probe.train(network, train, val, course)
    network.eval()
    learned_from = [_below(network, train, course, mirrored=mirrored) for mirrored in (False, True)]
    held_back = _below(network, val, course, mirrored=False)
    best, best_epoch, best_state = _loss(network, held_back, val), 0, state_of(network)
    optimiser = _optimiser(network)
    random = np.random.default_rng(course.seed)
    epoch = 0
    while epoch < MAX_EPOCHS and epoch - best_epoch < PATIENCE and course.seconds_left > _RESERVE_S:
        learned = _run_epoch(network, optimiser, learned_from, train.class_numbers, random)
        epoch += 1
        loss = _loss(network, held_back, val)
        if loss < best:
            best, best_epoch, best_state = loss, epoch, state_of(network)
        course.progress(epoch_done(epoch, MAX_EPOCHS, loss=learned, held_back_loss=loss))
    load_state(network, best_state)
    return epoch


def _run_epoch(
    network: Lite0Probe,
    optimiser: torch.optim.Optimizer,
    below: list[_Below],
    class_numbers: NDArray[np.int64],
    random: np.random.Generator,
) -> float:
    losses = []
    for chosen in _dealt(len(class_numbers), random):
        part = below[int(random.integers(0, len(below)))]
        logits = _logits(network, part.maps[chosen], part.taps[chosen])
        loss = functional.cross_entropy(logits, torch.from_numpy(class_numbers[chosen]))
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(float(loss.detach()))
    return float(np.mean(losses))


def _dealt(count: int, random: np.random.Generator) -> Iterator[NDArray[np.int64]]:
    order = random.permutation(count)
    yield from (order[start : start + _BATCH] for start in range(0, count, _BATCH))


def _optimiser(network: Lite0Probe) -> torch.optim.Optimizer:
    block: list[nn.Parameter] = [*network.backbone.blocks[-1].parameters(), *network.backbone.head.parameters()]
    groups = [
        {"params": block, "lr": _BLOCK_RATE},
        {"params": list(network.classify.parameters()), "lr": _HEAD_RATE},
    ]
    return torch.optim.AdamW(groups, weight_decay=_DECAY)


def _logits(network: Lite0Probe, maps: Tensor, taps: Tensor) -> Tensor:
    last = network.backbone.head(network.backbone.blocks[-1](maps))
    features = torch.cat([pooled([last]), taps], dim=1)
    return network.classify((features - network.mean) / network.deviation)


@torch.inference_mode()
def _loss(network: Lite0Probe, below: _Below, examples: Examples) -> float:
    starts = range(0, len(below.taps), _BATCH)
    parts = [_logits(network, below.maps[n : n + _BATCH], below.taps[n : n + _BATCH]) for n in starts]
    return binary_loss(torch.cat(parts).numpy(), examples.class_numbers)


@torch.no_grad()
def _below(network: Lite0Probe, examples: Examples, course: Course, *, mirrored: bool) -> _Below:
    maps, taps = [], []
    for batch in batches(examples, course.recipe):
        images = torch.from_numpy(batch)
        below, middle = _frozen(network, images.flip(3) if mirrored else images)
        maps.append(below)
        taps.append(middle)
        done = sum(len(part) for part in taps)
        course.progress(Progress(stage="features", done=done, total=len(examples.squares)))
    return _Below(torch.cat(maps), torch.cat(taps))


def _frozen(network: Lite0Probe, images: Tensor) -> tuple[Tensor, Tensor]:
    """Answer of all but the last block, and the pooled middle maps in the order in which the probe takes them."""
    features = network.backbone.stem(images.to(memory_format=torch.channels_last))
    taps = []
    for number, block in enumerate(list(network.backbone.blocks)[:-1]):
        features = block(features)
        if number in LITE0_TAPS:
            taps.append(features)
    return features, pooled(list(reversed(taps)))
