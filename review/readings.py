"""What people, model and adjudicators have said about the images of a run, gathered as plain facts.

Only final calls are read here. The same gathering serves the finaliser, the rulings and the recount of an epoch.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from uuid import UUID

from inspection.models import Item, Prediction, Routing, Run
from inspection.rules.words import Call, Label, Level, Phase, Policy, Purpose
from review.models import Adjudication, Decision, DecisionFate, Truth
from review.queues import REASON_OVERDUE
from review.rules import adjudication, counting
from review.rules.adjudication import Calls, Cause, Ruling

_INCUMBENT_CALLS = {"pass": Call.PASS, "reject": Call.DEFECT}


@dataclass(kw_only=True)
class ItemReadings:
    """One image: the calls that count, the line's word, the model's call if it counts, and the rulings in order.

    `physical` is what the part itself showed after its verdict; it stands above every ruling.
    """

    item: Item
    run: Run
    primary: Decision | None = None
    revised: Decision | None = None
    overlap: Decision | None = None
    model: Call | None = None
    candidate: Call | None = None
    rulings: list[Ruling] = field(default_factory=list)
    physical: Truth | None = None
    open_cause: Cause | None = None

    @property
    def first(self) -> Decision:
        """Return the first call on the image, which is evidence. Asking before it is final is a bug in the caller."""
        if self.primary is None:
            raise ValueError(f"Item {self.item.pk} has no final first call yet.")
        return self.primary

    @property
    def word(self) -> Decision:
        """Return what the line is told: the call after a reveal where there is one, else the first."""
        return self.revised or self.first

    @property
    def routing(self) -> Routing | None:
        return getattr(self.item, "routing", None)

    @property
    def known(self) -> tuple[Label, str] | None:
        """Return label and class by what the part itself showed, else by the ruling that stands."""
        if self.physical is not None:
            return Label(self.physical.label), self.physical.defect_class
        ruling = adjudication.standing_ruling(self.rulings)
        return (ruling.label, ruling.defect_class) if ruling else None

    def calls(self) -> Calls:
        """Return the calls as the rule of adjudication takes them."""
        return Calls(
            first=Label(self.first.label),
            second=Label(self.overlap.label) if self.overlap else None,
            model=self.model,
            drawn_truth=self.run.drawn_truth,
            drawn_check=self.run.drawn_check_defect,
            candidate=self.candidate,
        )

    def view(self) -> counting.View:
        """Return the image as the rule of counting takes it."""
        calls = self.calls()
        label, known_class = self.known or (None, "")
        return counting.View(
            first=calls.first,
            second=calls.second,
            model=calls.model,
            incumbent=_INCUMBENT_CALLS.get(self.item.incumbent_verdict),
            ruling=label,
            revised=Label(self.revised.label) if self.revised else None,
            ruled_class=known_class,
            policy=Policy(self.routing.policy) if self.routing and self.routing.policy else None,
            is_disputed=self.open_cause in (Cause.DISPUTE, Cause.QUESTION),
            is_blind=self.first.blind and (self.overlap is None or self.overlap.blind),
            is_drawn_ruling=bool(self.rulings),
            is_sampled=self.run.drawn_truth or Level(self.first.level).rung <= Level.ASSIST.rung,
            is_raised=bool(self.rulings) and self.rulings[0].cause in (Cause.CANDIDATE, Cause.QUESTION),
        )


def of_run(run: Run) -> list[ItemReadings]:
    """Return the readings of one run, one entry an image."""
    return of_runs([run])[run.pk]


def of_runs(runs: Iterable[Run]) -> dict[UUID, list[ItemReadings]]:
    """Return the readings of several runs in five statements. Runs come with their epoch."""
    by_run = {run.pk: run for run in runs}
    if not by_run:
        return {}
    items = Item.objects.filter(run__in=by_run).select_related("routing").order_by("pk")
    found = {item.pk: ItemReadings(item=item, run=by_run[item.run_id]) for item in items}
    _add_decisions(found, by_run)
    _add_calls(found, by_run)
    _add_rulings(found, by_run)
    _add_findings(found, by_run)
    grouped: dict[UUID, list[ItemReadings]] = defaultdict(list)
    for readings in found.values():
        grouped[readings.run.pk].append(readings)
    return grouped


def bands_of(readings: Iterable[ItemReadings]) -> int | None:
    """Return the bands under which every image of a run was routed, None where they differ or there were none."""
    bands = {reading.routing.bands_id if reading.routing else None for reading in readings}
    return bands.pop() if len(bands) == 1 else None


def is_whole(run: Run, readings: Iterable[ItemReadings]) -> bool:
    """Say whether every expected view has its final primary call."""
    seen = {reading.item.view for reading in readings if reading.primary}
    return seen.issuperset(run.views_expected)


def _add_decisions(found: dict[UUID, ItemReadings], by_run: dict[UUID, Run]) -> None:
    final = Decision.objects.filter(task__run__in=by_run, fate__fate=DecisionFate.FINAL).select_related("task")
    # Marks, words and the page's own notes are for people to look at; here they would only be unpacked.
    for decision in final.defer("regions", "comment", "page").order_by("recorded_at", "pk"):
        readings = found[decision.task.item_id]
        purpose, phase = decision.task.purpose, decision.phase
        if purpose == Purpose.PRIMARY:
            if phase == Phase.INITIAL:
                readings.primary = decision
            else:
                readings.revised = decision
        elif purpose == Purpose.OVERLAP and phase == Phase.INITIAL:
            readings.overlap = decision


def _add_calls(found: dict[UUID, ItemReadings], by_run: dict[UUID, Run]) -> None:
    models = {run.epoch.model_version_id for run in by_run.values()} - {None}
    if not models:
        return
    # By image, not by run: a database without statistics would else go through all that a model ever said.
    predictions = Prediction.objects.filter(item__in=found, model_version__in=models)
    for prediction in predictions.only("item_id", "model_version_id", "call"):
        readings = found[prediction.item_id]
        if _counts(readings, prediction):
            readings.model = Call(prediction.call)


def _counts(readings: ItemReadings, prediction: Prediction) -> bool:
    """Say whether a prediction is the epoch's own: its model, under its configuration, and in time."""
    run, routing = readings.run, readings.routing
    return (
        prediction.model_version_id == run.epoch.model_version_id
        and routing is not None
        and routing.epoch_id == run.epoch_id
        and routing.reason != REASON_OVERDUE
    )


def _add_rulings(found: dict[UUID, ItemReadings], by_run: dict[UUID, Run]) -> None:
    cases = Adjudication.objects.filter(run__in=by_run)
    for case in cases.order_by("opened_at", "pk"):
        readings = found[case.item_id]
        if case.ruled_at is None:
            readings.open_cause = Cause(case.cause)
        else:
            readings.rulings.append(Ruling(Cause(case.cause), Label(case.label), case.defect_class))


def _add_findings(found: dict[UUID, ItemReadings], by_run: dict[UUID, Run]) -> None:
    # Labels brought in for evaluation belong to no finding and move no count.
    for truth in Truth.objects.filter(finding__run__in=by_run).order_by("n"):
        found[truth.item_id].physical = truth
