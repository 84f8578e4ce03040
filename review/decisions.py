"""What people say about images: kept as provisional, taken back inside the undo window, made final once."""

import logging
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import prefetch_related_objects
from django.utils.translation import gettext as _

from inspection import bulkheads, dispositions
from inspection.models import Prediction, User
from inspection.rules.words import Call, Phase, Purpose
from review import adjudications, consequences, counts, late_calls, queues, readings, sights
from review.calls import AlreadyDecided, DecisionInput, History, Said
from review.consequences import Final
from review.faults import Fault, Invalid, class_faults, region_faults, text_faults
from review.gold_models import PlantedCall
from review.models import Decision, DecisionFate, PendingDecision, ReviewTask
from review.queues import Lease, LeaseLost
from review.rules import blindness, patience
from review.rules.blindness import Sight

logger = logging.getLogger(__name__)

# Someone who looks at a prediction needs longer than the undo of a slip.
REVEAL_WINDOW = timedelta(seconds=30)
FINALISED_AT_ONCE = 100


class UndoExpired(Exception):
    """The decision is final."""


class NotAmendable(Exception):
    """Only one's own final call can be amended, once."""


@dataclass(frozen=True, kw_only=True)
class Recorded:
    """The call as it was kept, and the prediction where the answer to the call shows it."""

    decision: Decision
    reveal: Prediction | PlantedCall | None
    is_replay: bool = False


@dataclass(frozen=True, kw_only=True)
class Undone:
    """The task, leased again (None when it went on meanwhile).

    `reopens_final` where a first call stands and only the final one is asked again.
    """

    task: ReviewTask | None
    reopens_final: bool = False
    reveal: Prediction | PlantedCall | None = None


@dataclass(frozen=True)
class _Kept:
    """A call on its way to its row, the first call that it follows, what its answer shows, and the lease it spends."""

    decision: Decision
    first: Decision | None
    reveal: Prediction | PlantedCall | None
    lease: Lease


# Recording ------------------------------------------------------------------------------------------------------


def record(task: ReviewTask, *, person: User, token: int, decision: DecisionInput, now: datetime) -> Recorded:
    """Keep one call as `record_all` does; where its lease is lost, as a note. At most eight statements."""
    said = Said(task, token, decision)
    try:
        return record_all([said], person=person, now=now)[0]
    except LeaseLost:
        late_calls.keep(said, person=person, now=now)
        raise


def record_all(said: Sequence[Said], *, person: User, now: datetime) -> list[Recorded]:
    """Keep a person's calls, one a task, as provisional until their undo window closes: all of them, or none.

    The first call is blind evidence; only then may the answer show the prediction, and a call of phase `final`
    keep or change it. The same `decision_id` again gives the same answer. The answers come in the order of the calls,
    and the statements are as many for one as for a hundred.
    Raises Invalid, LeaseLost or AlreadyDecided.
    """
    history = History(said, person=person)
    replays = _replays(said, history)
    fresh = [one for one in said if one.task.pk not in replays]
    if not fresh:
        return [replays[one.task.pk] for one in said]
    _check(fresh)
    kept = _unsaved(fresh, history, person=person, now=now)
    try:
        with transaction.atomic(savepoint=False):
            if _take(kept, person=person, now=now):
                _keep(kept)
                told = {one.decision.task_id: Recorded(decision=one.decision, reveal=one.reveal) for one in kept}
                return [replays.get(one.task.pk) or told[one.task.pk] for one in said]
    except IntegrityError:
        # The same round was decided in this very moment; _refuse finds by which call.
        logger.info("Two calls in one round of a task among %s", [one.task.pk for one in said])
    return [_refuse(one, person) for one in said]


def reveal_of(decision: Decision) -> Prediction | PlantedCall | None:
    """Return the prediction that the answer to this call showed, None where it showed none."""
    if decision.revealed_at is None or decision.phase != Phase.INITIAL:
        return None
    return sights.prediction_of(decision.task)


def _replays(said: Iterable[Said], history: History) -> dict[UUID, Recorded]:
    """Return by task the calls that are on record already, with the answers they had."""
    known = {one.task.pk: history.replayed(one) for one in said}
    return {
        task: Recorded(decision=decision, reveal=reveal_of(decision), is_replay=True)
        for task, decision in known.items()
        if decision is not None
    }


def _check(said: Sequence[Said]) -> None:
    """Raise Invalid for the first call that means nothing on its line."""
    with_class = [one.task.line for one in said if one.decision.defect_class]
    prefetch_related_objects(with_class, "defect_classes")
    for one in said:
        decision = one.decision
        faults = [
            *class_faults(one.task.line, decision.label, decision.defect_class),
            *region_faults(decision.regions, one.task.item),
            *text_faults(decision.comment, pointer="/comment"),
        ]
        if faults:
            raise Invalid(faults)


def _reveals(said: Iterable[Said]) -> dict[UUID, Prediction | PlantedCall]:
    """Return by task the predictions that the answers show. Where nothing is shown, nothing is looked up."""
    asked = {one.task.pk: one for one in said if _may_reveal(one)}
    told = sights.told([one.task for one in asked.values()])
    return {
        task: prediction
        for task, prediction in told.items()
        if blindness.reveals(
            Sight.AFTER_CALL,
            call=Call(prediction.call),
            label=asked[task].decision.label,
            asked=asked[task].decision.ask_reveal,
        )
    }


def _may_reveal(said: Said) -> bool:
    return said.decision.phase == Phase.INITIAL and sights.of(said.task) == Sight.AFTER_CALL


def _take(kept: Sequence[_Kept], *, person: User, now: datetime) -> bool:
    """Spend the leases on the calls; with a reveal one is kept for the final call. False when none is there.

    Raises LeaseLost, and with it keeps nothing, where only some are there.
    """
    spent = [one.lease for one in kept if one.reveal is None]
    taken = queues.held(spent, person=person, now=now).update(lease_holder=None, lease_until=None)
    waiting: dict[datetime, list[Lease]] = defaultdict(list)
    for one in kept:
        if one.reveal is not None:
            waiting[queues.lease_end(one.decision.task, person=person, now=now)].append(one.lease)
    for until, leases in waiting.items():
        taken += queues.held(leases, person=person, now=now).update(lease_until=until)
    if 0 < taken < len(kept):
        raise LeaseLost(f"{len(kept) - taken} of {len(kept)} tasks are not leased to {person} under their tokens.")
    return taken == len(kept)


def _refuse(said: Said, person: User) -> Recorded:
    """Say why the lease is not there: the same call won the race, the round is decided, or the lease is lost."""
    history = History([said], person=person)
    replay = _replays([said], history).get(said.task.pk)
    if replay:
        return replay
    if history.is_decided(said):
        raise AlreadyDecided(f"{person} has decided task {said.task.pk} in phase {said.decision.phase}.")
    raise LeaseLost(f"Task {said.task.pk} is not leased to {person} under this token.")


def _unsaved(said: Sequence[Said], history: History, *, person: User, now: datetime) -> list[_Kept]:
    firsts = {one.task.pk: history.first_call(one) for one in said}
    reveals = _reveals(said)
    kept = []
    for one in said:
        first, reveal = firsts[one.task.pk], reveals.get(one.task.pk)
        decision = _decision(one, person, first=first, round_=history.round_of(one), reveal=reveal, now=now)
        kept.append(_Kept(decision, first, reveal, (one.task.pk, one.token)))
    return kept


def _decision(
    said: Said,
    person: User,
    *,
    first: Decision | None,
    round_: int,
    reveal: Prediction | PlantedCall | None = None,
    now: datetime,
) -> Decision:
    task, decision = said.task, said.decision
    window = timedelta(seconds=task.line.undo_s)
    alongside = first is None and sights.was_alongside(task)
    revealed_at = first.revealed_at if first else now if reveal else decision.shown_at if alongside else None
    return Decision(
        id=decision.decision_id,
        task=task,
        person=person,
        round=round_,
        phase=decision.phase.value,
        label=decision.label.value,
        defect_class=decision.defect_class,
        regions=decision.regions,
        comment=decision.comment,
        shown_at=decision.shown_at,
        decided_at=decision.decided_at,
        view_ms=decision.view_ms,
        page=decision.page,
        level=task.level,
        blind=first is None and not alongside,
        reveal_asked=decision.ask_reveal,
        revealed_at=revealed_at,
        recorded_at=now,
        final_at=_final_at(task, person, max(window, REVEAL_WINDOW) if reveal else window, now=now),
    )


def _final_at(task: ReviewTask, person: User, window: timedelta, *, now: datetime) -> datetime:
    return patience.end(window, factor=patience.factor(person.preferences), due=task.due_at, now=now)


def _keep(kept: Sequence[_Kept]) -> None:
    """Write the calls, let each first one wait for its final one, and the line know when the verdicts stand."""
    decisions = [one.decision for one in kept]
    Decision.objects.bulk_create(decisions)
    PendingDecision.objects.bulk_create(PendingDecision(decision=one, final_at=one.final_at) for one in decisions)
    for final_at in {one.final_at for one in decisions}:
        mine = [one for one in kept if one.decision.final_at == final_at]
        firsts = [one.first for one in mine if one.first is not None]
        if firsts:
            PendingDecision.objects.filter(decision__in=firsts).update(final_at=final_at)
        dispositions.expect([one.decision.task.run_id for one in mine], final_at=final_at)


# Taking back and correcting -------------------------------------------------------------------------------------


@transaction.atomic
def undo(decision_id: UUID, *, person: User, now: datetime) -> Undone:
    """Take a provisional call back and lease the task to the person again. Doing so twice is the same as once.

    A first call that was answered with the prediction stays as evidence: undoing it opens the final call again.
    Raises Decision.DoesNotExist for a call that is not this person's, UndoExpired when it is final.
    """
    decision = Decision.objects.get(pk=decision_id, person=person)
    # The task's row is the lock that undo and the finaliser share; the fate row says who came first.
    task = _locked(decision.task_id)
    if DecisionFate.objects.filter(decision=decision, fate=DecisionFate.UNDONE).exists():
        return Undone(task=task if task.lease_holder_id == person.pk else None)
    window = PendingDecision.objects.filter(decision__task=task, decision__person=person, final_at__gt=now)
    if not window.filter(decision=decision).exists():
        raise UndoExpired(f"Decision {decision_id} is final.")
    answered = decision.phase == Phase.INITIAL and decision.revealed_at is not None and decision.blind
    is_final = answered or decision.phase == Phase.FINAL
    if is_final:
        # The first call waits for another final one, as it did for the one that is taken back.
        first = window.filter(decision__phase=Phase.INITIAL)
        first.update(final_at=_final_at(task, person, REVEAL_WINDOW, now=now))
    if answered:
        later = window.exclude(decision=decision).select_related("decision")
        taken_back = [pending.decision for pending in later]
    else:
        taken_back = [decision]
    for one in taken_back:
        if not _seal(one, DecisionFate.UNDONE, now=now):
            raise UndoExpired(f"Decision {decision_id} is final.")
    dispositions.expect([task.run_id], final_at=None)
    _lease_again(task, person, now=now)
    return Undone(task=task, reopens_final=is_final, reveal=sights.prediction_of(task) if is_final else None)


@transaction.atomic
def amend(decision_id: UUID, *, person: User, amendment: DecisionInput, now: datetime) -> Decision:
    """Say later, with a reason as the comment, that a final call was wrong. Both stay; an adjudicator rules.

    The same amendment again gives the same answer. Raises Decision.DoesNotExist, NotAmendable or Invalid.
    """
    original = Decision.objects.get(pk=decision_id, person=person)
    task = _locked(original.task_id)
    original.task = task
    known = Decision.objects.filter(pk=amendment.decision_id).first()
    if known is not None:
        return _same_amendment(known, task, person)
    if not DecisionFate.objects.filter(decision=original, fate=DecisionFate.FINAL).exists():
        raise NotAmendable("Only a final call can be amended; undo a provisional one.")
    if DecisionFate.objects.filter(decision__task=task, decision__person=person, fate=DecisionFate.AMENDED).exists():
        raise NotAmendable("This call was amended before; an adjudicator rules on it.")
    amendment = replace(amendment, phase=Phase.FINAL)
    said = Said(task, task.lease_token, amendment)
    _check([said])
    round_ = History([said], person=person).round_of(said)
    kept = _decision(said, person, first=original, round_=round_, now=now)
    kept.save(force_insert=True)
    _seal(kept, DecisionFate.AMENDED, now=now)
    if task.purpose != Purpose.GOLD:
        counts.lock([task.run])
        adjudications.dispute(original, kept, now=now)
        counts.count_run(task.run, readings.of_run(task.run), cause=f"decision:{kept.pk}", now=now)
    return kept


def _same_amendment(known: Decision, task: ReviewTask, person: User) -> Decision:
    if known.task_id != task.pk or known.person_id != person.pk:
        fault = Fault(pointer="/decision_id", detail=_("The id belongs to another decision."), code="taken")
        raise Invalid([fault])
    return known


def _locked(task_id: UUID) -> ReviewTask:
    tasks = ReviewTask.objects.select_for_update(of=("self",))
    return tasks.select_related("line", "item__run", "item__measures", "run__epoch", "run__line", "run__part").get(
        pk=task_id
    )


def _seal(decision: Decision, fate: str, *, now: datetime) -> bool:
    """Write what became of the decision, once. False when another fate was written first."""
    try:
        with transaction.atomic():
            _give_fate([decision], fate, now=now)
    except IntegrityError:
        return False
    return True


def _give_fate(decisions: Sequence[Decision], fate: str, *, now: datetime) -> None:
    DecisionFate.objects.bulk_create(DecisionFate(decision=one, fate=fate, at=now) for one in decisions)
    PendingDecision.objects.filter(decision__in=decisions).delete()


def _lease_again(task: ReviewTask, person: User, *, now: datetime) -> None:
    task.lease_holder, task.lease_until = person, queues.lease_end(task, person=person, now=now)
    task.lease_token += 1
    task.save(update_fields=["lease_holder", "lease_until", "lease_token"])


# Making final ---------------------------------------------------------------------------------------------------


def finalise_due(*, now: datetime, limit: int = 500) -> int:
    """Make decisions final whose undo window closed, with all that follows. The single finaliser. Return how many.

    Tasks go in batches, each in a transaction of its own: what was made final stays so, whatever happens to the next
    batch. A run is at most once in a batch, so that its second reading meets all that the first one has left. Each
    line has its own batches and its own `limit`, so that one on which nothing can become final holds up no other.
    """
    due = PendingDecision.objects.filter(final_at__lte=now).order_by("final_at", "pk")
    tasks: dict[int, dict[UUID, UUID]] = defaultdict(dict)
    for line, task, run in due.values_list("decision__task__line", "decision__task", "decision__task__run"):
        if len(tasks[line]) < limit:
            tasks[line][task] = run
    batches = [(line, batch) for line, mine in tasks.items() for batch in _batches(mine)]
    return bulkheads.each("make calls final", batches, partial(_finalise, now=now))


def _batches(runs: dict[UUID, UUID]) -> Iterator[list[UUID]]:
    """Yield tasks in their order, each as early as a batch has room for it and not its run."""
    waiting = runs
    while waiting:
        taken: dict[UUID, UUID] = {}
        for task, run in waiting.items():
            if run not in taken and len(taken) < FINALISED_AT_ONCE:
                taken[run] = task
        yield list(taken.values())
        waiting = {task: run for task, run in waiting.items() if task not in taken.values()}


@transaction.atomic
def _finalise(task_ids: Sequence[UUID], *, now: datetime) -> int:
    # The busiest deed of all reads what it needs and no more: not the image's measures, nor the line for each task.
    tasks = ReviewTask.objects.select_for_update(of=("self",)).filter(pk__in=task_ids)
    whole = tasks.select_related("item", "run__part").prefetch_related("run__epoch", "run__line", "line")
    locked = {task.pk: task for task in whole.order_by("pk")}
    ripe = PendingDecision.objects.filter(decision__task__in=task_ids, final_at__lte=now).select_related("decision")
    pending = [one.decision for one in ripe.order_by("decision__recorded_at", "pk")]
    # Under the tasks' locks a pending call has no fate yet.
    _give_fate(pending, DecisionFate.FINAL, now=now)
    sealed: dict[UUID, Decision] = {}
    for decision in pending:
        sealed.setdefault(decision.task_id, decision)
    ReviewTask.objects.filter(pk__in=sealed).update(lease_holder=None, lease_until=None, queue_rank=None, closed_at=now)
    final = [Final(locked[pk], sealed[pk]) for pk in task_ids if pk in sealed]
    consequences.follow([one for one in final if one.task.purpose != Purpose.GOLD], now=now)
    return len(pending)
