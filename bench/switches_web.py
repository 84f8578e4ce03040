"""What gunicorn is told for `bench.switches`: each web process tells the database a name of its own."""

import os


def post_fork(_server: object, worker: object) -> None:
    """Name the process that was just forked, before it opens a connection."""
    os.environ["PGAPPNAME"] = f"web {worker.pid}"  # type: ignore[attr-defined]
