"""The allowed architectures as torch modules. Imported by training, export and the torch runtime only.

Every network gives three outputs: `logits` (N x classes), `maps` (N x classes x h x w, class
activations: how much each place speaks for each class) and `embedding` (N x width).
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from vision.architectures import (
    LITE0_BLOCKS,
    LITE0_HEAD,
    LITE0_POOLED,
    LITE0_STEM,
    LITE0_TAPS,
    MEMORY,
    PATCH,
    SMALL_CNN_LAYERS,
    SMALL_CNN_POOLED,
    Block,
    Convolution,
)

Outputs = tuple[Tensor, Tensor, Tensor]
State = Mapping[str, NDArray[np.float32]]

# The last map has 7 x 7 places, the taps 14 x 14 and 28 x 28.
_LITE0_ENLARGE = (4, 2, 1)
_COUNTER = "num_batches_tracked"


def build(architecture: str, classes: int) -> nn.Module:
    """An untrained network of the allow-list for `classes` classes, pass included."""
    return _NETWORKS[architecture](classes)


def load_state(network: nn.Module, state: State) -> None:
    """Fill the network; every tensor must be there and fit."""
    tensors = {name: torch.from_numpy(np.array(values)) for name, values in state.items()}
    missing, unexpected = network.load_state_dict(tensors, strict=False)
    wrong = [name for name in (*missing, *unexpected) if not name.endswith(_COUNTER)]
    if wrong:
        raise ValueError(f"The weights do not fit the network: {', '.join(sorted(wrong)[:3])}.")


def state_of(network: nn.Module) -> dict[str, NDArray[np.float32]]:
    """The network's tensors as arrays, in the order of their names."""
    tensors = network.state_dict()
    return {name: tensors[name].numpy().copy() for name in sorted(tensors) if not name.endswith(_COUNTER)}


class SmallCnn(nn.Module):
    """Five plain convolutions; the average and the strongest place of every feature decide together."""

    def __init__(self, classes: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(*(_plain_layer(row) for row in SMALL_CNN_LAYERS))
        self.classify = nn.Linear(SMALL_CNN_POOLED, classes)

    def forward(self, images: Tensor) -> Outputs:
        features = self.layers(images)
        # A scratch covers a hundredth of the part: the average alone would drown it.
        logits = self.classify(pooled([features]))
        maps = _places([features], self.classify.weight) + self.classify.bias[:, None, None]
        return logits, maps, _average(features)


class Lite0Backbone(nn.Module):
    """EfficientNet-Lite0 without its classifier. Gives the last map and the two middle maps."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = _lite0_layer(LITE0_STEM, nn.ReLU6())
        self.blocks = nn.ModuleList(_InvertedResidual(block) for block in LITE0_BLOCKS)
        self.head = _lite0_layer(LITE0_HEAD, nn.ReLU6())

    def forward(self, images: Tensor) -> list[Tensor]:
        features, taps = self.stem(images), []
        for number, block in enumerate(self.blocks):
            features = block(features)
            if number in LITE0_TAPS:
                taps.append(features)
        return [self.head(features), *reversed(taps)]


class Lite0Probe(nn.Module):
    """A frozen backbone and a logistic regression on its pooled, standardised features."""

    mean: Tensor
    deviation: Tensor

    def __init__(self, classes: int) -> None:
        super().__init__()
        self.backbone = Lite0Backbone()
        self.register_buffer("mean", torch.zeros(LITE0_POOLED))
        self.register_buffer("deviation", torch.ones(LITE0_POOLED))
        self.classify = nn.Linear(LITE0_POOLED, classes)

    def forward(self, images: Tensor) -> Outputs:
        levels = self.backbone(images)
        logits = self.classify((pooled(levels) - self.mean) / self.deviation)
        return logits, self._maps(levels), _average(levels[0])

    def _maps(self, levels: list[Tensor]) -> Tensor:
        weights = self.classify.weight / self.deviation
        return _places(levels, weights, _LITE0_ENLARGE) + (self.classify.bias - weights @ self.mean)[:, None, None]


class Lite0Trunk(nn.Module):
    """EfficientNet-Lite0 up to its second middle map. Gives both middle maps, the finer one last."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = _lite0_layer(LITE0_STEM, nn.ReLU6())
        self.blocks = nn.ModuleList(_InvertedResidual(block) for block in LITE0_BLOCKS[: LITE0_TAPS[-1] + 1])

    def forward(self, images: Tensor) -> list[Tensor]:
        features, taps = self.stem(images), []
        for number, block in enumerate(self.blocks):
            features = block(features)
            if number in LITE0_TAPS:
                taps.append(features)
        return list(reversed(taps))


class PatchMemory(nn.Module):
    """How far each place of a part lies from every place of good parts it remembers (Roth et al. 2022, PatchCore).

    The farthest place decides: 0 where it is as far as the farthest places of good parts usually are.
    """

    mean: Tensor
    deviation: Tensor
    memory: Tensor
    centre: Tensor
    scale: Tensor

    def __init__(self, classes: int) -> None:
        super().__init__()
        self.backbone = Lite0Trunk()
        self.register_buffer("mean", torch.zeros(PATCH))
        self.register_buffer("deviation", torch.ones(PATCH))
        self.register_buffer("memory", torch.zeros(MEMORY, PATCH))
        self.register_buffer("centre", torch.zeros(1))
        self.register_buffer("scale", torch.ones(1))
        self.classify = _Bias(classes)

    def forward(self, images: Tensor) -> Outputs:
        patches = self.patches(images)
        places = (self.distances(patches) - self.centre) / self.scale
        maps = self._beside_pass(places)
        return maps.amax(dim=(2, 3)), maps, _average(patches)

    def patches(self, images: Tensor) -> Tensor:
        """Standardised features of each place, of its neighbourhood at both scales."""
        coarse, fine = (functional.avg_pool2d(tap, 3, stride=1, padding=1) for tap in self.backbone(images))
        both = torch.cat([functional.interpolate(coarse, scale_factor=2.0), fine], dim=1)
        return (both - self.mean[:, None, None]) / self.deviation[:, None, None]

    def distances(self, patches: Tensor) -> Tensor:
        """Distance of each place to the nearest one remembered: N x 1 x h x w."""
        # Means and a maximum, where sums and a minimum would do: graphs with few operators are served.
        own, known = (PATCH * (one * one).mean(dim=1, keepdim=True) for one in (patches, self.memory))
        across = functional.conv2d(patches, 2 * self.memory[:, :, None, None])
        nearest = (across - known[:, :, None]).amax(dim=1, keepdim=True)
        return (own - nearest).clamp(min=0).sqrt()

    def _beside_pass(self, places: Tensor) -> Tensor:
        """What speaks for a defect speaks for each class alike, pass excepted."""
        bias = self.classify.bias[:, None, None]
        classes = len(self.classify.bias)
        return torch.cat([places * 0, *([places] * (classes - 1))], dim=1) + bias


class _Bias(nn.Module):
    """One number a class, all 0: by it a file of weights tells for how many classes it was made."""

    bias: Tensor

    def __init__(self, classes: int) -> None:
        super().__init__()
        self.register_buffer("bias", torch.zeros(classes))


def pooled(levels: list[Tensor]) -> Tensor:
    """Average and maximum over the places of each map, side by side."""
    return torch.cat([part for features in levels for part in (_average(features), _most(features))], dim=1)


def _places(levels: list[Tensor], weights: Tensor, enlarge: tuple[int, ...] = (1,)) -> Tensor:
    """Spread the weights of pooled features back over the places they were pooled from.

    `enlarge` brings each map to the size of the finest.
    """
    start, spoken = 0, []
    for features, factor in zip(levels, enlarge, strict=True):
        width = features.shape[1]
        of_average, of_most = weights[:, start : start + width], weights[:, start + width : start + 2 * width]
        places = functional.conv2d(features, (of_average + of_most)[:, :, None, None])
        spoken.append(functional.interpolate(places, scale_factor=float(factor)) if factor > 1 else places)
        start += 2 * width
    return sum(spoken[1:], start=spoken[0])


def _average(features: Tensor) -> Tensor:
    return functional.adaptive_avg_pool2d(features, 1).flatten(1)


def _most(features: Tensor) -> Tensor:
    return functional.adaptive_max_pool2d(features, 1).flatten(1)


class _Layer(nn.Module):
    """Convolution, batch normalisation, rectifier; `padding` before and after, in both directions."""

    def __init__(self, row: Convolution, rectifier: nn.Module, *, padding: tuple[int, int], epsilon: float) -> None:
        super().__init__()
        before, after = padding
        inside = before if before == after else 0
        self.pad = nn.Identity() if before == after else nn.ZeroPad2d((before, after, before, after))
        self.conv = nn.Conv2d(
            row.inputs, row.outputs, row.kernel, row.stride, padding=inside, groups=row.groups, bias=False
        )
        self.norm = nn.BatchNorm2d(row.outputs, eps=epsilon)
        self.rectifier = rectifier

    def forward(self, features: Tensor) -> Tensor:
        return self.rectifier(self.norm(self.conv(self.pad(features))))


def _plain_layer(row: Convolution) -> _Layer:
    rectifier = nn.Sequential(nn.ReLU(), nn.MaxPool2d(2)) if row.halves else nn.ReLU()
    return _Layer(row, rectifier, padding=(row.kernel // 2, row.kernel // 2), epsilon=1e-5)


def _lite0_layer(row: Convolution, rectifier: nn.Module) -> _Layer:
    # TensorFlow's "same": on an even side and a stride of 2 the far edge gets the odd pixel.
    total = row.kernel - row.stride
    return _Layer(row, rectifier, padding=(total // 2, total - total // 2), epsilon=1e-3)


class _InvertedResidual(nn.Module):
    def __init__(self, block: Block) -> None:
        super().__init__()
        *wide, narrow = block.steps
        for row in wide:
            self.add_module(_last_name(row), _lite0_layer(row, nn.ReLU6()))
        self.add_module(_last_name(narrow), _lite0_layer(narrow, nn.Identity()))
        self.adds_input = block.adds_input

    def forward(self, features: Tensor) -> Tensor:
        result = features
        for step in self.children():
            result = step(result)
        return result + features if self.adds_input else result


def _last_name(row: Convolution) -> str:
    return row.name.rpartition(".")[2]


_NETWORKS: dict[str, type[nn.Module]] = {
    "small-cnn": SmallCnn,
    "lite0-probe": Lite0Probe,
    "lite0-tuned": Lite0Probe,
    "patch-memory": PatchMemory,
}
