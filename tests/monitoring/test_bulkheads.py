"""What is wrong with one line, or with one deed, keeps no other line and no other deed from its turn."""

import pytest
from django.core.exceptions import ValidationError

from inspection import zones
from inspection.models import Disposition, Line, Receipt
from inspection.rules.words import Label
from monitoring import rounds, watching
from monitoring.models import Alarm
from monitoring.sources import gauges
from review.models import PendingDecision
from tests.builders import NOON, make_line, make_user
from tests.review.scene import answer, later, make_run, make_task, make_watched_line

pytestmark = pytest.mark.django_db

UNREADABLE = [
    {"time_zone": "Asia/Seol"},
    {"shift_pattern": []},
    {"shift_pattern": "6:00"},
    {"shift_pattern": [{"name": "A"}]},
    {"shift_pattern": [{"name": "A", "start": "6 o'clock"}]},
]


@pytest.fixture
def ana():
    return make_user("ana")


def told(line) -> list[tuple[str, str, int]]:
    given = Disposition.objects.filter(line=line, settled_at__isnull=False).order_by("sequence")
    return list(given.values_list("verdict", "decided_by", "sequence"))


def lag(line, *, at) -> float:
    return next(one.value for one in gauges.of_line(line, now=at) if one.metric == "final_lag")


@pytest.mark.parametrize("setting", UNREADABLE, ids=str)
def test_a_line_whose_clock_is_unreadable_keeps_no_other_from_its_verdicts(ana, setting):
    broken, sound = make_watched_line("phone-back"), make_watched_line("phone-lens")
    answer(make_task(broken, "A-1"), ana, Label.PASS)
    answer(make_task(sound, "B-1"), ana, Label.DEFECT)
    make_run(sound, "B-2")
    kept = {"time_zone": broken.time_zone, "shift_pattern": broken.shift_pattern}
    Line.objects.filter(pk=broken.pk).update(**setting)

    rounds.go(now=later(20))
    assert (told(broken), told(sound)) == ([], [("reject", "human", 1)])
    rounds.go(now=later(40))
    assert told(broken) == [("hold", "failsafe", 1)]
    assert told(sound) == [("reject", "human", 1), ("hold", "failsafe", 2)]
    assert (lag(broken, at=later(40)), lag(sound, at=later(40))) == (30, 0)

    watching.go(now=later(60), prunes=False)
    alarm = Alarm.objects.get(rule="calls-not-final")
    assert alarm.line == broken
    assert zones.of(alarm.line) == "UTC"

    Line.objects.filter(pk=broken.pk).update(**kept)
    rounds.go(now=later(61))
    assert not PendingDecision.objects.exists()


@pytest.mark.parametrize("setting", UNREADABLE, ids=str)
def test_no_such_setting_can_be_typed(setting):
    with pytest.raises(ValidationError) as refused:
        make_line(**setting).clean_fields()
    assert list(refused.value.message_dict) == list(setting)


def test_what_the_database_refuses_one_line_stops_no_other_line_and_no_later_deed(ana):
    broken, sound = make_watched_line("phone-back"), make_watched_line("phone-lens")
    taken = make_run(broken, "A-0")
    for line, serial in ((broken, "A-1"), (sound, "B-1")):
        answer(make_task(line, serial), ana, Label.PASS)
    # The next place in the line's sequence is taken by a row that the counter knows nothing of.
    Disposition.objects.filter(run=taken).update(
        verdict="hold", decided_by="failsafe", level="shadow", settled_at=NOON, sequence=1
    )

    rounds.go(now=later(20))

    assert sorted(told(broken), key=str) == [("hold", "failsafe", 1), ("pass", "human", None)]
    assert told(sound) == [("pass", "human", 1)]
    assert Receipt.objects.filter(line=sound, kind="run").exists()
