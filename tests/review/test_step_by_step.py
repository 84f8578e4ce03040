"""A rollout through the deeds and the pure rule beside it: after each thing that happens both say the same."""

from collections import defaultdict
from dataclasses import dataclass
from itertools import chain, cycle, repeat, takewhile

import pytest

from inspection import rollouts
from inspection.rules import rollouts as rules
from inspection.rules.rollouts import Evidence, Guard, Move, Tally
from inspection.rules.words import Label
from review import adjudications, rollbacks
from review.models import Adjudication
from tests.review.rollout_scene import BAD, GOOD, deployed, make_rollout, make_served_line, send
from tests.review.scene import later, read

pytestmark = pytest.mark.django_db

PASS, DEFECT = Label.PASS, Label.DEFECT
ARMS = ("candidate", "incumbent")


@dataclass(frozen=True, kw_only=True)
class Sent:
    """One part: what the versions say of it (None: no answer), what a reader calls it, and what is ruled."""

    green: float | None = GOOD
    blue: float | None = GOOD
    first: Label = PASS
    ruled: Label = PASS
    drawn: tuple[str, ...] = ()

    def is_disputed(self, *saw: float | None) -> bool:
        return bool(self.drawn) or any(not agrees(said, self.first) for said in saw)

    def is_escape(self, said) -> bool:
        return said == GOOD and self.ruled == DEFECT and (self.first == DEFECT or "truth" in self.drawn)


def agrees(said, label) -> bool:
    return said is None or (said == BAD) == (label == DEFECT)


MIXED = (
    Sent(),
    Sent(green=BAD, blue=BAD),
    Sent(green=BAD, first=DEFECT, ruled=DEFECT),
    Sent(green=None),
    Sent(blue=BAD, ruled=DEFECT),
    Sent(blue=BAD, ruled=DEFECT, drawn=("truth",)),
    Sent(blue=None, green=BAD),
    Sent(first=DEFECT, ruled=DEFECT),
)
WORSE = Sent(green=BAD)


class Ledger:
    """What a step has shown, counted by hand."""

    def __init__(self, *, is_paired: bool) -> None:
        self.is_paired, self.hours, self.unanswered = is_paired, 0.0, 0
        self.counts = {arm: defaultdict[str, int](int) for arm in ARMS}
        self.compared = {arm: defaultdict[str, int](int) for arm in ARMS}

    def count(self, kind: str, *arms: str) -> None:
        for arm in arms:
            self.counts[arm][kind] += 1

    def fail(self, guard: Guard, failed: dict[str, bool], *, position: float = 0.0) -> None:
        arms = [arm for arm, has_failed in failed.items() if has_failed]
        self.count(guard.value, *arms)
        half = "candidate" if position < 0.5 else "incumbent"
        by_halves = guard in (Guard.CALLS, Guard.LATENCY)
        for arm in arms:
            if not self.is_paired or (arm == half if by_halves else len(arms) == 1):
                self.compared[arm][guard.value] += 1

    def evidence(self) -> Evidence:
        tallies = {
            arm: Tally(
                seen=self.counts[arm]["seen"],
                read=self.counts[arm]["read"],
                failures={guard: self.counts[arm][guard.value] for guard in Guard},
                compared={guard: self.compared[arm][guard.value] for guard in Guard},
            )
            for arm in ARMS
        }
        return Evidence(**tallies, hours=self.hours, unanswered=self.unanswered)


class Walk:
    """A rollout, its ledger, and the people that read and rule."""

    def __init__(self, rollout, *, reader, adjudicator) -> None:
        self.rollout, self.reader, self.adjudicator = rollout, reader, adjudicator
        self.step = rollouts.step_of(rollouts.current(rollout))
        self.ledger, self.clock = Ledger(is_paired=self.step.phase.is_paired), 0

    def take(self, serial: str, part: Sent, *, position: float, arms: tuple[str, ...] = ARMS) -> rules.Action:
        """Let a part come, be read and be ruled on; hold the deeds against the rule after each."""
        said = {arm: {"candidate": part.green, "incumbent": part.blue}[arm] for arm in arms}
        task = send(
            self.rollout.line,
            serial,
            green=part.green,
            blue=part.blue,
            position=position,
            at=self._later(),
            drawn=part.drawn,
        )
        self.ledger.count("seen", *arms)
        self.ledger.fail(Guard.ERRORS, {arm: one is None for arm, one in said.items()})
        self.ledger.fail(Guard.CALLS, {arm: one == BAD for arm, one in said.items()}, position=position)
        if "candidate" in said:
            self.ledger.unanswered = self.ledger.unanswered + 1 if said["candidate"] is None else 0
        self._agree()

        read(task, self.reader, part.first, at=self._later(), defect_class="scratch" if part.first == DEFECT else "")
        self.ledger.count("read", *arms)
        self.ledger.fail(Guard.OVERTURNS, {arm: not agrees(one, part.first) for arm, one in said.items()})
        action = self._agree()

        case = Adjudication.objects.filter(item=task.item, ruled_at=None).first()
        # The incumbent looks at every run; in a canary it speaks for those of its own share.
        assert (case is not None) == part.is_disputed(part.blue, said.get("candidate"))
        if case is not None:
            known = "scratch" if part.ruled == DEFECT else ""
            adjudications.rule(case, by=self.adjudicator, label=part.ruled, defect_class=known, now=self._later())
            self.ledger.fail(Guard.RULINGS, {arm: not agrees(one, part.ruled) for arm, one in said.items()})
            self.ledger.fail(Guard.ESCAPES, {arm: part.is_escape(one) for arm, one in said.items()})
            action = self._agree()
        return action

    def _later(self):
        self.clock += 15
        return later(self.clock)

    def _agree(self) -> rules.Action:
        now = self._later()
        self.ledger.hours = self.clock / 3600
        pure = rules.advance(rules.State(step=self.step), self.ledger.evidence())
        assert rollouts.judge(self.rollout, now=now) == pure
        return pure


@pytest.fixture
def line():
    return make_served_line()


def test_both_agree_where_both_versions_see_every_run_until_the_candidate_goes_back(line, ana, quinn):
    rollout = make_rollout(line, "shadow")
    walk = Walk(rollout, reader=ana, adjudicator=quinn)
    for n, (part, position) in enumerate(zip((*MIXED, *MIXED), cycle((0.1, 0.7, 0.3)), strict=False)):
        assert walk.take(f"A-{n}", part, position=position).move == Move.WAIT
    assert walk.ledger.compared != {arm: walk.ledger.counts[arm] for arm in ARMS}

    moves = (walk.take(f"B-{n}", WORSE, position=0.7).move for n in range(40))
    waited = len(list(takewhile(lambda move: move != Move.ROLL_BACK, moves)))
    assert 0 < waited < 40
    pure = rules.advance(rules.State(step=walk.step), walk.ledger.evidence())
    assert rollbacks.follow(rollout, now=later(walk.clock)) == pure
    assert deployed(line) == ("blue:1", "", "", 0.0)


def test_both_agree_where_the_candidate_speaks_for_a_share(line, ana, quinn):
    walk = Walk(make_rollout(line, share=0.4), reader=ana, adjudicator=quinn)
    parts = chain(MIXED, MIXED, repeat(Sent(green=BAD, blue=BAD), 8))
    for n, part in enumerate(parts):
        arm, position = ("candidate", 0.1) if n % 3 == 0 else ("incumbent", 0.7)
        walk.take(f"A-{n}", part, position=position, arms=(arm,))
