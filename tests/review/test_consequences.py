"""What follows when a reading becomes final."""

import pytest

from inspection.models import Disposition, Part
from inspection.rules.words import Call, Label, Stream
from review import counts
from review.models import Chart
from tests.builders import make_user
from tests.review.scene import make_task, make_watched_line, read

pytestmark = pytest.mark.django_db


@pytest.fixture
def line():
    return make_watched_line()


@pytest.fixture
def ana():
    return make_user("ana")


@pytest.mark.parametrize(
    ("label", "verdict"), [(Label.PASS, "pass"), (Label.DEFECT, "reject"), (Label.CANNOT_JUDGE, "hold")]
)
def test_a_final_call_settles_the_run(line, ana, label, verdict):
    task = make_task(line)

    read(task, ana, label)

    disposition = Disposition.objects.get(run=task.run)
    assert (disposition.verdict, disposition.decided_by, disposition.level) == (verdict, "human", "shadow")
    assert Part.objects.get().ever_rejected_or_held == (verdict != "pass")


def test_agreement_counts_one_part_and_moves_the_chart(line, ana):
    read(make_task(line, "A-1", call=Call.PASS), ana, Label.PASS)
    read(make_task(line, "A-2", call=Call.DEFECT), ana, Label.PASS)

    agreement = counts.sums(line.epoch, Stream.AGREEMENT)

    assert (agreement.s, agreement.f, agreement.pp, agreement.dp) == (1, 1, 1, 1)
    assert (agreement.shifts, agreement.days, agreement.people) == (1, 1, 1)
    chart = Chart.objects.get()
    assert chart.n == 2
    assert chart.w == pytest.approx(1.0804, abs=1e-3)
