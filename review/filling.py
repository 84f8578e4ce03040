"""Bulk loading of a line's past and queue: for the demo's history, for benchmarks and for page tests.

Rows come out as the deeds would have written them, with every draw, ruling, count and sequence number; `recount`
proves it. Only the work orders and stage runs of long finished items are left out.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

from django.db import transaction
from django.db.models import Model

from inspection import certificates, intake
from inspection.models import (
    Bands,
    Disposition,
    DispositionSequence,
    Item,
    LevelChange,
    LevelProposal,
    Line,
    Measures,
    ModelVersion,
    Part,
    Prediction,
    Routing,
    Run,
    Salt,
    Station,
    User,
    ViewVerdict,
)
from inspection.rules.words import (
    DecidedBy,
    Label,
    Level,
    Phase,
    PredictionRole,
    ProposalStatus,
    Purpose,
    Route,
    TruthSource,
    Verdict,
)
from review import counts, shots
from review.models import Adjudication, Decision, DecisionFate, ReviewTask, Truth
from review.rules import adjudication, priority
from review.rules.adjudication import Calls, Cause, Ruling
from review.shots import Shot

BATCH = 1000
# From the arrival of an image to the moment it is on a screen, and how long it is then looked at.
WAITING = LOOK = timedelta(seconds=2)
# Twice, where a ruling is looked at again, it stays within the hour that the demo leaves before now.
RULED_AFTER = timedelta(minutes=25)
VERDICTS = {Label.PASS: Verdict.PASS, Label.DEFECT: Verdict.REJECT, Label.CANNOT_JUDGE: Verdict.HOLD}


@dataclass(frozen=True, kw_only=True)
class Past:
    """One part's finished way: who read it how, and what the ruling says where the rules ask for one.

    A run that names no part yet makes the first entry of a part of this serial. Without `is_ruled` the case is open.
    """

    run: Run
    shot: Shot
    serial: str
    reader: User
    second_reader: User
    adjudicator: User
    second_adjudicator: User
    label: Label
    defect_class: str = ""
    second_label: Label | None = None
    truth: Label = Label.PASS
    truth_class: str = ""
    is_ruled: bool = True
    incumbent: str = ""
    look: timedelta = LOOK


def runs_at(line: Line, moments: Iterable[datetime]) -> Iterator[Run]:
    """Yield unsaved runs of the line's epoch with their draws made, one for each moment."""
    salt = Salt.objects.filter(line=line).latest("created_at")
    for moment in moments:
        yield intake.new_run(line, n=1, salt=salt, now=moment)


def stand(line: Line, steps: Iterable[tuple[Level, datetime]], *, leads: tuple[User, User], cause: str) -> None:
    """Put the line on a rung with a past that says when and by whom: each step as if two leads had signed it."""
    first, second = leads
    for to_level, moment in steps:
        step = {"from_level": list(Level)[to_level.rung - 1].value, "to_level": to_level.value}
        proposal = LevelProposal.objects.create(
            line=line,
            **step,
            status=ProposalStatus.APPROVED.value,
            reason=cause,
            opened_at=moment,
            expires_at=moment,
            proposer=first,
            proposed_at=moment,
            approver=second,
            approved_at=moment,
            closed_at=moment,
        )
        LevelChange.objects.create(
            line=line, **step, epoch=line.epoch, cause=cause, proposal=proposal, changed_at=moment
        )
        line.level = to_level.value
    line.save(update_fields=["level"])


def write_past(line: Line, pasts: Iterable[Past], *, station: Station) -> int:
    """Write finished parts and count them. Return how many. They come in the order in which they were decided."""
    written = 0
    pasts = iter(pasts)
    while batch := list(islice(pasts, BATCH)):
        with transaction.atomic():
            _write_batch(line, batch, station)
        written += len(batch)
    while counts.fold(now=line.created_at):
        continue
    return written


@transaction.atomic
def write_waiting(line: Line, runs: Iterable[tuple[Run, Shot, str]], *, station: Station) -> int:
    """Write parts whose reading is still asked for: (run, shot, serial) each. Return how many."""
    runs = list(runs)
    items = _intake_rows(line, [(run, shot, serial, "") for run, shot, serial in runs], station)
    Disposition.objects.bulk_create(Disposition(run=run, line=line) for run, _, _ in runs)
    ReviewTask.objects.bulk_create(
        ReviewTask(
            line=line,
            item=item,
            run=item.run,
            purpose=Purpose.PRIMARY.value,
            level=line.level,
            assist_style=line.assist_style,
            is_control=item.run.drawn_control,
            queue_rank=priority.rank(item.run.review_due_at),
            due_at=item.run.review_due_at,
            created_at=item.received_at,
        )
        for item in items
    )
    return len(items)


# One batch ------------------------------------------------------------------------------------------------------


def _write_batch(line: Line, pasts: list[Past], station: Station) -> None:
    for past in pasts:
        past.run.is_open, past.run.is_settled = False, True
    items = _intake_rows(line, [(past.run, past.shot, past.serial, past.incumbent) for past in pasts], station)
    readings = [_Reading(line, past, item) for past, item in zip(pasts, items, strict=True)]
    _write_dispositions(line, readings)
    for model in (ReviewTask, Decision, DecisionFate, Adjudication, Truth):
        model.objects.bulk_create([row for reading in readings for row in reading.rows_of(model)])
    counts.backfill([past.run for past in pasts])


def _intake_rows(line: Line, arrivals: Sequence[tuple[Run, Shot, str, str]], station: Station) -> list[Item]:
    """Write part, run, item, measures, prediction and routing of each arrival."""
    model_version = line.present_epoch.model_version
    first_entries = [(run, Part(line=line, serial=serial)) for run, _, serial, _ in arrivals if run.part_id is None]
    Part.objects.bulk_create(part for _, part in first_entries)
    for run, part in first_entries:
        run.part = part
    Run.objects.bulk_create(run for run, *_ in arrivals)
    items = [_item(line, run, shot, incumbent, station) for run, shot, _, incumbent in arrivals]
    Item.objects.bulk_create(items)
    shots = [shot for _, shot, *_ in arrivals]
    paired = list(zip(items, shots, strict=True))
    Measures.objects.bulk_create(Measures(item=item, **shot.measures) for item, shot in paired if shot.measures)
    if model_version is not None:
        said = [(item, shot.opinion) for item, shot in paired if shot.opinion]
        Prediction.objects.bulk_create(_prediction(item, opinion, model_version) for item, opinion in said)
    bands = certificates.standing(line, line.present_epoch.model_version_id)
    Routing.objects.bulk_create(_routing(line, item, shot, model_version, bands) for item, shot in paired)
    return items


def _item(line: Line, run: Run, shot: Shot, incumbent: str, station: Station) -> Item:
    return Item(
        run=run,
        line=line,
        station=station,
        view=line.main_view,
        captured_at=run.opened_at - timedelta(milliseconds=80),
        received_at=run.opened_at,
        sha256=shot.sha256,
        size_bytes=shot.size_bytes,
        width=shot.width,
        height=shot.height,
        content_type=shot.content_type,
        incumbent_verdict=incumbent,
    )


def _prediction(item: Item, opinion: dict[str, Any], model_version: ModelVersion) -> Prediction:
    return Prediction(
        item=item,
        model_version=model_version,
        role=PredictionRole.SERVING.value,
        created_at=item.received_at + timedelta(milliseconds=120),
        **opinion,
    )


def _routing(line: Line, item: Item, shot: Shot, model_version: ModelVersion | None, bands: Bands | None) -> Routing:
    return Routing(
        item=item,
        route=Route.HUMAN.value,
        reason="level",
        level=line.level,
        epoch=line.epoch,
        model_version=model_version,
        bands=bands,
        policy=shots.policy_of(shot, line=line, run=item.run, bands=bands) if bands else "",
        call=shot.opinion["call"] if shot.opinion and model_version else "",
        routed_at=item.received_at + timedelta(milliseconds=150),
    )


def _write_dispositions(line: Line, readings: list["_Reading"]) -> None:
    sequence, _ = DispositionSequence.objects.select_for_update().get_or_create(line=line)
    settled = []
    for place, reading in enumerate(readings, start=sequence.last + 1):
        settled.append(reading.disposition(sequence=place))
    Disposition.objects.bulk_create(settled)
    ViewVerdict.objects.bulk_create(reading.view_verdict() for reading in readings)
    sequence.last += len(settled)
    sequence.save(update_fields=["last"])
    bad = [reading.past.run.part_id for reading in readings if reading.past.label != Label.PASS]
    Part.objects.filter(pk__in=bad).update(ever_rejected_or_held=True)


class _Reading:
    """The rows of one finished part beyond its intake, made by the same rules that the finaliser asks."""

    def __init__(self, line: Line, past: Past, item: Item) -> None:
        self.line, self.past, self.item, self.run = line, past, item, past.run
        self.decided_at = past.run.opened_at + WAITING + past.look
        self.final_at = self.decided_at + timedelta(seconds=line.undo_s)
        self.task = self._task(Purpose.PRIMARY)
        self.first = self._decision(self.task, past.reader, past.label, past.defect_class, self.decided_at)
        self.overlap_task = self._task(Purpose.OVERLAP) if past.run.drawn_overlap else None
        self.second = self._second(self.overlap_task) if self.overlap_task else None
        self.cases = self._cases()

    def rows_of(self, model: type[Model]) -> list[Any]:
        rows: dict[type[Model], list[Any]] = {
            ReviewTask: [task for task in (self.task, self.overlap_task) if task],
            Decision: self._decisions,
            DecisionFate: [DecisionFate(decision=d, fate=DecisionFate.FINAL, at=d.final_at) for d in self._decisions],
            Adjudication: self.cases,
            Truth: self._truths(),
        }
        return rows[model]

    def disposition(self, *, sequence: int) -> Disposition:
        return Disposition(
            run=self.run,
            line=self.line,
            verdict=VERDICTS[self.past.label].value,
            decided_by=DecidedBy.HUMAN.value,
            level=self.line.level,
            reason=self._reason,
            settled_at=self.final_at,
            final_at=self.final_at,
            sequence=sequence,
            sequenced_at=self.final_at,
        )

    def view_verdict(self) -> ViewVerdict:
        return ViewVerdict(
            item=self.item,
            run=self.run,
            verdict=VERDICTS[self.past.label].value,
            decided_by=DecidedBy.HUMAN.value,
            level=self.line.level,
            reason=self._reason,
            given_at=self.final_at,
        )

    @property
    def _reason(self) -> str:
        return f"called {self.past.label.value.replace('_', ' ')}"

    @property
    def _decisions(self) -> list[Decision]:
        return [decision for decision in (self.first, self.second) if decision]

    def _task(self, purpose: Purpose) -> ReviewTask:
        return ReviewTask(
            line=self.line,
            item=self.item,
            run=self.run,
            purpose=purpose.value,
            level=self.line.level,
            assist_style=self.line.assist_style,
            is_control=self.run.drawn_control,
            not_for=self.past.reader if purpose == Purpose.OVERLAP else None,
            lease_token=1,
            due_at=self.run.review_due_at,
            created_at=self.item.received_at,
            closed_at=self.final_at,
        )

    def _second(self, task: ReviewTask) -> Decision:
        label = self.past.second_label or self.past.label
        defect_class = (self.past.truth_class or self.past.defect_class) if label == Label.DEFECT else ""
        at = self.final_at + timedelta(minutes=2)
        return self._decision(task, self.past.second_reader, label, defect_class, at)

    def _decision(self, task: ReviewTask, person: User, label: Label, defect_class: str, at: datetime) -> Decision:
        return Decision(
            task=task,
            person=person,
            phase=Phase.INITIAL.value,
            label=label.value,
            defect_class=defect_class,
            shown_at=at - self.past.look,
            decided_at=at,
            view_ms=self.past.look // timedelta(milliseconds=1),
            level=self.line.level,
            blind=True,
            recorded_at=at,
            final_at=at + timedelta(seconds=self.line.undo_s),
        )

    def _cases(self) -> list[Adjudication]:
        """Return the rulings that the rules ask for, the second look at a drawn pass included."""
        calls = Calls(
            first=Label(self.first.label),
            second=Label(self.second.label) if self.second else None,
            model=self.past.shot.call if self.line.present_epoch.model_version_id else None,
            drawn_truth=self.run.drawn_truth,
            drawn_check=self.run.drawn_check_defect,
        )
        cause = adjudication.cause(calls)
        if cause is None:
            return []
        if not self.past.is_ruled:
            return [self._asked(cause, self.final_at)]
        first = self._case(cause, self.past.adjudicator, self.final_at)
        ruling = Ruling(cause, self.past.truth)
        if cause == Cause.TRUTH_DRAW and adjudication.wants_another_look(
            [ruling], drawn_second_look=self.run.drawn_second_look
        ):
            return [first, self._case(Cause.SECOND_LOOK, self.past.second_adjudicator, self.final_at + RULED_AFTER)]
        return [first]

    def _case(self, cause: Cause, ruled_by: User, opened_at: datetime) -> Adjudication:
        case = self._asked(cause, opened_at)
        case.label = self.past.truth.value
        if self.past.truth == Label.DEFECT:
            case.defect_class = self.past.truth_class or self.past.defect_class
        case.ruled_by, case.ruled_at = ruled_by, opened_at + RULED_AFTER
        return case

    def _asked(self, cause: Cause, opened_at: datetime) -> Adjudication:
        return Adjudication(
            line=self.line,
            item=self.item,
            run=self.run,
            cause=cause.value,
            first=self.first,
            second=self.second,
            swapped=self.item.pk.int % 2 == 0,
            opened_at=opened_at,
        )

    def _truths(self) -> list[Truth]:
        source = TruthSource.CONSENSUS if self.second and self.second.label == self.first.label else TruthSource.SINGLE
        first = Truth(
            item=self.item,
            n=1,
            label=self.first.label,
            defect_class=self.first.defect_class,
            source=source.value,
            person=self.past.reader,
            created_at=self.final_at,
        )
        ruled = [case for case in self.cases if case.ruled_at]
        return [first, *(self._ruled(case, n) for n, case in enumerate(ruled, start=2))]

    def _ruled(self, case: Adjudication, n: int) -> Truth:
        return Truth(
            item=self.item,
            n=n,
            label=case.label,
            defect_class=case.defect_class,
            source=TruthSource.ADJUDICATION.value,
            person=case.ruled_by,
            adjudication=case,
            created_at=case.opened_at + RULED_AFTER,
        )
