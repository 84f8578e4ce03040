"""A progress bar for people who wait at a terminal."""

import sys
from dataclasses import dataclass, field
from typing import TextIO

WIDTH = 30


@dataclass
class Bar:
    """One line that is drawn again and again on a terminal. Written nowhere else, so that logs stay readable."""

    # Asked for at each start: a program may have put another stream there since.
    stream: TextIO = field(default_factory=lambda: sys.stderr)

    def show(self, stage: str, done: int, total: int, note: str = "") -> None:
        if not self.stream.isatty():
            return
        filled = WIDTH * done // max(total, 1)
        ending = "\n" if done >= total else ""
        self.stream.write(f"\r{stage:<10} [{'#' * filled}{'.' * (WIDTH - filled)}] {done}/{total} {note:<30}{ending}")
        self.stream.flush()
