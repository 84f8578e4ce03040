"""A line that gives gold items: a library of known defects and good parts, people at work, tasks that wait."""

from datetime import datetime

from inspection.models import Line, Run, User
from inspection.rules.words import Call, Label
from review import gold, known_images, queues, staging
from review.gold_models import GoldShowing
from review.models import ReviewTask, Truth
from tests.builders import NOON
from tests.review.bank_scene import make_defect
from tests.review.scene import answer, make_run, make_task


def make_good(line: Line, serial: str) -> Run:
    """Return a part that a ruling found good."""
    run = make_run(line, serial)
    Truth.objects.create(item=run.items.get(), n=1, label="pass", source="adjudication", created_at=NOON)
    return run


def make_library(line: Line, size: int = 3, *, code: str = "scratch") -> None:
    """Keep so many known defects and as many good parts."""
    for n in range(size):
        make_defect(line, f"D-{n}", code=code)
        make_good(line, f"G-{n}")


def make_giving(line: Line, lead: User, *, wanted: float = 0.05, now: datetime = NOON) -> None:
    gold.set_rule(line, is_on=True, wanted_share=wanted, by=lead, now=now)


def show(line: Line, person: User, n: int, *, call: Call = Call.DEFECT, at: datetime = NOON) -> GoldShowing:
    """Put one image of the library before a person, beside a task that waits."""
    make_task(line, f"N-{n}", at=at)
    if call == Call.DEFECT:
        defect = make_defect(line, f"KD-{n}")
        known = known_images.Known(defect.images.get().item, defect)
    else:
        known = known_images.Known(make_good(line, f"KG-{n}").items.get(), None)
    return gold.show(known, beside=staging.neighbour(line), person=person, now=at)


def call_gold(showing: GoldShowing, label: Label, *, at: datetime = NOON) -> None:
    """Have the person answer a gold item and let the undo window close."""
    held = {"queue_rank": None, "lease_holder": showing.person, "lease_until": at + queues.LEASE, "lease_token": 1}
    ReviewTask.objects.filter(pk=showing.task_id).update(**held)
    answer(ReviewTask.objects.get(pk=showing.task_id), showing.person, label, at=at)
