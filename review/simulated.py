"""The conditions of a demo line's simulated station: lamp and its ageing, focus, a new kind of scratch, who reads.

The station process looks at the file before each picture (`edge.conditions`), so the very next one obeys.
"""

import fcntl
import json
import os
from datetime import datetime
from pathlib import Path
from typing import Any

from django.conf import settings

from inspection.models import Line

DEFAULTS: dict[str, Any] = {
    "light": 1.0,
    "focus": 1.0,
    "new_scratch": 0.0,
    "paused": False,
    "staffed": False,
    "lamp_fails_from": 0.0,
}
# Of the parts while the new kind of scratch appears: enough to be found by audits in about two minutes.
NEW_SCRATCH_SHARE = 0.3


def conditions_of(line: Line) -> dict[str, Any]:
    """Return what the line's station is told now."""
    return {**DEFAULTS, **_told().get(line.slug, {})}


def tell(line: Line, **changes: Any) -> dict[str, Any]:
    """Change some of the line's conditions, from the next picture on. Return all of them."""
    unknown = changes.keys() - DEFAULTS.keys()
    if unknown:
        raise ValueError(f"{sorted(unknown)} are no conditions, use {sorted(DEFAULTS)}.")
    path = _file()
    path.parent.mkdir(parents=True, exist_ok=True)
    # Two people may turn two lines at once; the file is one.
    with path.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        told = _told()
        told[line.slug] = {**DEFAULTS, **told.get(line.slug, {}), **changes}
        draft = path.with_suffix(".draft")
        draft.write_text(json.dumps(told, indent=1), encoding="utf-8")
        os.replace(draft, path)
    return dict(told[line.slug])


def let_scratch_appear(line: Line, *, appears: bool) -> None:
    """Begin or end the new kind of scratch. Meanwhile people read the line, and it has the station to itself."""
    tell(line, new_scratch=NEW_SCRATCH_SHARE if appears else 0.0, staffed=appears, paused=False)
    _let_others_wait(line, wait=appears)


def let_lamp_fail(line: Line, *, fails: bool, now: datetime) -> None:
    """Let the lamp age and then fail, or put a sound one in. Meanwhile the line has the station to itself."""
    tell(line, lamp_fails_from=now.timestamp() if fails else 0.0, light=1.0, paused=False)
    _let_others_wait(line, wait=fails)


def _let_others_wait(line: Line, *, wait: bool) -> None:
    for other in Line.objects.filter(is_demo=True).exclude(pk=line.pk):
        tell(other, paused=wait)


def _told() -> dict[str, Any]:
    try:
        return json.loads(_file().read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}


def _file() -> Path:
    return settings.DATA / "optics.json"
