"""The older inspection system beside the camera: its verdict, told in a file or simulated."""

import json
from dataclasses import dataclass
from pathlib import Path
from random import Random

VERDICTS = ("pass", "reject")
_FIELDS = ("serial", "view", "lot", "captured_at", "incumbent_verdict")


class SidecarError(ValueError):
    """The file beside a picture cannot be used; says what is wrong with it."""


@dataclass(frozen=True, kw_only=True)
class Sidecar:
    """What a file NAME.json beside the picture NAME.jpg tells. All of it is optional."""

    serial: str | None = None
    view: str | None = None
    lot: str | None = None
    captured_at: str | None = None
    incumbent_verdict: str | None = None


def read_sidecar(path: Path) -> Sidecar:
    """Read a sidecar file; no file tells nothing."""
    try:
        told = json.loads(path.read_bytes())
    except FileNotFoundError:
        return Sidecar()
    except (ValueError, RecursionError) as fault:
        raise SidecarError(f"{path.name} is not JSON.") from fault
    if not isinstance(told, dict):
        raise SidecarError(f"{path.name} holds no JSON object.")
    for name, value in told.items():
        if name not in _FIELDS:
            raise SidecarError(f"{path.name} has an unknown field {name!r}; known are {', '.join(_FIELDS)}.")
        if not isinstance(value, str) or not value.strip():
            raise SidecarError(f"{path.name}: {name} is {value!r}, a text was expected.")
    if told.get("incumbent_verdict", "pass") not in VERDICTS:
        raise SidecarError(f"{path.name}: incumbent_verdict is {told['incumbent_verdict']!r}, use 'pass' or 'reject'.")
    return Sidecar(**told)


@dataclass(kw_only=True)
class SimulatedIncumbent:
    """An older system of known skill: its share of missed defects and of good parts rejected."""

    miss_rate: float
    false_alarm_rate: float
    random: Random

    def judge(self, *, defective: bool) -> str:
        wrong = self.random.random() < (self.miss_rate if defective else self.false_alarm_rate)
        return "reject" if defective != wrong else "pass"
