"""A model whose true rates lie exactly at the limits: it must stay where it is, however often its gate is read."""

from dataclasses import replace

from inspection.rules.words import Level
from monitoring.simulation.factory import Factory, Skill
from monitoring.simulation.scenarios.base import Scenario

DEFECT_RATE = 0.10
# Agreement 95 % and detection 80 % at once, where every tenth part is defective.
_ESCAPE = 0.20
_OVERKILL = (0.05 - DEFECT_RATE * _ESCAPE) / (1 - DEFECT_RATE)
_AT_THE_LIMIT = {
    Level.HUMAN: Skill(escape=_ESCAPE, overkill=_OVERKILL),
    Level.SHADOW: Skill(escape=_ESCAPE, overkill=_OVERKILL),
    # What no band finds is exactly what the gate allows to be passed.
    Level.ASSIST: Skill(escape=0.05, hidden=0.05, overkill=0.01),
    Level.PARTIAL: Skill(escape=0.03, hidden=0.03, overkill=0.01),
    Level.FULL: Skill(escape=0.03, hidden=0.03, overkill=0.01),
}
_PLAIN = Factory(
    defect_rate=DEFECT_RATE,
    parts_per_day=500,
    truth_share=0.30,
    bank=150,
    history=300,
    band_parts=600,
    target_escape_ppm=5000.0,
    parts_per_tick=1,
)


class Stay(Scenario):
    """Everything else the gates ask for comes in good time, so that the streams alone keep them shut.

    The gate is read after every part. Days and natural defects come fast: 3,000 parts last a week, at `partial` the
    five weeks of quiet that `full` asks for.
    """

    name = "stay"
    default_items = 3000

    def factory(self) -> Factory:
        slow = self.from_level.rung >= Level.PARTIAL.rung
        return replace(_PLAIN, skill=_AT_THE_LIMIT[self.from_level], parts_per_day=85 if slow else 500)
