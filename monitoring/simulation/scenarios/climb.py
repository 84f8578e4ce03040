"""A good model earns its way up."""

from monitoring.simulation.scenarios.base import Scenario


class Climb(Scenario):
    """The factory's defaults, and nothing goes wrong."""

    name = "climb"
