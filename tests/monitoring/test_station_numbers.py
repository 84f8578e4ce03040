"""A picture that is lost between the camera and the server is missed by the numbers that the station gives."""

from datetime import timedelta
from random import Random

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils.timezone import now as clock

from edge.ledger import Ledger
from edge.line import Line as LineOfStation
from edge.loops import Intake, Kit
from edge.protocol import item_fields
from edge.spool import DamagedEntryError, Spool
from inspection import registry
from inspection.models import Item
from monitoring import watching
from monitoring.metric_models import MINUTE, MetricWindow
from monitoring.models import Alarm
from review.tasks import predict_item
from tests.edge.builders import LOGGER, LineOfTests, make_capture, picture
from tests.inspection.device import ITEMS
from tests.inspection.making import make_device
from tests.review.deciding import make_deciding_line

pytestmark = pytest.mark.django_db
PICTURES = 4


@pytest.fixture(autouse=True)
def _own_files(settings, tmp_path):
    settings.MODELS_ROOT = tmp_path / "models"
    settings.STORAGES = settings.STORAGES | {
        "default": {**settings.STORAGES["default"], "OPTIONS": {"location": tmp_path / "images"}}
    }
    registry.forget_loaded()


@pytest.fixture
def station(tmp_path):
    spool, ledger = Spool(tmp_path / "spool"), Ledger(tmp_path / "spool" / "ledger.sqlite3")
    line = LineOfStation(ledger, LineOfTests(), deadline=30.0, logger=LOGGER)
    return Kit(spool=spool, ledger=ledger, line=line, logger=LOGGER, random=Random(1))


def spool_pictures(station: Kit) -> None:
    intake = Intake(station)
    for number in range(PICTURES):
        assert intake.take(make_capture(number, captured_at=clock().isoformat(), picture=picture(number)))


def send_all(station: Kit, device) -> None:
    """Post what lies in the spool as the station does: what is damaged there is left behind."""
    while len(station.spool):
        try:
            entry = station.spool.oldest()
        except DamagedEntryError:
            continue
        image = SimpleUploadedFile("image", entry.capture.picture, entry.capture.media_type)
        headers = device.credentials | {"Idempotency-Key": entry.key}
        answer = device.client.post(ITEMS, item_fields(entry.capture) | {"image": image}, headers=headers)
        assert answer.status_code in (201, 202), answer.content
        station.spool.remove(entry)


@pytest.mark.parametrize("lost", [None, 1])
def test_a_picture_that_rots_in_the_spool_raises_the_alarm_of_missing_images(station, tmp_path, lost):
    line = make_deciding_line()
    spool_pictures(station)
    if lost is not None:
        sorted((tmp_path / "spool" / "pending").iterdir())[lost].write_bytes(b"rot")
    send_all(station, make_device(line))
    for item in Item.objects.order_by("pk"):
        predict_item(key=str(item.pk))
    watching.go(now=clock() + timedelta(seconds=10), prunes=False)
    # The pictures may lie on both sides of a full minute.
    gaps = MetricWindow.objects.filter(line=line, metric="sequence_gap", tier=MINUTE)
    assert sum(one.total for one in gaps) == (lost is not None)
    assert Alarm.objects.filter(rule="sequence-gap", is_on=True).exists() == (lost is not None)


def test_a_picture_that_is_only_examined_later_is_not_missed(station):
    line = make_deciding_line()
    spool_pictures(station)
    send_all(station, make_device(line))
    first, later, *others = Item.objects.order_by("pk")
    for item in (first, *others):
        predict_item(key=str(item.pk))
    watching.go(now=clock() + timedelta(seconds=10), prunes=False)
    predict_item(key=str(later.pk))
    watching.go(now=clock() + timedelta(seconds=20), prunes=False)
    gaps = MetricWindow.objects.filter(line=line, metric="sequence_gap", tier=MINUTE)
    assert (sum(one.n for one in gaps), sum(one.total for one in gaps)) == (PICTURES, 0)
