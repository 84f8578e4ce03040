"""What the page of stations shows: what each holds, since when it is heard, and what it decided while it was alone."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import OuterRef, Prefetch, QuerySet, Subquery
from django.utils.translation import gettext_lazy as _

from inspection.models import Line, ModelVersion, OfflineDecision, Station, StationChange, StationGrant, StationKey
from inspection.rules.reconciling import Standing
from inspection.rules.words import StationDeed
from inspection.stations import IMPORTER
from vision.routing import SENTENCES

LISTED = 50
COUNTED = timedelta(days=7)

STANDINGS = {
    Standing.AGREED: _("confirmed"),
    Standing.DIFFERS: _("not confirmed: contained"),
    Standing.REFUSED: _("refused: not allowed"),
    "": _("not looked at yet"),
}
REASONS = {
    "unknown-grant": _("This station was never told such a grant."),
    "other-model": _("It was decided with another model than the granted one."),
    "grant-lapsed": _("The grant had run out."),
    "other-verdict": _("The bands say the opposite."),
    "reject-offline": _("At this level a station alone rejects nothing."),
    "critical-class": _("The model called a critical class: people decide."),
}


@dataclass(frozen=True, kw_only=True)
class Row:
    """One station. `valid_until` is None where it may decide nothing alone."""

    station: Station
    keys: list[StationKey]
    model: ModelVersion | None
    grant: StationGrant | None
    holds_grant: bool
    valid_until: datetime | None
    agreed: int
    differs: int
    refused: int
    waiting: int


@dataclass(frozen=True)
class Told:
    """One decision that a station took alone, in words."""

    decision: OfflineDecision
    standing: str
    reason: str


def rows(line: Line, *, now: datetime) -> list[Row]:
    """Return the stations of a line by name, with the last week of what they decided alone."""
    live = Prefetch("keys", StationKey.objects.filter(revoked_at=None).order_by("created_at", "pk"))
    stations = line.stations.filter(is_active=True).exclude(name=IMPORTER).order_by("name").prefetch_related(live)
    grants = {
        grant.station_id: grant
        for grant in StationGrant.objects.filter(station__in=stations, withdrawn_at=None).select_related("bands")
    }
    held = [station.held_model_sha256 for station in stations if station.held_model_sha256]
    models = {version.onnx_sha256: version for version in ModelVersion.objects.filter(onnx_sha256__in=held)}
    counted = _counted(line, since=now - COUNTED)
    return [_row(station, grants.get(station.pk), models, counted) for station in stations]


def disabled(line: Line) -> QuerySet[Station]:
    """Return the stations of a line that were taken out of use, with who did it and when."""
    last = StationChange.objects.filter(station=OuterRef("pk"), deed=StationDeed.DISABLED.value).order_by("-done_at")
    out = line.stations.filter(is_active=False).order_by("name")
    return out.annotate(
        disabled_by=Subquery(last.values("done_by__username")[:1]), disabled_at=Subquery(last.values("done_at")[:1])
    )


def last_decided(line: Line) -> list[Told]:
    """Return what stations decided alone, the newest first."""
    decided = OfflineDecision.objects.filter(line=line).select_related("station", "item__run__part")
    newest = decided.order_by("-decided_at", "-pk")[:LISTED]
    return [Told(one, str(STANDINGS[one.standing]), reason_of(one)) for one in newest]


def reason_of(decision: OfflineDecision) -> str:
    """Return why a decision was not confirmed, in the reader's language; empty where it was."""
    if not decision.reason:
        return ""
    return str(REASONS.get(decision.reason) or _(SENTENCES.get(decision.reason, decision.reason)))


def _row(
    station: Station,
    grant: StationGrant | None,
    models: dict[str, ModelVersion],
    counted: Counter[tuple[int, str]],
) -> Row:
    until = station.last_seen_at + timedelta(seconds=grant.valid_for_s) if grant and station.last_seen_at else None
    return Row(
        station=station,
        keys=list(station.keys.all()),
        model=models.get(station.held_model_sha256),
        grant=grant,
        holds_grant=grant is not None and grant.name == station.held_grant,
        valid_until=until,
        agreed=counted[station.pk, Standing.AGREED.value],
        differs=counted[station.pk, Standing.DIFFERS.value],
        refused=counted[station.pk, Standing.REFUSED.value],
        waiting=station.undelivered + counted[station.pk, ""],
    )


def _counted(line: Line, *, since: datetime) -> Counter[tuple[int, str]]:
    decided = OfflineDecision.objects.filter(line=line, received_at__gte=since)
    pairs: Sequence[tuple[int, str]] = list(decided.values_list("station", "standing"))
    return Counter(pairs)
