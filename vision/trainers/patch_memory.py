"""Training of the anomaly model: a memory of places of good parts, spread as widely as it can be (k-centre, greedy)."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from vision import backbone
from vision.architectures import MEMORY, PATCH
from vision.networks import PatchMemory, load_state, state_of
from vision.runtimes import Floats
from vision.trainers import Course, Examples, Progress, batches

_PLACES_AN_IMAGE = 64
_CANDIDATES = 20_000
_STARTS = 1
_USUAL = 0.99
"""Share of good validation parts whose farthest place lies below the score 0."""


def train(network: PatchMemory, train: Examples, val: Examples, course: Course) -> int:
    """Remember good training parts, and set the scale by good validation parts. Returns 1 epoch."""
    if course.backbone is None:
        raise backbone.BackboneMissing("patch-memory needs the converted backbone: python -m vision.backbone PATH")
    own = state_of(network)
    published = backbone.load(course.backbone)
    load_state(network, {**own, **{name: values for name, values in published.items() if name in own}})
    network.eval()
    random = np.random.default_rng(course.seed)
    places = _sampled(network, train, course, random)
    mean, deviation = places.mean(axis=0), np.maximum(places.std(axis=0), 1e-6)
    memory = _spread((places - mean) / deviation, random)
    _set(network, mean=mean, deviation=deviation, memory=memory)
    farthest = _farthest(network, val, course)
    _set(
        network,
        centre=np.array([np.quantile(farthest, _USUAL)]),
        scale=np.array([max(float(farthest.std()), 1e-3)]),
    )
    return 1


def _set(network: PatchMemory, **values: NDArray[np.floating]) -> None:
    load_state(network, {**state_of(network), **{name: one.astype(np.float32) for name, one in values.items()}})


@torch.inference_mode()
def _sampled(network: PatchMemory, train: Examples, course: Course, random: np.random.Generator) -> Floats:
    """Features of some places of each good part, not standardised yet."""
    kept: list[Floats] = []
    for batch in batches(train, course.recipe):
        for patches in network.patches(torch.from_numpy(batch)):
            flat = patches.reshape(PATCH, -1).T.numpy()
            kept.append(flat[random.choice(len(flat), _PLACES_AN_IMAGE, replace=False)])
        course.progress(Progress(stage="features", done=len(kept), total=len(train.squares)))
    every = np.concatenate(kept)
    return every[random.permutation(len(every))[:_CANDIDATES]]


def _spread(places: Floats, random: np.random.Generator) -> Floats:
    """Choose places so that none lies far from all chosen ones: each next one is the farthest from those before."""
    chosen = list(random.choice(len(places), _STARTS))
    nearest = np.linalg.norm(places - places[chosen[0]], axis=1)
    while len(chosen) < min(MEMORY, len(places)):
        chosen.append(int(nearest.argmax()))
        nearest = np.minimum(nearest, np.linalg.norm(places - places[chosen[-1]], axis=1))
    return np.resize(places[chosen], (MEMORY, PATCH))


@torch.inference_mode()
def _farthest(network: PatchMemory, val: Examples, course: Course) -> NDArray[np.float64]:
    """Distance of the farthest place of each good validation part."""
    found: list[Tensor] = []
    for batch in batches(val, course.recipe):
        found.append(network.distances(network.patches(torch.from_numpy(batch))).amax(dim=(1, 2, 3)))
    return torch.cat(found).numpy()[val.class_numbers == 0].astype(np.float64)
