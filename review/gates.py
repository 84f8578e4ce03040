"""The system's own reading of the gates: it opens a proposal as soon as the evidence allows."""

from collections.abc import Iterable
from datetime import datetime

from django.db.models import QuerySet

from inspection import automation
from inspection.models import GateEvaluation, Line
from inspection.rules.words import Level
from review import counts, evidence
from review.counts import Ledger


def read_all(*, now: datetime) -> list[evidence.Reading]:
    """Read the next gate of every line that has evidence to show. Return what was read."""
    readings = (read_next(line, now=now) for line in _lines())
    return [reading for reading in readings if reading is not None]


def read_along(*, now: datetime) -> list[evidence.Reading]:
    """Read the next gate of every line after each run of its tail, as `read_next` does, before the tail is folded.

    The streams are as each run left them; what else the gate asks is as it stands now. Return what was read.
    """
    return [reading for line in _lines() for reading in _read(line, counts.along(line.present_epoch), now=now)]


def read_next(line: Line, *, now: datetime) -> evidence.Reading | None:
    """Read the gate above the line's level; keep the reading when the answer changed, propose when it is open."""
    readings = _read(line, [counts.ledger(line.present_epoch)], now=now)
    return readings[0] if readings else None


def _lines() -> QuerySet[Line]:
    return Line.objects.filter(is_active=True, epoch__isnull=False).select_related(
        "epoch__model_version", "bands", "product", "deployment"
    )


def _read(line: Line, ledgers: Iterable[Ledger], *, now: datetime) -> list[evidence.Reading]:
    to_level = Level(line.level).above
    if to_level is None:
        return []
    asked = evidence.ask(line, to_level, now=now)
    readings = [asked.read(ledger) for ledger in ledgers]
    last = GateEvaluation.objects.filter(line=line, to_level=to_level.value).order_by("-evaluated_at", "-pk").first()
    known = last.status if last and last.epoch_id == line.epoch_id else None
    standing = automation.open_proposal(line)
    for reading in readings:
        is_open = reading.judgement.is_open
        if is_open and standing is None and not _was_rejected(line, to_level, now=now):
            automation.open_by_system(line, reading.keep(now=now), now=now)
        elif known != reading.judgement.status:
            reading.keep(now=now)
        if standing is not None:
            _void_if_stale(standing, reading, now=now)
        if is_open or standing is not None:
            standing = automation.open_proposal(line)
        known = reading.judgement.status
    return readings


def _was_rejected(line: Line, to_level: Level, *, now: datetime) -> bool:
    """A lead who said no is not asked again for a day."""
    recent = line.proposals.filter(
        to_level=to_level.value, status="rejected", closed_at__gt=now - automation.EVIDENCE_LIFE
    )
    return recent.exists()


def _void_if_stale(proposal, reading: evidence.Reading, *, now: datetime) -> None:
    if proposal.resumes:
        return
    why = automation.staleness(proposal, None, now=now)
    if not why and not reading.judgement.is_open:
        why = "The gate is shut now."
    if why:
        automation.void_stale(proposal, why=why, now=now)
