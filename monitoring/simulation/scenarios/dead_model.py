"""The model stops finding anything, and twelve known defects a shift are sent through the line."""

from datetime import timedelta

from monitoring.simulation.factory import Factory, Skill
from monitoring.simulation.rabbits import Rabbits
from monitoring.simulation.scenarios.deciding import Deciding, Figures, hours_to_fall
from monitoring.simulation.world import World
from review.models import ChallengeShowing

A_SHIFT = 12
SHIFT = timedelta(hours=8)
_DEAD = Skill(escape=1.0, hidden=1.0, overkill=0.0)


class DeadModel(Deciding):
    """A missed challenge part holds the line at once; the eighth in a row must take it down within the shift."""

    name = "dead-model"
    default_items = 600
    event_at = 200

    def factory(self) -> Factory:
        return Factory(bank=40, history=250)

    def begin(self, world: World) -> None:
        """Put twelve challenge parts at hand and the calendar in force."""
        self._rabbits = Rabbits(world, parts=A_SHIFT)
        self._sent, self._next_at = 0, world.now

    def before(self, world: World) -> None:
        if not self.has_begun(world):
            self._next_at = world.now
            return
        for version in world.eyes.skills:
            world.eyes.skills[version] = _DEAD
        # One shift of them, scattered over it.
        while self._next_at <= world.now and self._sent < A_SHIFT:
            self._rabbits.send(world)
            self._sent += 1
            self._next_at += SHIFT / A_SHIFT

    def figures(self, world: World) -> Figures:
        """Return how many challenge parts the fall took, and how long."""
        event_at = world.made[self.event_at].captured_at
        shown = ChallengeShowing.objects.filter(line=world.line, shown_at__gte=event_at)
        return {
            "hours_to_demotion": hours_to_fall(world, self.event_at),
            "shift_hours": SHIFT.total_seconds() / 3600,
            "challenge_parts_a_shift": A_SHIFT,
            "missed": shown.filter(is_missed=True).count(),
            "shown": shown.count(),
        }
