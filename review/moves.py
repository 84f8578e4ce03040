"""Moves of a line that review makes: bands put in force and taken away, containments opened, listed and closed.

A containment is widened while it is open, so each reach has a receipt of its own; that the containment still covers
the reach is one of its facts. The list is sealed by the parts on it: one taken off the list is missed.
"""

import hashlib

from django.db.models import Q, QuerySet

from inspection import lineage, moves
from inspection.lineage import Facts, when
from inspection.models.receipt import in_words
from inspection.moves import Move, Moves
from inspection.rules.words import ReceiptKind
from review.band_models import BandsChange
from review.containment import tally
from review.containment_models import ContainedRun, Containment, ContainmentReach

READ_AT_ONCE = 1000


def _bands_facts(change: BandsChange) -> Facts:
    # Rows of before candidates had bands of their own name no version, and neither do their receipts.
    model = {"model": lineage.model_facts(change.model_version)} if change.model_version_id else {}
    return {
        **model,
        "bands": lineage.band_facts(change.bands),
        "level": change.level,
        "certified_by": change.certified_by_id,
        "by": change.put_by_id,
        "reason": change.reason,
        "forecast": change.forecast,
        "at": in_words(change.put_at),
    }


def _reach_facts(reach: ContainmentReach) -> Facts:
    containment = reach.containment
    return {
        "containment": containment.pk,
        "opened_for": containment.cause,
        "level": containment.level,
        "cause": reach.cause,
        "model": lineage.model_facts(reach.model_version),
        "since": in_words(reach.since),
        "by": reach.asked_by_id,
        "at": in_words(reach.asked_at),
        "covered": containment.covers(reach),
    }


def _list_facts(reach: ContainmentReach) -> Facts:
    parts, digest = 0, hashlib.sha256()
    for run in _listed_for(reach).order_by("run").values_list("run", flat=True).iterator(chunk_size=READ_AT_ONCE):
        digest.update(f"{run}\n".encode())
        parts += 1
    containment = reach.containment_id
    return {"containment": containment, "parts": parts, "runs_sha256": digest.hexdigest(), "at": when(reach.listed_at)}


def _listed_for(reach: ContainmentReach) -> QuerySet[ContainedRun]:
    """Return what the list holds because of one reach. A later and wider one adds nothing to it."""
    window = (reach.since, reach.ends_at)
    listed = ContainedRun.objects.filter(containment=reach.containment_id, passed_at__range=window)
    if reach.model_version_id is not None:
        listed = listed.filter(run__disposition__model_version=reach.model_version_id)
    return listed


def _closing_facts(containment: Containment) -> Facts:
    return {
        "since": in_words(containment.since),
        "opened_at": in_words(containment.opened_at),
        "opened_by": containment.opened_by_id,
        "parts": tally(containment),
        "by": containment.closed_by_id,
        "at": when(containment.closed_at),
    }


MOVES: Moves = {
    **moves.MOVES,
    ReceiptKind.BANDS: Move(BandsChange, _bands_facts),
    ReceiptKind.CONTAINMENT: Move(ContainmentReach, _reach_facts),
    ReceiptKind.LISTED: Move(ContainmentReach, _list_facts, Q(listed_at__isnull=False)),
    ReceiptKind.CONTAINED: Move(Containment, _closing_facts, Q(closed_at__isnull=False)),
}
