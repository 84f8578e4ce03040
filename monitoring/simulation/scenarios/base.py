"""What a scenario is: a factory, an event, and hooks around the world's ticks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from inspection.rules.words import Level
from monitoring.simulation.factory import Factory
from monitoring.simulation.parts import Made

if TYPE_CHECKING:
    from inspection.models import Hold
    from monitoring.simulation.world import World


class Scenario:
    """Nothing happens: a factory with its defaults. Scenarios override what is theirs.

    `default_items` is how long a run is unless the person says so. `event_item` is the first part that the event
    touches, None where there is none. `factor` is the person's --factor, for the scenarios that have one.
    `tells_errors` says that the scenario sets how often a model errs, also where there are pixels; `reads_each` that
    the gate is read after every part that was counted, not once a round.
    """

    name: ClassVar[str] = ""
    default_items: ClassVar[int] = 40_000
    tells_errors: ClassVar[bool] = False
    reads_each: ClassVar[bool] = False

    def __init__(self, *, items: int | None = None, from_level: Level = Level.SHADOW, factor: float = 2.0) -> None:
        self.items = self.default_items if items is None else items
        self.from_level, self.factor = from_level, factor

    @property
    def event_item(self) -> int | None:
        return None

    def factory(self) -> Factory:
        return Factory()

    def begin(self, world: World) -> None:
        """The line stands on its rung; the first part of the run comes next."""

    def make(self, world: World, made: Made) -> Made:
        """Return the part as it enters: changed where the event touches it."""
        return made

    def before(self, world: World) -> None:
        """A tick begins."""

    def after(self, world: World) -> None:
        """A tick has ended: parts came in, people have read."""

    def is_over(self, world: World) -> bool:
        """Say whether the run ends before its parts are used up: asked before every tick."""
        return False

    def leaves(self, world: World, hold: Hold) -> bool:
        """Say whether the leads, having looked into a hold, leave it in force: its cause is real."""
        return False

    def figures(self, world: World) -> dict[str, Any]:
        """Return what else the report says of this scenario."""
        return {}

    def rollout(self, world: World) -> dict[str, Any] | None:
        """Return what the report says of a rollout."""
        return None
