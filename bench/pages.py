"""Every page, list and report beside a long history: how long it takes to open, and in how many statements.

    nice -n 5 python -m bench.pages [--decisions 100000] [--reads 15] [--only data]

Pages are fetched from the product's own web process, one after the other; statements are counted in this one. A page
that takes longer than its limit (95 % within 800 ms, half within 300) is named.
"""

import argparse
import importlib
import time
from collections.abc import Sequence
from typing import Any

import requests

from bench import figures
from bench.engine import Engine, running

LINE = "paged"
LIMIT_MS = 800
# Half of the openings within this: a page that people read all day.
USUAL_MS = 300


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--decisions", type=int, default=100_000)
    parser.add_argument("--reads", type=int, default=15, help="times each page is opened")
    parser.add_argument("--only", default="", help="addresses that contain this; keeps no figures")
    options = parser.parse_args(arguments)
    with running() as engine:
        # Its models exist only inside a set-up Django.
        rows = importlib.import_module("bench.pages_rows")
        rows.lay(LINE, decisions=options.decisions)
        asked = [one for one in rows.addresses(LINE) if options.only in one.path]
        told = {one.name: _page(engine, one, rows.statements(one), options.reads) for one in asked}
    _tell({name: page for name, page in told.items() if page}, options)


def _page(engine: Engine, address: Any, statements: int | None, reads: int) -> dict[str, Any] | None:
    """Return how long a page takes, p50 and p95 in ms, once it was opened before; None where it is no page.

    What the web process itself uses for it stands beside: a busy machine makes everything slow but that.
    """
    if statements is None:
        return None
    with requests.Session() as session:
        session.cookies.set("sessionid", address.reader.cookie)
        _fetch(session, engine.url + address.path)
        before = engine.processor_s()["web"]
        spread = figures.spread([_fetch(session, engine.url + address.path) for _ in range(reads)])
        used = engine.processor_s()["web"] - before
    over = round(spread["p95"] / LIMIT_MS, 3)
    usual = round(spread["p50"] / USUAL_MS, 3)
    return {
        **spread,
        "over its limit": over,
        "p50 over its limit": usual,
        "processor, ms": round(1000 * used / reads),
        "statements": statements,
    }


def _fetch(session: requests.Session, address: str) -> float:
    began = time.perf_counter()
    session.get(address, timeout=600).raise_for_status()
    return (time.perf_counter() - began) * 1000


def _tell(pages: dict[str, dict[str, Any]], options: argparse.Namespace) -> None:
    slowest = sorted(pages, key=lambda name: -pages[name]["p95"])
    told = {
        "decisions": options.decisions,
        "pages": len(pages),
        "slowest p95 over its limit": pages[slowest[0]]["over its limit"],
        "over the limit": [name for name in slowest if pages[name]["p95"] > LIMIT_MS],
        "p50 over its limit": [name for name in slowest if pages[name]["p50"] > USUAL_MS],
        "most statements": max(page["statements"] for page in pages.values()),
        **{name: pages[name] for name in slowest},
    }
    if options.only:
        for name, value in told.items():
            print(f"{name:<44}{value}")
    else:
        figures.keep("pages", told)


if __name__ == "__main__":
    main()
