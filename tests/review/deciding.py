"""A line that decides by itself, with audited and passed parts whose outcome a test can name."""

from datetime import datetime

from inspection import dispositions
from inspection.models import Line, ModelVersion, Routing, Run, User
from inspection.rules.words import Call, DecidedBy, Label, Level, Route, Verdict
from review import adjudications, queues
from review.models import Adjudication, ReviewTask
from tests.builders import NOON
from tests.inspection.models import make_bands
from tests.review.scene import later, make_run, make_watched_line, predict, read

UNDO_S = 10


def make_deciding_line(slug: str = "phone-back", *, level: Level = Level.PARTIAL, **fields) -> Line:
    line = make_watched_line(slug, level=level, **fields)
    make_bands(line, line.epoch.model_version)
    return line


def audited(line: Line, serial: str, *, call: Call = Call.PASS, at: datetime = NOON, reason="audit-draw") -> ReviewTask:
    """Return the waiting reading of a part that the model would have decided, but for the audit's draw."""
    item = make_run(line, serial, drawn=("audit",), at=at).items.get()
    predict(item, call)
    return queues.admit(_route(item, Route.HUMAN, reason=reason, call=call, at=at), now=at)[0]


def audit(line: Line, serial: str, reader: User, label: Label, *, at: datetime = NOON, **facts) -> Run:
    """Have an audited part read; `call` and the like go to `audited`, `defect_class` to the reading."""
    spoken = {name: facts.pop(name) for name in ("defect_class",) if name in facts}
    task = audited(line, serial, at=at, **facts)
    read(task, reader, label, at=at, **spoken)
    return task.run


def rule(run: Run, lead: User, label: Label, *, now: datetime, defect_class: str = "scratch") -> None:
    case = Adjudication.objects.get(run=run, ruled_at=None)
    adjudications.rule(case, by=lead, label=label, defect_class=defect_class if label == Label.DEFECT else "", now=now)


def escape(line: Line, serial: str, reader: User, lead: User, *, minute: int = 0, defect_class="scratch") -> Run:
    """Have an audit find a defect that the model would have passed, and a lead confirm it."""
    at = later(60 * minute)
    run = audit(line, serial, reader, Label.DEFECT, at=at, defect_class=defect_class)
    rule(run, lead, Label.DEFECT, now=later(60 * minute + 2 * UNDO_S), defect_class=defect_class)
    return run


def passed(line: Line, serial: str, *, call: Call = Call.PASS, at: datetime = NOON, lot=None) -> Run:
    """Return a part that the model decided by itself: passed, or rejected where it called a defect."""
    run = make_run(line, serial, at=at)
    if lot is not None:
        run.part.lot = lot
        run.part.save(update_fields=["lot"])
    item = run.items.get()
    predict(item, call, score=0.01 if call == Call.PASS else 0.99)
    route = Route.AUTO_PASS if call == Call.PASS else Route.AUTO_REJECT
    routing = _route(item, route, reason="inside-bands", call=call, at=at)
    dispositions.settle_view(
        item,
        verdict=Verdict.PASS if call == Call.PASS else Verdict.REJECT,
        decided_by=DecidedBy.MODEL,
        level=Level(routing.level),
        reason="inside-bands",
        at=at,
        model_version=routing.model_version,
    )
    return run


def model_of(line: Line) -> ModelVersion:
    return line.epoch.model_version


def _route(item, route: Route, *, reason: str, call: Call, at: datetime) -> Routing:
    return Routing.objects.create(
        item=item,
        route=route.value,
        reason=reason,
        level=item.line.level,
        epoch=item.run.epoch,
        model_version=item.run.epoch.model_version,
        bands=item.line.bands,
        call=call.value,
        routed_at=at,
    )
