"""The networks this product runs, and no other: an allow-list in code.

Written as plain rows, so that a file of weights can be checked without torch.
`vision.networks` builds the same rows as torch modules.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

Shapes = dict[str, tuple[int, ...]]

PASS = "pass"
"""First of every network's classes; the defect classes of the line follow."""


@dataclass(frozen=True)
class Convolution:
    """A convolution without bias, batch normalisation and a rectifier behind it."""

    name: str
    inputs: int
    outputs: int
    kernel: int
    stride: int = 1
    groups: int = 1
    halves: bool = False
    """Keep the strongest of each 2 x 2 places afterwards."""

    def shapes(self) -> Shapes:
        """Tensors of this layer, by name."""
        width = self.outputs
        shapes: Shapes = {f"{self.name}.conv.weight": (width, self.inputs // self.groups, self.kernel, self.kernel)}
        for part in ("weight", "bias", "running_mean", "running_var"):
            shapes[f"{self.name}.norm.{part}"] = (width,)
        return shapes


@dataclass(frozen=True)
class Block:
    """An inverted residual block: widen, filter each channel by itself, narrow."""

    steps: tuple[Convolution, ...]
    adds_input: bool


@dataclass(frozen=True, kw_only=True)
class Architecture:
    """One allowed network. `shapes(classes)` names every tensor its weights must hold, pass included in the count."""

    name: str
    preprocessing: str
    embedding: int
    shapes: Callable[[int], Shapes]
    needs_backbone: bool = False
    good_only: bool = False
    """It learns from good parts alone; defects, where there are any, only calibrate and judge it."""


SMALL_CNN_LAYERS = (
    Convolution("layers.0", 3, 16, 3, stride=2),
    Convolution("layers.1", 16, 24, 3, halves=True),
    Convolution("layers.2", 24, 48, 3, halves=True),
    Convolution("layers.3", 48, 96, 3, halves=True),
    Convolution("layers.4", 96, 176, 3),
)
SMALL_CNN_POOLED = 2 * SMALL_CNN_LAYERS[-1].outputs

LITE0_STEM = Convolution("backbone.stem", 3, 32, 3, stride=2)
LITE0_HEAD = Convolution("backbone.head", 320, 1280, 1)
# repeats, kernel, first stride, widening, inputs, outputs
_LITE0_STAGES = (
    (1, 3, 1, 1, 32, 16),
    (2, 3, 2, 6, 16, 24),
    (2, 5, 2, 6, 24, 40),
    (3, 3, 2, 6, 40, 80),
    (3, 5, 1, 6, 80, 112),
    (4, 5, 2, 6, 112, 192),
    (1, 3, 1, 6, 192, 320),
)
LITE0_TAPS = (4, 10)
"""Blocks whose output is pooled beside the last map: 40 and 112 channels."""
LITE0_POOLED = 2 * (1280 + 112 + 40)
"""Average and maximum of the last map and the two middle maps: 2,864 numbers."""


PATCH = 112 + 40
"""Numbers of a place of the two middle maps side by side."""
MEMORY = 1000
"""Places of good parts that an anomaly model remembers."""


def _lite0_blocks() -> tuple[Block, ...]:
    blocks: list[Block] = []
    for repeats, kernel, stride, widening, inputs, outputs in _LITE0_STAGES:
        for repeat in range(repeats):
            source = inputs if repeat == 0 else outputs
            blocks.append(_lite0_block(len(blocks), kernel, stride if repeat == 0 else 1, widening, source, outputs))
    return tuple(blocks)


def _lite0_block(n: int, kernel: int, stride: int, widening: int, inputs: int, outputs: int) -> Block:
    name, wide = f"backbone.blocks.{n}", inputs * widening
    widen = (Convolution(f"{name}.expand", inputs, wide, 1),) if widening > 1 else ()
    filters = Convolution(f"{name}.depthwise", wide, wide, kernel, stride, groups=wide)
    narrow = Convolution(f"{name}.project", wide, outputs, 1)
    return Block((*widen, filters, narrow), adds_input=stride == 1 and inputs == outputs)


LITE0_BLOCKS = _lite0_blocks()


def lite0_backbone_shapes() -> Shapes:
    """Tensors of the frozen backbone alone, as the converter writes them."""
    layers = [LITE0_STEM, *(step for block in LITE0_BLOCKS for step in block.steps), LITE0_HEAD]
    return _shapes(layers)


def _small_cnn_shapes(classes: int) -> Shapes:
    head: Shapes = {"classify.weight": (classes, SMALL_CNN_POOLED), "classify.bias": (classes,)}
    return {**_shapes(SMALL_CNN_LAYERS), **head}


def _lite0_probe_shapes(classes: int) -> Shapes:
    probe: Shapes = {
        "mean": (LITE0_POOLED,),
        "deviation": (LITE0_POOLED,),
        "classify.weight": (classes, LITE0_POOLED),
        "classify.bias": (classes,),
    }
    return {**lite0_backbone_shapes(), **probe}


def _patch_memory_shapes(classes: int) -> Shapes:
    steps = [step for block in LITE0_BLOCKS[: LITE0_TAPS[-1] + 1] for step in block.steps]
    places: Shapes = {
        "mean": (PATCH,),
        "deviation": (PATCH,),
        "memory": (MEMORY, PATCH),
        "centre": (1,),
        "scale": (1,),
        "classify.bias": (classes,),
    }
    return {**_shapes([LITE0_STEM, *steps]), **places}


def _shapes(layers: tuple[Convolution, ...] | list[Convolution]) -> Shapes:
    return {name: shape for layer in layers for name, shape in layer.shapes().items()}


ARCHITECTURES = {
    architecture.name: architecture
    for architecture in (
        Architecture(
            name="small-cnn",
            preprocessing="squash-192/1",
            embedding=SMALL_CNN_LAYERS[-1].outputs,
            shapes=_small_cnn_shapes,
        ),
        Architecture(
            name="lite0-probe",
            preprocessing="squash-224-lite/1",
            embedding=1280,
            shapes=_lite0_probe_shapes,
            needs_backbone=True,
        ),
        Architecture(
            name="lite0-tuned",
            preprocessing="squash-224-lite/1",
            embedding=1280,
            shapes=_lite0_probe_shapes,
            needs_backbone=True,
        ),
        Architecture(
            name="patch-memory",
            preprocessing="squash-224-lite/1",
            embedding=PATCH,
            shapes=_patch_memory_shapes,
            needs_backbone=True,
            good_only=True,
        ),
    )
}
