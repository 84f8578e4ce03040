"""The child that exports a stranger's checked weights: limited memory and time, less urgent than the line."""

from __future__ import annotations

import json
import os
import resource
import sys

from vision.export import ExportFailed, complete

# Private memory, not address space: torch reserves far more than it ever touches.
_MEMORY = 2_000_000_000
_CPU_S = 120


def main(directory: str) -> None:
    """Write the graph and the card of a folder, and print an empty answer or the refusal as one JSON object."""
    out = os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8")
    # Whatever a library prints must not be taken for the answer.
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    resource.setrlimit(resource.RLIMIT_DATA, (_MEMORY, _MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (_CPU_S, _CPU_S))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    os.nice(5)
    try:
        complete(directory)
    except ExportFailed:
        json.dump({"code": "model-corrupt", "detail": "The weights give no usable answer."}, out)
    else:
        json.dump({}, out)
    out.close()


if __name__ == "__main__":
    main(sys.argv[1])
