"""Memory and processor time of the product's processes on this machine, read from the system."""

import json
import os
import socket
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from django.conf import settings

from inspection.models import ProcessSeen
from monitoring.rules.metrics import PROCESSES

MEGABYTE = 2**20
_PAGE, _TICK = os.sysconf("SC_PAGE_SIZE"), os.sysconf("SC_CLK_TCK")

# process -> (when it was read last, processor seconds it had used by then)
_last: dict[str, tuple[float, float]] = {}


def levels() -> Iterator[tuple[str, float]]:
    """Yield what each process holds and how many processors it has kept busy since the last look, copies together.

    Processes of other machines are left out, and so is the pace of one that is seen for the first time.
    """
    for name, pids in _pids().items():
        yield from _levels(name, pids)


def own(name: str) -> Iterator[tuple[str, float]]:
    """Yield what this process takes where the relay cannot see it: in a container or on a machine of its own.

    Nothing under the embedded engine, where the relay sees all copies and adds them up.
    """
    if not _of_engine():
        yield from _levels(name, [os.getpid()])


def _levels(name: str, pids: Sequence[int]) -> Iterator[tuple[str, float]]:
    trees = [pid for first in pids for pid in _tree(first)]
    memory, used = sum(map(_memory, trees)), sum(map(_used, trees))
    if not memory:
        return
    yield f"{name}_memory", memory / MEGABYTE
    pace = _pace(name, used, at=time.monotonic())
    if pace is not None:
        yield f"{name}_processor", pace


def _pids() -> dict[str, list[int]]:
    """Return the first process of each kind: as the engine that started them says, or by their signs of life."""
    found: dict[str, list[int]] = defaultdict(list)
    for name, pid in (_of_engine() or _of_signs()).items():
        kind = name.rstrip("0123456789").rstrip("_")
        if kind in PROCESSES:
            found[kind].append(pid)
    return found


def _of_engine() -> Mapping[str, int]:
    try:
        return json.loads(settings.RUN_FILE.read_text())["pids"]
    except (OSError, ValueError, KeyError):
        return {}


def _of_signs() -> Mapping[str, int]:
    host, signs = socket.gethostname(), ProcessSeen.objects.values_list("name", "holder")
    holders = {name: holder.rpartition(":") for name, holder in signs}
    return {name: int(pid) for name, (where, _, pid) in holders.items() if where == host}


def _pace(name: str, used: float, *, at: float) -> float | None:
    """Return the processor seconds a second since the last look, None for the first look or after a fresh start."""
    before = _last.get(name)
    _last[name] = (at, used)
    if before is None or at <= before[0] or used < before[1]:
        return None
    return (used - before[1]) / (at - before[0])


def _tree(pid: int) -> list[int]:
    """Return a process with all that it has started and that still run."""
    children = _read(pid, f"task/{pid}/children").split()
    return [pid, *(one for child in children for one in _tree(int(child)))]


def _memory(pid: int) -> int:
    """Return the resident memory of a process in bytes, 0 for one that ended."""
    told = _read(pid, "statm").split()
    return int(told[1]) * _PAGE if told else 0


def _used(pid: int) -> float:
    """Return the processor seconds of a process and of its children that ended, 0.0 for one that ended itself."""
    # The name stands in brackets and may hold anything: what follows them is counted from the state on.
    told = _read(pid, "stat").rpartition(")")[2].split()
    return sum(map(int, told[11:15])) / _TICK if told else 0.0


def _read(pid: int, name: str) -> str:
    try:
        return Path(f"/proc/{pid}/{name}").read_text()
    except OSError:
        return ""
