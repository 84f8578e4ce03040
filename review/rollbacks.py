"""Rollouts as they act on a line: guardrails every round, and what a rollback owes to the parts already passed."""

import logging
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime, timedelta

from django.db import DatabaseError, transaction
from django.db.models import Exists, OuterRef, QuerySet

from inspection import bulkheads, rollouts
from inspection.models import Disposition, Line, Rollout, RolloutMove, RolloutStep, User
from inspection.rollouts import TAKEN_OFF, RolloutClosed
from inspection.rules.rollouts import Action, Move, Phase
from inspection.rules.words import DecidedBy, Purpose
from review import containment, queues
from review.containment_models import Containment
from review.models import ReviewTask

READ_AGAIN = timedelta(hours=1)
IN_FLIGHT = timedelta(minutes=1)
READ_AGAIN_MAX = 1000
READ_AGAIN_AT_ONCE = 50

logger = logging.getLogger(__name__)


def follow_all(*, now: datetime) -> list[tuple[Rollout, Action]]:
    """Let every open rollout act on its evidence, whatever fails on another; what goes back is contained at once."""
    acted = []
    for rollout in rollouts.open_rollouts():
        # A person may end it between the reading and the deed, and has done what it asks for.
        with suppress(RolloutClosed), bulkheads.around(f"{__name__}.follow", line=rollout.line_id):
            acted.append((rollout, follow(rollout, now=now)))
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


def roll_back(rollout: Rollout, *, by: User, reason: str, read_again: bool, now: datetime) -> int | None:
    """Return to the version before by name, list what the candidate passed, and have the last hour read if asked.

    A reason may follow (`inspection.rollouts.explain`): nothing waits for words. Nor does the switch wait for what is
    read again: that follows once everybody sees it. Returns how many parts people will read again, None where not all
    could be given to them; the others still are the `last_hour`. Raises RolloutClosed.
    """
    rollout = _switch_back(rollout, by=by, reason=reason, now=now)
    if not read_again:
        return 0
    try:
        return requeue_last_hour(rollout, now=now)
    except DatabaseError:
        logger.exception("The last hour of %s is not all given to people yet.", rollout)
        return None


@transaction.atomic
def _switch_back(rollout: Rollout, *, by: User, reason: str, now: datetime) -> Rollout:
    rollout = rollouts.roll_back(rollout, by=by, cause=reason, now=now)
    for one in _taken_off_with(rollout):
        contain(one, by=by, now=now)
    return rollout


@transaction.atomic
def abort(rollout: Rollout, *, by: User, cause: str, now: datetime) -> Rollout:
    """Take the candidate off the line, and list what it passed as after any way back. Raises RolloutClosed."""
    rollout = rollouts.abort(rollout, by=by, cause=cause, now=now)
    contain(rollout, by=by, now=now)
    return rollout


def taken_back(line: Line) -> Rollout | None:
    """Return the rollout whose candidate was the last to speak for parts, where it was taken off, by whomever.

    Candidates that only watched since leave it there: what it decided still may be read again.
    """
    spoke = RolloutStep.objects.filter(rollout=OuterRef("pk"), phase__in=(Phase.CANARY.value, Phase.WATCH.value))
    served = RolloutMove.objects.filter(rollout=OuterRef("pk"), deed="complete")
    return _if_taken_off(line.rollouts.filter(Exists(spoke) | Exists(served)))


def unexplained(line: Line) -> Rollout | None:
    """Return the rollout that ended last where it was taken off without a word."""
    last = _if_taken_off(line.rollouts.all())
    return last if last and not last.cause else None


def _if_taken_off(found: QuerySet[Rollout]) -> Rollout | None:
    over = found.exclude(closed_at=None).select_related("line", "candidate", "incumbent")
    # What was taken off with an older one ended in the same moment: the older one is what was meant.
    last = over.order_by("-closed_at", "pk").first()
    return last if last and last.outcome in TAKEN_OFF else None


def _taken_off_with(rollout: Rollout) -> QuerySet[Rollout]:
    """Return the rollout and what was on its way to follow it: all that one deed took off."""
    return rollout.line.rollouts.filter(closed_at=rollout.closed_at, outcome__in=TAKEN_OFF)


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
    """Return what the candidate decided by itself in its last hour on the line, and nobody has been asked since.

    So it is of a newer candidate that was taken off with it.
    """
    if rollout.closed_at is None:
        return Disposition.objects.none()
    asked = ReviewTask.objects.filter(run=OuterRef("run"), purpose=Purpose.PRIMARY.value)
    return Disposition.objects.filter(
        ~Exists(asked),
        line=rollout.line_id,
        model_version__in=_taken_off_with(rollout).values("candidate"),
        decided_by=DecidedBy.MODEL.value,
        # What it decides once it is back in another rollout is none of this one's.
        settled_at__range=(rollout.closed_at - READ_AGAIN, rollout.closed_at + IN_FLIGHT),
    )


def requeue_last_hour(rollout: Rollout, *, now: datetime) -> int:
    """Give what the candidate decided within its last hour to people, blind, like any other item. Return how many.

    A few parts at a time, so that no other writer waits for all of them. Asked again it finds what is left: beyond the
    most that is given at once, or where it broke off.
    """
    parts = list(last_hour(rollout).select_related("run").order_by("-settled_at", "-run")[:READ_AGAIN_MAX])
    for start in range(0, len(parts), READ_AGAIN_AT_ONCE):
        _ask_again(parts[start : start + READ_AGAIN_AT_ONCE], now=now)
    return len(parts)


@transaction.atomic
def _ask_again(parts: Sequence[Disposition], *, now: datetime) -> None:
    for one in parts:
        for item in one.run.items.select_related("line", "run", "routing").order_by("pk"):
            queues.ask_again(item, now=now)
