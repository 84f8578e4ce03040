"""Where the line decides by itself, people are asked about parts on which the two versions differ."""

import pytest

from inspection import arms, registry, rollouts
from inspection.models import ArmEvent, Disposition
from inspection.rules.rollouts import Guard, Move
from inspection.rules.words import Label
from review import adjudications, comparisons, readings, rollbacks
from review.models import Adjudication, ReviewTask
from tests.inspection.models import make_bands
from tests.review.rollout_scene import BAD, GOOD, make_rollout, make_served_line, send
from tests.review.scene import later, read

pytestmark = pytest.mark.django_db


@pytest.fixture
def line():
    """A line at which blue passes what it is sure of by itself."""
    line = make_served_line(level="partial")
    make_bands(line, registry.present(line), envelope={"size_bytes": [100, 100_000]})
    return line


@pytest.fixture
def rollout(line):
    return make_rollout(line, "shadow")


def asked() -> list[str]:
    return list(ReviewTask.objects.order_by("created_at").values_list("run__part__serial", flat=True))


def judge(serial: str, label: Label, *, reader, adjudicator, at: float) -> None:
    """Let the reader call a part good, and an adjudicator rule what it is."""
    task = ReviewTask.objects.get(run__part__serial=serial)
    read(task, reader, Label.PASS, at=later(at))
    case = Adjudication.objects.get(item=task.item)
    defect = "scratch" if label == Label.DEFECT else ""
    adjudications.rule(case, by=adjudicator, label=label, defect_class=defect, now=later(at + 10))


def tallies(rollout, *, at: float = 900):
    found = arms.evidence_of(rollouts.current(rollout), now=later(at))
    return found.candidate, found.incumbent


def paired(rollout) -> tuple[int, int]:
    found = comparisons.paired(rollout)
    return found.worse, found.better


def test_a_part_that_one_version_passes_alone_and_the_other_does_not_is_put_before_people(line, rollout):
    assert send(line, "A-1", green=GOOD) is None
    assert send(line, "A-2", green=BAD) is None
    assert asked() == ["A-2"]


def test_its_verdict_is_given_at_once_and_stands(line, rollout, ana, quinn):
    send(line, "A-1", green=BAD)
    before = Disposition.objects.values().get()
    assert (before["verdict"], before["decided_by"]) == ("pass", "model")
    judge("A-1", Label.DEFECT, reader=ana, adjudicator=quinn, at=60)
    assert Disposition.objects.values().get() == before


def test_people_read_it_after_what_the_line_waits_for(line, rollout):
    send(line, "A-1", green=BAD)
    waited_for = send(line, "A-2", blue=0.5, green=0.5, at=later(30))
    assert ReviewTask.objects.earliest("queue_rank") == waited_for


def test_its_ruling_says_which_version_was_wrong_and_enters_no_rate_of_drawn_parts(line, rollout, ana, quinn):
    for serial, label in (("A-1", Label.PASS), ("A-2", Label.DEFECT), ("A-3", Label.PASS)):
        send(line, serial, green=BAD)
        judge(serial, label, reader=ana, adjudicator=quinn, at=60 + 20 * int(serial[-1]))
    assert paired(rollout) == (2, 1)
    candidate, incumbent = tallies(rollout)
    assert (candidate.compared[Guard.RULINGS], incumbent.compared[Guard.RULINGS]) == (2, 1)
    assert {guard: n for guard, n in candidate.failures.items() if n} == {Guard.CALLS: 3}
    assert (candidate.read, incumbent.read, set(incumbent.failures.values())) == (0, 0, {0})


def test_a_part_of_which_the_serving_version_is_unsure_counts_by_the_same_rule(line, rollout, ana, quinn):
    task = send(line, "A-1", blue=0.4, green=BAD)
    assert task.item.routing.reason != "certified"
    judge("A-1", Label.PASS, reader=ana, adjudicator=quinn, at=60)
    assert paired(rollout) == (1, 0)
    assert ReviewTask.objects.count() == 1


def test_a_drawn_part_is_read_anyway_and_counts_as_drawn(line, rollout, ana, quinn):
    send(line, "A-1", green=BAD, drawn=("audit",))
    assert not ArmEvent.objects.filter(kind="asked").exists()
    judge("A-1", Label.PASS, reader=ana, adjudicator=quinn, at=60)
    assert (paired(rollout), tallies(rollout)[0].read) == ((1, 0), 1)


def test_a_reversed_ruling_is_followed_here_too(line, rollout, ana, quinn, quill, andre):
    send(line, "A-1", green=BAD)
    judge("A-1", Label.PASS, reader=ana, adjudicator=quinn, at=60)
    found = readings.of_run(Adjudication.objects.get().run)[0]
    adjudications.question(found, by=andre, reason="seen again", now=later(90))
    case = Adjudication.objects.get(ruled_at=None)
    adjudications.rule(case, by=quill, label=Label.DEFECT, defect_class="scratch", now=later(100))
    assert paired(rollout) == (0, 1)


def test_people_are_asked_about_so_many_parts_in_a_shift_whoever_decides_them(line, rollout, monkeypatch):
    monkeypatch.setattr(arms, "ASKED_MAX", 2)
    for n, blue in enumerate((GOOD, 0.4, GOOD)):
        send(line, f"A-{n}", blue=blue, green=BAD, at=later(n))
    assert asked() == ["A-0", "A-1"]
    send(line, "A-3", green=BAD, at=later(8 * 3600 + 1))
    assert asked() == ["A-0", "A-1", "A-3"]
    assert comparisons.asked(rollout) == 3


def test_a_part_beyond_that_does_not_count_though_somebody_reads_it(line, rollout, ana, quinn, monkeypatch):
    monkeypatch.setattr(arms, "ASKED_MAX", 0)
    send(line, "A-1", blue=0.4, green=BAD)
    judge("A-1", Label.PASS, reader=ana, adjudicator=quinn, at=60)
    assert paired(rollout) == (0, 0)


def test_no_answer_is_no_difference(line, rollout):
    send(line, "A-1", green=None)
    assert asked() == []


def test_a_candidate_that_is_wrong_where_the_line_decides_alone_goes_back_by_itself(line, rollout, ana, quinn):
    for n in range(14):
        send(line, f"A-{n}", green=BAD, at=later(40 * n))
        judge(f"A-{n}", Label.PASS, reader=ana, adjudicator=quinn, at=40 * n + 10)
    action = rollbacks.follow(rollout, now=later(900))
    assert (action.move, "rulings" in action.reasons) == (Move.ROLL_BACK, True)
