"""Challenge parts of a simulated line: known defects at hand, sent through whenever the product says they are due."""

from dataclasses import replace
from typing import TYPE_CHECKING

from inspection import registry
from inspection.rules.words import Call
from monitoring.simulation.parts import Made
from review import bank, challenges
from review.bank_models import BankDefect
from vision import routing

if TYPE_CHECKING:
    from monitoring.simulation.world import World

# Places far below those of the run, the history before it and the bank.
_FIRST_INDEX = -2_000_000


class Rabbits:
    """So many parts with defects that the model finds, due at each start of a shift; each bears its serial for good."""

    def __init__(self, world: "World", *, parts: int) -> None:
        lead, line = world.leads.first, world.line
        self._made: list[Made] = []
        self._sent = 0
        for defect in _findable(world)[:parts]:
            made = replace(world.made_of(defect.images.get().item_id), serial=f"RABBIT-{defect.number}")
            challenges.mark(defect, serial=made.serial, by=lead, now=world.now)
            self._made.append(replace(made, same_as=defect.part.serial))
        challenges.set_calendar(
            line, at_shift_start=True, at_changeover=False, every_h=None, parts=parts, by=lead, now=world.now
        )

    def send_due(self, world: "World") -> None:
        """Send what the rounds that stand open still want."""
        for due in challenges.open_rounds(world.line):
            self.send(world, due.wanted - due.showings.count())

    def send(self, world: "World", parts: int = 1) -> None:
        """Send the next ones through the line like any part. None of them can be there twice at a time."""
        while parts > 0:
            together = [self._next(world) for _ in range(min(parts, len(self._made)))]
            world.bring_in(together)
            parts -= len(together)

    def _next(self, world: "World") -> Made:
        made = self._made[self._sent % len(self._made)]
        self._sent += 1
        return replace(made, index=_FIRST_INDEX - self._sent, captured_at=world.now)


def _findable(world: "World") -> list[BankDefect]:
    """Return the confirmed defects, those first that the model finds: only these tell whether it has died."""
    line = world.line
    known = bank.known(line, registry.present(line))
    found = {one.group for one in known if _finds(one, line.call_threshold)}
    confirmed = BankDefect.objects.in_use().filter(line=line).select_related("part").order_by("pk")
    return sorted(confirmed, key=lambda defect: defect.group not in found)


def _finds(known: bank.Known, threshold: float) -> bool:
    return all(p is not None and routing.call(p, threshold=threshold) == Call.DEFECT for p in known.probabilities)
