"""How long the line may be left without a word about a part."""

from collections.abc import Iterable

from edge.ledger import Passage


class Watchdog:
    """Tells which passages have been silent for longer than the deadline.

    Counts on a monotonic clock, so that a clock set back cannot silence it; what an earlier process left open
    is aged by the wall clock, within bounds.
    """

    def __init__(self, deadline: float) -> None:
        self._deadline = deadline
        self._due: dict[int, float] = {}

    def overdue(self, undriven: Iterable[Passage], *, monotonic: float, wall: float) -> list[Passage]:
        """Those of the passages whose time is up."""
        passages = list(undriven)
        self._due = {passage.number: self._due_time(passage, monotonic, wall) for passage in passages}
        return [passage for passage in passages if self._due[passage.number] <= monotonic]

    def _due_time(self, passage: Passage, monotonic: float, wall: float) -> float:
        known = self._due.get(passage.number)
        if known is not None:
            return known
        age = min(self._deadline, max(0.0, wall - passage.opened_at))
        return monotonic + self._deadline - age
