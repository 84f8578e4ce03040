"""What stations say they decided alone, kept once and held against what they were granted."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from inspection import grants
from inspection.models import Item, Line, Measures, OfflineDecision, Prediction, Routing, Station
from inspection.rules.reconciling import Claimed, Judged, Standing, judge
from inspection.rules.words import Verdict
from vision import offline
from vision.embedding import unpacked
from vision.measures import Measures as Measured
from vision.routing import Routed
from vision.words import Route


@dataclass(frozen=True, kw_only=True)
class Claim:
    """One decision as the station sent it, read and shaped."""

    grant: str
    model_sha256: str
    verdict: Verdict
    decided_at: datetime
    age_s: float
    plain: dict[str, Any]


def keep(station: Station, claimed: Iterable[tuple[Item, Claim]], *, now: datetime) -> None:
    """Keep what a station says about items, in the transaction that takes them in. The first word on an item stands."""
    rows = [_row(station, item, claim, now=now) for item, claim in claimed]
    if rows:
        OfflineDecision.objects.bulk_create(rows, ignore_conflicts=True)


def of(item: Item) -> OfflineDecision | None:
    """Return what a station says it decided about the item."""
    return getattr(item, "offline_decision", None)


def judged(decision: OfflineDecision, seen: offline.Seen | None, present: Routed) -> Judged:
    """Judge a claim by what was found out about its image, and keep the standing."""
    grant = decision.grant
    claimed = Claimed(
        terms=offline.read_terms(grant.text) if grant else None,
        model_sha256=decision.claim.get("model_sha256", ""),
        verdict=decision.verdict,
        age_s=decision.age_s,
        was_in_time=grant is not None and grants.was_in_time(grant, decision.decided_at),
    )
    found = judge(claimed, seen, present)
    decision.standing, decision.reason = found.standing.value, found.reason
    OfflineDecision.objects.filter(pk=decision.pk).update(standing=decision.standing, reason=decision.reason)
    return found


def judged_late(decision: OfflineDecision, routing: Routing) -> Judged:
    """Judge a claim that came when the item had its routing: by what was kept about the image, and by that routing."""
    present = Routed(route=Route(routing.route), reason=routing.reason, detail=routing.detail)
    return judged(decision, _kept(decision), present)


def refused_since(line: Line, since: datetime) -> int:
    """Return how many claims of the line were refused since a moment."""
    refused = OfflineDecision.objects.filter(line=line, standing=Standing.REFUSED.value, reconciled_at__gte=since)
    return refused.count()


def _row(station: Station, item: Item, claim: Claim, *, now: datetime) -> OfflineDecision:
    decided_at = min(claim.decided_at + timedelta(seconds=station.clock_skew_s or 0.0), now)
    return OfflineDecision(
        item=item,
        line_id=item.line_id,
        station=station,
        grant=grants.known(station, claim.grant, decided_at=decided_at),
        claim=claim.plain,
        verdict=claim.verdict.value,
        age_s=claim.age_s,
        decided_at=decided_at,
        received_at=now,
    )


def _kept(decision: OfflineDecision) -> offline.Seen | None:
    """Return what was kept about the image of a claim, as the rule takes it; None where it gave no pixels."""
    measures = Measures.objects.filter(item=decision.item_id).first()
    if measures is None or decision.grant is None:
        return None
    said = Prediction.objects.filter(item=decision.item_id, model_version=decision.grant.model_version_id).first()
    return offline.Seen(
        measures={name: getattr(measures, name) for name in Measured.__dataclass_fields__},
        is_blank=measures.blank,
        embedding=unpacked(bytes(measures.embedding)) if measures.embedding is not None else None,
        probability=said.probability if said else None,
        defect_class=said.defect_class if said else "",
    )
