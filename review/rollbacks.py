"""Rollouts as they act on a line: guardrails every round, and what a rollback owes to the parts already passed."""

from datetime import datetime, timedelta

from django.db import transaction

from inspection import rollouts
from inspection.models import Disposition, Rollout, User
from inspection.rules.rollouts import Action
from inspection.rules.words import DecidedBy, RolloutOutcome
from review import containment, queues
from review.containment_models import Containment

READ_AGAIN = timedelta(hours=1)
READ_AGAIN_MAX = 1000


def follow_all(*, now: datetime) -> list[tuple[Rollout, Action]]:
    """Let every open rollout act on its evidence. One that goes back has its containment list at once."""
    return [(rollout, follow(rollout, now=now)) for rollout in rollouts.open_rollouts()]


@transaction.atomic
def follow(rollout: Rollout, *, now: datetime) -> Action:
    """Let one rollout act on its evidence: the deed of the relay, callable without it."""
    action = rollouts.follow(rollout, now=now)
    rollout.refresh_from_db()
    if rollout.outcome == RolloutOutcome.ROLLED_BACK:
        contain(rollout, by=None, now=now)
    return action


@transaction.atomic
def roll_back(rollout: Rollout, *, by: User, reason: str, read_again: bool, now: datetime) -> int:
    """Return to the version before by name, list what the candidate passed, and have the last hour read if asked.

    Returns how many parts people will read again. Raises RolloutClosed.
    """
    rollout = rollouts.roll_back(rollout, by=by, cause=reason, now=now)
    contain(rollout, by=by, now=now)
    return requeue_last_hour(rollout, now=now) if read_again else 0


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
    cause = f"rollback of {rollout.candidate}: {rollout.cause}"
    return containment.open_for(
        rollout.line, cause=cause, by=by, version=rollout.candidate, since=rollout.opened_at, now=now
    )


def requeue_last_hour(rollout: Rollout, *, now: datetime) -> int:
    """Give what the candidate decided within the last hour to people, blind, like any other item. Return how many."""
    decided = Disposition.objects.filter(
        line=rollout.line_id,
        model_version=rollout.candidate_id,
        decided_by=DecidedBy.MODEL.value,
        settled_at__gte=now - READ_AGAIN,
    )
    parts = list(decided.select_related("run").order_by("-settled_at", "-run")[:READ_AGAIN_MAX])
    for one in parts:
        for item in one.run.items.select_related("line", "run", "routing").order_by("pk"):
            queues.ask_again(item, now=now)
    return len(parts)
