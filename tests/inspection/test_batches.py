"""Batches: many images by one upload, each through the same door."""

import io
import json
import zipfile
from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils.timezone import now as clock

from inspection import batches
from inspection.models import Batch, Item, Outbox, Station
from inspection.rules.words import Role
from tests.builders import make_line, make_user
from tests.inspection.doors import assert_refused, stored_files
from tests.inspection.making import make_device
from tests.inspection.pictures import jpeg
from tests.vision import corpus

pytestmark = pytest.mark.django_db
BATCHES = "/api/v1/batches/"


def picture(shade: int = 90, content: bytes | None = None, kind: str = "image/jpeg") -> SimpleUploadedFile:
    return SimpleUploadedFile("crack_17.jpg", jpeg(shade=shade) if content is None else content, kind)


def archive(**members: bytes | str) -> SimpleUploadedFile:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as written:
        for name, content in members.items():
            written.writestr(name.replace("__", "."), content)
    return SimpleUploadedFile("parts.zip", out.getvalue(), "application/zip")


def post(device, **fields):
    return device.client.post(BATCHES, fields, headers=device.credentials)


def work(**limits) -> bool:
    return batches.advance(Batch.objects.get().pk, clock=clock, **limits)


def test_several_images_are_kept_at_once_and_taken_in_by_a_worker(device):
    posted = post(device, images=[picture(10), picture(80), picture(150)])
    assert (posted.status_code, posted.json()["state"], posted.json()["total"]) == (202, "waiting", 3)
    assert Outbox.objects.get().topic == "batch.received"
    assert not Item.objects.exists()

    assert work()
    progress = device.get(posted.json()["links"]["self"]).json()
    assert (progress["state"], progress["accepted"], progress["refused"]) == ("done", 3, 0)
    assert Item.objects.count() == 3
    assert Outbox.objects.filter(topic="item.received").count() == 3


def test_names_of_files_never_become_serials(device):
    post(device, images=[picture()])
    work()
    assert "crack" not in Item.objects.get().run.part.serial


def test_each_image_may_be_named(device):
    parts = [{"serial": "A-1", "captured_at": "2026-11-23T12:00:00Z", "lot": "L-8"}, {"serial": "A-2"}]
    post(device, images=[picture(10), picture(80)], parts=json.dumps(parts))
    work()
    found = Item.objects.order_by("run__part__serial").values_list("run__part__serial", "run__part__lot__code")
    assert list(found) == [("A-1", "L-8"), ("A-2", None)]


def test_a_zip_is_taken_in_by_its_manifest_and_its_labels_are_left_alone(device):
    manifest = "path,label,serial,captured_at\nb.jpg,defect,A-2,2026-11-23T12:00:00Z\na.jpg,ok,A-1,\n"
    post(device, archive=archive(a__jpg=jpeg(10), b__jpg=jpeg(80), c__jpg=jpeg(150), manifest__csv=manifest))
    work()
    assert set(Item.objects.values_list("run__part__serial", flat=True)) == {"A-1", "A-2"}
    assert "defect" not in json.dumps(Batch.objects.get().members)


def test_a_zip_without_a_manifest_is_taken_in_whole(device):
    post(device, archive=archive(a__jpg=jpeg(10), b__jpg=jpeg(80)))
    work()
    assert Item.objects.count() == 2


def test_each_image_meets_the_same_door(device):
    refused = [case for case in corpus.CASES if case.door_code][:12]
    files = [picture(content=case.data, kind=case.content_type) for case in refused]
    posted = post(device, images=[picture(), *files])
    work()
    progress = device.get(posted.json()["links"]["self"]).json()
    assert (progress["accepted"], progress["refused"]) == (1, len(refused))
    assert [entry["code"] for entry in progress["refusals"]] == [case.door_code for case in refused]
    assert progress["refusals"][0]["position"] == 1


def test_a_worker_that_stops_is_followed_by_one_that_goes_on_there(device):
    post(device, images=[picture(10), picture(80), picture(150)])
    assert not work(seconds=0)
    assert Item.objects.count() == 0
    assert work()
    assert work()
    assert (Item.objects.count(), Batch.objects.get().accepted) == (3, 3)


def test_an_image_that_came_in_before_the_crash_is_counted_and_not_taken_again(device, monkeypatch):
    post(device, images=[picture(10), picture(80)])
    counted, batches_count = [], batches._count

    def crash_once(*facts):
        if not counted:
            counted.append(facts)
            raise RuntimeError("killed")
        batches_count(*facts)

    monkeypatch.setattr(batches, "_count", crash_once)
    with pytest.raises(RuntimeError):
        work()
    assert work()
    assert (Item.objects.count(), Batch.objects.get().accepted) == (2, 2)


def test_the_archive_is_dropped_once_all_of_it_is_in(device):
    post(device, images=[picture(10), picture(80)])
    kept = [name for name in stored_files() if name.startswith("archives/")]
    work()
    assert len(kept) == 1
    assert not [name for name in stored_files() if name.startswith("archives/")]
    assert work()


def test_a_lead_sends_a_batch_for_a_line_and_its_images_have_the_importer_as_station(device):
    client = Client()
    quinn = make_user("quinn", role=Role.QA_LEAD, line=device.station.line)
    client.force_login(quinn, backend="allauth.account.auth_backends.AuthenticationBackend")
    posted = client.post(BATCHES, {"line": "phone-glass", "images": [picture()]})
    assert posted.status_code == 202
    work()
    assert (Item.objects.get().station.name, Batch.objects.get().sent_by) == ("import", quinn)
    assert client.get(posted.json()["links"]["self"]).json()["state"] == "done"


@pytest.mark.parametrize(
    ("role", "line", "status", "code"),
    [
        (Role.INSPECTOR, "phone-glass", 403, "forbidden"),
        (Role.QA_LEAD, "phone-back", 404, "not-found"),
        (Role.QA_LEAD, "", 422, "validation"),
        (None, "phone-glass", 404, "not-found"),
    ],
)
def test_a_person_sends_batches_for_lines_of_their_own(device, role, line, status, code):
    make_line("phone-back")
    client = Client()
    person = make_user("oscar", role=role, line=device.station.line)
    client.force_login(person, backend="allauth.account.auth_backends.AuthenticationBackend")
    fields = {"line": line} if line else {}
    assert_refused(client.post(BATCHES, fields | {"images": [picture()]}), status, code)


def test_a_station_sends_for_its_own_line_and_reads_its_own_batches(device):
    other = make_device(make_line("phone-back"))
    assert_refused(post(device, line="phone-back", images=[picture()]), 403, "forbidden")
    address = post(device, images=[picture()]).json()["links"]["self"]
    assert other.get(address).status_code == 404


def zipped(manifest: bytes | str = "") -> dict:
    members = {"a__jpg": jpeg()} | ({"manifest__csv": manifest} if manifest else {})
    return {"archive": archive(**members)}


def named(parts: str) -> dict:
    return {"images": [picture()], "parts": parts}


SENSELESS = {
    "nothing": (dict, 400, "image-missing"),
    "images and an archive": (lambda: zipped() | {"images": [picture()]}, 422, "image-count"),
    "an empty zip": (lambda: {"archive": archive()}, 422, "image-count"),
    "no zip": (lambda: {"archive": picture()}, 422, "archive-unreadable"),
    "a manifest that is no text": (lambda: zipped(b"\xff\xfe"), 422, "archive-unreadable"),
    "a manifest that names another": (lambda: zipped("path\nb.jpg\n"), 422, "validation"),
    "a manifest with a bad moment": (lambda: zipped("path,captured_at\na.jpg,noon\n"), 422, "validation"),
    "parts that are no JSON": (lambda: named("[]x"), 422, "validation"),
    "more parts than images": (lambda: named('[{"serial": "A"}, {"serial": "B"}]'), 422, "validation"),
    "a part with an unknown field": (lambda: named('[{"serial": "A", "level": "full"}]'), 422, "unknown-field"),
    "an unknown field": (lambda: named("[]") | {"level": "full"}, 422, "unknown-field"),
    "an unknown file": (lambda: named("[]") | {"other": picture()}, 422, "unknown-field"),
}


@pytest.mark.parametrize(("fields", "status", "code"), SENSELESS.values(), ids=SENSELESS)
def test_a_batch_that_makes_no_sense_is_refused_whole(device, fields, status, code):
    assert_refused(post(device, **fields()), status, code)
    assert stored_files() == []


@pytest.mark.parametrize("name", ["../../etc/passwd", "/etc/passwd", "..\\..\\boot.ini", "CON", "a" * 4000, "‮gpj.exe"])
def test_t23_the_names_in_a_zip_lead_nowhere(device, name):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as written:
        written.writestr(name, jpeg())
    post(device, archive=SimpleUploadedFile("a.zip", out.getvalue()))
    work()
    assert Item.objects.count() == 1
    assert all(stored.startswith(("images/", "archives/")) for stored in stored_files())


def test_an_archive_that_unpacks_beyond_reason_is_refused(device, monkeypatch):
    monkeypatch.setattr(batches, "UNPACKED_MAX", 1000)
    assert_refused(post(device, archive=archive(a__jpg=bytes(2000))), 422, "archive-unreadable")


def test_a_member_beyond_the_image_limit_is_refused_alone(device, settings):
    post(device, archive=archive(a__jpg=jpeg() + bytes(100_000), b__jpg=jpeg()))
    settings.IMAGE_MAX_BYTES = 50_000
    work()
    batch = Batch.objects.get()
    assert (batch.accepted, batch.refusals) == (1, [{"position": 0, "code": "image-too-large"}])


def test_progress_costs_two_statements(device, django_assert_num_queries):
    address = post(device, images=[picture()]).json()["links"]["self"]
    with django_assert_num_queries(2):
        device.get(address)


def test_a_batch_takes_a_token_of_the_stations_rate(device):
    Station.objects.update(burst=1, rate_per_s=0.01, bucket_full_at=clock() + timedelta(seconds=100))
    device.station.refresh_from_db()
    assert post(device, images=[picture()]).status_code == 429
