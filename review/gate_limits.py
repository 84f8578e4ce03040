"""The limits that people choose for a line's gates: before evidence is collected, never after it is seen.

Taking whichever limit or route opens first would spend alpha twice. Source: Tollgate's statistics, 1.4 and 2.3.
"""

from collections.abc import Mapping
from dataclasses import asdict, replace
from datetime import datetime

from django.db import transaction
from django.db.models import Max

from inspection.models import GateLimits, Line, Run, User
from inspection.rules.ladder import Gate
from inspection.rules.words import Level
from review import bands, bank, evidence, retro

# How detection is shown: by natural defects, by the bank at any time, or by the bank as a certificate froze it.
NATURAL, STREAM, LIST = "natural", "stream", "list"
_ROUTES = {NATURAL: ("natural", False), STREAM: ("bank", False), LIST: ("bank", True)}


class Locked(Exception):
    """Evidence is collected under the limits already."""


def route_of(gate: Gate) -> str:
    if gate.tests_list:
        return LIST
    return STREAM if gate.route == "bank" else NATURAL


def chosen(gate: Gate, *, p0: Mapping[str, float], route: str) -> Gate:
    """Return the gate with other limits of its streams and another route."""
    targets = tuple(replace(target, p0=p0[target.stream]) for target in gate.targets)
    by, closed_list = _ROUTES[route]
    return replace(gate, targets=targets, route=by, closed_list=closed_list)


def is_locked(line: Line) -> bool:
    """Say whether evidence is collected: the present model has seen a run of its epoch, the bank or the archive.

    Without a model nothing that comes is evidence of one.
    """
    version = line.epoch.model_version if line.epoch else None
    if version is None:
        return False
    is_seen = Run.objects.filter(epoch=line.epoch).exists() or bool(bank.known(line, version))
    return is_seen or retro.trial_of(line, version) is not None


@transaction.atomic
def choose(line: Line, gates: Mapping[Level, Gate], *, by: User, now: datetime) -> list[GateLimits]:
    """Let the gates bind the line's present epoch and those after it; each that changes is a row. Raises Locked."""
    line = bands.locked(line)
    if is_locked(line):
        raise Locked(f"Evidence of {line} is collected under its limits.")
    changed = [gate for level, gate in gates.items() if gate != evidence.gate_for(line, level)]
    return [_keep(line, gate, by=by, now=now) for gate in changed]


def _keep(line: Line, gate: Gate, *, by: User, now: datetime) -> GateLimits:
    last = line.gate_limits.filter(to_level=gate.to_level.value).aggregate(last=Max("version"))["last"] or 0
    return GateLimits.objects.create(
        line=line,
        epoch=line.epoch,
        to_level=gate.to_level.value,
        version=last + 1,
        limits={
            "targets": [asdict(target) for target in gate.targets],
            "route": gate.route,
            "closed_list": gate.closed_list,
        },
        created_at=now,
        created_by=by,
    )
