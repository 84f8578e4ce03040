"""What every benchmark does with its figures: percentiles, a table on the screen, a file with the machine's facts."""

import json
import os
import platform
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).resolve().parent / "results"


def percentile(values: Sequence[float], share: float) -> float:
    """Return the nearest-rank percentile of a sample that is not empty."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def spread(values: Sequence[float]) -> dict[str, float]:
    return {"p50": round(percentile(values, 0.5), 2), "p95": round(percentile(values, 0.95), 2), "n": len(values)}


def keep(name: str, figures: Mapping[str, Any]) -> None:
    """Write the figures beside the facts of the machine, and print them as a table."""
    write(name, figures)
    for key, value in figures.items():
        print(f"{key:<44}{value}")


def kept(name: str) -> dict[str, Any]:
    """Return the figures that an earlier run kept, none where there is none."""
    path = RESULTS / f"{name}.json"
    return json.loads(path.read_text())["figures"] if path.is_file() else {}


def write(name: str, figures: Mapping[str, Any]) -> None:
    """Write the figures beside the facts of the machine; whoever reads the file meets the old ones or the new."""
    RESULTS.mkdir(exist_ok=True)
    facts = {"bench": name, "at": datetime.now(UTC).isoformat(timespec="seconds"), "machine": _machine()}
    fresh = RESULTS / f"{name}.json.new"
    fresh.write_text(json.dumps({**facts, "figures": figures}, indent=1) + "\n")
    fresh.replace(RESULTS / f"{name}.json")


def _machine() -> dict[str, Any]:
    return {
        "cores": os.cpu_count(),
        "load": [round(load, 2) for load in os.getloadavg()],
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
    }
