"""A candidate comes onto the line as a canary: a worse one must go back by itself, one as good must get through."""

from dataclasses import replace
from typing import Any, ClassVar

from inspection import rollouts
from inspection.models import ArmEvent, Rollout
from inspection.models.rollout import SEEN
from inspection.rules.rollouts import Arm, Phase
from inspection.rules.words import Level, RolloutStrategy
from monitoring.simulation.factory import Factory, Habits, Skill
from monitoring.simulation.scenarios.base import Scenario
from monitoring.simulation.world import World


class Candidate(Scenario):
    """The rollout begins with the first part and the run ends with it; the leads move it on where it waits for them.

    At `human` no model is asked, so there the run begins at `shadow`. `share` None is the plan's own first share.
    """

    tells_errors = True
    strategy: ClassVar[RolloutStrategy] = RolloutStrategy.CANARY
    share: ClassVar[float | None] = None

    def __init__(self, *, items: int | None = None, from_level: Level = Level.SHADOW, factor: float = 2.0) -> None:
        rung = Level.SHADOW if from_level == Level.HUMAN else from_level
        super().__init__(items=items, from_level=rung, factor=factor)

    def skill(self, serving: Skill) -> Skill:
        """Return how the candidate errs, beside the version that serves."""
        return serving

    def begin(self, world: World) -> None:
        skilled = replace(world.factory, skill=self.skill(world.factory.skill))
        candidate = world.eyes.model(skilled, now=world.now)
        rollouts.start(
            world.line,
            candidate,
            strategy=self.strategy,
            share=self.share,
            by=world.leads.first,
            reason="the simulation's candidate",
            now=world.now,
        )

    def is_over(self, world: World) -> bool:
        return not _rollout_of(world).is_open

    def rollout(self, world: World) -> dict[str, Any]:
        """Return how the rollout ended, and how many parts the candidate spoke for as a canary."""
        found = _rollout_of(world)
        spoken = ArmEvent.objects.filter(step__rollout=found, step__phase=Phase.CANARY.value, kind=SEEN)
        return {
            "strategy": found.strategy,
            "outcome": found.outcome,
            "canary_items": spoken.filter(arm=Arm.CANDIDATE.value).count(),
            "at_item": world.index_at(found.closed_at) if found.closed_at else None,
            "cause": found.cause,
        }


class BadCandidate(Candidate):
    """The candidate's error rates are `factor` times the serving model's.

    People hardly err here, so that they overturn the candidate nearly that many times as often.
    """

    name = "bad-candidate"
    default_items = 20_000

    def factory(self) -> Factory:
        return Factory(
            skill=Skill(escape=0.05, overkill=0.05),
            inspectors=Habits(miss=0.02, false_alarm=0.002),
            bank=40,
            parts_per_tick=48,
        )

    def skill(self, serving: Skill) -> Skill:
        return Skill(
            escape=min(1.0, self.factor * serving.escape),
            overkill=min(1.0, self.factor * serving.overkill),
        )


class GoodCandidate(Candidate):
    """The candidate errs as often as the serving model, on other parts."""

    name = "good-candidate"

    def factory(self) -> Factory:
        return Factory(bank=40, parts_per_tick=48)


def _rollout_of(world: World) -> Rollout:
    return Rollout.objects.get(line=world.line)
