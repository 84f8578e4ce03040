"""Exports: a selection as one file, written in turns, given up, kept for a day, for those who lead the line."""

import csv
import io
import json
import zipfile
from datetime import timedelta
from hashlib import sha256

import pytest
from django.core.files.base import ContentFile
from django.urls import reverse

from inspection import images
from inspection.models import Membership, Outbox
from inspection.rules.words import Call, Label, Role
from review import adjudications, audit_log, export_archives, exports, tasks
from review.audit_log import Asked
from review.export_models import Export
from review.models import Adjudication
from review.rules import exporting
from review.rules.exporting import State
from tests.builders import NOON, make_line, make_user
from tests.review.scene import later, make_task, read

BOX = {"x": 10, "y": 20, "w": 30, "h": 40}
POINT = {"x": 5, "y": 6}


def a_row(**facts):
    row = {
        "item": "0198",
        "content_type": "image/png",
        "sha256": "ab" * 32,
        "width": 640,
        "height": 480,
        "serial": "../../=cmd",
        "view": "front",
        "label": "defect",
        "defect_class": "scratch",
        "ruling": None,
        "ruled_class": None,
        "regions": [BOX, POINT],
    }
    return {**row, **facts}


# Rules ----------------------------------------------------------------------------------------------------------


def test_no_serial_of_a_stranger_names_a_file():
    assert exporting.file_name(a_row()) == "images/0198.png"


def test_boxes_and_points_become_annotations_of_their_class():
    box, point = exporting.coco_annotations(7, a_row(), {"dent": 1, "scratch": 2})
    assert (box["image_id"], box["category_id"], box["bbox"], box["area"]) == (7, 2, [10, 20, 30, 40], 1200)
    assert (point["keypoints"], point["num_keypoints"]) == ([5, 6, 2], 1)


@pytest.mark.parametrize(
    ("ruling", "ruled_class", "tag", "marks"),
    [
        ("pass", "", ("pass", "", "ruling"), 0),
        ("defect", "dent", ("defect", "dent", "ruling"), 2),
        (None, None, ("defect", "scratch", "reading"), 2),
    ],
)
def test_a_ruling_is_the_tag_of_an_image_and_decides_about_its_marks(ruling, ruled_class, tag, marks):
    row = a_row(ruling=ruling, ruled_class=ruled_class)
    image = exporting.coco_image(1, row)
    assert (image["label"], image["defect_class"], image["source"]) == tag
    assert len(list(exporting.coco_annotations(1, row, {"dent": 1, "scratch": 2}))) == marks


# The file -------------------------------------------------------------------------------------------------------


SHOTS = [f"image {n}".encode() for n in range(3)]


@pytest.fixture
def stored(line, ana, quinn):
    """Three closed readings with their images in the store, one of them a ruled defect with a box."""
    for n, label in enumerate([Label.PASS, Label.DEFECT, Label.PASS]):
        kept = images.store(ContentFile(SHOTS[n]))
        task = make_task(line, f"A-{n}", call=Call(label.value), at=later(20 * n), sha256=kept.sha256)
        read(task, ana, label, at=later(20 * n), regions=[BOX] if label == Label.DEFECT else [])
    for case in Adjudication.objects.filter(ruled_at=None).select_related("first"):
        kind = case.first.defect_class
        adjudications.rule(case, by=quinn, label=Label(case.first.label), defect_class=kind, now=later(300))
    return line


def asked(line, by, *, query="", with_images=True, at=NOON):
    return exports.ask(line, query=query, epoch=line.present_epoch, with_images=with_images, by=by, now=at)


def turned(export, *, seconds=60.0):
    """Write the export for one turn; return whether it ended, and the row as it stands."""
    ended = exports.advance(export.pk, clock=lambda: NOON, seconds=seconds)
    export.refresh_from_db()
    return ended


def opened(export):
    with images.open_export(export.pk) as file:
        return zipfile.ZipFile(io.BytesIO(file.read()))


def rows_of(archive, name):
    return list(csv.DictReader(io.StringIO(archive.read(name).decode("utf-8-sig"))))


@pytest.mark.django_db
def test_an_export_holds_images_labels_and_the_hash_of_each(stored, quinn):
    export = asked(stored, quinn)
    assert turned(export)
    archive = opened(export)
    manifest = rows_of(archive, "manifest.csv")
    coco = json.loads(archive.read("annotations.json"))

    assert (export.state, export.done, export.total) == (State.READY, 3, 3)
    assert archive.testzip() is None
    assert {one["file"]: one["sha256"] for one in manifest} == {
        name: sha256(archive.read(name)).hexdigest() for name in archive.namelist() if name != "manifest.csv"
    }
    assert [one["label"] for one in coco["images"]] == ["pass", "defect", "pass"]
    assert [one["bbox"] for one in coco["annotations"]] == [[10, 20, 30, 40]]
    assert sorted(archive.read(one["file_name"]) for one in coco["images"]) == SHOTS


@pytest.mark.django_db
def test_the_sums_of_the_file_are_those_of_the_search(stored, quinn, client):
    export = asked(stored, quinn, query="truth:defect", with_images=False)
    turned(export)
    archive = opened(export)
    client.force_login(quinn)
    shown = client.get(reverse("data", args=[stored.slug]), {"q": "truth:defect"}).content.decode()
    assert len(rows_of(archive, "readings.csv")) == export.total == 1
    assert "1 image." in shown
    assert sorted(archive.namelist()) == ["annotations.json", "manifest.csv", "readings.csv"]


@pytest.mark.django_db
def test_an_export_of_selected_images_holds_these_alone_of_what_is_found(stored, quinn, client):
    first, second, third = stored.items.order_by("run__opened_at").values_list("pk", flat=True)
    client.force_login(quinn)
    address = reverse("export-ask", args=[stored.slug])
    client.post(address, {"q": "label:pass", "selected": "yes", "item": [third, first, third, second]})
    export = stored.exports.get()
    turned(export)
    assert [row["serial"] for row in rows_of(opened(export), "readings.csv")] == ["A-0", "A-2"]
    assert "3 selected images" in client.get(reverse("exports", args=[stored.slug])).text


@pytest.mark.django_db
def test_a_selection_of_nothing_of_too_much_or_of_no_image_makes_no_export(stored, quinn, client, monkeypatch):
    client.force_login(quinn)
    address = reverse("export-ask", args=[stored.slug])
    items = list(stored.items.values_list("pk", flat=True))
    monkeypatch.setattr(exporting, "CHOSEN_MAX", 2)
    assert "No image is selected" in client.post(address, {"selected": "yes"}, follow=True).text
    assert "At most 2 images" in client.post(address, {"selected": "yes", "item": items}, follow=True).text
    assert client.post(address, {"selected": "yes", "item": "A-1"}).status_code == 404
    assert not stored.exports.exists()


@pytest.mark.django_db
def test_a_cell_that_a_spreadsheet_would_run_is_text(line, ana, quinn):
    read(make_task(line, "=cmd()", call=Call.PASS), ana, Label.PASS)
    export = asked(line, quinn, with_images=False)
    turned(export)
    assert rows_of(opened(export), "readings.csv")[0]["serial"] == "'=cmd()"


@pytest.mark.django_db
def test_an_export_is_taken_up_where_its_last_turn_ended_whatever_was_written_since(stored, quinn):
    export = asked(stored, quinn)
    with export_archives.held(export.pk) as archive:
        assert exports._begin(export, archive) is None
        rows = list(archive.rows())
        with archive:
            exports._add_image(archive, rows[0])
            archive.pause()
        # A worker that dies here has written half of the next image, and no directory.
        with archive.path.open("r+b") as file:
            file.truncate(archive.mark.end)
            file.seek(archive.mark.end)
            file.write(b"PK half an image")
    assert turned(export)
    assert [opened(export).read(exporting.file_name(row)) for row in rows] == SHOTS


@pytest.mark.django_db
def test_a_turn_without_time_leaves_the_rest_to_the_next(stored, quinn):
    export = asked(stored, quinn)
    assert not turned(export, seconds=0)
    assert (export.state, export.total) == (State.RUNNING, 3)
    assert turned(export)
    assert export.state == State.READY


@pytest.mark.django_db
def test_two_workers_do_not_write_the_same_export(stored, quinn):
    export = asked(stored, quinn)
    with export_archives.held(export.pk), pytest.raises(export_archives.Busy):
        exports.advance(export.pk, clock=lambda: NOON)
    tasks.make_export(key=str(export.pk))
    assert Outbox.objects.get(topic="export.asked").done_at is not None


@pytest.mark.django_db
def test_an_export_that_was_given_up_leaves_nothing_behind(stored, quinn, settings):
    export = asked(stored, quinn)
    turned(export, seconds=0)
    assert exports.cancel(export, now=NOON)
    assert turned(export)
    assert export.state == State.CANCELLED
    assert not (settings.EXPORTS_ROOT / str(export.pk)).exists()
    assert not exports.cancel(export, now=NOON)


@pytest.mark.django_db
def test_an_image_whose_file_is_gone_is_named_in_the_manifest(line, ana, quinn):
    read(make_task(line, "A-1", call=Call.PASS), ana, Label.PASS)
    export = asked(line, quinn)
    turned(export)
    assert (export.state, export.missing) == (State.READY, 1)
    assert [one["state"] for one in rows_of(opened(export), "manifest.csv")] == ["whole", "whole", "missing"]


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("query", "failure"), [("class:nowhere", "nothing_found"), ("", "not_permitted"), ("disagree:no", "too_many")]
)
def test_an_export_that_cannot_be_says_why(stored, quinn, monkeypatch, query, failure):
    export = asked(stored, quinn, query=query)
    if failure == "not_permitted":
        Membership.objects.filter(user=quinn).update(revoked_at=NOON)
    monkeypatch.setattr(exporting, "ITEMS_MAX", 2)
    assert turned(export)
    assert (export.state, export.failure) == (State.FAILED, failure)


# The doors ------------------------------------------------------------------------------------------------------


@pytest.fixture
def made(stored, quinn):
    export = asked(stored, quinn)
    exports.advance(export.pk, clock=lambda: NOON)
    Export.objects.filter(pk=export.pk).update(finished_at=NOON)
    return export


def address(name, export):
    return reverse(name, args=[export.line.slug, export.pk])


@pytest.mark.django_db
def test_a_lead_asks_on_the_page_watches_and_fetches(client, stored, quinn):
    client.force_login(quinn)
    client.post(reverse("export-ask", args=[stored.slug]), {"q": "", "with_images": "on"})
    export = Export.objects.get()
    assert 'data-export="waiting"' in client.get(reverse("exports", args=[stored.slug])).content.decode()
    tasks.make_export(key=str(export.pk))

    page = client.get(reverse("data", args=[stored.slug])).content.decode()
    file = client.get(address("export", export))

    assert address("export", export) in page
    assert zipfile.ZipFile(io.BytesIO(b"".join(file.streaming_content))).testzip() is None
    assert file["Cache-Control"] == "private, no-store"


@pytest.mark.django_db
def test_nobody_else_fetches_lists_asks_or_gives_up(client, made, ana, oscar):
    of_another_line = make_user("quince", role=Role.QA_LEAD, line=make_line("phone-frame"))
    for person in (ana, oscar, of_another_line):
        client.force_login(person)
        assert client.get(address("export", made)).status_code == 404
        assert client.get(reverse("exports", args=[made.line.slug])).status_code == 404
        assert client.post(reverse("export-ask", args=[made.line.slug])).status_code == 404
        assert client.post(address("export-cancel", made)).status_code == 404


@pytest.mark.django_db
def test_a_person_waits_for_one_export_of_a_line_at_a_time(client, stored, quinn, quill):
    client.force_login(quinn)
    for _ in range(2):
        client.post(reverse("export-ask", args=[stored.slug]))
    assert Export.objects.count() == 1
    client.force_login(quill)
    client.post(reverse("export-ask", args=[stored.slug]))
    assert Export.objects.count() == 2


@pytest.mark.django_db
def test_a_day_later_the_file_is_gone_and_the_row_stays(client, made, quinn):
    client.force_login(quinn)
    assert client.get(address("export", made)).status_code == 404
    assert exports.forget(now=NOON + timedelta(hours=25)) == 1
    with pytest.raises(FileNotFoundError):
        images.open_export(made.pk)
    entries = audit_log.page(made.line, Asked(action="export")).entries
    assert [(one.who, one.change) for one in entries] == [("quinn", "3")]
