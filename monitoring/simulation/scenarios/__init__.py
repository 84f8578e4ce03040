"""The scenarios by name: each is a file here, found by this table alone."""

from monitoring.simulation.scenarios.base import Scenario
from monitoring.simulation.scenarios.climb import Climb
from monitoring.simulation.scenarios.stay import Stay

SCENARIOS: dict[str, type[Scenario]] = {one.name: one for one in (Climb, Stay)}

__all__ = ["SCENARIOS", "Scenario"]
