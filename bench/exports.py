"""Taking 100,000 readings out: when the first byte comes, how long it takes, and what it costs in memory.

    python -m bench.exports [--readings 100000] [--images 10000]

The CSV is fetched from the product's own web process, the archive is written in this one, in turns as the worker does.
Memory is what the processes grow by at most while they work.
"""

import argparse
import importlib
import os
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import requests
from django.core.management import call_command
from django.utils.timezone import now as clock

from bench import figures
from bench.engine import Engine, resident_mb, running

LINE = "exported"
GROWTH_MAX_MB, FIRST_BYTE_MAX_S = 100, 1.0
EVERY_S = 0.05


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--readings", type=int, default=100_000)
    parser.add_argument("--images", type=int, default=10_000, help="readings of the line whose images are exported")
    options = parser.parse_args(arguments)
    with running() as engine:
        # Its models exist only inside a set-up Django.
        rows = importlib.import_module("bench.export_rows")
        lead = rows.lay(LINE)
        _fill_up_to(rows, options.images)
        told = {"archive with images": _archive(rows, lead, with_images=True)}
        _fill_up_to(rows, rows.LABELS_MAX)
        told["archive of labels"] = _archive(rows, lead, with_images=False)
        _fill_up_to(rows, options.readings)
        told["CSV"] = _csv(engine, cookie=rows.session_of(lead))
    figures.keep("exports", told)


def _fill_up_to(rows: Any, readings: int) -> None:
    call_command("fill", LINE, waiting=0, decided=readings - rows.found(LINE), seed=readings)


def _csv(engine: Engine, *, cookie: str) -> dict[str, Any]:
    """Fetch the CSV twice, for the first answer of a process also loads what it needs."""
    address = f"{engine.url}/lines/{LINE}/data.csv"
    _fetch(address, cookie)
    with _grown(lambda: engine.memory_mb("web")) as grown:
        first, second, total, lines = _fetch(address, cookie)
    return {
        "first byte, s": round(first, 3),
        "first row, s": round(second, 3),
        "all rows, s": round(total, 1),
        "rows": lines - 1,
        "growth, MB at most": grown[0],
        "first byte over its limit": round(first / FIRST_BYTE_MAX_S, 3),
        "growth over its limit": round(grown[0] / GROWTH_MAX_MB, 3),
    }


def _fetch(address: str, cookie: str) -> tuple[float, float, float, int]:
    """Return seconds to the first byte, to the first row behind the head and to the end, and the number of lines."""
    began = time.perf_counter()
    first = second = 0.0
    lines = 0
    with requests.get(address, cookies={"sessionid": cookie}, stream=True, timeout=600) as answer:
        answer.raise_for_status()
        for chunk in answer.iter_content(chunk_size=None):
            first = first or time.perf_counter() - began
            lines += chunk.count(b"\n")
            second = second or (time.perf_counter() - began if lines > 1 else 0.0)
    return first, second, time.perf_counter() - began, lines


def _archive(rows: Any, lead: Any, *, with_images: bool) -> dict[str, Any]:
    """Write one export in turns, as the worker does."""
    export = rows.ask(LINE, lead, with_images=with_images, now=clock())
    began, turns = time.perf_counter(), 0
    with _grown(lambda: resident_mb(os.getpid())) as grown:
        while not rows.advance(export):
            turns += 1
    export.refresh_from_db()
    return {
        "state": f"{export.state} {export.failure}".strip(),
        "images": export.total,
        "MB": round(export.size_bytes / 2**20, 1),
        "all, s": round(time.perf_counter() - began, 1),
        "turns": turns + 1,
        "growth, MB at most": grown[0],
        "growth over its limit": round(grown[0] / GROWTH_MAX_MB, 3),
    }


@contextmanager
def _grown(memory_mb: Callable[[], float]) -> Iterator[list[float]]:
    """Yield a list that holds, at the end, by how many MB memory grew at most."""
    before, most, done = memory_mb(), [0.0], threading.Event()

    def watch() -> None:
        while not done.wait(EVERY_S):
            most[0] = max(most[0], round(memory_mb() - before, 1))

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield most
    finally:
        done.set()
        watcher.join()


if __name__ == "__main__":
    main()
