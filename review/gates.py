"""The system's own reading of the gates: it opens a proposal as soon as the evidence allows."""

from datetime import datetime

from inspection import automation
from inspection.models import GateEvaluation, Line
from inspection.rules.words import Level
from review import evidence


def read_all(*, now: datetime) -> list[evidence.Reading]:
    """Read the next gate of every line that has evidence to show. Return what was read."""
    lines = Line.objects.filter(is_active=True, epoch__isnull=False).select_related("epoch", "product")
    readings = (read_next(line, now=now) for line in lines)
    return [reading for reading in readings if reading is not None]


def read_next(line: Line, *, now: datetime) -> evidence.Reading | None:
    """Read the gate above the line's level; keep the reading when the answer changed, propose when it is open."""
    to_level = Level(line.level).above
    if to_level is None:
        return None
    reading = evidence.read(line, to_level, now=now)
    last = GateEvaluation.objects.filter(line=line, to_level=to_level.value).order_by("-evaluated_at", "-pk").first()
    standing = automation.open_proposal(line)
    if reading.judgement.is_open and standing is None and not _was_rejected(line, to_level, now=now):
        automation.open_by_system(line, reading.keep(now=now), now=now)
    elif last is None or last.epoch_id != line.epoch_id or last.status != reading.judgement.status:
        reading.keep(now=now)
    if standing is not None:
        _void_if_stale(standing, reading, now=now)
    return reading


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
