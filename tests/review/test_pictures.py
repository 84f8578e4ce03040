"""Pictures: the rendition, and tiles closer up, at the address of task, case or line, for those who may look."""

import io
from datetime import timedelta

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage, storages
from django.utils.timezone import now as clock
from PIL import Image

from inspection import images, sql
from inspection.models import GoldenReference, Item, Measures
from inspection.rules.words import Call, Role
from review import queues
from review.models import Adjudication
from tests.builders import NOON, make_user
from tests.review.scene import lease, make_run, make_task, read, route_to_people
from tests.vision import pictures

pytestmark = pytest.mark.django_db

RENDITION = b"\xff\xd8rendition\xff\xd9"


@pytest.fixture(autouse=True)
def _store(settings, tmp_path):
    settings.STORAGES = {
        **settings.STORAGES,
        "default": {**settings.STORAGES["default"], "OPTIONS": {"location": tmp_path}},
    }
    assert storages["default"]


def with_rendition(task):
    images.put_rendition(task.item.sha256, RENDITION)
    return task


def get_image(client, task, **headers):
    return client.get(f"/api/v1/tasks/{task.pk}/image/", **headers)


def test_the_holder_gets_the_rendition_as_an_inert_file(line, ana, client_of):
    task = lease(with_rendition(make_task(line)), ana)

    response = get_image(client_of(ana), task, HTTP_ACCEPT="image/avif,image/webp")

    assert b"".join(response.streaming_content) == RENDITION
    assert response["Content-Type"] == "image/jpeg"
    assert response["Cache-Control"] == "private, max-age=300, immutable"
    assert response["X-Content-Type-Options"] == "nosniff"
    assert response["Content-Security-Policy"] == "sandbox; default-src 'none'"
    assert "ETag" not in response


def test_only_the_holder_and_the_reader_see_a_tasks_picture(line, ana, andre, quinn, client_of):
    task = with_rendition(make_task(line))
    assert get_image(client_of(ana), task).status_code == 404

    read(task, ana)

    assert get_image(client_of(ana), task).status_code == 200
    for person in (andre, quinn):
        assert get_image(client_of(person), task).status_code == 404


def test_a_picture_that_is_not_made_yet_is_not_found(line, ana, client_of):
    response = get_image(client_of(ana), lease(make_task(line), ana))

    assert (response.status_code, response.json()["code"]) == (404, "not-found")


def test_a_case_shows_its_picture_to_leads_without_a_conflict(line, ana, quinn, client_of):
    task = with_rendition(make_task(line, call=Call.DEFECT))
    read(task, ana)
    address = f"/api/v1/adjudications/{Adjudication.objects.get().pk}/image/"

    assert client_of(quinn).get(address).status_code == 200
    assert client_of(ana).get(address).status_code == 403
    assert client_of(make_user("admin", role=Role.ADMINISTRATOR)).get(address).status_code == 403


def test_the_reference_is_the_newest_revision_and_is_not_sent_twice(line, ana, client_of):
    for revision in (1, 2):
        sha256 = f"{revision}" * 64
        images.put_rendition(sha256, RENDITION + bytes([revision]))
        GoldenReference.objects.create(
            line=line, product=line.product, view="front", revision=revision, sha256=sha256, created_at=NOON
        )
    make_task(line)
    client = client_of(ana)
    [task] = client.post(f"/api/v1/lines/{line.slug}/claim/", {}, format="json").json()["tasks"]

    first = client.get(task["item"]["reference_url"])
    again = client.get(task["item"]["reference_url"], HTTP_IF_NONE_MATCH=first["ETag"])

    assert b"".join(first.streaming_content)[-1] == 2
    assert (again.status_code, again["ETag"]) == (304, first["ETag"])
    assert client.get(f"/api/v1/lines/{line.slug}/reference/back/").status_code == 404


def test_regions_are_in_pixels_of_the_upright_picture(line, ana, client_of):
    item = make_run(line).items.get()
    working_copy = {"width": 480, "height": 640, "size_bytes": 1, "blank": False, "fingerprint": "0" * 16}
    figures = ("brightness", "p99_luminance", "contrast", "sharpness", "saturation", "entropy")
    Measures.objects.create(item=item, **working_copy, **dict.fromkeys(figures, 1.0))
    task = route_to_people(item)
    client = client_of(ana)

    [shown] = client.post(f"/api/v1/lines/{line.slug}/claim/", {}, format="json").json()["tasks"]

    assert (shown["item"]["width"], shown["item"]["height"]) == (480, 640)
    assert queues.held([(task.pk, 1)], person=ana, now=NOON).exists()


# Closer up -------------------------------------------------------------------------------------------------------


def with_original(task, *, size=(2500, 1500)):
    """Give the task's item a large original in the store."""
    stored = images.store(ContentFile(pictures.jpeg(pictures.part(*size))))
    sql.unprotect(("inspection_item",))
    Item.objects.filter(pk=task.item_id).update(sha256=stored.sha256, width=size[0], height=size[1])
    sql.protect(("inspection_item",))
    task.item.refresh_from_db()
    return task


def get_tile(client, task, column=0, row=0):
    return client.get(f"/api/v1/tasks/{task.pk}/image/tiles/{column}/{row}/")


def test_the_holder_looks_closer_tile_by_tile(line, ana, client_of):
    task = lease(with_original(make_task(line)), ana)

    shown = get_tile(client_of(ana), task, column=2, row=1)

    assert Image.open(io.BytesIO(shown.content)).size == (452, 476)
    assert shown["Content-Security-Policy"] == "sandbox; default-src 'none'"
    assert shown["Cache-Control"] == "private, max-age=300, immutable"


@pytest.mark.parametrize("place", [(3, 0), (0, 2)])
def test_beyond_the_image_there_is_no_tile(line, ana, client_of, place):
    task = lease(with_original(make_task(line)), ana)
    assert get_tile(client_of(ana), task, *place).status_code == 404


def test_who_may_not_see_the_picture_may_not_look_closer(line, ana, andre, quinn, client_of):
    task = lease(with_original(make_task(line)), ana)
    for person in (andre, quinn):
        assert get_tile(client_of(person), task).status_code == 404


def test_what_is_cut_is_kept_for_the_day_and_dropped_after_it(line, ana, client_of):
    task = lease(with_original(make_task(line)), ana)
    get_tile(client_of(ana), task)
    default_storage.delete(images.original_name(task.item.sha256))

    assert get_tile(client_of(ana), task, column=1).status_code == 200
    assert images.forget_tiles(before=clock().date() + timedelta(days=1)) == 1
    assert get_tile(client_of(ana), task, column=1).status_code == 404


def test_an_image_that_cannot_be_read_at_its_full_size_has_no_tiles(line, ana, client_of):
    task = lease(with_original(make_task(line)), ana)
    default_storage.delete(images.original_name(task.item.sha256))
    default_storage.save(images.original_name(task.item.sha256), ContentFile(b"no image"))
    assert get_tile(client_of(ana), task).status_code == 404
