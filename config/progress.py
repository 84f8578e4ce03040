"""The stamp by which a supervisor sees that a process hangs: native code heeds no time limit."""

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
    # Whole or not there: a worker that stops between opening and writing would never look busy.
    fresh = stamp.with_name(f"{stamp.name}.new")
    fresh.write_text(str(time.monotonic()))
    fresh.replace(stamp)
    try:
        yield
    finally:
        stamp.unlink(missing_ok=True)


def beat() -> None:
    """Show that a loop goes round: the stamp holds when it last did."""
    name = os.environ.get("PROGRESS_FILE")
    if name is None:
        return
    # Written in place, always as long: a full disk has room for it too, and nobody reads half of it.
    descriptor = os.open(name, os.O_WRONLY | os.O_CREAT, 0o600)
    try:
        os.pwrite(descriptor, f"{time.monotonic():020.3f}".encode(), 0)
    finally:
        os.close(descriptor)


def busy_for(path: Path, *, now: float) -> float:
    """Return for how many seconds a task has been running, or a loop has not gone round. `now` is monotonic.

    0.0 without a stamp.
    """
    with suppress(FileNotFoundError, ValueError):
        return max(0.0, now - float(path.read_text()))
    return 0.0
