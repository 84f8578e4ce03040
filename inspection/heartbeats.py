"""A station's sign of life, and what it may do until the next one."""

import hashlib
import json
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from inspection import certificates
from inspection.models import Bands, Deployment, Hold, Line, ModelVersion, Station
from inspection.rules.words import Level

# Seconds after its last heartbeat for which a station may decide alone; then it holds.
VALID_FOR_S = 60
DECIDING = (Level.PARTIAL, Level.FULL)


@dataclass(frozen=True, kw_only=True)
class Pulse:
    """What a station says about itself."""

    sent_at: datetime
    software: str = ""
    spooled: int = 0
    last_cursor: int = 0
    camera: dict[str, Any] = field(default_factory=dict)


def take(station: Station, pulse: Pulse, *, now: datetime) -> dict[str, Any]:
    """Keep the sign of life and return the station's orders, as plain data."""
    skew_s = round((now - pulse.sent_at).total_seconds(), 3)
    Station.objects.filter(pk=station.pk).update(
        last_seen_at=now,
        clock_skew_s=skew_s,
        software=pulse.software,
        spooled=pulse.spooled,
        last_cursor=pulse.last_cursor,
        camera=pulse.camera,
    )
    line = station.line
    serving, bands = _deciding(line)
    return {
        "server_time": now,
        "skew_s": skew_s,
        "line": line.slug,
        "level": line.level,
        "model": _model(serving),
        "policy": _policy(line, bands),
    }


def _deciding(line: Line) -> tuple[ModelVersion | None, Bands | None]:
    """Return model and bands where the line lets a model decide now. Below `partial`, and on hold, it hears of none."""
    if line.level not in DECIDING or Hold.objects.filter(line=line).in_force().exists():
        return None, None
    deployment = Deployment.objects.select_related("serving").filter(line=line).first()
    if deployment is None:
        return None, None
    return deployment.serving, certificates.standing(line, deployment.serving_id)


def _model(serving: ModelVersion | None) -> dict[str, Any] | None:
    if serving is None:
        return None
    # A model comes to a station with its installation; the hash tells whether it is the one that serves.
    return {"name": serving.name, "version": serving.version, "sha256": serving.weights_sha256, "url": None}


def _policy(line: Line, bands: Bands | None) -> dict[str, Any]:
    facts = {
        "bands": {"t_lo": bands.t_lo, "t_hi": bands.t_hi} if bands else None,
        "envelope": bands.envelope if bands else None,
        "call_threshold": line.call_threshold,
        "failsafe": line.fail_safe,
        "valid_for": VALID_FOR_S,
    }
    content = json.dumps([line.slug, line.level, facts], sort_keys=True)
    return {"id": hashlib.sha256(content.encode()).hexdigest()[:16], **facts}
