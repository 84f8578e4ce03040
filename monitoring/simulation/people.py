"""The people of a simulated factory. They do what the pages let them do, through the same deeds."""

from collections.abc import Callable
from datetime import datetime, timedelta
from heapq import heapify, heappop, heappush
from random import Random
from typing import TYPE_CHECKING
from uuid import UUID

from inspection.models import User
from inspection.rules.words import Label, Phase
from monitoring.simulation.factory import Habits, hard_rates
from monitoring.simulation.parts import Made
from review import decisions, queues
from review.calls import DecisionInput, Said
from review.models import ReviewTask

if TYPE_CHECKING:
    from monitoring.simulation.world import World

# A claim must be read before its lease ends.
LEASE_USED = 0.8
FIRST_GUESS = "scratch"


def judged(made: Made, habits: Habits, *, who: str, seed: int) -> tuple[Label, str]:
    """Return what a person calls the part, and the kind of defect. The same person says the same again.

    Errors of different people are independent given how hard the part is; the hard ones make them err together.
    """
    rng = Random(f"{seed}/{made.serial}/{who}")
    if rng.random() < habits.cannot_judge:
        return Label.CANNOT_JUDGE, ""
    rate = hard_rates(habits.miss if made.is_defect else habits.false_alarm)[made.is_hard]
    says_defect = made.is_defect != (rng.random() < rate)
    return (Label.DEFECT, made.defect_class or FIRST_GUESS) if says_defect else (Label.PASS, "")


class Inspectors:
    """Inspectors at the queue: whoever is free first claims next, reads, and is gone again."""

    def __init__(self, users: list[User], habits: Habits, *, seed: int, ids: Callable[[], UUID]) -> None:
        self.users, self.habits = users, habits
        self.readings = 0
        self._seed, self._ids = seed, ids
        self._free_at: dict[int, datetime] = {}
        self._turn = 0

    def work(self, world: "World", *, until: datetime) -> None:
        """Read what waits, from the world's now, for as long as somebody has time before `until`."""
        # Nobody always comes first: on a quiet line the same person would read everything.
        self._turn += 1
        order = [(n + self._turn) % len(self.users) for n in range(len(self.users))]
        free = [(max(self._free_at.get(n, world.now), world.now), place, n) for place, n in enumerate(order)]
        heapify(free)
        while free:
            at, place, n = heappop(free)
            if at >= until:
                continue
            done_at = self._read_some(world, self.users[n], at)
            if done_at is not None:
                self._free_at[n] = done_at
                heappush(free, (done_at, place, n))

    def _read_some(self, world: "World", person: User, at: datetime) -> datetime | None:
        """Claim and read; return when the person is free again, None where nothing waits for them."""
        most = max(1, int(LEASE_USED * queues.LEASE.total_seconds() / self.habits.seconds))
        tasks = queues.claim(person, world.line, count=min(queues.CLAIM_MAX, most), tab="1", now=at)
        return self._read(world, tasks, person, at) if tasks else None

    def _read(self, world: "World", tasks: list[ReviewTask], person: User, at: datetime) -> datetime:
        """Read one after the other and send the calls; look again where the answer shows that the model differs."""
        made = {task.pk: world.made_of(task.item_id) for task in tasks}
        called = {task.pk: judged(made[task.pk], self.habits, who=person.username, seed=self._seed) for task in tasks}
        said, at = self._say(tasks, called, at=at, phase=Phase.INITIAL)
        kept = decisions.record_all(said, person=person, now=at)
        self.readings += len(tasks)
        differing = [task for task, one in zip(tasks, kept, strict=True) if one.reveal is not None]
        if not differing:
            return at
        again = {
            task.pk: self._second_thought(made[task.pk], *called[task.pk], who=person.username) for task in differing
        }
        said, at = self._say(differing, again, at=at, phase=Phase.FINAL)
        decisions.record_all(said, person=person, now=at)
        return at

    def _second_thought(self, made: Made, label: Label, kind: str, *, who: str) -> tuple[Label, str]:
        """Return the call after the model was shown to differ."""
        is_right = label == made.label
        rng = Random(f"{self._seed}/{made.serial}/{who}/again")
        if label == Label.CANNOT_JUDGE or rng.random() >= (self.habits.yields if is_right else self.habits.learns):
            return label, kind
        return (Label.PASS, "") if label == Label.DEFECT else (Label.DEFECT, made.defect_class or FIRST_GUESS)

    def _say(
        self, tasks: list[ReviewTask], called: dict[UUID, tuple[Label, str]], *, at: datetime, phase: Phase
    ) -> tuple[list[Said], datetime]:
        """Return the calls as the page would send them, and when the last of them is given."""
        said = []
        for task in tasks:
            shown_at, at = at, at + timedelta(seconds=self.habits.seconds)
            label, kind = called[task.pk]
            given = DecisionInput(
                decision_id=self._ids(),
                label=label,
                defect_class=kind,
                shown_at=shown_at,
                decided_at=at,
                view_ms=int(self.habits.seconds * 1000),
                phase=phase,
            )
            said.append(Said(task, task.lease_token, given))
        return said, at
