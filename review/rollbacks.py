"""Rollouts as they act on a line: guardrails every round, and what a rollback owes to the parts already passed."""

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet

from inspection import rollouts
from inspection.models import Disposition, Line, Rollout, User
from inspection.rollouts import RolloutClosed
from inspection.rules.rollouts import Action, Move
from inspection.rules.words import DecidedBy, Purpose, RolloutOutcome
from review import containment, queues
from review.containment_models import Containment
from review.models import ReviewTask

READ_AGAIN = timedelta(hours=1)
READ_AGAIN_MAX = 1000


def follow_all(*, now: datetime) -> list[tuple[Rollout, Action]]:
    """Let every open rollout act on its evidence. One that goes back has its containment list at once."""
    acted = []
    for rollout in rollouts.open_rollouts():
        try:
            acted.append((rollout, follow(rollout, now=now)))
        except RolloutClosed:
            # A person ended it between the reading and the deed, and has done what it asks for.
            continue
    return acted


@transaction.atomic
def follow(rollout: Rollout, *, now: datetime) -> Action:
    """Let one rollout act on its evidence: the deed of the relay, callable without it.

    Raises RolloutClosed where it asks for a deed and a person has ended the rollout meanwhile.
    """
    action = rollouts.follow(rollout, now=now)
    rollout.refresh_from_db()
    if action.move == Move.ROLL_BACK:
        contain(rollout, by=None, now=now)
    return action


@transaction.atomic
def roll_back(rollout: Rollout, *, by: User, reason: str, read_again: bool, now: datetime) -> int:
    """Return to the version before by name, list what the candidate passed, and have the last hour read if asked.

    A reason may follow (`inspection.rollouts.explain`): nothing waits for words.
    Returns how many parts people will read again. Raises RolloutClosed.
    """
    rollout = rollouts.roll_back(rollout, by=by, cause=reason, now=now)
    contain(rollout, by=by, now=now)
    return requeue_last_hour(rollout, now=now) if read_again else 0


def taken_back(line: Line) -> Rollout | None:
    """Return the line's newest rollout where it was rolled back, by whomever."""
    newest = line.rollouts.select_related("line", "candidate", "incumbent").order_by("-pk").first()
    return newest if newest and newest.outcome == RolloutOutcome.ROLLED_BACK else None


def contain(rollout: Rollout, *, by: User | None, now: datetime) -> Containment | None:
    """Open the list of the parts that the candidate passed by itself. None where it passed none."""
    passed = Disposition.objects.filter(
        line=rollout.line_id,
        model_version=rollout.candidate_id,
        decided_by=DecidedBy.MODEL.value,
        settled_at__gte=rollout.opened_at,
    )
    if not passed.exists():
        return None
    said = f"rollback of {rollout.candidate}"
    cause = f"{said}: {rollout.cause}" if rollout.cause else said
    return containment.open_for(
        rollout.line, cause=cause, by=by, version=rollout.candidate, since=rollout.opened_at, now=now
    )


def last_hour(rollout: Rollout) -> QuerySet[Disposition]:
    """Return what the candidate decided by itself in its last hour on the line, and nobody has been asked since."""
    asked = ReviewTask.objects.filter(run=OuterRef("run"), purpose=Purpose.PRIMARY.value)
    decided = Disposition.objects.filter(
        ~Exists(asked),
        line=rollout.line_id,
        model_version=rollout.candidate_id,
        decided_by=DecidedBy.MODEL.value,
    )
    return decided.filter(settled_at__gte=rollout.closed_at - READ_AGAIN) if rollout.closed_at else decided.none()


@transaction.atomic
def requeue_last_hour(rollout: Rollout, *, now: datetime) -> int:
    """Give what the candidate decided within its last hour to people, blind, like any other item. Return how many.

    Asked again it finds what is left beyond the most that is given at once.
    """
    parts = list(last_hour(rollout).select_related("run").order_by("-settled_at", "-run")[:READ_AGAIN_MAX])
    for one in parts:
        for item in one.run.items.select_related("line", "run", "routing").order_by("pk"):
            queues.ask_again(item, now=now)
    return len(parts)
