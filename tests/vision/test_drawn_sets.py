"""Data-set folders of drawn parts: a manifest the importer and the trainer can trust."""

import csv
from collections import Counter

import pytest
from PIL import Image

from vision.dataset import read_folder
from vision.drawn import UNSEEN, defects_of, write_set

SMALL = (160, 120)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    path = tmp_path_factory.mktemp("set")
    write_set(path, count=40, seed=100, product="lens", defect_share=0.4, size=SMALL)
    return path


def rows_of(folder):
    with (folder / "manifest.csv").open(encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


def test_the_manifest_names_every_image_once(folder):
    rows = rows_of(folder)
    assert len(rows) == len({row["path"] for row in rows}) == 40
    assert {row["path"] for row in rows} == {f"images/{path.name}" for path in (folder / "images").iterdir()}
    assert all(Image.open(folder / row["path"]).size == SMALL for row in rows)


def test_labels_and_types_agree(folder):
    for row in rows_of(folder):
        assert row["label"] == ("defect" if row["defect_type"] else "ok")
        assert row["defect_type"] in {"", *defects_of("lens")} - {UNSEEN}


def test_the_defect_share_is_about_what_was_asked(folder):
    assert 8 <= sum(row["label"] == "defect" for row in rows_of(folder)) <= 24


def test_splits_have_their_exact_shares_and_no_group_straddles_one(folder):
    rows = rows_of(folder)
    assert Counter(row["split"] for row in rows) == {"train": 24, "val": 6, "test": 10}
    assert len({row["group"] for row in rows}) == len({(row["group"], row["split"]) for row in rows})


def test_names_tell_nothing_about_the_label(folder):
    rows = rows_of(folder)
    assert [row["serial"] for row in rows] == [f"L-{number:05d}" for number in range(100, 140)]
    assert all(row["path"] == f"images/{row['serial']}.jpg" for row in rows)


def test_the_trainer_reads_the_folder(folder):
    samples = read_folder(folder)
    assert [(sample.label, sample.split) for sample in samples] == [(r["label"], r["split"]) for r in rows_of(folder)]


def test_writing_again_writes_the_same_bytes(folder, tmp_path):
    write_set(tmp_path, count=40, seed=100, product="lens", defect_share=0.4, size=SMALL)
    for path in [folder / "manifest.csv", *(folder / "images").iterdir()]:
        assert (tmp_path / path.relative_to(folder)).read_bytes() == path.read_bytes()


def test_own_splits_replace_the_usual_ones(tmp_path):
    rows = write_set(tmp_path, count=10, size=(32, 24), splits={"train": 1, "test": 1})
    assert Counter(row.split for row in rows) == {"train": 5, "test": 5}


def test_an_empty_set_is_a_manifest_with_no_rows(tmp_path):
    assert write_set(tmp_path, count=0) == []
    assert rows_of(tmp_path) == []
