"""A rollout's steps as rows: begun, ended and noted, each with what it lets stand on the line.

The deeds of `inspection.rollouts` end here; the line's row is locked before they come.
"""

from dataclasses import asdict
from datetime import datetime

from django.db.models import F

from inspection import arms, registry
from inspection.models import Deployment, DeploymentChange, Line, Rollout, RolloutMove, RolloutStep, User
from inspection.rules.rollouts import Evidence, Phase, Step
from inspection.rules.words import RolloutOutcome, RolloutStrategy

_STRATEGIES = {Phase.SHADOW: RolloutStrategy.SHADOW, Phase.CANARY: RolloutStrategy.CANARY}


def current(rollout: Rollout) -> RolloutStep:
    """Return the step the rollout is at, or ended in."""
    return rollout.steps.order_by("-n")[0]


def step_of(step: RolloutStep) -> Step:
    return Step(phase=Phase(step.phase), share=step.share, min_parts=step.min_parts, min_hours=step.min_hours)


def plan_of(rollout: Rollout) -> tuple[Step, ...]:
    return tuple(Step(**{**facts, "phase": Phase(facts["phase"])}) for facts in rollout.plan)


# The way back ---------------------------------------------------------------------------------------------------


def way_back(line: Line) -> Rollout | None:
    """Return the finished rollout whose candidate serves the line since: it can be taken back by name.

    Candidates that stood beside it meanwhile and served nothing, a shadow that began by itself, change nothing of that.
    """
    finished = line.rollouts.filter(outcome=RolloutOutcome.PROMOTED.value)
    last = finished.select_related("line", "candidate", "incumbent").order_by("-closed_at", "-pk").first()
    return last if last is not None and _serves_since(last) else None


def _serves_since(rollout: Rollout) -> bool:
    if registry.serving(rollout.line) != rollout.candidate:
        return False
    since = DeploymentChange.objects.filter(line=rollout.line_id, changed_at__gt=rollout.closed_at)
    return not since.exclude(serving=rollout.candidate_id).exists()


def lay_bands_aside(line: Line) -> None:
    """Clear the place beside the serving version for a candidate's own certificate.

    What the last finished rollout would restore is kept for it; anything else was certified for another way onto the
    line.
    """
    kept = F("bands") if way_back(line) is not None else None
    Deployment.objects.filter(line=line).update(kept_bands=kept, bands=None)


# Steps ----------------------------------------------------------------------------------------------------------


def enter(rollout: Rollout, step: Step, *, deed: str, by: User | None, cause: str, now: datetime) -> None:
    """Begin a step: the old one's counts are closed, and the deployment is arranged for the new one."""
    rollout.ready_at = None
    rollout.save(update_fields=["position", "approved_by", "ready_at", "paused_at"])
    before = rollout.steps.order_by("-n").first()
    evidence = arms.evidence_of(before, now=now) if before else Evidence()
    rollout.steps.filter(ended_at=None).update(ended_at=now)
    began = RolloutStep.objects.create(
        rollout=rollout,
        n=before.n + 1 if before else 1,
        phase=step.phase.value,
        share=step.share,
        min_parts=step.min_parts,
        min_hours=step.min_hours,
        latency_limit_ms=arms.latency_limit(rollout.line, rollout.incumbent, now=now),
        began_at=now,
    )
    registry.arrange(rollout.line, _wanted(rollout, began), by=by, cause=cause, now=now)
    _write(rollout, began, deed=deed, cause=cause, evidence=evidence, by=by, now=now)


def _wanted(rollout: Rollout, step: RolloutStep) -> Deployment:
    strategy = _STRATEGIES.get(Phase(step.phase), RolloutStrategy.BLUE_GREEN)
    facts = {"strategy": strategy.value, "share": step.share, "step": step}
    if step.phase == Phase.WATCH:
        return Deployment(serving=rollout.candidate, candidate=rollout.incumbent, standby=rollout.incumbent, **facts)
    back = way_back(rollout.line)
    return Deployment(
        serving=rollout.incumbent,
        candidate=rollout.candidate,
        standby=back.incumbent if back else rollout.incumbent,
        kept_bands=Deployment.objects.get(line=rollout.line).kept_bands if back else None,
        **facts,
    )


def finish(rollout: Rollout, *, by: User | None, now: datetime) -> Rollout:
    """Let the candidate serve alone, the version before it kept loaded."""
    cause = f"rollout of {rollout.candidate} ended"
    wanted = Deployment(serving=rollout.candidate, standby=rollout.incumbent)
    _close(rollout, RolloutOutcome.PROMOTED, wanted, deed="complete", by=by, cause=cause, now=now)
    return rollout


def take_off(
    rollout: Rollout, outcome: RolloutOutcome, *, deed: str, by: User | None, cause: str, now: datetime
) -> Rollout:
    """Let what served before the rollout serve. A candidate that never served leaves the way back as it found it."""
    back = None if registry.serving(rollout.line) == rollout.candidate else way_back(rollout.line)
    if back is not None:
        Deployment.objects.filter(line=rollout.line).update(bands=F("kept_bands"))
    # What was taken off stays loaded for a while, where the place is free: whoever looks into it finds it warm.
    wanted = Deployment(serving=rollout.incumbent, standby=back.incumbent if back else rollout.candidate)
    _close(rollout, outcome, wanted, deed=deed, by=by, cause=cause, now=now)
    return rollout


def _close(
    rollout: Rollout,
    outcome: RolloutOutcome,
    wanted: Deployment,
    *,
    deed: str,
    by: User | None,
    cause: str,
    now: datetime,
) -> None:
    note(rollout, deed=deed, cause=cause, by=by, now=now)
    rollout.steps.filter(ended_at=None).update(ended_at=now)
    rollout.outcome, rollout.cause, rollout.closed_at = outcome.value, cause[:200], now
    rollout.paused_at = rollout.ready_at = None
    rollout.save(update_fields=["outcome", "cause", "closed_at", "paused_at", "ready_at"])
    registry.arrange(rollout.line, wanted, by=by, cause=cause, now=now)


def note(rollout: Rollout, *, deed: str, cause: str, by: User | None, now: datetime) -> None:
    """Keep that something was done to the rollout, with the evidence of its step as it is now."""
    step = current(rollout)
    _write(rollout, step, deed=deed, cause=cause, evidence=arms.evidence_of(step, now=now), by=by, now=now)


def _write(
    rollout: Rollout,
    step: RolloutStep,
    *,
    deed: str,
    cause: str,
    evidence: Evidence,
    by: User | None,
    now: datetime,
) -> None:
    RolloutMove.objects.create(
        rollout=rollout, step=step, deed=deed, cause=cause[:200], evidence=asdict(evidence), made_by=by, made_at=now
    )
