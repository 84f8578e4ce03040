"""Many parts at once: taken in together or not at all, in as many statements as one."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from inspection import intake
from inspection.models import Disposition, Item, Outbox, Part, Run
from tests.builders import NOON, make_line, make_station
from tests.inspection.making import make_item, upload
from tests.inspection.pictures import file_of, jpeg
from vision.header import ImageRefused

pytestmark = pytest.mark.django_db


@pytest.fixture
def station():
    return make_station(make_line())


def spool(first: int, parts: int) -> list[intake.Upload]:
    """Return what a station has kept of some parts, each with a picture of its own."""
    return [
        upload(serial=f"S-{n}", idempotency_key=f"s-{n}", file=file_of(jpeg(shade=n)))
        for n in range(first, first + parts)
    ]


def test_a_spool_comes_in_with_everything_that_each_part_needs(station):
    accepted = intake.accept_all(station, uploads=spool(0, 5), now=NOON)
    assert [one.run.part.serial for one in accepted] == [f"S-{n}" for n in range(5)]
    assert [Disposition.objects.get(run=one.run).settled_at for one in accepted] == [None] * 5
    assert set(Outbox.objects.values_list("key", flat=True)) == {str(one.item.pk) for one in accepted}
    # In the order of the spool, also by their ids, which is the order of the line.
    assert list(Item.objects.order_by("pk")) == [one.item for one in accepted]
    assert len({one.run.canary_position for one in accepted}) == 5


def test_a_spool_costs_as_many_statements_as_one_part(station):
    make_item(station)
    costs = []
    for uploads in (spool(0, 1), spool(10, 30)):
        with CaptureQueriesContext(connection) as asked:
            intake.accept_all(station, uploads=uploads, now=NOON)
        costs.append(len(asked))
    assert costs[0] == costs[1]


def test_what_came_before_is_answered_as_then_and_the_rest_comes_in(station):
    first = intake.accept_all(station, uploads=spool(0, 2), now=NOON)
    again = intake.accept_all(station, uploads=spool(0, 4), now=NOON)
    assert [one.replayed for one in again] == [True, True, False, False]
    assert [one.item for one in again[:2]] == [one.item for one in first]
    assert Part.objects.count() == 4


def test_a_part_that_came_before_opens_its_next_run_beside_new_ones(station):
    old = make_item(station, serial="S-1")
    accepted = intake.accept_all(station, uploads=spool(0, 3), now=NOON)
    assert [one.run.n for one in accepted] == [1, 2, 1]
    assert not Run.objects.get(pk=old.run_id).is_open


def test_one_refused_image_keeps_the_whole_spool_out(station):
    uploads = [*spool(0, 2), upload(serial="S-9", idempotency_key="s-9", file=file_of(b"no picture"))]
    with pytest.raises(ImageRefused):
        intake.accept_all(station, uploads=uploads, now=NOON)
    assert not Item.objects.exists()
