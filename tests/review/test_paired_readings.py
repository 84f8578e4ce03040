"""What people say of a run that two versions saw: it counts once all is said, and follows the ruling that stands."""

import pytest

from inspection import arms, rollouts
from inspection.models import ArmEvent
from inspection.rules.rollouts import Guard
from inspection.rules.words import Label
from review import adjudications, comparisons, readings
from review.models import Adjudication, ReviewTask
from tests.review.rollout_scene import BAD, GOOD, look, look_silently, make_rollout, make_served_line
from tests.review.scene import later, make_run, read

pytestmark = pytest.mark.django_db

# On each view another version calls what no person sees.
FRONT, BACK = {"blue": GOOD, "green": BAD}, {"blue": BAD, "green": GOOD}


@pytest.fixture
def line():
    return make_served_line(views=["front", "back"])


@pytest.fixture
def rollout(line):
    return make_rollout(line, "shadow")


def seen(line, said: dict[str, dict], *, serial: str = "A-1") -> dict[str, ReviewTask]:
    """Let both versions look at a run with these views; return the views' tasks."""
    run = make_run(line, serial, views=tuple(said), at=later(1))
    tasks = {}
    for item in run.items.select_related("run__part"):
        tasks[item.view] = look(line, item, said[item.view], at=later(2))
        look_silently(line, item, said[item.view], at=later(2))
    return tasks


def rule(task, label, *, by, at):
    case = Adjudication.objects.get(item=task.item, ruled_at=None)
    adjudications.rule(case, by=by, label=label, defect_class="scratch" if label == Label.DEFECT else "", now=later(at))


def doubt(task, label, *, by, asked_by, at):
    """Let somebody rule anew on an image on which another has ruled."""
    found = next(one for one in readings.of_run(task.run) if one.item == task.item)
    adjudications.question(found, by=asked_by, reason="seen again", now=later(at))
    rule(task, label, by=by, at=at)


def counted(rollout, guard: Guard) -> list[tuple[int, int]]:
    """Return failures and compared ones of candidate and incumbent."""
    found = arms.evidence_of(rollouts.current(rollout), now=later(500))
    return [(tally.failures[guard], tally.compared[guard]) for tally in (found.candidate, found.incumbent)]


def paired(rollout) -> tuple[int, int]:
    found = comparisons.paired(rollout)
    return found.worse, found.better


def test_a_run_is_read_once_each_of_its_views_is(line, rollout, ana):
    tasks = seen(line, {"front": FRONT, "back": BACK})
    read(tasks["front"], ana, at=later(10))
    assert arms.evidence_of(rollouts.current(rollout), now=later(500)).candidate.read == 0
    read(tasks["back"], ana, at=later(20))
    assert arms.evidence_of(rollouts.current(rollout), now=later(500)).candidate.read == 1
    assert counted(rollout, Guard.OVERTURNS) == [(1, 0), (1, 0)]


def test_a_run_on_which_each_version_failed_on_another_view_is_no_evidence(line, rollout, ana, quinn):
    tasks = seen(line, {"front": FRONT, "back": BACK})
    for task, at in zip(tasks.values(), (10, 20), strict=True):
        read(task, ana, at=later(at))
    rule(tasks["front"], Label.PASS, by=quinn, at=30)
    assert counted(rollout, Guard.RULINGS) == [(0, 0), (0, 0)]
    rule(tasks["back"], Label.PASS, by=quinn, at=40)
    assert counted(rollout, Guard.RULINGS) == [(1, 0), (1, 0)]
    assert paired(rollout) == (0, 0)


def test_a_ruling_does_not_count_before_the_case_that_the_last_view_opens(line, rollout, ana, quinn):
    tasks = seen(line, {"front": FRONT, "back": BACK})
    read(tasks["front"], ana, at=later(10))
    rule(tasks["front"], Label.PASS, by=quinn, at=15)
    read(tasks["back"], ana, at=later(20))
    assert counted(rollout, Guard.RULINGS) == [(0, 0), (0, 0)]


@pytest.fixture
def ruled(line, rollout, ana, quinn):
    """A part that the incumbent and a reader passed and the candidate did not, ruled good."""
    task = seen(line, {"front": FRONT})["front"]
    read(task, ana, at=later(10))
    rule(task, Label.PASS, by=quinn, at=20)
    return task


def test_a_reversed_ruling_turns_the_comparison_round(rollout, ruled, quill, andre):
    assert paired(rollout) == (1, 0)
    doubt(ruled, Label.DEFECT, by=quill, asked_by=andre, at=60)
    assert paired(rollout) == (0, 1)
    assert counted(rollout, Guard.RULINGS) == [(0, 0), (1, 1)]
    assert {(found.worse, found.better) for _, _, found in comparisons.slices(rollout)} == {(0, 1)}


def test_a_ruling_may_be_reversed_more_than_once(rollout, ruled, quinn, quill, andre, oscar):
    doubt(ruled, Label.DEFECT, by=quill, asked_by=andre, at=60)
    doubt(ruled, Label.PASS, by=oscar, asked_by=andre, at=90)
    assert paired(rollout) == (1, 0)
    assert counted(rollout, Guard.RULINGS) == [(1, 1), (0, 0)]
    assert comparisons.overkill(rollouts.current(rollout)) == {"candidate": 1, "incumbent": 0}


def test_an_escape_that_was_none_is_taken_back(line, rollout, ana, quinn, quill, andre):
    task = seen(line, {"front": BACK})["front"]
    read(task, ana, Label.DEFECT, at=later(10))
    rule(task, Label.DEFECT, by=quinn, at=20)
    assert counted(rollout, Guard.ESCAPES) == [(1, 1), (0, 0)]
    doubt(task, Label.PASS, by=quill, asked_by=andre, at=60)
    assert counted(rollout, Guard.ESCAPES) == [(0, 0), (0, 0)]


def test_what_was_noted_stays_as_it_was(rollout, ruled, quill, andre):
    before = list(ArmEvent.objects.order_by("pk").values())
    doubt(ruled, Label.DEFECT, by=quill, asked_by=andre, at=60)
    assert list(ArmEvent.objects.order_by("pk").values())[: len(before)] == before
    comparisons.note([(ruled.run, readings.of_run(ruled.run))], now=later(70))
    assert ArmEvent.objects.count() == len(before) + 2
