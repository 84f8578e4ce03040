"""Bringing a set of images in from the command line."""

import io
import zipfile

import pytest
from django.core.management import CommandError, call_command

from inspection.models import Item, Outbox
from review.models import Truth
from tests.builders import make_line
from tests.inspection.items import picture

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _own_files(settings, tmp_path):
    settings.STORAGES = {
        **settings.STORAGES,
        "default": {**settings.STORAGES["default"], "OPTIONS": {"location": tmp_path / "stored"}},
    }


@pytest.fixture
def folder(tmp_path):
    """A set of four images with a manifest that knows one serial."""
    folder = tmp_path / "set"
    (folder / "images").mkdir(parents=True)
    rows = ["path,label,defect_type,serial,captured_at"]
    for n, (label, kind, serial) in enumerate(
        [("ok", "", ""), ("defect", "scratch", "S-7"), ("", "", ""), ("ok", "", "")]
    ):
        (folder / "images" / f"{label or 'unknown'}_{n}.jpg").write_bytes(picture(80 + n, seed=n))
        rows.append(f"images/{label or 'unknown'}_{n}.jpg,{label},{kind},{serial},2026-11-20T08:00:0{n}")
    (folder / "manifest.csv").write_text("\n".join(rows))
    return folder


def bring(path, *arguments) -> str:
    written = io.StringIO()
    call_command("import_items", "phone-glass", str(path), *arguments, stdout=written, stderr=written)
    return written.getvalue()


def test_every_image_comes_in_with_a_work_order(folder):
    make_line()
    assert bring(folder) == "4 imported, 0 known, 0 refused, 0 truths\n"
    assert Item.objects.count() == Outbox.objects.filter(topic="item.received").count() == 4
    assert {item.captured_at.isoformat()[:16] for item in Item.objects.all()} == {"2026-11-20T08:00"}


def test_serials_and_their_order_tell_nothing_of_the_file_names(folder):
    make_line()
    bring(folder)
    serials = list(Item.objects.order_by("received_at", "pk").values_list("run__part__serial", flat=True))
    assert "S-7" in serials
    assert not any(word in serial for serial in serials for word in ("ok", "defect", "unknown"))
    assert serials == sorted(serials)


def test_a_second_import_leaves_what_is_there(folder):
    make_line()
    bring(folder)
    (folder / "images" / "late_9.jpg").write_bytes(picture(99, seed=9))
    with (folder / "manifest.csv").open("a") as manifest:
        manifest.write("\nimages/late_9.jpg,ok,,,")
    assert bring(folder) == "1 imported, 4 known, 0 refused, 0 truths\n"
    assert Item.objects.count() == 5


def test_images_without_a_view_stay_in_the_lines_main_view_whatever_order_the_loop_takes(folder):
    line = make_line(views=["front", "back"], view_order=["back", "front"])
    bring(folder)
    assert {item.view for item in Item.objects.all()} == {line.main_view} == {"front"}


def test_labels_become_physical_truth_on_request_once(folder):
    make_line()
    bring(folder)
    assert bring(folder, "--truth") == "0 imported, 4 known, 0 refused, 3 truths\n"
    assert bring(folder, "--truth") == "0 imported, 4 known, 0 refused, 0 truths\n"
    rows = Truth.objects.order_by("label", "pk").values_list("label", "defect_class", "source", "person")
    assert list(rows) == [("defect", "scratch", "physical", None), *[("pass", "", "physical", None)] * 2]


def test_an_image_that_the_door_refuses_is_counted_and_named(folder):
    make_line()
    (folder / "images" / "ok_0.jpg").write_bytes(b"no picture at all")
    assert bring(folder).splitlines()[0] == "3 imported, 0 known, 1 refused, 0 truths"
    assert "ok_0.jpg: image-" in bring(folder)


def test_a_zip_of_the_set_gives_the_same_parts(folder, tmp_path):
    make_line()
    bring(folder)
    archive = tmp_path / "set.zip"
    with zipfile.ZipFile(archive, "w") as opened:
        for path in sorted(folder.rglob("*.*")):
            opened.write(path, f"phones/{path.relative_to(folder)}")
        opened.writestr("phones/notes.txt", "nothing to import")
    assert bring(archive) == "0 imported, 4 known, 0 refused, 0 truths\n"


@pytest.mark.parametrize("name", ["../escape.jpg", "/etc/escape.jpg", "a/../../escape.jpg"])
def test_a_zip_that_leads_outside_is_refused(tmp_path, name):
    make_line()
    with zipfile.ZipFile(tmp_path / "set.zip", "w") as opened:
        opened.writestr(name, picture())
    with pytest.raises(CommandError, match="leads outside"):
        bring(tmp_path / "set.zip")
    assert not Item.objects.exists()


def test_a_zip_with_an_image_larger_than_the_door_lets_in_is_refused(tmp_path, settings):
    make_line()
    settings.IMAGE_MAX_BYTES = 1000
    with zipfile.ZipFile(tmp_path / "set.zip", "w", zipfile.ZIP_DEFLATED) as opened:
        opened.writestr("bomb.jpg", b"\0" * 1001)
    with pytest.raises(CommandError, match="larger than the door"):
        bring(tmp_path / "set.zip")


def test_what_is_no_zip_is_refused(tmp_path):
    make_line()
    (tmp_path / "set.zip").write_bytes(b"PK no zip")
    with pytest.raises(CommandError, match="cannot be unpacked"):
        bring(tmp_path / "set.zip")


def test_an_unknown_line_and_an_empty_folder_are_named(tmp_path):
    with pytest.raises(CommandError, match="no line 'phone-glass'"):
        bring(tmp_path)
    make_line()
    with pytest.raises(CommandError, match="holds no images"):
        bring(tmp_path)


def test_a_time_that_cannot_be_read_is_named(folder):
    make_line()
    manifest = folder / "manifest.csv"
    manifest.write_text(manifest.read_text().replace("2026-11-20T08:00:03", "yesterday"))
    with pytest.raises(CommandError, match="captured_at 'yesterday'"):
        bring(folder)
