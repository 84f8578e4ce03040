"""The child that opens a stranger's model file: limited memory and time, no network where the system allows."""

from __future__ import annotations

import ctypes
import dataclasses
import json
import resource
import sys
from typing import Any

from vision.model_checks import check_onnx, check_safetensors
from vision.model_files import ModelRefused

_ADDRESS_SPACE = 2_000_000_000
_CPU_S = 30
_NEW_USER, _NEW_NETWORK = 0x10000000, 0x40000000


def main(path: str, architecture: str) -> None:
    """Print the inspection, or the refusal, as one JSON object."""
    resource.setrlimit(resource.RLIMIT_AS, (_ADDRESS_SPACE, _ADDRESS_SPACE))
    resource.setrlimit(resource.RLIMIT_CPU, (_CPU_S, _CPU_S))
    # Best effort: systems that forbid user namespaces answer -1 and the child goes on.
    ctypes.CDLL(None).unshare(_NEW_USER | _NEW_NETWORK)
    json.dump(_answer(path, architecture), sys.stdout)


def _answer(path: str, architecture: str) -> dict[str, Any]:
    try:
        inspection = check_safetensors(path, architecture) if architecture else check_onnx(path)
    except ModelRefused as refused:
        return {"code": refused.code, "detail": refused.detail}
    return dataclasses.asdict(inspection)


if __name__ == "__main__":
    main(*sys.argv[1:3])
