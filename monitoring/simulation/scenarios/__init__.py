"""The scenarios by name: each is a file here, found by this table alone."""

from monitoring.simulation.scenarios.base import Scenario
from monitoring.simulation.scenarios.candidates import BadCandidate, GoodCandidate
from monitoring.simulation.scenarios.climb import Climb
from monitoring.simulation.scenarios.concept import Concept
from monitoring.simulation.scenarios.dark import Dark
from monitoring.simulation.scenarios.dead_model import DeadModel
from monitoring.simulation.scenarios.noisy_inspectors import NoisyInspectors
from monitoring.simulation.scenarios.starved_audit import StarvedAudit
from monitoring.simulation.scenarios.stay import Stay

_ALL: tuple[type[Scenario], ...] = (
    Climb,
    Stay,
    Dark,
    Concept,
    DeadModel,
    StarvedAudit,
    NoisyInspectors,
    BadCandidate,
    GoodCandidate,
)
SCENARIOS: dict[str, type[Scenario]] = {one.name: one for one in _ALL}

__all__ = ["SCENARIOS", "Scenario"]
