"""A model whose true rates lie exactly at the limits: it must stay where it is, however often its gate is read."""

from dataclasses import replace
from typing import Any

from inspection.models import LevelProposal
from inspection.rules.words import Level
from monitoring.simulation.factory import Factory, Skill
from monitoring.simulation.scenarios.base import Scenario
from monitoring.simulation.world import World

DEFECT_RATE = 0.10
# Agreement 95 % and detection 80 % at once, where every tenth part is defective.
_ESCAPE = 0.20
_OVERKILL = (0.05 - DEFECT_RATE * _ESCAPE) / (1 - DEFECT_RATE)
_PLAIN = Factory(
    defect_rate=DEFECT_RATE,
    classes={"scratch": 1.0},
    parts_per_day=500,
    truth_share=0.30,
    bank=150,
    history=300,
    target_escape_ppm=5000.0,
    skill=Skill(escape=_ESCAPE, overkill=_OVERKILL),
    parts_per_tick=144,
    challenges_a_shift=6,
)
# What no band finds is exactly what the gate allows to be passed. Defects are as rare as the risk certificate needs
# for a band that hides so many, and the bank as large as lets a lucky list through at all.
_BELOW_PARTIAL = replace(
    _PLAIN,
    defect_rate=0.02,
    truth_share=0.70,
    bank=181,
    band_parts=1250,
    skill=Skill(escape=0.05, hidden=0.05, overkill=0.01),
)
# One shift a day: of 85 parts a third would hold too few audits to be closed within it.
_BELOW_FULL = replace(
    _PLAIN,
    parts_per_day=85,
    shift_pattern=[{"name": "day", "start": "06:00"}],
    parts_per_tick=28,
    bank=300,
    skill=Skill(escape=0.03, hidden=0.03, overkill=0.01),
)
_FACTORIES = {Level.ASSIST: _BELOW_PARTIAL, Level.PARTIAL: _BELOW_FULL, Level.FULL: _BELOW_FULL}


class Stay(Scenario):
    """Everything else the gates ask for comes in good time, so that the streams alone keep them shut.

    The gate is read after every part. Days and natural defects come fast: 3,000 parts last a week, at `partial` the
    five weeks of quiet that `full` asks for.
    """

    name = "stay"
    default_items = 3000
    reads_each = True

    def figures(self, world: World) -> dict[str, Any]:
        """Return how often the product found the gate open and proposed to go up, signed or not."""
        return {"proposals": LevelProposal.objects.filter(line=world.line, opened_by_system=True).count()}

    def factory(self) -> Factory:
        return _FACTORIES.get(self.from_level, _PLAIN)
