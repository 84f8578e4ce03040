"""What is measured about people and about how unlike an image is, and that the sheet names only what is measured."""

from datetime import timedelta

import numpy as np
import pytest

from inspection.rules import risks
from inspection.rules.words import Call, Label, Level, Phase
from monitoring import gathering
from monitoring.metric_models import MetricWindow
from monitoring.metric_words import NAMES
from monitoring.rules.metrics import BY_NAME
from review import decisions, planting, queues
from tests.builders import NOON, make_user
from tests.inspection.models import make_bands
from tests.monitoring.world import examine, window
from tests.review.deciding import make_deciding_line
from tests.review.gold_scene import call_gold, show
from tests.review.scene import an_answer, answer, later, make_task, make_watched_line
from vision.embedding import LENGTH, packed

pytestmark = pytest.mark.django_db


@pytest.fixture
def ana():
    return make_user("ana")


def totals(metric: str) -> list[tuple[int, float]]:
    """Let everything become final and be summed up, more than once; return the windows of a metric."""
    decisions.finalise_due(now=later(120))
    for _ in range(2):
        gathering.follow(now=later(130))
    return list(MetricWindow.objects.filter(metric=metric).values_list("n", "total"))


@pytest.mark.parametrize(
    ("truth", "label", "seen"),
    [
        (Call.DEFECT, Label.PASS, [(1, 1)]),
        (Call.DEFECT, Label.DEFECT, [(1, 0)]),
        (Call.DEFECT, Label.CANNOT_JUDGE, [(1, 0)]),
        (Call.PASS, Label.PASS, []),
    ],
)
def test_a_known_defect_that_a_person_passes_is_counted_once_and_when_it_is_final(ana, truth, label, seen):
    call_gold(show(make_watched_line(), ana, 1, call=truth), label)
    gathering.follow(now=later(8))
    assert not MetricWindow.objects.filter(metric="gold_misses").exists()
    assert totals("gold_misses") == seen


@pytest.mark.parametrize(
    ("first", "last", "is_wrong", "seen"),
    [
        (Label.DEFECT, Label.DEFECT, True, [(1, 1)]),
        (Label.DEFECT, Label.PASS, True, [(1, 0)]),
        (Label.PASS, Label.PASS, True, []),
        (Label.DEFECT, Label.DEFECT, False, []),
    ],
)
def test_who_keeps_a_right_call_against_wrong_advice_withstood_it(ana, first, last, is_wrong, seen):
    line = make_watched_line(level=Level.ASSIST)
    for n, call in enumerate((Call.PASS, Call.DEFECT)):
        make_task(line, f"M-{n}", call=call)
    showing = show(line, ana, 1)
    planting.plant(showing, is_wrong=is_wrong, is_control=False, now=NOON)
    task = next(one for one in queues.claim(ana, line, count=6, tab="t", now=NOON) if one == showing.task)
    for label, phase in ((first, Phase.INITIAL), (last, Phase.FINAL)):
        said = decisions.record(
            task, person=ana, token=task.lease_token, decision=an_answer(label, phase=phase), now=NOON
        )
        if said.reveal is None:
            break
    assert totals("overturns") == seen


@pytest.mark.parametrize(
    ("second", "seen"), [(Label.PASS, [(1, 1)]), (Label.DEFECT, [(1, 0)]), (Label.CANNOT_JUDGE, [])]
)
def test_two_readers_of_one_image_agree_or_do_not(ana, second, seen):
    task = make_task(make_watched_line(), drawn=("overlap",))
    answer(task, ana, Label.PASS)
    decisions.finalise_due(now=later(60))
    andre = make_user("andre")
    [other] = queues.claim(andre, task.line, count=6, tab="t", now=later(61))
    answer(other, andre, second, at=later(61))
    assert totals("people_agreement") == seen


def test_what_the_page_let_people_wait_is_told_of_every_call_that_followed_another_at_once(ana):
    line = make_watched_line()
    facts = [{"prefetch_hit": True, "wait_ms": 14}, {"prefetch_hit": False, "wait_ms": 900}, {"prefetch_hit": True}, {}]
    for n, page in enumerate(facts):
        answer(make_task(line, f"A-{n}"), ana, page=page)
    assert (totals("loop_wait"), totals("loop_late")) == ([(2, 914)], [(2, 1)])


def test_how_far_an_image_lies_from_the_certified_ones_is_told_in_their_greatest_distance():
    line = make_deciding_line()
    known = {"mean": [100.0] * LENGTH, "spread": [10.0] * LENGTH, "limit": 2.0}
    make_bands(line, line.epoch.model_version, certificates={"embedding": known})
    for n, value in enumerate((100.0, 130.0)):
        picture = packed(np.full(LENGTH, value, dtype=np.float32))
        examine(line, f"A-{n}", bands=line.bands, measures={"embedding": picture})
    gathering.follow(now=NOON + timedelta(seconds=30))
    far = window(line, "embedding_distance")
    assert (far.low, far.high) == (0.0, 1.5)
    assert window(line, "outside_envelope").total == 1


def test_every_metric_that_the_sheet_may_name_is_measured_and_has_its_words():
    named = {*risks.METRICS, *(row.metric for row in risks.PRELOADED if row.metric)}
    assert named <= BY_NAME.keys()
    assert BY_NAME.keys() == NAMES.keys()
