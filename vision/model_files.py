"""Looks at strangers' model files in a child process. Nothing here imports torch or runs a model.

HTTP accepts safetensors only; ONNX comes in by the command line. The checks are `vision.model_checks`.
"""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

_ROOT = Path(__file__).resolve().parent.parent
_WALL_S = 60.0


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
    command = [sys.executable, "-m", "vision.model_checks_child", str(path), architecture or ""]
    try:
        child = subprocess.run(command, cwd=_ROOT, capture_output=True, timeout=_WALL_S, check=False)
    except subprocess.TimeoutExpired:
        raise ModelRefused("model-corrupt", "Reading the model file takes too long.") from None
    if child.returncode:
        raise ModelRefused("model-corrupt", "The model file brought its reader down.")
    answer = json.loads(child.stdout)
    if "code" in answer:
        raise ModelRefused(answer["code"], answer["detail"])
    return Inspection(**answer)
