"""The control file of a simulated line: light, focus, noise, a new kind of scratch, pause.

    {"phone-back": {"light": 0.3, "focus": 0.8, "noise": 2.0, "new_scratch": 0.5, "paused": false}, "*": {…}}

`*` is for every line that has no entry of its own. `new_scratch` is the share of parts that carry it; true means
half of them. `staffed` lets simulated people read the line. `lamp_fails_from` is the second (of the epoch) from which
the lamp ages and then fails, 0 for a sound one; `lamp_new_from`, when one was put in, is for pages alone. Every other
name is one of vision.drawn.Optics.
"""

import json
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from edge.trouble import Trouble
from vision.drawn import Optics

DEFAULT_NEW_SCRATCH_SHARE = 0.5
# An ageing lamp loses this share of its light over the first half minute, which no single picture shows; then it fails.
AGED, FAILED = 0.95, 0.3
AGES_S, FAILS_AFTER_S = 30.0, 120.0


@dataclass(frozen=True, kw_only=True)
class Conditions:
    """Under what conditions the next picture of a line is taken."""

    optics: Optics = field(default_factory=Optics)
    new_scratch_share: float = 0.0
    paused: bool = False
    staffed: bool = False
    lamp_fails_from: float = 0.0

    def at(self, moment: datetime) -> "Conditions":
        """Return the conditions with the light that the lamp gives at a moment."""
        if not self.lamp_fails_from:
            return self
        lamp = lamp_light(moment.timestamp() - self.lamp_fails_from)
        return replace(self, optics=replace(self.optics, light=self.optics.light * lamp))


def lamp_light(age_s: float) -> float:
    """Return the share of its light that a lamp still gives so long after it began to age.

    >>> [lamp_light(age_s) for age_s in (0.0, 15.0, 60.0, 120.0)]
    [1.0, 0.975, 0.95, 0.3]
    """
    if age_s >= FAILS_AFTER_S:
        return FAILED
    return 1.0 - (1.0 - AGED) * min(1.0, max(0.0, age_s / AGES_S))


class ControlFile:
    """Conditions by line, as the file has them now. A file that cannot be read changes nothing and is told once."""

    def __init__(self, path: Path | None, trouble: Trouble) -> None:
        self._path, self._trouble = path, trouble
        self._stamp: tuple[int, int, int] | None = None
        self._by_line: dict[str, Conditions] = {}

    def of(self, line: str) -> Conditions:
        """The line's conditions. The file is looked at on every call, so the very next picture obeys it."""
        if self._path is not None:
            self._read_if_changed(self._path)
        return self._by_line.get(line) or self._by_line.get("*") or Conditions()

    def _read_if_changed(self, path: Path) -> None:
        try:
            stat = path.stat()
        except FileNotFoundError:
            self._stamp, self._by_line = None, {}
            return
        stamp = (stat.st_ino, stat.st_mtime_ns, stat.st_size)
        if stamp == self._stamp:
            return
        self._stamp = stamp
        try:
            self._by_line = {line: _conditions(told) for line, told in json.loads(path.read_bytes()).items()}
            self._trouble.is_over()
        except (ValueError, TypeError, AttributeError) as fault:
            self._trouble.is_on(f"{path} cannot be used: {fault}")


def _conditions(told: dict[str, Any]) -> Conditions:
    rest = {name.replace("-", "_"): value for name, value in told.items()}
    share = rest.pop("new_scratch", 0.0)
    paused, staffed = rest.pop("paused", False), rest.pop("staffed", False)
    lamp_fails_from = rest.pop("lamp_fails_from", 0.0)
    rest.pop("lamp_new_from", None)
    return Conditions(
        optics=Optics(**{name: float(value) for name, value in rest.items()}),
        new_scratch_share=DEFAULT_NEW_SCRATCH_SHARE if share is True else float(share),
        paused=bool(paused),
        staffed=bool(staffed),
        lamp_fails_from=float(lamp_fails_from),
    )
