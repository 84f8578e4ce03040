"""A worker that is behind: the freshest images get the model, the late ones people, and it catches up by itself."""

from datetime import datetime, timedelta

import pytest

from config import relay
from inspection.models import Outbox, Prediction, Routing
from inspection.rules.words import Route
from review import arrivals, queues
from review.arrivals import LATE, RECEIVED
from review.models import ReviewTask
from tests.builders import NOON
from tests.review.candidate_scene import make_certified_line
from tests.review.rollout_scene import GOOD, examined
from tests.review.scene import later, make_run

pytestmark = pytest.mark.django_db

LOOK_S = 0.05


class Worker:
    """One worker that takes wake-ups in their order, on a clock that its looks at images move on."""

    def __init__(self, line, now: datetime) -> None:
        self.line, self.now, self.looked_at = line, now, []

    def clock(self) -> datetime:
        return self.now

    def examine(self, item, **_facts):
        self.looked_at.append(item.run.part.serial)
        self.now += timedelta(seconds=LOOK_S)
        return examined(self.line, item, {"blue": GOOD}, at=self.now)

    def predict(self, item) -> bool:
        return arrivals.predict(item.pk, clock=self.clock, examine=self.examine)

    def look_late(self, item) -> bool:
        return arrivals.look_late(item.pk, clock=self.clock, examine=self.examine)


@pytest.fixture
def line():
    return make_certified_line(model_deadline_s=2.0)


def arrive(line, serial: str, *, at: datetime):
    """Take an image in, with the order for its look."""
    item = make_run(line, serial, at=at).items.get()
    Outbox.objects.create(topic=RECEIVED, key=str(item.pk), available_at=at, sent_at=at)
    return item


def topics_open(item) -> list[str]:
    return list(Outbox.objects.filter(key=str(item.pk), done_at=None).values_list("topic", flat=True))


def test_a_late_image_costs_no_look_while_a_fresh_one_waits(line):
    old, fresh = arrive(line, "old", at=NOON), arrive(line, "fresh", at=later(2.9))
    worker = Worker(line, later(3))
    assert worker.predict(old)
    assert worker.predict(fresh)
    assert worker.looked_at == ["fresh"]
    assert Routing.objects.get().route == Route.AUTO_PASS
    assert (topics_open(old), topics_open(fresh)) == ([LATE], [])


def test_where_nothing_fresher_waits_a_late_image_is_looked_at_as_ever(line):
    old, older = arrive(line, "old", at=NOON), arrive(line, "older", at=NOON)
    worker = Worker(line, later(3))
    worker.predict(old)
    worker.predict(older)
    assert worker.looked_at == ["old", "older"]
    assert set(Routing.objects.values_list("reason", flat=True)) == {"model-late"}


def test_people_have_what_stepped_aside_by_the_models_deadline_and_its_look_follows(line):
    old, _ = arrive(line, "old", at=NOON), arrive(line, "fresh", at=later(1.9))
    worker = Worker(line, later(1.95))
    worker.predict(old)
    assert queues.admit_overdue(now=later(2.01)) == 1
    assert ReviewTask.objects.get().item == old
    assert worker.look_late(old)
    assert not worker.look_late(old)
    standing = Routing.objects.get(item=old)
    assert (standing.reason, standing.model_version) == ("model-deadline", None)
    assert Prediction.objects.get(item=old).role == "shadow"
    assert topics_open(old) == []


def test_an_image_over_which_a_worker_went_down_keeps_its_order_and_its_attempts(line):
    old, _ = arrive(line, "old", at=NOON), arrive(line, "fresh", at=later(59.9))
    Outbox.objects.filter(key=str(old.pk)).update(attempts=3, lease_until=later(30))
    worker = Worker(line, later(60))
    worker.predict(old)
    assert Routing.objects.get(item=old).route == Route.QUARANTINE
    assert worker.looked_at == []


def test_a_look_that_comes_before_the_deadline_after_all_is_an_answer(line):
    old, _ = arrive(line, "old", at=NOON), arrive(line, "fresh", at=later(1.7))
    worker = Worker(line, later(1.75))
    worker.predict(old)
    worker.look_late(old)
    assert Routing.objects.get(item=old).route == Route.AUTO_PASS
    assert Prediction.objects.get(item=old).role == "serving"


def test_the_second_worker_does_the_looks_that_are_late():
    assert relay.TASKS[LATE] == ("review.tasks.look_late", "default")


def test_an_overload_ends_by_itself_and_nothing_is_lost():
    """Thirty images a second for two and a half seconds at a worker that can look at twenty, then ten a second."""
    line = make_certified_line(model_deadline_s=0.4)
    moments = [n / 30 for n in range(75)] + [2.5 + n / 10 for n in range(20)]
    due = {arrive(line, f"P-{n}", at=later(5 + at)): later(5 + at) for n, at in enumerate(moments)}
    worker = Worker(line, later(5))
    for item, at in due.items():
        worker.now = max(worker.now, at)
        worker.predict(item)
        queues.admit_overdue(now=worker.now)
    decided = set(Routing.objects.filter(route=Route.AUTO_PASS.value).values_list("item", flat=True))
    assert decided >= {item.pk for item in list(due)[-20:]}
    for item in due:
        worker.look_late(item)
    assert Routing.objects.count() == len(due)
    assert not Outbox.objects.filter(done_at=None).exists()
    waiting = set(ReviewTask.objects.values_list("item", flat=True))
    assert waiting == {item.pk for item in due} - decided
