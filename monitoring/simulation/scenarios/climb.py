"""A good model earns its way up."""

from monitoring.simulation.factory import Factory
from monitoring.simulation.scenarios.base import Scenario

CHALLENGES_A_SHIFT = 12
# Little more than an hour: a climb takes weeks, and its gate may be read at any time.
PARTS_PER_TICK = 48


class Climb(Scenario):
    """The factory's defaults, and nothing goes wrong. Challenge parts come at each start of a shift."""

    name = "climb"

    def factory(self) -> Factory:
        return Factory(challenges_a_shift=CHALLENGES_A_SHIFT, parts_per_tick=PARTS_PER_TICK)
