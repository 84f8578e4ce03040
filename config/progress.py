"""The stamp by which a supervisor sees that a worker hangs: native code heeds no time limit."""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path


@contextmanager
def stamped(path: str | None = None) -> Iterator[None]:
    """Show the file while a task runs. It holds when the task began, by the clock that nobody sets."""
    name = path or os.environ.get("PROGRESS_FILE")
    if name is None:
        yield
        return
    stamp = Path(name)
    stamp.write_text(str(time.monotonic()))
    try:
        yield
    finally:
        stamp.unlink(missing_ok=True)


def busy_for(path: Path, *, now: float) -> float:
    """Return for how many seconds a task has been running, 0.0 when none is. `now` is monotonic."""
    # A stamp that is just being written says nothing yet.
    with suppress(FileNotFoundError, ValueError):
        return max(0.0, now - float(path.read_text()))
    return 0.0
