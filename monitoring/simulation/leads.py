"""The two QA leads: every hour they rule on what is open, look into holds, move rollouts on, certify, waive, and sign.

They sign nothing that the product does not open: the gate is read again at each signature.
"""

from collections.abc import Iterable
from contextlib import suppress
from datetime import timedelta
from typing import TYPE_CHECKING

from inspection import automation, rollouts, waivers
from inspection.certificates import standing
from inspection.models import Freeze, Hold, LevelProposal, Line, Rollout, User
from inspection.rules.gates import HARM
from inspection.rules.words import Label, Level, Stream
from monitoring import baselines
from monitoring.baselines import FREEZE as DRIFT_FREEZE
from monitoring.simulation.factory import Habits
from monitoring.simulation.people import judged
from review import adjudications, bands, containment, counts, findings, signing
from review.adjudications import Spoken
from review.containment_models import Containment
from review.models import Adjudication, Certification
from review.rules.containment import Found

if TYPE_CHECKING:
    from monitoring.simulation.world import World

EVERY = timedelta(hours=1)
# A hold or a freeze with no cause to be found is lifted after this long.
LOOKED_INTO = timedelta(hours=2)
# Guardrails count on while a rollout is paused, and going on begins their counts anew: so there is no hurry.
PAUSED_FOR = timedelta(days=1)
WAIVED_FOR = timedelta(days=30)
TORN_DOWN_AT_ONCE = 50


class Leads:
    """Quinn and Quill. Quinn certifies and signs first, Quill puts in force and signs second; both rule."""

    def __init__(self, first: User, second: User, habits: Habits, *, seed: int) -> None:
        self.first, self.second, self.habits = first, second, habits
        self.rulings = 0
        self._seed = seed

    def work(self, world: "World") -> None:
        """Do an hour's round."""
        self.rule(world)
        self.contain(world)
        self.look_into_holds(world)
        self.move_rollouts_on(world)
        if Level(world.line.level).rung >= Level.ASSIST.rung:
            self.certify(world)
        self.sign(world)

    # Rulings ----------------------------------------------------------------------------------------------------

    def rule(self, world: "World") -> None:
        """Rule on every open case that one of the two may rule on."""
        for lead in (self.first, self.second):
            spoken = [self._say(world, case, lead) for case in adjudications.waiting_for(lead, lines=[world.line])]
            adjudications.rule_all(spoken, by=lead, now=world.now)
            self.rulings += len(spoken)

    def _say(self, world: "World", case: Adjudication, lead: User) -> Spoken:
        label, kind = judged(world.made_of(case.item_id), self.habits, who=lead.username, seed=self._seed)
        return Spoken(case=case, label=label, defect_class=kind)

    # Trouble ----------------------------------------------------------------------------------------------------

    def look_into_holds(self, world: "World") -> None:
        """Lift what was placed by rule and has no cause, once it was looked into."""
        since = world.now - LOOKED_INTO
        for hold in Hold.objects.in_force().filter(line=world.line, placed_at__lte=since).exclude(kind=Hold.STOP):
            if not world.scenario.leaves(world, hold):
                automation.lift_hold(hold, by=self.first, now=world.now)
        for freeze in Freeze.objects.in_force().filter(line=world.line, placed_at__lte=since):
            if freeze.cause != DRIFT_FREEZE:
                automation.thaw(world.line, cause=freeze.cause, by=self.first, now=world.now)
            elif world.scenario.event_item is None:
                self._take_new_reference(world)

    def _take_new_reference(self, world: "World") -> None:
        """Where nature did not change, the images of now are as good a reference as those before."""
        baseline = baselines.in_force(world.line)
        # With too few images since the drift they look again in an hour.
        if baseline is not None:
            with suppress(baselines.TooFewImages):
                baselines.replace(baseline, by=self.first, reason="looked into: nothing changed", now=world.now)

    def contain(self, world: "World") -> None:
        """Take some of the contained parts apart; what is found becomes their physical truth."""
        for standing_one in Containment.objects.filter(line=world.line, closed_at=None, listed_at__isnull=False):
            rows = containment.listed(standing_one, only_open=True)[:TORN_DOWN_AT_ONCE]
            for row in list(rows):
                made = world.made_of_run(row.run_id)
                findings.close_contained(
                    row,
                    found=Found.BAD if made.label == Label.DEFECT else Found.GOOD,
                    by=self.second,
                    now=world.now,
                    defect_class=made.defect_class,
                    note="taken apart",
                )
            if not containment.tally(standing_one)["open"]:
                containment.close(standing_one, by=self.second, now=world.now)

    # Rollouts ---------------------------------------------------------------------------------------------------

    def move_rollouts_on(self, world: "World") -> None:
        """Confirm the next step where the evidence calls for a person, and go on after a pause of a day."""
        for rollout in rollouts.open_rollouts():
            if rollout.paused_at is None:
                self._confirm(rollout, world)
            elif rollout.paused_at <= world.now - PAUSED_FOR:
                asked = rollouts.review_asked(rollout, rollouts.judge(rollout, now=world.now))
                # A failure that shows meanwhile takes it back before anybody goes on.
                with suppress(rollouts.NotReady):
                    rollouts.go_on(rollout, reviewed=asked, by=self.second, now=world.now)

    def _confirm(self, rollout: Rollout, world: "World") -> None:
        if rollout.ready_at is None:
            return
        # Read again at the deed: what came in since may have shut the way.
        with suppress(rollouts.NotReady):
            rollouts.confirm(rollout, by=self.second, now=world.now)

    # Up ---------------------------------------------------------------------------------------------------------

    def certify(self, world: "World") -> None:
        """Certify bands once the truth draw has enough ruled parts since the last attempt, and put them in force."""
        line = world.fresh_line()
        epoch = line.present_epoch
        if standing(line, epoch.model_version_id) is not None or epoch.model_version is None:
            return
        attempts = Certification.objects.filter(epoch=epoch).count()
        if _ruled(line) < world.factory.band_parts * (attempts + 1):
            return
        made = bands.certify(line, by=self.first, now=world.now)
        if made.bands is not None:
            bands.put_in_force(line, made.bands, by=self.second, now=world.now)

    def sign(self, world: "World") -> None:
        """Sign an open proposal, both; where only a waivable condition is in the way, waive it instead."""
        proposal = automation.open_proposal(world.line)
        if proposal is None:
            self._waive(world)
            return
        for lead in (self.first, self.second):
            if not _signed(proposal, lead, world):
                return

    def _waive(self, world: "World") -> None:
        """Waive what wrong predictions make people give up, where it is all that is missing: see docs/simulator.md."""
        reading = world.last_reading
        failing = reading.judgement.failing if reading else ()
        if not failing or any(check.name != "harm" for check in failing):
            return
        line = world.fresh_line()
        if HARM in waivers.in_force(line, Level(line.level).above or Level.FULL, now=world.now):
            return
        asked = waivers.ask(
            line,
            subject=HARM,
            until=(world.now + WAIVED_FOR).date(),
            reason="too few wrong predictions were shown to tell",
            by=self.first,
            now=world.now,
        )
        waivers.sign(asked, by=self.second, now=world.now)


def _ruled(line: Line) -> int:
    """Count the parts of the truth draw with a ruling, in the line's epoch."""
    ledger = counts.ledger(line.present_epoch)
    sums: Iterable[counts.Sums] = (ledger.sums(stream) for stream in (Stream.DETECTION, Stream.SPECIFICITY))
    return sum(one.s + one.f for one in sums)


def _signed(proposal: LevelProposal, lead: User, world: "World") -> bool:
    """Sign as a lead; False where the product does not let them."""
    try:
        signing.approve(proposal, by=lead, now=world.now)
    except (automation.EvidenceStale, automation.Frozen):
        return False
    proposal.refresh_from_db()
    return True
