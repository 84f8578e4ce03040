"""When a picture in a watched folder is whole: nobody writes it any more, and it ends as its format ends."""

import errno
import fcntl
import os
import signal
from dataclasses import dataclass
from pathlib import Path

_LONGEST_ENDING = 12
_PNG_END = b"IEND\xaeB`\x82"
_JPEG_END = b"\xff\xd9"


@dataclass(frozen=True, kw_only=True)
class Look:
    """How a file looked, and since when it has looked so (seconds of a monotonic clock)."""

    size: int
    mtime_ns: int
    since: float


@dataclass(frozen=True, kw_only=True)
class Wholeness:
    """The rule. `quiet`: seconds without a change that any picture needs.

    `patience`: seconds after which a picture that still lacks its ending is taken as it is. It is broken for
    good then, and the server's refusal is worth more than a part that is never judged.
    """

    quiet: float = 0.25
    patience: float = 10.0

    def is_whole(self, path: Path, look: Look, *, now: float) -> bool:
        unchanged = now - look.since
        if look.size == 0:
            return unchanged >= self.patience
        if unchanged < self.quiet or is_open_for_writing(path):
            return False
        return ends_properly(path) or unchanged >= self.patience


def ends_properly(path: Path) -> bool:
    """Whether a JPEG or PNG file has its ending. Of other formats nothing can be said: True."""
    with path.open("rb") as file:
        start = file.read(4)
        file.seek(0, os.SEEK_END)
        file.seek(max(0, file.tell() - _LONGEST_ENDING))
        ending = file.read()
    if start.startswith(b"\xff\xd8"):
        return ending.endswith(_JPEG_END)
    if start.startswith(b"\x89PNG"):
        return ending.endswith(_PNG_END)
    return True


def is_open_for_writing(path: Path) -> bool:
    """Whether some process still has the file open for writing; False where the file system cannot tell.

    Linux grants a read lease only on a file that nobody writes. The lease is given back at once; should a
    writer come in between, the signal is one whose default is to be ignored.
    """
    with path.open("rb") as file:
        try:
            fcntl.fcntl(file, fcntl.F_SETSIG, signal.SIGURG)
            fcntl.fcntl(file, fcntl.F_SETLEASE, fcntl.F_RDLCK)
        except OSError as fault:
            return fault.errno == errno.EAGAIN
        fcntl.fcntl(file, fcntl.F_SETLEASE, fcntl.F_UNLCK)
        return False
