"""The model stops finding anything, and twelve known defects a shift are sent through the line."""

from dataclasses import replace
from datetime import timedelta

from monitoring.simulation.factory import Factory, Skill
from monitoring.simulation.scenarios.deciding import Deciding, Figures, hours_to_fall
from monitoring.simulation.world import World
from review import challenges
from review.bank_models import BankDefect
from review.models import ChallengePart, ChallengeShowing

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
        lead = world.leads.first
        confirmed = BankDefect.objects.in_use().filter(line=world.line).order_by("pk")[:A_SHIFT]
        for defect in confirmed:
            challenges.mark(defect, serial=f"RABBIT-{defect.number}", by=lead, now=world.now)
        challenges.set_calendar(
            world.line, at_shift_start=True, at_changeover=False, every_h=None, parts=A_SHIFT, by=lead, now=world.now
        )
        self._sent, self._next_at = 0, world.now

    def before(self, world: World) -> None:
        if not self.has_begun(world):
            self._next_at = world.now
            return
        for version in world.eyes.skills:
            world.eyes.skills[version] = _DEAD
        # One shift of them: each bears its serial once, as a station's key of an upload does.
        while self._next_at <= world.now and self._sent < A_SHIFT:
            self._send(world)
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

    def _send(self, world: World) -> None:
        """Send the next challenge part through the line like any other, its picture that of a known defect."""
        parts = list(ChallengePart.objects.filter(line=world.line).select_related("part", "defect").order_by("pk"))
        challenge = parts[self._sent % len(parts)]
        self._sent += 1
        made = world.maker.make_defect(-2_000_000 - self._sent, now=world.now)
        world.bring_in(replace(made, serial=challenge.part.serial, defect_class=challenge.defect.defect_class))
