"""One part's way up to the reviewer, row by row, so that a test can say what each draw and each call was."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from uuid import uuid4

from inspection import epochs
from inspection.models import Disposition, Item, Line, ModelVersion, Part, Prediction, Routing, Run, Station, User
from inspection.rules.words import Call, Label, Level, Policy, PredictionRole
from review import decisions, queues
from review.decisions import DecisionInput, Recorded
from review.models import Decision, ReviewTask
from tests.builders import NOON, make_line, make_model_version

DRAWS = ("truth", "overlap", "audit", "control", "check_defect", "second_look")
CANARY_SCORE = 0.73193
CANARY_CLASS = "ZZQ"


def later(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


def make_watched_line(slug: str = "phone-glass", *, level: Level = Level.SHADOW, **fields) -> Line:
    """Return a line whose epoch has a model."""
    line = make_line(slug, level=level.value, **fields)
    epochs.enter(line, ModelVersion.objects.first() or make_model_version(), cause="set-up", now=NOON)
    return line


def make_run(
    line: Line,
    serial: str = "A-1",
    *,
    views: tuple[str, ...] = ("front",),
    drawn: tuple[str, ...] = (),
    at: datetime = NOON,
    incumbent: str = "",
    joining: Mapping[str, datetime] | None = None,
    part: Part | None = None,
    position: float = 0.5,
    sha256: str = "",
    station: Station | None = None,
) -> Run:
    """Return a run with all its images taken in, and the draws named. `joining` names views that come later."""
    part = part or Part.objects.create(line=line, serial=serial)
    run = Run.objects.create(
        part=part,
        line=line,
        epoch=line.epoch,
        n=1 + part.runs.count(),
        opened_at=at,
        model_due_at=at + timedelta(seconds=line.model_deadline_s),
        review_due_at=at + timedelta(seconds=line.review_deadline_s),
        views_expected=list(views),
        is_open=False,
        is_showing_due=part.is_challenge,
        salt=line.salts.get(),
        shares={},
        canary_position=position,
        **{f"drawn_{draw}": draw in drawn for draw in DRAWS},
    )
    Disposition.objects.create(run=run, line=line)
    for view in views:
        Item.objects.create(
            run=run,
            line=line,
            station=station,
            view=view,
            captured_at=at,
            received_at=(joining or {}).get(view, at),
            sha256=sha256 or f"{serial}{view}".encode().hex().ljust(64, "0")[:64],
            size_bytes=1000,
            width=640,
            height=480,
            content_type="image/jpeg",
            incumbent_verdict=incumbent,
        )
    return run


def predict(item: Item, call: Call = Call.PASS, *, score: float = CANARY_SCORE, defect_class: str = "") -> Prediction:
    return Prediction.objects.create(
        item=item,
        model_version=item.run.epoch.model_version,
        role=PredictionRole.SERVING.value,
        decoder_id="pillow/1",
        preprocessing_id="rgb-192/1",
        raw_score=score,
        probability=score,
        call=call.value,
        defect_class=defect_class or (CANARY_CLASS if call == Call.DEFECT else ""),
        uncertainty=0.1,
        heatmap=bytes(range(6)),
        heatmap_columns=3,
        ms=5.0,
        created_at=NOON,
    )


def route_to_people(
    item: Item, *, level: Level | None = None, at: datetime = NOON, policy: Policy | None = None
) -> ReviewTask:
    """Route one image to people and return its task."""
    routing = Routing.objects.create(
        item=item,
        route="human",
        reason="level",
        level=(level or Level(item.line.level)).value,
        epoch=item.run.epoch,
        model_version=item.run.epoch.model_version,
        bands=item.line.bands if policy else None,
        policy=policy.value if policy else "",
        routed_at=at,
    )
    return queues.admit(routing, now=at)[0]


def make_task(
    line: Line, serial: str = "A-1", *, call: Call | None = Call.PASS, policy: Policy | None = None, **facts
) -> ReviewTask:
    """Return the waiting task of a part with one view, predicted unless `call` is None."""
    item = make_run(line, serial, **facts).items.get()
    if call is not None and item.run.epoch.model_version:
        predict(item, call)
    return route_to_people(item, at=facts.get("at", NOON), policy=policy)


def an_answer(label: Label = Label.PASS, **fields) -> DecisionInput:
    facts = {
        "decision_id": uuid4(),
        "label": label,
        "defect_class": "scratch" if label == Label.DEFECT else "",
        "shown_at": NOON,
        "decided_at": NOON + timedelta(seconds=2),
        "view_ms": 2000,
    }
    return DecisionInput(**{**facts, **fields})


def lease(task: ReviewTask, person: User, *, at: datetime = NOON) -> ReviewTask:
    """Return the task leased to the person, claimed now unless they hold it; fails where the queue does not give it."""
    held = ReviewTask.objects.filter(pk=task.pk, lease_holder=person, lease_until__gt=at)
    claimed = list(held.select_related("line", "item", "run")) or queues.claim(
        person, task.line, count=6, tab="t", now=at
    )
    return next(one for one in claimed if one.pk == task.pk)


def answer(task: ReviewTask, person: User, label: Label = Label.PASS, *, at: datetime = NOON, **fields) -> Recorded:
    """Lease the task and decide it."""
    mine = lease(task, person, at=at)
    return decisions.record(mine, person=person, token=mine.lease_token, decision=an_answer(label, **fields), now=at)


def read(task: ReviewTask, person: User, label: Label = Label.PASS, *, at: datetime = NOON, **fields) -> Decision:
    """Lease, decide, and let the undo window close."""
    recorded = answer(task, person, label, at=at, **fields)
    decisions.finalise_due(now=recorded.decision.final_at)
    return recorded.decision
