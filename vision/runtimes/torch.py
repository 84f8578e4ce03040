"""The second runtime: torch from the safetensors, to hold the first one against."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors.numpy import load_file
from torch import nn

from vision.networks import build, load_state
from vision.runtimes import Floats

WEIGHTS_FILE = "weights.safetensors"


class TorchRuntime:
    """A network of the allow-list with loaded weights, for inference only."""

    def __init__(self, network: nn.Module) -> None:
        self._network = network.eval()

    @torch.inference_mode()
    def run(self, batch: Floats) -> tuple[Floats, Floats, Floats]:
        logits, maps, embedding = self._network(torch.from_numpy(batch))
        return logits.numpy(), maps.numpy(), embedding.numpy()


def open_model(directory: Path, card: Mapping[str, Any]) -> TorchRuntime:
    """Build the card's architecture and load the weights of a model directory."""
    torch.set_num_threads(1)
    network = build(card["architecture"], 1 + len(card["classes"]))
    load_state(network, load_file(directory / WEIGHTS_FILE))
    return TorchRuntime(network)
