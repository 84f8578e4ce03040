"""The child that learns: limited memory and processor time, less urgent than all that answers the line.

    python -m inspection.fitting_child ORDER

takes one order from a JSON file and answers with one JSON object a line: progress, then `judged` or `refused`. Its
files lie in the folder that the order names.
"""

import json
import os
import resource
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any, TextIO

from inspection import fitting
from vision.backbone import BackboneMissing
from vision.dataset import Sample
from vision.training import TrainingRefused

# Reading, scoring and exporting come on top of the minutes that the order grants for learning.
CPU_BESIDE_S = 900
_MEGABYTE = 2**20


def main(path: Path) -> None:
    """Fulfil the order of a file, and take the file away."""
    out = _own_output()
    order = json.loads(path.read_text(encoding="utf-8"))
    path.unlink()
    _limit(memory_mb=order["memory_mb"], cpu_s=int(60 * order["minutes"]) + CPU_BESIDE_S)
    try:
        judged = fitting.make(_order(order), Path(order["folder"]), progress=lambda step: _tell(out, asdict(step)))
    except (TrainingRefused, BackboneMissing) as refusal:
        _tell(out, {"refused": str(refusal)})
    except MemoryError:
        _tell(out, {"refused": f"Learning needs more than the {order['memory_mb']} MB it is allowed."})
    else:
        _tell(out, {"judged": [[str(one.path), one.split, one.probability] for one in judged]})


def _own_output() -> TextIO:
    """Keep standard output for the answers: whatever a library prints goes to the log."""
    out = os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    return out


def _limit(*, memory_mb: int, cpu_s: int) -> None:
    # Private memory, not address space: torch reserves far more than it ever touches.
    resource.setrlimit(resource.RLIMIT_DATA, (memory_mb * _MEGABYTE, memory_mb * _MEGABYTE))
    resource.setrlimit(resource.RLIMIT_CPU, (cpu_s, cpu_s + 5))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    os.nice(5)


def _order(told: dict[str, Any]) -> fitting.Order:
    return fitting.Order(
        samples=[Sample(**{**one, "path": Path(one["path"])}) for one in told["samples"]],
        architecture=told["architecture"],
        classes=told["classes"],
        minutes=told["minutes"],
        backbone=told["backbone"],
        seed=told["seed"],
        card=told["card"],
    )


def _tell(out: TextIO, answer: dict[str, Any]) -> None:
    out.write(json.dumps(answer) + "\n")
    out.flush()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
