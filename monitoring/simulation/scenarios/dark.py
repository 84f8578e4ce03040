"""The lamp fails: from one part on every picture is 40 % darker."""

from dataclasses import replace

from inspection.models import Hold
from monitoring.simulation.factory import Factory
from monitoring.simulation.parts import Made
from monitoring.simulation.scenarios.deciding import Deciding
from monitoring.simulation.world import World

LIGHT_LEFT = 0.6


class Dark(Deciding):
    """Nobody mends the lamp, and the leads leave the hold that the notice places."""

    name = "dark"
    default_items = 3000

    def factory(self) -> Factory:
        return Factory(bank=60, history=500, parts_per_tick=16)

    def make(self, world: World, made: Made) -> Made:
        return replace(made, light=LIGHT_LEFT) if made.index >= self.event_at else made

    def leaves(self, world: World, hold: Hold) -> bool:
        return self.has_begun(world) and hold.kind == Hold.ALARM
