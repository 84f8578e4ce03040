"""A station's sign of life, and what it may do until the next one."""

import hashlib
import json
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.urls import reverse

from inspection import certificates, grants
from inspection.models import Bands, Deployment, Hold, Line, ModelVersion, Station, StationGrant
from inspection.rules.words import DECIDING

# Seconds after its last heartbeat for which what a station heard holds. Whether it may decide in them its grant says.
VALID_FOR_S = 60
AWAY_AFTER = timedelta(seconds=60)


@dataclass(frozen=True, kw_only=True)
class Pulse:
    """What a station says about itself. `sent_text` is `sent_at` as it wrote it: the answer is signed for that."""

    sent_at: datetime
    sent_text: str = ""
    software: str = ""
    spooled: int = 0
    last_cursor: int = 0
    camera: dict[str, Any] = field(default_factory=dict)
    model_sha256: str | None = None
    grant: str | None = None
    undelivered: int = 0


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
        held_model_sha256=pulse.model_sha256 or "",
        held_grant=pulse.grant or "",
        undelivered=pulse.undelivered,
        **_absence(station, now=now),
    )
    line = station.line
    serving, bands = _deciding(line)
    grant = grants.tell(station, serving, bands, now=now)
    return {
        "server_time": now,
        "skew_s": skew_s,
        "line": line.slug,
        "level": line.level,
        "model": _model(serving, grant),
        "policy": _policy(line, bands, grant),
        "grant": grants.as_told(grant, answers=pulse.sent_text) if grant else None,
    }


def _absence(station: Station, *, now: datetime) -> dict[str, datetime]:
    """Return when the station was last away, where it comes back from that in this moment."""
    if station.last_seen_at is None or now - station.last_seen_at <= AWAY_AFTER:
        return {}
    return {"away_from": station.last_seen_at, "away_until": now}


def _deciding(line: Line) -> tuple[ModelVersion | None, Bands | None]:
    """Return model and bands where the line lets a model decide now. Below `partial`, and on hold, it hears of none."""
    if line.level not in DECIDING or Hold.objects.filter(line=line).in_force().exists():
        return None, None
    deployment = Deployment.objects.select_related("serving").filter(line=line).first()
    if deployment is None:
        return None, None
    return deployment.serving, certificates.standing(line, deployment.serving_id)


def _model(serving: ModelVersion | None, grant: StationGrant | None) -> dict[str, Any] | None:
    if serving is None:
        return None
    url = reverse("api-station-model", args=[serving.onnx_sha256]) if grant else None
    return {"name": serving.name, "version": serving.version, "sha256": serving.weights_sha256, "url": url}


def _policy(line: Line, bands: Bands | None, grant: StationGrant | None) -> dict[str, Any]:
    facts = {
        "bands": {"t_lo": bands.t_lo, "t_hi": bands.t_hi} if bands else None,
        "envelope": bands.envelope if bands else None,
        "call_threshold": line.call_threshold,
        "failsafe": line.fail_safe,
        "valid_for": grant.valid_for_s if grant else VALID_FOR_S,
    }
    content = json.dumps([line.slug, line.level, facts], sort_keys=True)
    return {"id": hashlib.sha256(content.encode()).hexdigest()[:16], **facts}
