"""What scenarios share in which a line decides by itself when the event comes."""

from typing import Any

from inspection.models import LevelChange
from inspection.rules.words import Level
from monitoring.simulation.scenarios.base import Scenario
from monitoring.simulation.world import World


class Deciding(Scenario):
    """The line begins at `partial`, or at `full` where that is asked for, and the run ends with its fall by rule.

    `event_at` is the event's place.
    """

    event_at = 500

    def __init__(self, *, items: int | None = None, from_level: Level = Level.PARTIAL, factor: float = 2.0) -> None:
        rung = from_level if from_level.rung >= Level.PARTIAL.rung else Level.PARTIAL
        super().__init__(items=items, from_level=rung, factor=factor)

    @property
    def event_item(self) -> int:
        return self.event_at

    def has_begun(self, world: World) -> bool:
        """Say whether a part that the event touches has come in."""
        return len(world.made) > self.event_at

    def is_over(self, world: World) -> bool:
        return fall_of(world) is not None


def fall_of(world: World) -> LevelChange | None:
    """Return the first fall by rule of a run, None while there was none."""
    began_at = world.witness.began_at
    falls = LevelChange.objects.filter(line=world.line, changed_by=None, changed_at__gt=began_at)
    return next((one for one in falls.order_by("pk") if Level(one.to_level).rung < Level(one.from_level).rung), None)


def hours_to_fall(world: World, event: int) -> float | None:
    """Return how long after the event the line fell by rule."""
    fall = fall_of(world)
    if fall is None or event >= len(world.made):
        return None
    return (fall.changed_at - world.made[event].captured_at).total_seconds() / 3600


Figures = dict[str, Any]
