"""A candidate's way onto a line: shadow, canary, blue-green, under guardrails; and the way back, at any time.

Callable without HTTP: `start` puts a candidate beside the serving version, `follow` acts on what the guardrails read
(the relay calls it each round), `confirm` is a person's yes to the next step, `roll_back` the way back by name.
Every deed takes the line's row lock first, and the next item of any process meets what it wrote.
"""

from collections.abc import Callable, Mapping
from dataclasses import asdict
from datetime import datetime

from django.db import transaction

from inspection import arms, registry
from inspection.models import Line, ModelVersion, Rollout, RolloutStep, User
from inspection.permissions import may_approve_switches
from inspection.rollout_steps import current, enter, finish, lay_bands_aside, note, plan_of, step_of, take_off, way_back
from inspection.rules import rollouts as rules
from inspection.rules.rollouts import Action, Move, Phase, Shift, State, Step
from inspection.rules.words import DECIDING, Level, RolloutOutcome, RolloutStrategy

BY_GUARDRAIL = "guardrail: "
REVIEWED: Mapping[Shift, str] = {Shift.MORE: "more calls reviewed", Shift.FEWER: "fewer calls reviewed"}
TAKEN_OFF = (RolloutOutcome.ROLLED_BACK.value, RolloutOutcome.ABORTED.value)


class RolloutOpen(Exception):
    """The line has an open rollout: one at a time."""


class AlreadyExplained(Exception):
    """The rollout was not taken back, or its reason is known."""


class RolloutClosed(Exception):
    """The rollout is over, or what it put on the line has been replaced since."""


class ServesAlready(Exception):
    """The candidate is what serves the line."""


class FirstOnlyShadows(Exception):
    """A line without a model can only let its first one watch."""


class OnlyShadows(Exception):
    """A version that was trained here has not been brought on from its shadow yet."""


class ClassMissing(Exception):
    """The candidate does not know a defect class of the line that the serving version knows."""


class ShareRefused(Exception):
    """The share is none, or this step has none."""


class FreshApprover(Exception):
    """Whose role or way into the account is less than a day old approves no switch."""


class SelfApproval(Exception):
    """Who started a blue-green rollout does not approve its switch."""


class ReviewDiffers(Exception):
    """What a person answered of the calls is not what the rollout asks them now."""


class NotReady(Exception):
    """The evidence does not let the rollout go on. `reasons` holds every reason by its code."""

    def __init__(self, reasons: tuple[str, ...]) -> None:
        super().__init__(f"Not ready: {', '.join(reasons)}.")
        self.reasons = reasons


# Forward --------------------------------------------------------------------------------------------------------


def known_classes(line: Line, incumbent: ModelVersion) -> set[str]:
    """Return the line's kinds of defects that the serving version knows, and a candidate must know too."""
    return set(incumbent.classes) & set(line.defect_classes.filter(retired_at=None).values_list("code", flat=True))


@transaction.atomic
def start(
    line: Line,
    candidate: ModelVersion,
    *,
    strategy: RolloutStrategy,
    share: float | None = None,
    by: User | None,
    reason: str = "",
    now: datetime,
) -> Rollout:
    """Put a candidate beside what serves the line, at the first step of the strategy's plan.

    Raises RolloutOpen, ServesAlready, FirstOnlyShadows, OnlyShadows, ClassMissing or ShareRefused.
    """
    line = _locked(line)
    if line.rollouts.filter(outcome=RolloutOutcome.OPEN.value).exists():
        raise RolloutOpen(f"{line} has an open rollout.")
    incumbent = registry.serving(line)
    _check_candidate(line, candidate, incumbent, strategy)
    _check_share(share, most=1.0 if strategy == RolloutStrategy.SHADOW else 0.99)
    lay_bands_aside(line)
    plan = rules.plan(strategy, share=share, has_incumbent=incumbent is not None)
    rollout = Rollout.objects.create(
        line=line,
        candidate=candidate,
        incumbent=incumbent,
        strategy=strategy.value,
        plan=[asdict(step) for step in plan],
        reason=reason[:300],
        opened_by=by,
        opened_at=now,
    )
    enter(rollout, plan[0], deed="start", by=by, cause=reason or f"rollout of {candidate}", now=now)
    return rollout


@transaction.atomic
def confirm(rollout: Rollout, *, by: User | None, now: datetime) -> Rollout:
    """Let the rollout go on to its next step, as the evidence proposes. Raises RolloutClosed, NotReady, or as
    `check_approver`.

    At `human` no model is asked and none decides, so a person may go on without evidence. A blue-green switch gives
    every part to the candidate at once. Where the model decides, whoever started the rollout proposed it, and another
    person approves; where people decide every part, one person is enough.
    """
    rollout = _open(rollout)
    check_approver(rollout, by=by, now=now)
    is_approval = awaits_approval(rollout)
    action = judge(rollout, now=now)
    is_idle = rollout.line.level == Level.HUMAN and rollout.paused_at is None and action.move == Move.WAIT
    if action.move not in (Move.PROPOSE, Move.COMPLETE) and not is_idle:
        raise NotReady(action.reasons or (action.move.value,))
    plan = plan_of(rollout)
    if rollout.position + 1 >= len(plan):
        return finish(rollout, by=by, now=now)
    rollout.position += 1
    rollout.approved_by = by if is_approval else None
    step, deed = plan[rollout.position], "approve" if is_approval else "confirm"
    enter(rollout, step, deed=deed, by=by, cause=f"confirmed to {_told(step)}", now=now)
    return rollout


def check_approver(rollout: Rollout, *, by: User | None, now: datetime) -> None:
    """Raise SelfApproval where the next step is a switch that the person proposed by starting the rollout.

    Raises FreshApprover where the person came in only today: the one who started it might have let them in.
    """
    if by is None or not awaits_approval(rollout):
        return
    if by.pk == rollout.opened_by_id:
        raise SelfApproval(f"{by} started {rollout}.")
    if not may_approve_switches(by, rollout.line, now=now):
        raise FreshApprover(f"{by} came in today.")


def awaits_approval(rollout: Rollout) -> bool:
    """Say whether the next step is a blue-green switch on a line where the model decides: it takes a second person."""
    is_switch = rollout.is_open and rollout.strategy == RolloutStrategy.BLUE_GREEN and rollout.position == 0
    return is_switch and rollout.line.level in DECIDING


@transaction.atomic
def set_share(rollout: Rollout, *, share: float, by: User | None, now: datetime) -> Rollout:
    """Give the candidate another share of the runs: less at any time, more as the evidence proposes.

    A new share begins new counts, so nobody sets one where the old counts are about to roll it back. Raises
    RolloutClosed, ShareRefused or NotReady.
    """
    rollout = _open(rollout)
    step = current(rollout)
    if step.phase not in (Phase.CANARY, Phase.SHADOW):
        raise ShareRefused(f"There is no share in the step {step.phase}.")
    _check_share(share, most=1.0 if step.phase == Phase.SHADOW else 0.99)
    action = judge(rollout, now=now)
    is_more = step.phase == Phase.CANARY and share > step.share
    if action.move == Move.ROLL_BACK or (is_more and action.move != Move.PROPOSE):
        raise NotReady(action.reasons or (action.move.value,))
    wanted = Step(phase=Phase(step.phase), share=share, min_parts=step.min_parts, min_hours=step.min_hours)
    enter(rollout, wanted, deed="share", by=by, cause=f"share set to {share:g}", now=now)
    return rollout


@transaction.atomic
def pause(rollout: Rollout, *, by: User | None, cause: str, paused_for: Shift | None = None, now: datetime) -> Rollout:
    """Let nothing advance until a person goes on. The share stays, and so do the guardrails. Raises RolloutClosed."""
    rollout = _open(rollout)
    if rollout.paused_at is None:
        rollout.paused_at, rollout.ready_at, rollout.paused_for = now, None, paused_for or ""
        rollout.save(update_fields=["paused_at", "ready_at", "paused_for"])
        note(rollout, deed="pause", cause=cause, by=by, now=now)
    return rollout


@transaction.atomic
def go_on(rollout: Rollout, *, reviewed: Shift | None = None, by: User | None, now: datetime) -> Rollout:
    """End a pause. The step's counts begin anew: what was reviewed is not held against it again.

    `reviewed` is a person's answer to what `review_asked` told them, and holds for the rest of this rollout. Raises
    RolloutClosed, NotReady where a failure is about to roll it back, or ReviewDiffers where another answer is asked.
    """
    rollout = _open(rollout)
    action = judge(rollout, now=now)
    if reviewed != review_asked(rollout, action):
        raise ReviewDiffers(f"{rollout} asks about other calls than were answered.")
    if rollout.paused_at is None:
        return rollout
    if action.move == Move.ROLL_BACK:
        raise NotReady(action.reasons)
    if reviewed is not None:
        _answer(rollout, reviewed, now=now)
    rollout.paused_at = None
    cause = REVIEWED[reviewed] if reviewed else "went on after a pause"
    enter(rollout, step_of(current(rollout)), deed="go_on", by=by, cause=cause, now=now)
    return rollout


def review_asked(rollout: Rollout, action: Action) -> Shift | None:
    """Say which other call rate a paused rollout asks a person about.

    That is the one that stands breached, or for which it paused: the evidence may have gone back while they looked.
    """
    if rollout.paused_at is None:
        return None
    return action.calls.leans or (Shift(rollout.paused_for) if rollout.paused_for else None)


def _answer(rollout: Rollout, reviewed: Shift, *, now: datetime) -> None:
    if reviewed == Shift.MORE:
        rollout.more_calls_reviewed_at = now
    else:
        rollout.fewer_calls_reviewed_at = now
    rollout.save(update_fields=["more_calls_reviewed_at", "fewer_calls_reviewed_at"])


# Back -----------------------------------------------------------------------------------------------------------


@transaction.atomic
def abort(rollout: Rollout, *, by: User | None, cause: str, now: datetime) -> Rollout:
    """Take the candidate off the line; what served before it serves. Raises RolloutClosed.

    What it passed by itself is listed by `review.rollbacks.abort`.
    """
    return take_off(_open(rollout), RolloutOutcome.ABORTED, deed="abort", by=by, cause=cause, now=now)


@transaction.atomic
def roll_back(rollout: Rollout, *, by: User | None, cause: str, now: datetime) -> Rollout:
    """Return to the incumbent by name, from the next item on: from any step, and after the rollout is over.

    What is on its way to follow a candidate that serves is taken off with it. Raises RolloutClosed where the candidate
    is neither on its way nor what serves since the rollout.
    """
    _locked(rollout.line)
    rollout = Rollout.objects.select_related("line", "candidate", "incumbent").get(pk=rollout.pk)
    if not rollout.is_open and way_back(rollout.line) != rollout:
        raise RolloutClosed(f"{rollout} is over and its candidate does not serve since.")
    for follower in rollout.line.rollouts.filter(outcome=RolloutOutcome.OPEN.value).exclude(pk=rollout.pk):
        take_off(follower, RolloutOutcome.ABORTED, deed="abort", by=by, cause=cause, now=now)
    return take_off(rollout, RolloutOutcome.ROLLED_BACK, deed="roll_back", by=by, cause=cause, now=now)


@transaction.atomic
def explain(rollout: Rollout, *, by: User, cause: str, now: datetime) -> None:
    """Say afterwards why a rollout was taken back in a hurry, once. Raises AlreadyExplained."""
    unexplained = Rollout.objects.filter(pk=rollout.pk, outcome__in=TAKEN_OFF, cause="")
    if not unexplained.update(cause=cause[:200]):
        raise AlreadyExplained(f"{rollout} was not taken back, or the reason is given.")
    note(rollout, deed="explain", cause=cause, by=by, now=now)


# By itself ------------------------------------------------------------------------------------------------------


def open_rollouts() -> list[Rollout]:
    """Return what is on its way on any line."""
    found = Rollout.objects.filter(outcome=RolloutOutcome.OPEN.value)
    return list(found.select_related("line", "candidate", "incumbent").order_by("pk"))


@transaction.atomic
def follow(rollout: Rollout, *, now: datetime) -> Action:
    """Do what the evidence asks for without a person: roll back, pause, call for a person, end the watch.

    It is read anew once the line is locked: a person may have paused it or moved it on since. Raises RolloutClosed
    where one has ended it.
    """
    action = judge(rollout, now=now)
    if _acts_by_itself(action, rollout):
        rollout = _open(rollout)
        action = judge(rollout, now=now)
        if _acts_by_itself(action, rollout):
            _BY_ITSELF[action.move](rollout, action, now)
    return action


def _acts_by_itself(action: Action, rollout: Rollout) -> bool:
    is_known = action.move == Move.PROPOSE and rollout.ready_at is not None
    return action.move in _BY_ITSELF and not is_known


def judge(rollout: Rollout, *, now: datetime) -> Action:
    """Read the rollout as it stands now: the move, its reasons, and every guardrail with its numbers."""
    step = current(rollout)
    return rules.advance(state_of(rollout, step), arms.evidence_of(step, now=now))


def state_of(rollout: Rollout, step: RolloutStep) -> State:
    return State(
        step=step_of(step),
        has_incumbent=rollout.incumbent_id is not None,
        is_paused=rollout.paused_at is not None,
        reviewed=rollout.reviewed,
    )


def _roll_back_by_itself(rollout: Rollout, action: Action, now: datetime) -> None:
    roll_back(rollout, by=None, cause=BY_GUARDRAIL + ", ".join(action.reasons), now=now)


def _pause_by_itself(rollout: Rollout, action: Action, now: datetime) -> None:
    cause = BY_GUARDRAIL + ", ".join(action.reasons)
    pause(rollout, by=None, cause=cause, paused_for=action.calls.leans, now=now)


def _call_for_a_person(rollout: Rollout, _action: Action, now: datetime) -> None:
    rollout.ready_at = now
    rollout.save(update_fields=["ready_at"])
    note(rollout, deed="ready", cause="the evidence lets it go on", by=None, now=now)


def _end_the_watch(rollout: Rollout, _action: Action, now: datetime) -> None:
    finish(rollout, by=None, now=now)


_BY_ITSELF: dict[Move, Callable[[Rollout, Action, datetime], None]] = {
    Move.ROLL_BACK: _roll_back_by_itself,
    Move.PAUSE: _pause_by_itself,
    Move.PROPOSE: _call_for_a_person,
    Move.COMPLETE: _end_the_watch,
}


# Helpers --------------------------------------------------------------------------------------------------------


def _check_candidate(
    line: Line, candidate: ModelVersion, incumbent: ModelVersion | None, strategy: RolloutStrategy
) -> None:
    if incumbent is None:
        if strategy != RolloutStrategy.SHADOW:
            raise FirstOnlyShadows("The first model of a line can only enter shadow.")
        return
    if incumbent == candidate:
        raise ServesAlready(f"{candidate} serves the line.")
    if strategy != RolloutStrategy.SHADOW and not _may_skip_shadow(line, candidate):
        raise OnlyShadows(f"{candidate} was trained here and has not shown itself in shadow.")
    missing = known_classes(line, incumbent) - set(candidate.classes)
    if missing:
        raise ClassMissing(f"{candidate} does not know {', '.join(sorted(missing))}.")


def _may_skip_shadow(line: Line, candidate: ModelVersion) -> bool:
    """Say whether a version came from elsewhere, or was brought on from its shadow on this line before."""
    return not candidate.trained_on.exists() or line.rollouts.filter(candidate=candidate, position__gte=1).exists()


def _check_share(share: float | None, *, most: float) -> None:
    if share is not None and not 0 < share <= most:
        raise ShareRefused(f"The share {share} must lie above 0 and not above {most}.")


def _open(rollout: Rollout) -> Rollout:
    _locked(rollout.line)
    fresh = Rollout.objects.select_related("line", "candidate", "incumbent").get(pk=rollout.pk)
    if not fresh.is_open:
        raise RolloutClosed(f"{fresh} is over: {fresh.outcome}.")
    return fresh


def _locked(line: Line) -> Line:
    return Line.objects.select_for_update(of=("self",)).select_related("product").get(pk=line.pk)


def _told(step: Step) -> str:
    return f"{step.phase.value} {step.share:.0%}"
