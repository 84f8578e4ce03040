"""The conditions of a demo line's simulated station: lamp and its ageing, focus, a new kind of scratch, who reads.

The station process looks at the file before each picture (`edge.conditions`), so the very next one obeys.
"""

import fcntl
import json
import os
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Any

from django.conf import settings

from edge.conditions import FAILS_AFTER_S, lamp_light
from inspection.models import Line

DEFAULTS: dict[str, Any] = {
    "light": 1.0,
    "focus": 1.0,
    "new_scratch": 0.0,
    "paused": False,
    "staffed": False,
    "lamp_fails_from": 0.0,
    "lamp_new_from": 0.0,
}
# For so long a page tells that a lamp is new: its alarm goes within four minutes.
LAMP_IS_NEW = timedelta(minutes=6)
# Of the parts while the new kind of scratch appears: enough to be found by audits in about two minutes.
NEW_SCRATCH_SHARE = 0.3


class LampStage(StrEnum):
    """Where the story of a lamp stands."""

    AGEING = "ageing"
    OUT = "out"
    NEW = "new"


@dataclass(frozen=True)
class Lamp:
    """How far the story of a lamp is, since when, when it began, and the light that pictures are taken with."""

    stage: LampStage
    since: datetime
    began_at: datetime
    light: float


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
    moment = now.timestamp()
    lamp = (
        {"lamp_fails_from": moment, "lamp_new_from": 0.0}
        if fails
        else {"lamp_fails_from": 0.0, "lamp_new_from": moment}
    )
    tell(line, **lamp, light=1.0, paused=False)
    _let_others_wait(line, wait=fails)


def reset(line: Line) -> None:
    """Put the line's station back to how the demo began, and let the others go on."""
    tell(line, **DEFAULTS)
    _let_others_wait(line, wait=False)


def lamp_of(line: Line, *, now: datetime) -> Lamp | None:
    """Return how far the story of the line's lamp is, None while none is told."""
    told = conditions_of(line)
    if told["lamp_fails_from"]:
        began = datetime.fromtimestamp(told["lamp_fails_from"], UTC)
        light = told["light"] * lamp_light((now - began).total_seconds())
        out_from = began + timedelta(seconds=FAILS_AFTER_S)
        stage, since = (LampStage.OUT, out_from) if now >= out_from else (LampStage.AGEING, began)
        return Lamp(stage, since, began, light)
    new_from = datetime.fromtimestamp(told["lamp_new_from"], UTC)
    return Lamp(LampStage.NEW, new_from, new_from, told["light"]) if now - new_from < LAMP_IS_NEW else None


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
