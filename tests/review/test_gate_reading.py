"""Reading a gate costs the same statements whatever the history."""

from datetime import timedelta

import pytest

from inspection.rules.words import Level, Stream
from review import counts, evidence, gates
from review.models import CountDelta
from tests.builders import NOON, make_user
from tests.inspection.models import make_bands
from tests.review.bank_scene import make_bank
from tests.review.scene import make_run, make_watched_line

pytestmark = pytest.mark.django_db

STATEMENTS = {Level.ASSIST: 11, Level.PARTIAL: 13, Level.FULL: 14}


@pytest.mark.parametrize("to_level", [Level.ASSIST, Level.PARTIAL, Level.FULL])
@pytest.mark.parametrize("parts", [0, 3, 300])
def test_a_gate_is_read_in_a_stated_number_of_statements(to_level, parts, django_assert_num_queries):
    line = make_watched_line(level=to_level.below)
    make_bands(line, line.epoch.model_version)
    make_bank(line, 1 + parts // 100)
    fill(line, parts)
    with django_assert_num_queries(STATEMENTS[to_level]):
        reading = evidence.read(line, to_level, now=NOON)
    assert reading.evidence.parts == parts


def test_a_tail_is_told_run_by_run_and_ends_where_the_ledger_stands():
    line = make_watched_line()
    fill(line, 10)
    along = list(counts.along(line.epoch))
    assert [ledger.sums(Stream.AGREEMENT).s for ledger in along] == [6, 7, 8, 9, 10]
    assert along[-1] == counts.ledger(line.epoch)
    counts.fold(now=NOON)
    assert list(counts.along(line.epoch)) == []


def test_a_gate_is_read_after_every_run_of_the_tail():
    line = make_watched_line()
    fill(line, 10)
    assert [reading.evidence.parts for reading in gates.read_along(now=NOON)] == [6, 7, 8, 9, 10]


def fill(line, parts: int) -> None:
    """Write a history of agreeing parts over days and people, half of it folded."""
    readers = [make_user(name) for name in ("ana", "andre", "aria")]
    run = make_run(line)
    for half in (range(parts // 2), range(parts // 2, parts)):
        counts.fold(now=NOON)
        CountDelta.objects.bulk_create(
            CountDelta(
                line=line,
                epoch=line.epoch,
                run=run,
                stream=stream,
                cause=f"decision:{n}",
                shift=f"{(NOON + timedelta(days=n % 40)).date()}/A",
                person=readers[n % 3],
                created_at=NOON,
                **facts,
            )
            for n in half
            for stream, facts in (("agreement", {"s": 1, "pp": 1}), ("read", {"pp": 1}))
        )
