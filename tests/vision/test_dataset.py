"""Data-set folders: what is read, what is refused with a sentence, and how groups are kept together."""

from collections import Counter
from pathlib import Path

import pytest

from tests.vision import pictures as draw
from vision.dataset import DataSetError, Sample, check_groups, read_folder, with_splits


def folder_with(tmp_path: Path, manifest: str) -> Path:
    for name in ("a", "b"):
        (tmp_path / f"{name}.jpg").write_bytes(draw.jpeg())
    (tmp_path / "manifest.csv").write_text(manifest, encoding="utf-8")
    return tmp_path


def test_a_manifest_is_read_in_its_order_with_all_it_knows(tmp_path):
    folder = folder_with(
        tmp_path,
        "path,label,defect_type,split,group,serial,captured_at,note\n"
        "b.jpg,defect,scratch,train,g1,A-2,2024-05-01T10:00:00Z,x\n"
        "a.jpg,ok,,test,g2,A-1,,\n",
    )
    first, second = read_folder(folder)
    assert first == Sample(
        path=(folder / "b.jpg").resolve(),
        label="defect",
        defect_type="scratch",
        split="train",
        group="g1",
        serial="A-2",
        captured_at="2024-05-01T10:00:00Z",
    )
    assert (second.path.name, second.label, second.defect_type) == ("a.jpg", "ok", "")


def test_two_columns_are_enough_and_a_byte_order_mark_does_no_harm(tmp_path):
    samples = read_folder(folder_with(tmp_path, "\ufeffpath,label\na.jpg,ok\n"))
    assert [(s.label, s.split, s.group, s.serial) for s in samples] == [("ok", "", "", "")]


@pytest.mark.parametrize(
    ("manifest", "words"),
    [
        ("path\na.jpg\n", "no column label"),
        ("file,verdict\na.jpg,ok\n", "no column label and path"),
        ("path,label\na.jpg,good\n", "line 2: label 'good' must be 'ok' or 'defect'"),
        ("path,label,split\na.jpg,ok,dev\n", "split 'dev' must be 'train', 'val' or 'test'"),
        ("path,label\n../secret.jpg,ok\n", "must lie within the folder"),
        ("path,label\n/etc/passwd,ok\n", "must lie within the folder"),
        ("path,label\n,ok\n", "must lie within the folder"),
        ("path,label\nc.jpg,ok\n", "there is no file 'c.jpg'"),
        ("path,label\n", "holds no images"),
        ("path,label,split,group\na.jpg,ok,train,g\nb.jpg,ok,test,g\n", "Group 'g' is in 'train' and in 'test'"),
    ],
)
def test_a_manifest_that_cannot_be_used_says_why(tmp_path, manifest, words):
    with pytest.raises(DataSetError) as refused:
        read_folder(folder_with(tmp_path, manifest))
    assert words in str(refused.value)


def test_a_link_out_of_the_folder_is_not_followed(tmp_path):
    (tmp_path / "outside.jpg").write_bytes(draw.jpeg())
    inner = tmp_path / "set"
    inner.mkdir()
    (inner / "link.jpg").symlink_to(tmp_path / "outside.jpg")
    (inner / "manifest.csv").write_text("path,label\nlink.jpg,ok\n")
    with pytest.raises(DataSetError, match="within the folder"):
        read_folder(inner)


def test_sub_folders_name_the_classes(tmp_path):
    for place in ("train/good", "train/scratch", "test/defect", "."):
        (tmp_path / place).mkdir(parents=True, exist_ok=True)
        (tmp_path / place / "1.PNG").write_bytes(draw.png())
    (tmp_path / "notes.txt").write_text("not an image")
    found = {(s.label, s.defect_type, s.split) for s in read_folder(tmp_path)}
    assert found == {("ok", "", "train"), ("defect", "scratch", "train"), ("defect", "", "test"), ("", "", "")}


def test_a_folder_that_is_none_or_empty_is_refused(tmp_path):
    with pytest.raises(DataSetError, match="is not a folder"):
        read_folder(tmp_path / "absent")
    with pytest.raises(DataSetError, match="holds no images"):
        read_folder(tmp_path)


def parts(count: int, views: int = 3) -> list[Sample]:
    return [
        Sample(path=Path(f"{n}-{view}.jpg"), label="defect" if n % 4 == 0 else "ok", group=f"part-{n}")
        for n in range(count)
        for view in range(views)
    ]


def test_drawn_splits_never_part_a_group_and_hold_both_labels():
    split = with_splits(parts(80), seed=3)
    check_groups(split)
    shares = Counter((s.split, s.label) for s in split)
    assert shares == {
        ("train", "ok"): 126, ("val", "ok"): 27, ("test", "ok"): 27,
        ("train", "defect"): 42, ("val", "defect"): 9, ("test", "defect"): 9,
    }  # fmt: skip


def test_one_seed_always_draws_the_same_split_and_another_does_not():
    assert with_splits(parts(80), seed=3) == with_splits(parts(80), seed=3)
    assert with_splits(parts(80), seed=3) != with_splits(parts(80), seed=4)


def test_splits_that_are_all_given_are_kept():
    given = [Sample(path=Path("a.jpg"), label="ok", split="test"), Sample(path=Path("b.jpg"), label="ok", split="val")]
    assert with_splits(given, seed=1) == given


def test_images_without_a_group_stand_alone():
    alone = [Sample(path=Path(f"{n}.jpg"), label="ok") for n in range(20)]
    assert Counter(s.split for s in with_splits(alone, seed=0)) == {"train": 14, "val": 3, "test": 3}
