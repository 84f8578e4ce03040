"""People miss a tenth of the defects and call a hundredth of the good parts bad. How good is the model?"""

from monitoring.simulation.factory import Factory, Habits, Skill
from monitoring.simulation.scenarios.base import Scenario
from monitoring.simulation.scenarios.deciding import Figures
from monitoring.simulation.world import World
from review import estimates

_FACTORY = Factory(
    defect_rate=0.05,
    skill=Skill(escape=0.05, overkill=0.02),
    inspectors=Habits(miss=0.10, false_alarm=0.01),
    bank=40,
    parts_per_tick=48,
)


class NoisyInspectors(Scenario):
    """Set against single readings the model looks far worse than it is; the two-phase estimate is right."""

    name = "noisy-inspectors"
    default_items = 20_000

    def factory(self) -> Factory:
        return _FACTORY

    def figures(self, world: World) -> Figures:
        """Return the model's escape rate as it was, by single readings, and by the two-phase estimate."""
        found = estimates.estimate(world.line.present_epoch)
        (_, missed), (_, caught) = found.total
        naive = missed / (missed + caught) if missed + caught else None
        return {"true_escape": _true_escape(world), "naive": naive, "two_phase": found.escape, "se": found.escape_se}


def _true_escape(world: World) -> float | None:
    """Return the share of the run's defects that the model really called good."""
    score = getattr(world.eyes, "score", None)
    defects = [made for made in world.made if made.is_defect]
    if score is None or not defects:
        return None
    (version,) = world.eyes.skills
    return sum(score(made, version) <= 0 for made in defects) / len(defects)
