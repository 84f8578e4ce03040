"""The guarantees of the statistics page, P1 to P37, checked by simulation and exact calculation.

    python -m bench.guarantees                 full size, resumes where it stopped
    python -m bench.guarantees --reduced       the size that ./check runs
    python -m bench.guarantees --only P2 P28   these, from the start
    python -m bench.guarantees --plots         draw the plots of docs/statistics from the results

Prints claim / nominal / simulated +- error / verdict and writes bench/results/guarantees.json
after every property. Ends with 1 if a guarantee fails.
"""

import argparse
import json
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from bench import (
    guarantees_bands,
    guarantees_canary,
    guarantees_charts,
    guarantees_drift,
    guarantees_evidence,
    guarantees_ladder,
    guarantees_plots,
    guarantees_streams,
)
from bench.guarantees_claims import Check, Row, Size

RESULTS = Path(__file__).parent / "results"
PLOTS = Path(__file__).parent.parent / "docs" / "statistics"
REDUCED = 0.02
_PARTS = (
    guarantees_streams,
    guarantees_evidence,
    guarantees_bands,
    guarantees_charts,
    guarantees_canary,
    guarantees_drift,
    guarantees_ladder,
)
_FOUND = {name: check for part in _PARTS for name, check in part.CHECKS.items()}
CHECKS: dict[str, tuple[str, Check]] = {name: _FOUND[name] for name in sorted(_FOUND, key=lambda name: int(name[1:]))}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run what is asked for, print the table, and say by the exit code whether all holds."""
    options = _options(arguments)
    size = Size(REDUCED if options.reduced else 1.0)
    file = options.results / ("guarantees-reduced.json" if options.reduced else "guarantees.json")
    done = _stored(file, size)
    names = options.only or list(CHECKS)
    for position, name in enumerate(names, start=1):
        if name not in done or options.only:
            _progress(position, len(names), name)
            done[name] = _checked(name, size)
            _store(file, size, done)
    sys.stderr.write("\n")
    for name in names:
        _print_property(name, done[name])
    if options.plots:
        guarantees_plots.draw(done, PLOTS)
    failed = [name for name in names if any(row["verdict"] == "FAILS" for row in done[name]["rows"])]
    print(f"\n{len(names)} properties, failing: {', '.join(failed) or 'none'}")
    return 1 if failed else 0


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Check the guarantees of the statistics page.")
    parser.add_argument("--reduced", action="store_true", help="small sizes, about a minute")
    parser.add_argument("--only", nargs="+", choices=list(CHECKS), metavar="P", help="these properties, again")
    parser.add_argument("--plots", action="store_true", help="draw the plots afterwards")
    parser.add_argument("--results", type=Path, default=RESULTS, help="where the JSON goes")
    return parser.parse_args(arguments)


def _stored(file: Path, size: Size) -> dict[str, Any]:
    if not file.exists():
        return {}
    stored = json.loads(file.read_text())
    return stored["properties"] if stored["size"] == size.share else {}


def _store(file: Path, size: Size, done: dict[str, Any]) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    ordered = {name: done[name] for name in CHECKS if name in done}
    half_written = file.with_suffix(".part")
    half_written.write_text(json.dumps({"size": size.share, "properties": ordered}, indent=1) + "\n")
    half_written.replace(file)


def _checked(name: str, size: Size) -> dict[str, Any]:
    title, check = CHECKS[name]
    start = time.perf_counter()
    rows = check(size)
    return {"title": title, "seconds": round(time.perf_counter() - start, 1), "rows": [_plain(row) for row in rows]}


def _plain(row: Row) -> dict[str, Any]:
    return {
        key: float(value) if key in ("found", "error") and value is not None else value
        for key, value in asdict(row).items()
    }


def _progress(position: int, whole: int, name: str) -> None:
    filled = "#" * (30 * (position - 1) // whole)
    sys.stderr.write(f"\r[{filled:<30}] {position}/{whole} {name} {CHECKS[name][0]:<45}")
    sys.stderr.flush()


def _print_property(name: str, stored: dict[str, Any]) -> None:
    print(f"\n{name} {stored['title']} ({stored['seconds']} s)")
    for row in stored["rows"]:
        found = "" if row["found"] is None else f"{row['found']:.6g}"
        error = "" if row["error"] is None else f" +- {row['error']:.2g}"
        print(f"  {row['verdict']:<16} {row['claim']:<78} {row['nominal']:<20} {found}{error}")


if __name__ == "__main__":
    sys.exit(main())
