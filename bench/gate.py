"""Reading a gate beside a long history: statements and time at 1,000 to 1,000,000 final decisions.

    python -m bench.gate [--reads 30] [--most 1000000] [--deltas 1000000]

Rows are written in bulk into a scratch database, as the finaliser and the folder would have left them: every decision
its delta, all but the last 2,000 folded. What grows is told apart: decisions alone (one month, ever busier), and
months at 5,000 decisions a day, which make more shifts and so more folded rows.
"""

import argparse
import importlib
import os
import time
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import django

from bench import figures

SIZES = (1_000, 10_000, 100_000, 1_000_000)
A_DAY = 5_000
MONTH = 30
SHIFTS, STREAMS = "ABC", ("agreement", "read", "cannot_judge")
AT_ONCE = 5_000


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--reads", type=int, default=30)
    parser.add_argument("--most", type=int, default=SIZES[-1])
    parser.add_argument("--deltas", type=int, default=SIZES[-1], help="folded deltas to write at most")
    options = parser.parse_args(arguments)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.test")
    django.setup()
    # Its models exist only inside a set-up Django.
    rows = importlib.import_module("bench.gate_rows")
    told: dict[str, Any] = {}
    for name, days_of in (("one month", lambda _size: MONTH), ("5,000 a day", lambda size: max(1, size // A_DAY))):
        with rows.laid_line() as history:
            for size in (size for size in SIZES if size <= options.most):
                # Deltas that are folded are read by nobody; one long history of them shows it.
                history.grow(
                    size, day_count=days_of(size), deltas=min(size, options.deltas) if name == "one month" else 0
                )
                told[f"{name}, {size:,}"] = _read(history, options.reads)
    figures.keep("gate", told)


def _read(history: Any, reads: int) -> dict[str, Any]:
    history.read()
    taken = []
    for _ in range(reads):
        began = time.perf_counter()
        history.read()
        taken.append((time.perf_counter() - began) * 1000)
    return {
        "statements": history.statements(),
        "folded rows": history.folded(),
        "deltas": history.deltas(),
        "ms": figures.spread(taken),
    }


def days(count: int, *, before: Any) -> list[str]:
    """Return the dates of so many days before a moment, as shift instances name them."""
    return [(before - timedelta(days=n)).date().isoformat() for n in range(count)]


if __name__ == "__main__":
    main()
