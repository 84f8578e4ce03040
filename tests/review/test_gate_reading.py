"""Reading a gate costs the same statements whatever the history."""

from datetime import timedelta

import pytest

from inspection.rules.words import Level
from review import counts, evidence
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
