"""Learning in a process of its own, watched from one that never loads torch.

The child is limited in memory and processor time, ends with the process that watches it, and is ended when it is no
longer wanted or its time is up.
"""

import ctypes
import json
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.conf import settings

_ROOT = Path(__file__).resolve().parent.parent
# Reading, scoring and exporting come on top of the minutes granted for learning, on a machine that has other work.
BESIDE_S = 1800.0
LOOK_S = 1.0
ORDER_FILE = "order.json"
_CHUNK = 65_536
_PARENT_DEATH_SIGNAL = 1

_libc = ctypes.CDLL(None) if sys.platform == "linux" else None

Wanted = Callable[[Mapping[str, Any] | None], bool]


class FittingFailed(Exception):
    """There is no model; the message says why and, where it can, what would help."""


class Unwanted(Exception):
    """Somebody cancelled it."""


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What the model in the folder says of one image that it did not learn from."""

    path: str
    split: str
    probability: float


def fit(order: Mapping[str, Any], folder: Path, *, is_wanted: Wanted) -> list[Answer]:
    """Let a child fulfil an order (fields of `fitting.Order`), its files below the folder.

    `is_wanted` hears every piece of progress, and None once a second; its False ends the child.
    Raises Unwanted or FittingFailed.
    """
    deadline = time.monotonic() + 60 * order["minutes"] + BESIDE_S
    wish = {**order, "folder": str(folder), "memory_mb": settings.TRAINING_MEMORY_MB}
    with _child(wish) as child:
        for answer in _answers(child, deadline):
            if answer and "judged" in answer:
                return [Answer(path=path, split=split, probability=p) for path, split, p in answer["judged"]]
            if answer and "refused" in answer:
                raise FittingFailed(answer["refused"])
            if not is_wanted(answer):
                raise Unwanted
        raise FittingFailed(_last_words(child.wait()))


@contextmanager
def _child(wish: Mapping[str, Any]) -> Iterator[subprocess.Popen[bytes]]:
    """Lend the child with its order given; whatever happens, it and all it started are gone afterwards."""
    one_thread = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
    order = Path(wish["folder"]) / ORDER_FILE
    order.write_text(json.dumps(wish), encoding="utf-8")
    child = subprocess.Popen(
        [sys.executable, "-m", "inspection.fitting_child", str(order)],
        cwd=_ROOT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        env={**os.environ, **one_thread},
        start_new_session=True,
        preexec_fn=_end_with_parent,
    )
    try:
        yield child
    finally:
        if child.poll() is None:
            os.killpg(child.pid, signal.SIGKILL)
        child.wait()
        if child.stdout is not None:
            child.stdout.close()


def _end_with_parent() -> None:
    """Let the kernel end the child should its watcher die without a chance to do so."""
    if _libc is not None:
        _libc.prctl(_PARENT_DEATH_SIGNAL, signal.SIGKILL)


def _answers(child: subprocess.Popen[bytes], deadline: float) -> Iterator[dict[str, Any] | None]:
    """Yield the child's answers in their order, and None for every second without one, until it ends."""
    assert child.stdout is not None
    pipe, waiting = child.stdout.fileno(), b""
    while time.monotonic() < deadline:
        readable, _, _ = select.select([pipe], [], [], LOOK_S)
        if not readable:
            yield None
            continue
        chunk = os.read(pipe, _CHUNK)
        if not chunk:
            return
        *whole, waiting = (waiting + chunk).split(b"\n")
        yield from (json.loads(line) for line in whole)
    raise FittingFailed("Learning took longer than it was given.")


def _last_words(status: int) -> str:
    if status == -signal.SIGXCPU:
        return "Learning took more processor time than it was given."
    if status == -signal.SIGKILL:
        return "The learning process was ended by the system, most likely for want of memory."
    return f"The learning process ended with status {status}; its log says why."
