"""One simulated line with its clock: parts come in, the product's rounds go, people read, leads look in every hour."""

from bisect import bisect_right
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID

from inspection import arms, health, intake
from inspection.models import Item, Line, Outbox
from inspection.rules.words import Level
from monitoring import rounds
from monitoring.simulation import founding
from monitoring.simulation.eyes import Eyes
from monitoring.simulation.leads import EVERY, Leads
from monitoring.simulation.parts import Made, Maker
from monitoring.simulation.people import Inspectors
from monitoring.simulation.rabbits import Rabbits
from monitoring.simulation.scenarios.base import Scenario
from monitoring.simulation.witness import Witness
from review import arrivals, bank, gates
from review.evidence import Reading
from review.models import PendingDecision, ReviewTask

BEGINS_AT = datetime(2026, 1, 5, 6, 0, tzinfo=UTC)
SETTLING = timedelta(seconds=40)
SETTLED_AFTER = 200
# Nothing is asked of the time before the run but that it was.
HISTORY_PER_TICK = 48


class Clock:
    """The world's time. It goes only when the world says so."""

    def __init__(self) -> None:
        self.now = BEGINS_AT

    def __call__(self) -> datetime:
        return self.now


class World:
    """What a scenario may touch: the line and its people, nature's `maker`, the model's `eyes`, and the `now`.

    `made` are the parts of the run in their order. `line` is read anew at every tick.
    """

    def __init__(self, scenario: Scenario, *, seed: int, clock: Clock, ids: Callable[[], UUID], eyes: Eyes) -> None:
        self.scenario, self.factory, self.eyes = scenario, scenario.factory(), eyes
        self.maker = Maker(self.factory, seed=seed)
        self.made: list[Made] = []
        self.witness = Witness()
        self.last_reading: Reading | None = None
        self.is_running = self._was_read = False
        self.rabbits: Rabbits | None = None
        self._clock = clock
        self._captured_at: list[datetime] = []
        self._by_item: dict[UUID, Made] = {}
        self._by_run: dict[UUID, Made] = {}
        self._leads_at = self.now
        inspectors, leads = founding.people(now=self.now)
        self.inspectors = Inspectors(inspectors, self.factory.inspectors, seed=seed, ids=ids)
        self.leads = Leads(leads[0], leads[1], self.factory.leads, seed=seed)
        self.line = founding.line_of(self.factory, by=leads[0], seed=seed, now=self.now)
        self.station = founding.station_of(self.line, now=self.now)

    @property
    def now(self) -> datetime:
        return self._clock.now

    @property
    def takt(self) -> timedelta:
        return timedelta(days=1) / self.factory.parts_per_day

    def advance(self, by: timedelta) -> None:
        """Let time pass."""
        self._clock.now += by

    # Beginning --------------------------------------------------------------------------------------------------

    def stand_on(self, level: Level) -> None:
        """Bring the line to the rung where the run begins: bank, model, and for the upper rungs a history."""
        founding.fill_bank(self)
        founding.serve(self)
        decides = level.rung >= Level.PARTIAL.rung
        founding.stand(self, Level.ASSIST if decides else level)
        self._score_bank()
        if decides:
            self._live_through(self.factory.history)
            founding.put_bands(self)
            founding.stand(self, level)
        if self.factory.challenges_a_shift:
            self.rabbits = Rabbits(self, parts=self.factory.challenges_a_shift)
        self.scenario.begin(self)
        self.is_running = True
        self.witness.begin(self)

    def _score_bank(self) -> None:
        for line, version in bank.lines_to_score():
            while bank.score(line, version, now=self.now, examine=self.eyes.examine):
                continue

    def _live_through(self, parts: int) -> None:
        """Let parts come before the run begins, many at a time."""
        for first in range(-parts, 0, HISTORY_PER_TICK):
            indexes = range(first, min(0, first + HISTORY_PER_TICK))
            self.bring_in([self._next(self.maker.make, index) for index in indexes])
            self._after_arrivals(self.takt * len(indexes))
            self._go_round()
        self.settle()

    # Turning ----------------------------------------------------------------------------------------------------

    def tick(self, parts: int) -> None:
        """Do a round, take in some parts, let people read, and call the leads when an hour is over."""
        self.scenario.before(self)
        self._go_round()
        if self.rabbits is not None:
            self.rabbits.send_due(self)
        fresh = [self._next(self._make, len(self.made) + n) for n in range(parts)]
        self.made += fresh
        self._captured_at += [made.captured_at for made in fresh]
        self.bring_in(fresh)
        self._after_arrivals(self.takt * parts)
        self.scenario.after(self)
        self.witness.note(self)

    def bring_in(self, parts: Sequence[Made]) -> list[Item]:
        """Send the parts' images as their station would its spool, and let the prediction service do its work."""
        uploads = [self._upload(made) for made in parts]
        accepted = intake.accept_all(self.station, uploads=uploads, now=self.now)
        for made, one in zip(parts, accepted, strict=True):
            self._by_item[one.item.pk] = self._by_run[one.run.pk] = made
            self.eyes.meet(one.item, made)
        keys = [one.item.pk for one in accepted]
        arrivals.predict_all(keys, clock=self._clock, examine=self.eyes.examine)
        # Ordered only where a rollout has a version look once the line has its answer.
        ordered = Outbox.objects.filter(topic=arms.SILENT, key__in=[str(key) for key in keys])
        for key in ordered.order_by("pk").values_list("key", flat=True):
            arrivals.look_silently(key, clock=self._clock, examine=self.eyes.examine)
        return [one.item for one in accepted]

    def _next(self, make: Callable[..., Made], index: int) -> Made:
        """Return the part that comes a takt after the one before."""
        self.advance(self.takt)
        return make(index, now=self.now)

    def _make(self, index: int, *, now: datetime) -> Made:
        return self.scenario.make(self, self.maker.make(index, now=now))

    def _upload(self, made: Made) -> intake.Upload:
        return intake.Upload(
            serial=made.serial,
            view=self.line.main_view,
            captured_at=made.captured_at,
            file=self.eyes.upload(made),
            idempotency_key=f"{made.serial}/{made.index}",
        )

    def settle(self) -> None:
        """Let people finish what waits: everything is read and final afterwards, as far as people get there."""
        for _ in range(SETTLED_AFTER):
            self.inspectors.work(self, until=self.now + SETTLING)
            self.advance(SETTLING)
            self._go_round()
            waiting = ReviewTask.objects.filter(line=self.line, queue_rank__isnull=False)
            if not waiting.exists() and not PendingDecision.objects.exists():
                break
        self.leads.work(self)
        self._go_round()

    def _after_arrivals(self, span: timedelta) -> None:
        self.inspectors.work(self, until=self.now + span)
        if self.now >= self._leads_at:
            self._leads_at = self.now + EVERY
            self._hourly()

    def _hourly(self) -> None:
        """The leads' round, and what the product does by the clock besides its rounds."""
        for line in health.lines_to_try(now=self.now):
            health.try_model(line, now=self.now, examine=self.eyes.examine)
        self._score_bank()
        # Where the round has just read the gates, what they stand on has not moved since.
        if not self._was_read:
            self._heard(gates.read_all(now=self.now))
        self.leads.work(self)
        self.witness.sample(self)

    def _go_round(self) -> None:
        readings = rounds.go(now=self.now, each=self.scenario.reads_each)
        self._was_read = bool(readings)
        self._heard(readings)
        self.line = self.fresh_line()
        self.station.line = self.line

    def _heard(self, readings: list[Reading]) -> None:
        self.witness.gate_evaluations += len(readings) if self.is_running else 0
        self.last_reading = readings[-1] if readings else self.last_reading

    # Knowing ----------------------------------------------------------------------------------------------------

    def fresh_line(self) -> Line:
        return Line.objects.select_related("epoch__model_version", "bands", "product").get(pk=self.line.pk)

    def made_of(self, item: UUID) -> Made:
        return self._by_item[item]

    def made_of_run(self, run: UUID) -> Made:
        return self._by_run[run]

    def index_at(self, moment: datetime) -> int:
        """Return the newest part at a moment; 0 before the first."""
        return max(0, bisect_right(self._captured_at, moment) - 1)
