"""What a station is granted to decide while the server is away: told with each heartbeat, signed with its own key.

The terms say nothing about draws: audits of what a station decides are drawn when its images arrive, from a secret
that never leaves the server, so nobody beside the station can know which parts will be looked at.
"""

from datetime import datetime, timedelta
from typing import Any

from django.db import transaction

from inspection import certificates, stations
from inspection.models import Bands, ModelVersion, OfflineAllowance, Station, StationGrant, StationKey, User
from inspection.rules.words import RiskClass
from vision import offline

GRAPH = "model.onnx"
# What may go by between a heartbeat's answer here and its arrival there, clocks that were set right included.
TOLERANCE = timedelta(seconds=60)


@transaction.atomic
def allow(station: Station, *, minutes: int, by: User, now: datetime) -> None:
    """Let the station decide alone for up to so many minutes from its next heartbeat on; 0 ends it."""
    OfflineAllowance.objects.create(station=station, minutes=minutes, allowed_by=by, allowed_at=now)
    station.offline_minutes = minutes
    station.save(update_fields=["offline_minutes"])


@transaction.atomic
def tell(station: Station, serving: ModelVersion | None, bands: Bands | None, *, now: datetime) -> StationGrant | None:
    """Return what the station is granted now, and keep that it was told so. None where it may decide nothing alone.

    `serving` and `bands` are those by which the line lets a model decide at this moment.
    """
    text = _text(station, serving, bands)
    if text is None and _standing(station) is None:
        return None
    # The station is the lock: two heartbeats side by side open one stretch.
    Station.objects.select_for_update().values_list("pk").get(pk=station.pk)
    standing = _standing(station)
    if standing is not None and standing.text != text:
        StationGrant.objects.filter(pk=standing.pk).update(withdrawn_at=now)
        standing = None
    if standing is not None:
        StationGrant.objects.filter(pk=standing.pk).update(last_told_at=now)
        return standing
    if serving is None or bands is None or text is None:
        return None
    return StationGrant.objects.create(
        station=station,
        name=offline.grant_id(text),
        text=text,
        level=station.line.level,
        epoch_id=bands.epoch_id,
        model_version=serving,
        bands=bands,
        valid_for_s=60 * station.offline_minutes,
        told_at=now,
        last_told_at=now,
    )


def as_told(grant: StationGrant, *, answers: str) -> dict[str, Any]:
    """Return the grant as a heartbeat is answered: its text, and a signature for each live key of the station."""
    message = offline.signed_message(grant.text, answers=answers)
    keys = StationKey.objects.filter(station=grant.station_id, revoked_at=None)
    return {
        "id": grant.name,
        "text": grant.text,
        "signatures": {key.key_id: stations.signature(key, message) for key in keys},
    }


def known(station: Station, name: str, *, decided_at: datetime) -> StationGrant | None:
    """Return the grant of that name that the station was told; of several stretches the one nearest before."""
    told = StationGrant.objects.filter(station=station, name=name).order_by("-told_at")
    return told.filter(told_at__lte=decided_at + TOLERANCE).first() or told.last()


def was_in_time(grant: StationGrant, decided_at: datetime) -> bool:
    """Say whether the grant can have been in force at a station at a moment.

    A station that did not hear that its grant was withdrawn goes on under it until it lapses.
    """
    until = grant.last_told_at + timedelta(seconds=grant.valid_for_s)
    return grant.told_at - TOLERANCE <= decided_at <= until + TOLERANCE


def model_of(station: Station, sha256: str) -> ModelVersion | None:
    """Return the model of that hash where the station's standing grant names it."""
    named = StationGrant.objects.filter(station=station, withdrawn_at=None, model_version__onnx_sha256=sha256)
    grant = named.select_related("model_version").first()
    return grant.model_version if grant else None


def _standing(station: Station) -> StationGrant | None:
    return StationGrant.objects.filter(station=station, withdrawn_at=None).first()


def _text(station: Station, serving: ModelVersion | None, bands: Bands | None) -> str | None:
    """Return the terms as they stand, None where there are none to give.

    A station sees one view. Where a part has several, no station can know that it is whole.
    """
    line = station.line
    if not station.offline_minutes or serving is None or bands is None or len(line.views) != 1:
        return None
    if not serving.onnx_sha256:
        return None
    critical = line.defect_classes.filter(risk_class=RiskClass.CRITICAL.value).order_by("code")
    band = certificates.band_of(bands)
    return offline.write_terms(
        {
            "line": line.slug,
            "station": station.pk,
            "level": line.level,
            "epoch": bands.epoch_id,
            "bands": bands.pk,
            "t_lo": band.t_lo,
            "t_hi": band.t_hi,
            "envelope": {name: list(span) for name, span in band.envelope.items()},
            "reference": bands.certificates.get("embedding"),
            "call_threshold": line.call_threshold,
            "critical": list(critical.values_list("code", flat=True)),
            "patch": line.reference_patch,
            "max_megapixels": line.max_megapixels,
            "valid_for": 60 * station.offline_minutes,
            "model": {
                "name": serving.name,
                "version": serving.version,
                "sha256": serving.onnx_sha256,
                "card": _card(serving),
            },
        }
    )


def _card(version: ModelVersion) -> dict[str, Any]:
    """Return the little of a model's card that running it takes; the station writes its own from it."""
    return {
        "architecture": version.architecture,
        "preprocessing": version.preprocessing_id,
        "decoder": version.decoder_id,
        "classes": version.classes,
        "calibrator": version.calibrator,
        "files": {GRAPH: {"sha256": version.onnx_sha256}},
    }
