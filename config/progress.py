"""The stamp by which a supervisor sees that a worker hangs: native code heeds no time limit."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def stamped(path: str | None = None) -> Iterator[None]:
    """Show the file while a task runs; its age is how long the task has been running."""
    name = path or os.environ.get("PROGRESS_FILE")
    if name is None:
        yield
        return
    stamp = Path(name)
    stamp.write_text(str(os.getpid()))
    try:
        yield
    finally:
        stamp.unlink(missing_ok=True)


def busy_for(path: Path, *, now: float) -> float:
    """Return for how many seconds a task has been running, 0.0 when none is. `now` is wall-clock time."""
    try:
        return max(0.0, now - path.stat().st_mtime)
    except FileNotFoundError:
        return 0.0
