"""Guardrails beside a long step: one reading, and one automatic rollback, with its counts folded and without.

    python -m bench.guardrails [--events 2000000] [--reads 20]

Events of one step are written in bulk into scratch databases, SQLite and PostgreSQL. A rollback is timed as the round
of the relay in which it happens, from the last row of the breach until everything of the round is written; that row may
have to wait for the round. The limit: wait and round together stay within a second.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from typing import Any

from bench import figures
from bench.own_engine import ROOT, clean_environment
from config.relay import ROUND_S
from tools.with_postgres import NoPostgres, cluster

LIMIT_S = 1.0


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--events", type=int, default=2_000_000)
    parser.add_argument("--reads", type=int, default=20, help="times a thing is measured with folded counts")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="tollgate-bench-") as folder:
        told = {"SQLite": _measured(f"sqlite:///{folder}/guardrails.sqlite3", options)}
    try:
        with cluster() as database:
            told["PostgreSQL"] = _measured(database, options)
    except NoPostgres as reason:
        print(f"Skipped on PostgreSQL: {reason}", file=sys.stderr)
    figures.keep("guardrails", told)
    return 0 if all(one["a rollback within a second"] for one in told.values()) else 1


def _measured(database: str, options: argparse.Namespace) -> dict[str, Any]:
    """Measure in a process of its own, which is set up for the database, and set its times side by side."""
    with tempfile.TemporaryDirectory(prefix="tollgate-bench-") as folder:
        own = {"TOLLGATE_ENV": "test", "TOLLGATE_DATA": folder, "DATABASE_URL": database, "DATABASE_STATEMENT_S": "0"}
        done = subprocess.run(
            [sys.executable, "-m", "bench.guardrails_rows", str(options.events), str(options.reads)],
            cwd=ROOT,
            env={**clean_environment(), **own, "DJANGO_SETTINGS_MODULE": "config.settings.test"},
            check=True,
            stdout=subprocess.PIPE,
            text=True,
        )
    times = json.loads(done.stdout.splitlines()[-1])
    recounted, folded = times["recounted, ms"], times["folded, ms"]
    until_flip = {name: ROUND_S + times[f"{name}, ms"]["rollback"]["p95"] / 1000 for name in ("recounted", "folded")}
    return {
        "events": options.events,
        **times,
        "a reading folded, of a reading recounted": _ratio(folded["reading"]["p50"], recounted["reading"]["p50"]),
        "a rollback folded, of a rollback recounted": _ratio(folded["rollback"]["p50"], recounted["rollback"]["p50"]),
        "a reading, of a second": _ratio(folded["reading"]["p95"], LIMIT_S * 1000),
        "from the row to the flip with the wait for the round, of a second": {
            name: _ratio(seconds, LIMIT_S) for name, seconds in until_flip.items()
        },
        "a rollback within a second": until_flip["folded"] <= LIMIT_S,
    }


def _ratio(value: float, of: float) -> float:
    return round(value / of, 4)


if __name__ == "__main__":
    sys.exit(main())
