"""What watching costs: processor and database for each image, and how long the pages take beside a month of windows.

    nice -n 19 python -m bench.watching [--days 30] [--images 600] [--reads 40]

Windows of every metric are written in bulk into a scratch database, as a line at 6 images a second would leave them.
Then every alarm of so many lines is raised within a minute that they are 5,000.
"""

import argparse
import importlib
import os
import time
from collections.abc import Sequence
from typing import Any

import django

from bench import figures

RATE_PER_S = 6
PAGES_WITHIN_MS, PROCESSOR_WITHIN_MS, DATABASE_WITHIN_BYTES = 800, 2.0, 1024
FLOOD, NOTICES_OF_FLOOD, FLOOD_READS = 5_000, 3, 10


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--days", type=int, default=30)
    parser.add_argument("--images", type=int, default=600, help="images whose cost is measured")
    parser.add_argument("--reads", type=int, default=40, help="times each page is read")
    options = parser.parse_args(arguments)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.test")
    django.setup()
    # Its models exist only inside a set-up Django.
    rows = importlib.import_module("bench.watching_rows")
    with rows.laid_line() as line:
        cost = line.cost(options.images)
        windows = line.fill(days=options.days)
        pages = {name: _read(line, address, options.reads) for name, address in line.pages().items()}
        flood = importlib.import_module("bench.watching_flood").pour(FLOOD, beside=line.line)
        in_flood = {name: _read(line, address, FLOOD_READS) for name, address in line.pages_of_alarms().items()}
    slowest = max(page["p95"] for page in pages.values())
    figures.keep(
        "watching",
        {
            "windows of metrics": windows,
            **cost,
            "pages, ms of processor": pages,
            "flood": flood,
            "pages in the flood, ms of processor": in_flood,
            "aims": {
                f"pages within {PAGES_WITHIN_MS} ms": slowest <= PAGES_WITHIN_MS,
                f"processor within {PROCESSOR_WITHIN_MS:g} ms an image": cost["processor, ms an image"]
                <= PROCESSOR_WITHIN_MS,
                f"database within {DATABASE_WITHIN_BYTES} bytes an image": cost["database, bytes an image"]
                <= DATABASE_WITHIN_BYTES,
                f"{FLOOD} alarms in a minute are at most {NOTICES_OF_FLOOD} notices": flood["notices"]
                <= NOTICES_OF_FLOOD,
                "in a flood nothing is lost and everything told": flood["alarms in the minute"] >= FLOOD
                and flood["missing from the history"] == flood["alarms that nobody was told of"] == 0
                and flood["alarms that cleared while held back"] > 0,
                f"in a flood pages come within {PAGES_WITHIN_MS} ms": max(page["p95"] for page in in_flood.values())
                <= PAGES_WITHIN_MS,
            },
        },
    )


def _read(line: Any, address: str, reads: int) -> dict[str, float]:
    """Return the processor time of a page: other work on the machine is not the page's."""
    line.read(address)
    taken = []
    for _ in range(reads):
        began = time.process_time()
        line.read(address)
        taken.append((time.process_time() - began) * 1000)
    return figures.spread(taken)


if __name__ == "__main__":
    main()
