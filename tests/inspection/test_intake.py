"""Intake: an image comes in once, with its part, run, draws and work order."""

from datetime import timedelta

import pytest

from inspection import intake
from inspection.models import Outbox
from tests.builders import NOON, make_line, make_station
from tests.inspection.pictures import file_of, jpeg

pytestmark = pytest.mark.django_db


def upload(**changes) -> intake.Upload:
    facts = {"serial": "A-17", "view": "front", "captured_at": NOON, "file": file_of(jpeg()), "idempotency_key": "k1"}
    return intake.Upload(**{**facts, **changes})


def test_an_image_brings_its_part_run_and_work_order(settings, tmp_path):
    station = make_station(make_line())
    accepted = intake.accept(station, upload=upload(), now=NOON)
    assert (accepted.run.n, accepted.item.view, accepted.replayed) == (1, "front", False)
    assert accepted.run.review_due_at == NOON + timedelta(seconds=30)
    assert Outbox.objects.get().key == str(accepted.item.pk)
