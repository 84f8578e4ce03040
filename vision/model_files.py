"""Has strangers' model files looked at and exported in child processes. Nothing here imports torch or runs a model.

HTTP accepts safetensors only; ONNX comes in by the command line. The checks are `vision.model_checks`.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

MAX_BYTES = 64 * 1024 * 1024
MAX_CLASSES = 100
"""Pass included."""

_ROOT = Path(__file__).resolve().parent.parent
_WALL_S = 60.0
_EXPORT_WALL_S = 180.0


@dataclass(frozen=True, kw_only=True)
class Inspection:
    """What a model file was found to be."""

    kind: str
    """"safetensors" or "onnx"."""
    classes: int
    """Outputs of the network, pass included; 0 where the file does not tell."""
    size_bytes: int


class ModelRefused(Exception):
    """The file is not taken.

    Codes: model-type-unsupported, model-corrupt, model-too-large, model-unsafe, model-shape.
    """

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail


def inspect_in_child(path: str | Path, *, architecture: str | None = None) -> Inspection:
    """Check a stranger's model file in a process of its own. Raises `ModelRefused`.

    A name of the allow-list in `architecture` means safetensors of that network; None means ONNX.
    """
    return Inspection(**_answer_of("vision.model_checks_child", str(path), architecture or "", wall_s=_WALL_S))


def export_in_child(directory: str | Path) -> None:
    """Give a folder of a card and checked weights the product's own graph. Raises `ModelRefused`.

    Whoever asks never loads torch, and the graph was run once on noise by both runtimes before it is believed.
    """
    _answer_of("vision.export_child", str(directory), wall_s=_EXPORT_WALL_S)


def _answer_of(module: str, *arguments: str, wall_s: float) -> dict[str, Any]:
    """Run a module on a stranger's file in a process of its own and return what it found out."""
    command = [sys.executable, "-m", module, *arguments]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    try:
        child = subprocess.run(command, cwd=_ROOT, env=environment, capture_output=True, timeout=wall_s, check=False)
    except subprocess.TimeoutExpired:
        raise ModelRefused("model-corrupt", "Reading the model file takes too long.") from None
    if child.returncode:
        raise ModelRefused("model-corrupt", "The model file brought its reader down.")
    answer: dict[str, Any] = json.loads(child.stdout)
    if "code" in answer:
        raise ModelRefused(answer["code"], answer["detail"])
    return answer
