"""What people say about images: kept as provisional, taken back inside the undo window, made final once."""

import logging
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from inspection import dispositions
from inspection.models import Prediction, User
from inspection.rules.words import Call, Label, Phase, Purpose
from review import adjudications, consequences, counts, queues, readings, sights
from review.faults import Fault, Invalid, class_faults, region_faults, text_faults
from review.models import Decision, DecisionFate, PendingDecision, ReviewTask
from review.queues import LeaseLost
from review.rules import blindness
from review.rules.blindness import Sight

logger = logging.getLogger(__name__)

# Someone who looks at a prediction needs longer than the undo of a slip.
REVEAL_WINDOW = timedelta(seconds=30)


class AlreadyDecided(Exception):
    """This person's call in this phase is on record."""


class UndoExpired(Exception):
    """The decision is final."""


class NotAmendable(Exception):
    """Only one's own final call can be amended, once."""


@dataclass(frozen=True, kw_only=True)
class DecisionInput:
    """What the page sends. Shape was checked at the door; meaning is checked by `record`."""

    decision_id: UUID
    label: Label
    shown_at: datetime
    decided_at: datetime
    view_ms: int
    defect_class: str = ""
    regions: list[dict[str, float]] = field(default_factory=list)
    comment: str = ""
    phase: Phase = Phase.INITIAL
    ask_reveal: bool = False
    page: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Recorded:
    """The call as it was kept, and the prediction where the answer to the call shows it."""

    decision: Decision
    reveal: Prediction | None
    is_replay: bool = False


@dataclass(frozen=True, kw_only=True)
class Undone:
    """The task, leased again (None when it went on meanwhile).

    `reopens_final` where a first call stands and only the final one is asked again.
    """

    task: ReviewTask | None
    reopens_final: bool = False
    reveal: Prediction | None = None


# Recording ------------------------------------------------------------------------------------------------------


def record(task: ReviewTask, *, person: User, token: int, decision: DecisionInput, now: datetime) -> Recorded:
    """Keep the call as provisional until its undo window closes.

    The first call is blind evidence; only then may the answer show the prediction, and a call of phase `final`
    keep or change it. The same `decision_id` again gives the same answer. At most eight statements.
    Raises Invalid, LeaseLost or AlreadyDecided. The task comes with its line, item and run.
    """
    earlier = _earlier(task, person, decision.decision_id)
    replay = _replay(earlier, task, person, decision)
    if replay:
        return replay
    _check(task, decision)
    first = _first_call(earlier, decision)
    reveal = _reveal(task, decision)
    try:
        with transaction.atomic(savepoint=False):
            if _take(task, person=person, token=token, keep=reveal is not None, now=now):
                round_ = _round(earlier, decision.phase)
                kept = _keep(task, person, decision, first=first, round_=round_, reveal=reveal, now=now)
                _announce(task, kept, first=first)
                return Recorded(decision=kept, reveal=reveal)
    except IntegrityError:
        # The same round was decided in this very moment; _refuse finds by which call.
        logger.info("Two calls in one round of task %s", task.pk)
    return _refuse(task, person, decision)


def reveal_of(decision: Decision) -> Prediction | None:
    """Return the prediction that the answer to this call showed, None where it showed none."""
    if decision.revealed_at is None or decision.phase != Phase.INITIAL:
        return None
    return sights.prediction_of(decision.task)


def _earlier(task: ReviewTask, person: User, decision_id: UUID) -> list[Decision]:
    """Return this person's calls on the task, and whatever has the id: one statement."""
    mine = Q(task=task, person=person) | Q(pk=decision_id)
    return list(Decision.objects.filter(mine).select_related("fate").order_by("recorded_at", "pk"))


def _replay(earlier: list[Decision], task: ReviewTask, person: User, decision: DecisionInput) -> Recorded | None:
    known = next((one for one in earlier if one.pk == decision.decision_id), None)
    if known is None:
        return None
    if known.task_id != task.pk or known.person_id != person.pk or not _says_the_same(known, decision):
        fault = Fault(pointer="/decision_id", detail=_("The id belongs to another decision."), code="taken")
        raise Invalid([fault])
    known.task = task
    return Recorded(decision=known, reveal=reveal_of(known), is_replay=True)


def _says_the_same(known: Decision, decision: DecisionInput) -> bool:
    said = (decision.label, decision.defect_class, decision.phase, decision.comment)
    return said == (known.label, known.defect_class, known.phase, known.comment)


def _check(task: ReviewTask, decision: DecisionInput) -> None:
    faults = [
        *class_faults(task.line, decision.label, decision.defect_class),
        *region_faults(decision.regions, task.item),
        *text_faults(decision.comment, pointer="/comment"),
    ]
    if faults:
        raise Invalid(faults)


def _reveal(task: ReviewTask, decision: DecisionInput) -> Prediction | None:
    """Return the prediction if the answer to this call shows it. Where nothing is shown, nothing is looked up."""
    seen = sights.of(task)
    if seen != Sight.AFTER_CALL or decision.phase != Phase.INITIAL:
        return None
    prediction = sights.showable_of([task.item_id]).first()
    if prediction is None:
        return None
    call = Call(prediction.call)
    shown = blindness.reveals(seen, call=call, label=decision.label, asked=decision.ask_reveal)
    return prediction if shown else None


def _take(task: ReviewTask, *, person: User, token: int, keep: bool, now: datetime) -> bool:
    """Spend the lease on this call; with a reveal it is kept for the final one. False when it is not there."""
    held = queues.held(task, person=person, token=token, now=now)
    if keep:
        return bool(held.update(lease_until=now + queues.LEASE))
    return bool(held.update(lease_holder=None, lease_until=None))


def _refuse(task: ReviewTask, person: User, decision: DecisionInput) -> Recorded:
    """Say why the lease is not there: the same call won the race, the round is decided, or the lease is lost."""
    earlier = _earlier(task, person, decision.decision_id)
    replay = _replay(earlier, task, person, decision)
    if replay:
        return replay
    if any(_stands(one) and one.phase == decision.phase for one in earlier):
        raise AlreadyDecided(f"{person} has decided task {task.pk} in phase {decision.phase}.")
    raise LeaseLost(f"Task {task.pk} is not leased to {person} under this token.")


def _first_call(earlier: list[Decision], decision: DecisionInput) -> Decision | None:
    """Return the first call that a final one keeps or changes. Raises where the phases do not allow the call."""
    standing = [one for one in earlier if _stands(one)]
    if any(one.phase == decision.phase for one in standing):
        raise AlreadyDecided("This round is decided.")
    if decision.phase == Phase.INITIAL:
        return None
    first = next((one for one in standing if one.revealed_at and one.blind), None)
    if first is None:
        fault = Fault(pointer="/phase", detail=_("A final call follows a first one that was answered."), code="order")
        raise Invalid([fault])
    return first


def _stands(decision: Decision) -> bool:
    return not hasattr(decision, "fate") or decision.fate.fate != DecisionFate.UNDONE


def _round(earlier: list[Decision], phase: Phase) -> int:
    return 1 + sum(one.phase == phase for one in earlier)


def _keep(
    task: ReviewTask,
    person: User,
    decision: DecisionInput,
    *,
    first: Decision | None,
    round_: int,
    reveal: Prediction | None,
    now: datetime,
) -> Decision:
    window = timedelta(seconds=task.line.undo_s)
    alongside = first is None and sights.was_alongside(task)
    revealed_at = first.revealed_at if first else now if reveal else decision.shown_at if alongside else None
    kept = Decision.objects.create(
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
        final_at=now + (max(window, REVEAL_WINDOW) if reveal else window),
    )
    PendingDecision.objects.create(decision=kept, final_at=kept.final_at)
    return kept


def _announce(task: ReviewTask, kept: Decision, *, first: Decision | None) -> None:
    """Let the first call wait for the final one, and the line know when the verdict stands."""
    if first is not None:
        PendingDecision.objects.filter(decision=first).update(final_at=kept.final_at)
    dispositions.expect(task.run_id, final_at=kept.final_at)


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
    if answered:
        window.filter(decision=decision).update(final_at=now + REVEAL_WINDOW)
        later = window.exclude(decision=decision).select_related("decision")
        taken_back = [pending.decision for pending in later]
    else:
        taken_back = [decision]
    for one in taken_back:
        if not _seal(one, DecisionFate.UNDONE, now=now):
            raise UndoExpired(f"Decision {decision_id} is final.")
    dispositions.expect(task.run_id, final_at=None)
    _lease_again(task, person, now=now)
    is_final = answered or decision.phase == Phase.FINAL
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
    _check(task, amendment)
    earlier = _earlier(task, person, amendment.decision_id)
    kept = _keep(task, person, amendment, first=original, round_=_round(earlier, Phase.FINAL), reveal=None, now=now)
    _seal(kept, DecisionFate.AMENDED, now=now)
    if task.purpose != Purpose.GOLD:
        counts.lock(task.run)
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
            DecisionFate.objects.create(decision=decision, fate=fate, at=now)
    except IntegrityError:
        return False
    PendingDecision.objects.filter(decision=decision).delete()
    return True


def _lease_again(task: ReviewTask, person: User, *, now: datetime) -> None:
    task.lease_holder, task.lease_until = person, now + queues.LEASE
    task.lease_token += 1
    task.save(update_fields=["lease_holder", "lease_until", "lease_token"])


# Making final ---------------------------------------------------------------------------------------------------


def finalise_due(*, now: datetime, limit: int = 500) -> int:
    """Make decisions final whose undo window closed, with all that follows. The single finaliser. Return how many.

    Each task in a transaction of its own: what was made final stays so, whatever happens to the next one.
    """
    due = PendingDecision.objects.filter(final_at__lte=now).order_by("final_at", "pk")
    tasks = dict.fromkeys(due.values_list("decision__task", flat=True)[:limit])
    return sum(_finalise(task_id, now=now) for task_id in tasks)


@transaction.atomic
def _finalise(task_id: UUID, *, now: datetime) -> int:
    # The busiest deed of all reads what it needs and no more: not the image's measures, nor the line twice.
    tasks = ReviewTask.objects.select_for_update(of=("self",)).select_related("item", "run__epoch", "run__line")
    task = tasks.get(pk=task_id)
    ripe = PendingDecision.objects.filter(decision__task=task, final_at__lte=now).select_related("decision")
    pending = [one.decision for one in ripe.order_by("decision__recorded_at", "pk")]
    sealed = [decision for decision in pending if _seal(decision, DecisionFate.FINAL, now=now)]
    if not sealed:
        return 0
    task.lease_holder = task.lease_until = task.queue_rank = None
    task.closed_at = now
    task.save(update_fields=["lease_holder", "lease_until", "queue_rank", "closed_at"])
    if task.purpose != Purpose.GOLD:
        consequences.follow(task, sealed[0], now=now)
    return len(sealed)
