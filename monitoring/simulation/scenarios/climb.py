"""A good model earns its way up."""

from monitoring.simulation.factory import Factory
from monitoring.simulation.scenarios.base import Scenario

CHALLENGES_A_SHIFT = 12


class Climb(Scenario):
    """The factory's defaults, and nothing goes wrong. Challenge parts come at each start of a shift."""

    name = "climb"

    def factory(self) -> Factory:
        return Factory(challenges_a_shift=CHALLENGES_A_SHIFT)
