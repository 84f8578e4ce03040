"""What a demo line's own page shows: the last part, what is saved, what audits found. Plain values for templates."""

from dataclasses import dataclass
from datetime import datetime
from statistics import median

from inspection import certificates
from inspection.models import Disposition, Hold, Item, LevelChange, Line, Measures, Routing
from inspection.rules.words import DecidedBy, Level, Phase
from review import boards, containment
from review.audit_models import AuditFinding, Watch
from review.containment_models import ContainedRun, Containment
from review.models import Decision, ReviewTask
from review.rules.auditing import Kind
from review.simulated import Lamp, LampStage, lamp_of
from vision.envelope import Departure

READINGS, SERIALS = 200, 12


@dataclass(frozen=True)
class LastPart:
    """The newest image of the line, where it went, and by what it leaves what the bands were certified on."""

    item: Item
    routing: Routing
    verdict: str
    outside: Departure | None


@dataclass(frozen=True)
class Saved:
    """Parts that the model decided since the line has its level, and the reading time of people that this saves."""

    parts: int
    minutes: float


@dataclass(frozen=True)
class Audited:
    """What audits have closed since the line last rose: passes of the model, and those that were defects."""

    passes: int
    escapes: int


@dataclass(frozen=True, kw_only=True)
class Board:
    """Everything that changes on the page while somebody looks."""

    line: Line
    lamp: Lamp | None
    last: LastPart | None
    saved: Saved
    holds: list[Hold]
    audited: Audited
    fall: LevelChange | None
    waiting: int
    contained: Containment | None
    serials: list[ContainedRun]
    open_parts: int

    @property
    def must_be_lifted(self) -> bool:
        """Whether a hold stands in the way of a story: any, but one that the lamp's own story has placed."""
        if self.lamp is None or self.lamp.stage == LampStage.NEW:
            return bool(self.holds)
        return any(hold.placed_at < self.lamp.began_at for hold in self.holds)


def of(line: Line, *, now: datetime) -> Board:
    """Return how the line stands now."""
    contained = Containment.objects.filter(line=line, closed_at=None).first()
    return Board(
        line=line,
        lamp=lamp_of(line, now=now),
        last=_last(line),
        saved=_saved(line),
        holds=list(boards.holds_of(line)),
        audited=_audited(line),
        fall=_fall(line),
        waiting=ReviewTask.objects.filter(line=line, queue_rank__isnull=False).count(),
        contained=contained,
        serials=list(containment.listed(contained, only_open=True)[:SERIALS]) if contained else [],
        open_parts=containment.tally(contained)["open"] if contained else 0,
    )


def _last(line: Line) -> LastPart | None:
    routed = Item.objects.filter(line=line, routing__isnull=False).select_related("routing", "run__part")
    item = routed.order_by("-received_at", "-pk").first()
    if item is None:
        return None
    verdict = Disposition.objects.filter(run=item.run_id).values_list("verdict", flat=True).first()
    return LastPart(item, item.routing, verdict or "", _outside(line, item))


def _outside(line: Line, item: Item) -> Departure | None:
    bands = certificates.standing(line, line.present_epoch.model_version_id)
    if bands is None:
        return None
    measured = Measures.objects.filter(item=item).first()
    return certificates.departure(bands, measured) if measured else None


def _saved(line: Line) -> Saved:
    since = _since(line)
    decided = Disposition.objects.filter(line=line, decided_by=DecidedBy.MODEL.value, settled_at__gte=since)
    parts = decided.count()
    return Saved(parts, parts * _reading_s(line, before=since) / 60)


def _since(line: Line) -> datetime:
    risen = LevelChange.objects.filter(line=line, to_level__in=[Level.PARTIAL.value, Level.FULL.value])
    return risen.order_by("-changed_at").values_list("changed_at", flat=True).first() or line.created_at


def _reading_s(line: Line, *, before: datetime) -> float:
    """Return the median seconds of people's last readings before the line rose: what its parts would have taken.

    Simulated readers are quicker than people; by their pace minutes once saved would melt away.
    """
    read = Decision.objects.filter(task__run__line=line, task__run__opened_at__lt=before, phase=Phase.INITIAL.value)
    times = read.order_by("-task__run__opened_at").values_list("shown_at", "decided_at")[:READINGS]
    return median((decided - shown).total_seconds() for shown, decided in times) if times else 0.0


def _audited(line: Line) -> Audited:
    """Count the findings of the line's newest watch, also after it fell."""
    watch = Watch.objects.filter(line=line).order_by("-pk").first()
    found = AuditFinding.objects.filter(watch=watch, kind=Kind.AUTO_PASS.value)
    return Audited(found.count(), found.filter(is_bad=True).count())


def _fall(line: Line) -> LevelChange | None:
    """Return the line's last move where the system took it down."""
    last = LevelChange.objects.filter(line=line).order_by("-changed_at", "-pk").first()
    if last is None or last.changed_by_id is not None:
        return None
    return last if Level(last.to_level).rung < Level(last.from_level).rung else None
