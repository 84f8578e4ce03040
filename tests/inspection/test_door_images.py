"""The image cases I01 to I64 at the station's door: status, type, code, and what is kept."""

import hashlib

import pytest

from inspection import images
from inspection.models import Item, Line, Outbox
from tests.builders import make_line
from tests.inspection.doors import assert_kept, assert_refused
from tests.inspection.making import make_device
from tests.inspection.pictures import jpeg
from tests.vision import corpus

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("case", [case for case in corpus.CASES if case.door_code], ids=lambda case: case.id)
def test_the_door_refuses(device, case):
    response = device.post(case.data, content_type=case.content_type)
    assert_refused(response, case.door_status, case.door_code)


@pytest.mark.parametrize("case", [case for case in corpus.CASES if not case.door_code], ids=lambda case: case.id)
def test_the_door_takes_in_and_keeps_the_very_bytes(device, case):
    response = device.post(case.data, content_type=case.content_type)
    assert response.status_code == 202, response.content
    item = Item.objects.get()
    assert (item.sha256, item.size_bytes) == (hashlib.sha256(case.data).hexdigest(), len(case.data))
    with images.original(item.sha256) as kept:
        assert kept.read() == case.data
    assert Outbox.objects.get().key == str(item.pk)
    assert_kept(1)


def test_i47_i48_the_files_name_is_not_asked_for(device):
    named = device.post(content_type="application/octet-stream")
    assert (named.status_code, Item.objects.get().content_type) == (202, "image/jpeg")


@pytest.mark.parametrize(("megapixels", "status"), [(25, 422), (50, 202)])
def test_i55_i56_a_line_may_take_larger_pictures(device, megapixels, status):
    Line.objects.update(max_megapixels=megapixels)
    assert device.post(jpeg(size=(6000, 5000), quality=20)).status_code == status


def test_i64_the_same_bytes_for_another_part_are_flagged(device):
    first = device.post(serial="A-1").json()
    again = device.post(serial="A-1").json()
    other = device.post(serial="A-2").json()
    assert (first["duplicate_of"], again["duplicate_of"], other["duplicate_of"]) == (None, None, first["id"])
    assert again["run"] == 2


def test_the_same_bytes_on_another_line_are_no_duplicate(device):
    device.post(serial="A-1")
    assert make_device(make_line("phone-back")).post(serial="B-1").json()["duplicate_of"] is None
