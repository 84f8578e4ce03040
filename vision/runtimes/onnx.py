"""The serving runtime: onnxruntime with one thread."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import onnxruntime

from vision.runtimes import Floats

MODEL_FILE = "model.onnx"


class OnnxRuntime:
    """A graph on the processor. The file was checked when it was registered."""

    def __init__(self, path: Path) -> None:
        options = onnxruntime.SessionOptions()
        # More threads on a shared machine make single images slower, not faster.
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        options.execution_mode = onnxruntime.ExecutionMode.ORT_SEQUENTIAL
        self._session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])

    def run(self, batch: Floats) -> tuple[Floats, Floats, Floats]:
        logits, maps, embedding = self._session.run(["logits", "maps", "embedding"], {"images": batch})
        return logits, maps, embedding


def open_model(directory: Path, card: Mapping[str, Any]) -> OnnxRuntime:
    """Load the graph of a model directory."""
    return OnnxRuntime(directory / MODEL_FILE)
