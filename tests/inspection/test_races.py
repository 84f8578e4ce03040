"""Races that only real connections run: many uploads at once, many finalisers, the last token."""

import threading
from collections import Counter
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import connection

from inspection import dispositions, intake, rates
from inspection.models import Disposition, Item, Part, Run
from inspection.rates import RateExceeded
from inspection.rules.words import DecidedBy, Level, Verdict
from tests.builders import NOON, make_line, make_station
from tests.inspection.doors import assert_kept
from tests.inspection.making import make_item, upload
from tests.inspection.pictures import file_of, jpeg

pytestmark = [
    pytest.mark.django_db(transaction=True),
]


@pytest.fixture(autouse=True)
def _real_connections(transactional_db):
    if connection.vendor != "postgresql":
        pytest.skip("SQLite's test database lives in memory and locks whole: races need PostgreSQL (DATABASE_URL)")


def at_once(deeds: list[Callable[[], object]]) -> list[object]:
    """Do all at the same moment, each on a connection of its own; return what came back, exceptions too."""
    gate, answers = threading.Barrier(len(deeds)), [None] * len(deeds)

    def run(place: int) -> None:
        gate.wait()
        try:
            answers[place] = deeds[place]()
        except Exception as error:
            answers[place] = error
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=[place]) for place in range(len(deeds))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers


def taking(station, **changes) -> Callable[[], intake.Accepted]:
    shade = changes.pop("shade", 90)
    return lambda: intake.accept(station, upload=upload(file=file_of(jpeg(shade=shade)), **changes), now=NOON)


def test_thirty_posts_of_one_key_are_one_image():
    station = make_station(make_line())
    answers = at_once([taking(station)] * 30)
    assert len({answer.item.pk for answer in answers}) == 1
    assert Counter(answer.replayed for answer in answers) == {False: 1, True: 29}
    assert_kept(1)


def test_views_of_one_part_that_come_together_make_one_run():
    views = [f"v{n}" for n in range(6)]
    station = make_station(make_line(views=views))
    answers = at_once([taking(station, view=view, idempotency_key=view) for view in views])
    assert len({answer.run.pk for answer in answers}) == 1
    assert (Part.objects.count(), Run.objects.count(), Item.objects.count()) == (1, 1, 6)


def test_pictures_of_one_view_that_come_together_make_one_run_each():
    station = make_station(make_line())
    answers = at_once([taking(station, idempotency_key=f"k{n}") for n in range(3)])
    assert sorted(answer.run.n for answer in answers) == [1, 2, 3]


def test_the_last_token_is_taken_once():
    station = make_station(make_line(), rate_per_s=0.01, burst=5)
    answers = at_once([lambda: rates.take(station, now=NOON)] * 20)
    assert Counter(type(answer) for answer in answers) == {type(None): 5, RateExceeded: 15}


def test_two_views_that_end_together_settle_their_run_once():
    station = make_station(make_line(views=["front", "back"]))
    items = [make_item(station, view=view, idempotency_key=view) for view in ("front", "back")]

    def judging(item, verdict):
        return lambda: dispositions.settle_view(
            item, verdict=verdict, decided_by=DecidedBy.MODEL, level=Level.PARTIAL, reason="r", at=NOON
        )

    answers = at_once([judging(items[0], Verdict.PASS), judging(items[1], Verdict.REJECT)])
    assert sum(isinstance(answer, Disposition) for answer in answers) == 1
    assert Disposition.objects.get().verdict == "reject"


def test_two_finalisers_by_mistake_leave_no_gap_and_no_double():
    line = make_line()
    station = make_station(line)
    for n in range(40):
        item = make_item(station, serial=f"A-{n}", idempotency_key=f"k{n}")
        dispositions.settle_view(
            item, verdict=Verdict.PASS, decided_by=DecidedBy.MODEL, level=Level.PARTIAL, reason="r", at=NOON
        )
    answers = at_once([lambda: dispositions.sequence_due(now=NOON, limit=25)] * 4)
    assert sum(answers) == 40
    assert sorted(Disposition.objects.values_list("sequence", flat=True)) == list(range(1, 41))


def test_a_verdict_and_the_fail_safe_at_the_same_moment_settle_once():
    item = make_item(make_station(make_line()))
    late = NOON + timedelta(minutes=1)

    def judge():
        return dispositions.settle_view(
            item, verdict=Verdict.PASS, decided_by=DecidedBy.MODEL, level=Level.PARTIAL, reason="r", at=late
        )

    answers = at_once([judge, lambda: dispositions.fail_safe_due(now=late)])
    assert not [answer for answer in answers if isinstance(answer, Exception)]
    assert Disposition.objects.get().settled_at == late
