"""Many at once, on PostgreSQL: one chain without doubles, charts that miss nothing, a line that falls once."""

import pytest

from inspection import dispositions
from inspection.models import LevelChange, Line, Receipt
from inspection.rules.words import Label, Role
from review import audits, receipts
from review.audit_models import AuditFinding, WatchChart
from review.containment_models import Containment
from review.models import Adjudication
from tests.builders import NOON, make_user
from tests.review import deciding, sealed
from tests.review.scene import later
from tests.review.test_races import IS_POSTGRESQL, at_once

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(not IS_POSTGRESQL, reason="SQLite takes turns; set DATABASE_URL to a PostgreSQL"),
]


@pytest.fixture
def line(transactional_db):
    line = deciding.make_deciding_line()
    audits.follow(now=NOON)
    return line


def known_defect(line: Line, n: int, *, missed: bool):
    return lambda: audits.note_known_defect(line, source=f"challenge:{n}", is_missed=missed, now=later(n))


def test_two_sealers_by_mistake_write_one_chain(ana, quinn):
    line = sealed.make_sealed_line(ana, quinn)
    for n in range(6):
        sealed.decide_part(line, ana, Label.PASS, serial=f"C-{n}", minute=20 + n)
    dispositions.sequence_due(now=later(3600))

    written = at_once(*[lambda: receipts.seal_due(now=later(3600))] * 4)

    assert sorted(written) == [0, 0, 0, 6]
    assert list(Receipt.objects.order_by("n").values_list("n", flat=True)) == list(range(1, 14))
    assert receipts.first_fault(line) is None


def test_known_defects_that_come_together_are_all_heard_in_order(line):
    at_once(*(known_defect(line, n, missed=n % 3 == 0) for n in range(8)))
    chart = WatchChart.objects.select_related("watch").get(name="miss")
    assert chart.n == 8
    assert audits.recompute(chart) == (chart.w, 8, 3)


def test_a_dead_model_falls_once_however_its_misses_arrive(line):
    at_once(*(known_defect(line, n, missed=True) for n in range(12)))
    assert Line.objects.get(pk=line.pk).level == "assist"
    assert LevelChange.objects.count() == 1
    assert Containment.objects.count() == 1


def test_rulings_given_together_all_reach_the_chart(line, ana):
    leads = [make_user(name, role=Role.QA_LEAD) for name in ("quinn", "quill")]
    Line.objects.update(target_escape_ppm=100_000)
    WatchChart.objects.filter(name="escape").update(warn=99, act=99)
    for n in range(4):
        deciding.audit(line, f"A-{n}", ana, Label.DEFECT, at=later(60 * n))
    cases = list(Adjudication.objects.filter(ruled_at=None).select_related("run"))

    at_once(
        *(
            lambda case=case, lead=leads[n % 2]: deciding.rule(case.run, lead, Label.DEFECT, now=later(600))
            for n, case in enumerate(cases)
        )
    )

    chart = WatchChart.objects.select_related("watch").get(name="escape")
    assert AuditFinding.objects.count() == chart.bad == 4
    assert audits.recompute(chart)[0] == chart.w
