"""Exports at the command line: six forms, each read back as the tool behind it would."""

import csv
import io
import json
import resource
import tempfile
import tracemalloc
from collections import Counter
from hashlib import sha256
from pathlib import Path

import pytest
from django.core.files.base import ContentFile
from django.core.management import CommandError, call_command

from inspection import images
from inspection.models import DefectClass, Item
from inspection.rules.words import Call, Label
from review import adjudications, export_archives, export_folders, export_texts, exports, parquet, searches
from review.export_archives import Frozen
from review.models import Adjudication, ReviewTask, Truth
from review.rules import label_studio
from review.rules.exporting import Format
from review.rules.tokens import Search
from tests.builders import NOON, make_line
from tests.inspection.items import picture
from tests.review.gold_scene import make_giving, make_library, show
from tests.review.scene import later, make_run, make_task, read
from vision.dataset import read_folder

BOX = {"x": 64, "y": 48, "w": 32, "h": 24}
POINT = {"x": 320, "y": 120}
PICTURES = [picture(80 + n, seed=n) for n in range(4)]
FORMS = [form.value for form in Format]

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _own_files(settings, tmp_path):
    settings.STORAGES = {
        **settings.STORAGES,
        "default": {**settings.STORAGES["default"], "OPTIONS": {"location": tmp_path / "stored"}},
    }


@pytest.fixture
def read_line(line, ana, quinn):
    """Four closed readings with images: two good, a marked defect that a lead ruled on, and one nobody can judge."""
    said = [("=A-0", Label.PASS), ("A-1", Label.DEFECT), ("A-2", Label.PASS), ("A-3", Label.CANNOT_JUDGE)]
    for n, (serial, label) in enumerate(said):
        kept = images.store(ContentFile(PICTURES[n]))
        task = make_task(line, serial, call=Call.PASS, at=later(20 * n), sha256=kept.sha256)
        read(task, ana, label, at=later(20 * n), regions=[BOX, POINT] if label == Label.DEFECT else [])
    for case in Adjudication.objects.filter(ruled_at=None).select_related("first"):
        ruled = case.first
        adjudications.rule(case, by=quinn, label=Label(ruled.label), defect_class=ruled.defect_class, now=later(300))
    return line


def export(form, target, *arguments) -> str:
    written = io.StringIO()
    call_command("export", "phone-glass", "--format", form, "--to", str(target), *arguments, stdout=written)
    return written.getvalue()


def rows_of(path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as opened:
        return list(csv.DictReader(opened))


# Each form ------------------------------------------------------------------------------------------------------


def test_a_table_holds_the_readings_and_nothing_that_a_spreadsheet_would_run(read_line, tmp_path):
    assert export("csv", tmp_path / "out.csv") == f"{tmp_path / 'out.csv'}: 4 readings, 0 images\n"
    rows = rows_of(tmp_path / "out.csv")
    assert [row["label"] for row in rows] == ["pass", "defect", "pass", "cannot_judge"]
    assert [row["serial"] for row in rows] == ["'=A-0", "A-1", "A-2", "A-3"]


def test_lines_of_json_hold_what_the_table_holds_and_the_marks(read_line, tmp_path):
    export("csv", tmp_path / "out.csv")
    export("jsonl", tmp_path / "out.jsonl")
    told = [json.loads(line) for line in (tmp_path / "out.jsonl").read_text().splitlines()]
    assert [one["serial"] for one in told] == ["=A-0", "A-1", "A-2", "A-3"]
    assert told[1]["regions"] == [BOX, POINT]
    assert {column: str(told[1][column]) for column in ("file", "opened_at", "inspector", "model_call")} == {
        column: rows_of(tmp_path / "out.csv")[1][column] for column in ("file", "opened_at", "inspector", "model_call")
    }


def test_a_coco_file_is_read_as_its_tools_read_it(read_line, tmp_path):
    export("coco", tmp_path / "coco", "--images")
    told = json.loads((tmp_path / "coco" / "annotations.json").read_text())
    images_by_id = {one["id"]: one for one in told["images"]}
    categories = {one["id"]: one["name"] for one in told["categories"]}
    assert len(images_by_id) == len(told["images"]) == 4
    assert [one["id"] for one in told["annotations"]] == [1, 2]
    for mark in told["annotations"]:
        x, y, width, height = mark["bbox"]
        image = images_by_id[mark["image_id"]]
        assert categories[mark["category_id"]] == "scratch"
        assert (mark["area"], mark["iscrowd"]) == (width * height, 0)
        assert x + width <= image["width"]
        assert y + height <= image["height"]
    for n, image in enumerate(told["images"]):
        assert (tmp_path / "coco" / image["file_name"]).read_bytes() == PICTURES[n]


def test_label_studio_gets_peoples_marks_in_percent_and_the_models_call_as_a_prediction(read_line, tmp_path):
    export("labelstudio", tmp_path / "studio", "--images")
    good, bad, *_ = json.loads((tmp_path / "studio" / "tasks.json").read_text())
    verdict, kind, box, point = bad["annotations"][0]["result"]

    assert verdict["value"]["choices"] == ["defect"]
    assert kind["value"]["choices"] == ["scratch"]
    assert (box["original_width"], box["original_height"]) == (640, 480)
    assert box["value"] == {
        "x": 10,
        "y": 10,
        "width": 5,
        "height": 5,
        "rotation": 0,
        "rectanglelabels": ["scratch"],
    }
    assert point["value"] == {"x": 50, "y": 25, "width": 0.5, "keypointlabels": ["scratch"]}
    assert (bad["annotations"][0]["ground_truth"], good["annotations"][0]["ground_truth"]) == (True, False)
    assert [one["model_version"] for one in bad["predictions"]] == ["scratch-net:1"]
    assert bad["predictions"][0]["result"][0]["value"]["choices"] == ["pass"]
    served = bad["data"]["image"].removeprefix(label_studio.SERVED)
    assert (tmp_path / "studio" / served).read_bytes() == PICTURES[1]


def test_every_name_in_the_tasks_stands_in_the_labelling_interface(read_line, tmp_path):
    export("labelstudio", tmp_path / "studio")
    config = (tmp_path / "studio" / "config.xml").read_text()
    results = [
        result
        for task in json.loads((tmp_path / "studio" / "tasks.json").read_text())
        for said in (*task["annotations"], *task["predictions"])
        for result in said["result"]
    ]
    assert {f'name="{one["from_name"]}"' in config for one in results} == {True}
    assert all(f'value="{one.code}"' in config for one in DefectClass.objects.all())


def test_a_parquet_file_has_a_type_for_each_column(read_line, tmp_path):
    reader = pytest.importorskip("pyarrow.parquet", reason="the package of requirements-parquet.txt is not installed")
    export("parquet", tmp_path / "out.parquet")
    export("jsonl", tmp_path / "out.jsonl")
    table = reader.read_table(tmp_path / "out.parquet")
    told = [json.loads(line) for line in (tmp_path / "out.jsonl").read_text().splitlines()]

    assert str(table.schema.field("opened_at").type) == "timestamp[us, tz=UTC]"
    assert table.column_names == list(told[0])
    rows = table.to_pylist()
    assert [row["opened_at"] for row in rows] == [later(20 * n) for n in range(4)]
    assert rows[1]["regions"] == [BOX, {**POINT, "w": None, "h": None}]
    plain = [name for name in told[0] if name not in ("opened_at", "captured_at", "regions")]
    assert [[row[name] for name in plain] for row in rows] == [[row[name] for name in plain] for row in told]


def test_without_its_package_parquet_says_what_to_install(read_line, tmp_path, monkeypatch):
    def missing(_name):
        raise ImportError

    monkeypatch.setattr(parquet.importlib, "import_module", missing)
    with pytest.raises(CommandError, match=r"pip install -r requirements-parquet\.txt"):
        export("parquet", tmp_path / "out.parquet")
    assert list(tmp_path.glob("*out*")) == []


# A folder for each class ----------------------------------------------------------------------------------------


def classes_as_torchvision_finds_them(root):
    """Read a folder by the rules of torchvision.datasets.ImageFolder: sorted sub-folders, each with images."""
    kinds = sorted(entry.name for entry in root.iterdir() if entry.is_dir())
    endings = {".jpg", ".jpeg", ".png", ".bmp", ".tif", ".tiff", ".webp", ".ppm", ".pgm"}
    found = {kind: [one for one in (root / kind).rglob("*") if one.suffix.lower() in endings] for kind in kinds}
    assert all(found.values())
    return {kind: len(paths) for kind, paths in found.items()}


def test_a_folder_for_each_class_leaves_out_what_nobody_could_judge(read_line, tmp_path):
    told = export("imagefolder", tmp_path / "set")
    assert told.endswith("4 readings, 3 images, 1 images without a verdict left out\n")
    assert classes_as_torchvision_finds_them(tmp_path / "set") == {"ok": 2, "scratch": 1}
    assert [one["sha256"] for one in rows_of(tmp_path / "set" / "manifest.csv")] == [
        sha256(one).hexdigest() for one in PICTURES[:3]
    ]


def test_the_folder_is_a_data_set_that_another_line_takes_in(read_line, tmp_path):
    export("imagefolder", tmp_path / "set")
    other = make_line("phone-frame")
    call_command("import_items", other.slug, str(tmp_path / "set"), "--truth", stdout=io.StringIO())

    def told(line):
        rows = Item.objects.filter(line=line).order_by("captured_at")
        return list(rows.values_list("run__part__serial", "sha256", "captured_at"))

    assert told(other) == told(read_line)[:3]
    truths = Truth.objects.filter(item__line=other).order_by("item__captured_at")
    assert list(truths.values_list("label", "defect_class")) == [("pass", ""), ("defect", "scratch"), ("pass", "")]
    assert [sample.group for sample in read_folder(tmp_path / "set")] == ["=A-0", "A-1", "A-2"]


def test_images_of_any_form_come_with_the_same_manifest(read_line, tmp_path):
    export("jsonl", tmp_path / "out", "--images")
    samples = read_folder(tmp_path / "out")
    assert [sample.path.read_bytes() for sample in samples] == PICTURES
    assert [sample.label for sample in samples] == ["ok", "defect", "ok", ""]


def test_an_image_whose_file_is_damaged_is_left_out_and_counted(read_line, tmp_path, settings):
    path = Path(settings.STORAGES["default"]["OPTIONS"]["location"]) / images.original_name(
        sha256(PICTURES[0]).hexdigest()
    )
    path.write_bytes(b"damaged")
    assert "3 images, 1 images without a whole file" in export("csv", tmp_path / "out", "--images")
    assert len(read_folder(tmp_path / "out")) == 3


# What is in it, and what is not ---------------------------------------------------------------------------------


@pytest.mark.parametrize("form", [form for form in FORMS if form != "parquet"])
def test_every_form_holds_what_the_data_page_finds_and_no_sealed_part(read_line, ana, quinn, tmp_path, form):
    make_library(read_line)
    make_giving(read_line, quinn)
    gold = show(read_line, ana, 9)
    challenge = make_run(read_line, "C-1")
    challenge.part.is_challenge = True
    challenge.part.save(update_fields=["is_challenge"])
    sealed = [gold.task.item_id, challenge.items.get().pk, *Item.objects.filter(run__part__serial__startswith="D-")]
    open_ones = ReviewTask.objects.filter(closed_at=None).values_list("item", flat=True)

    export(form, tmp_path / "out")
    written = "".join(one.read_text() for one in (tmp_path / "out").glob("*") if one.is_file())
    found = searches.find(read_line.present_epoch, Search()).values_list("task__item", flat=True)
    held = [pk for pk in Item.objects.filter(line=read_line).values_list("pk", flat=True) if str(pk) in written]
    assert set(held) == set(found) - ({found.get(label="cannot_judge")} if form == "imagefolder" else set())
    assert not set(held) & {*(getattr(one, "pk", one) for one in sealed), *open_ones}


# Interrupted, refused -------------------------------------------------------------------------------------------


class Killed(Exception):
    pass


def test_a_run_that_broke_off_goes_on_with_its_rows_and_copies_no_image_twice(
    read_line, ana, tmp_path, monkeypatch, capsys
):
    copied = Counter()
    original = exports.original

    def once_killed(digest):
        copied[digest] += 1
        if sum(copied.values()) == 3:
            raise Killed
        return original(digest)

    monkeypatch.setattr(exports, "original", once_killed)
    with pytest.raises(Killed):
        export("csv", tmp_path / "out", "--images")
    assert not (tmp_path / "out").exists()
    read(make_task(read_line, "B-1", at=later(900)), ana, Label.PASS, at=later(900))

    assert "4 readings, 4 images" in export("csv", tmp_path / "out", "--images")
    assert "Going on with what an earlier run left" in capsys.readouterr().err
    assert sorted(copied.values()) == [1, 1, 1, 2]
    assert [path.name for path in tmp_path.iterdir() if "out" in path.name] == ["out"]
    assert not list((tmp_path / "out").rglob("*.part"))


@pytest.mark.parametrize("form", ["csv", "coco"])
def test_what_stands_at_the_target_is_never_written_over(read_line, tmp_path, form):
    target = tmp_path / "mine"
    target.mkdir()
    with pytest.raises(CommandError, match="is there already"):
        export(form, target)
    assert not list(target.iterdir())


def test_images_do_not_go_into_a_file(read_line, tmp_path):
    with pytest.raises(CommandError, match=f"images need a folder; try {tmp_path / 'out'}"):
        export("coco", tmp_path / "out.json", "--images")


def test_an_unknown_line_and_one_without_readings_are_named(line, tmp_path):
    with pytest.raises(CommandError, match="no line 'nowhere'"):
        call_command("export", "nowhere", "--format", "csv", "--to", str(tmp_path / "out.csv"))
    with pytest.raises(CommandError, match="phone-glass has no closed reading"):
        export("csv", tmp_path / "out.csv")
    assert not [path for path in tmp_path.iterdir() if "out" in path.name]


def test_two_runs_do_not_write_the_same_export(read_line, tmp_path):
    stage = export_folders.stage_of(tmp_path / "out.csv", epoch=read_line.present_epoch, form=Format.CSV)
    with export_archives.locked(stage), pytest.raises(CommandError, match="Another process is writing"):
        export("csv", tmp_path / "out.csv")


def test_a_disk_without_room_is_named_and_what_is_written_waits(read_line, tmp_path):
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (600, hard))
    try:
        with pytest.raises(CommandError, match=r"The disk of .* is full\. What is written so far waits in"):
            export("csv", tmp_path / "out.csv")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert not (tmp_path / "out.csv").exists()
    assert "4 readings" in export("csv", tmp_path / "out.csv")


def test_images_leave_the_last_of_the_disk_to_the_database(read_line, tmp_path, settings):
    settings.STORAGE_FREE_MIN_BYTES = 10**18
    with pytest.raises(CommandError, match=r"The images need 0\.0 MB, and the disk of .* has 0\.0 MB to give"):
        export("coco", tmp_path / "out", "--images")
    assert "4 readings" in export("coco", tmp_path / "labels")


def test_a_folder_that_one_may_not_write_to_is_named(read_line, tmp_path, monkeypatch):
    def refused(self, *_, **__):
        raise PermissionError(13, "Permission denied", str(self))

    monkeypatch.setattr(Path, "mkdir", refused)
    with pytest.raises(CommandError, match=f"may not write to {tmp_path}"):
        export("csv", tmp_path / "out.csv")


def test_a_place_below_a_file_is_refused_in_a_sentence(read_line, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(CommandError, match="Not a directory"):
        export("csv", tmp_path / "file" / "out.csv")


# Size -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("form", FORMS)
def test_memory_stays_flat_however_many_rows_there_are(read_line, tmp_path, monkeypatch, form):
    monkeypatch.setattr(parquet, "GROUP", 100)
    if form == "parquet":
        pytest.importorskip("pyarrow", reason="the package of requirements-parquet.txt is not installed")
    selected = list(exports.selected(read_line.present_epoch, searches.find(read_line.present_epoch, Search())))
    about = export_texts.About(line=read_line, title="", at=NOON)

    def peak_mb(times):
        folder = Path(tempfile.mkdtemp(dir=tmp_path))
        frozen = Frozen(folder)
        frozen.freeze(row for _ in range(times) for row in selected)
        tracemalloc.start()
        export_folders._fill(
            folder / "whole", Format(form), frozen.rows, about,
            total=4 * times, with_images=form == "imagefolder", watch=lambda *_: None,
        )  # fmt: skip
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return peak / 2**20

    # The lesser of two: what other threads of the process load meanwhile is counted, too.
    assert min(peak_mb(900), peak_mb(900)) - peak_mb(300) < 1
