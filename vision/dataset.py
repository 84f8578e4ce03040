"""Reads a folder of labelled images: a manifest.csv, or one sub-folder for each class."""

from __future__ import annotations

import csv
import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

MANIFEST = "manifest.csv"
SPLITS = ("train", "val", "test")
LABELS = ("ok", "defect")
OTHER = "other"
"""A class of this name takes defects whose own type is not among the classes."""

_SUFFIXES = {".jpg", ".jpeg", ".png", ".webp"}
_FORMULA = ("=", "+", "-", "@", "＝", "＋", "－", "＠")
_OK_FOLDERS = {"ok", "good", "pass"}
_DEFECT_FOLDERS = {"defect", "reject", "bad"}


@dataclass(frozen=True, kw_only=True)
class Sample:
    """One image of a data set and what is known about it. Empty text means not known."""

    path: Path
    label: str = ""
    """"ok", "defect", or "" where nobody has said."""
    defect_type: str = ""
    split: str = ""
    """"train", "val", "test", or "" for the trainer to choose."""
    group: str = ""
    """Images of one group (a part, a sheet) never straddle a split. Empty: a group of its own."""
    serial: str = ""
    captured_at: str = ""


class DataSetError(ValueError):
    """The folder cannot be used; the message says which file and line, and what would be right."""


def read_folder(folder: str | Path) -> list[Sample]:
    """All samples of a data-set folder, in the order of its manifest or sorted by path."""
    folder = Path(folder)
    if not folder.is_dir():
        raise DataSetError(f"{folder} is not a folder.")
    manifest = folder / MANIFEST
    samples = _from_manifest(manifest) if manifest.is_file() else _from_sub_folders(folder)
    if not samples:
        raise DataSetError(f"{folder} holds no images: give it a {MANIFEST} or JPEG, PNG or WebP files.")
    check_groups(samples)
    return samples


def check_groups(samples: Sequence[Sample]) -> None:
    """Fail when images of one group stand on two sides of a split: the test would know the training."""
    splits: dict[str, str] = {}
    for sample in samples:
        if sample.group and sample.split and splits.setdefault(sample.group, sample.split) != sample.split:
            raise DataSetError(
                f"Group {sample.group!r} is in {splits[sample.group]!r} and in {sample.split!r}; keep it in one split."
            )


def with_splits(samples: Sequence[Sample], *, seed: int) -> list[Sample]:
    """The samples with every split filled in: kept where all have one, else drawn anew by whole groups.

    70 % of the groups train, 15 % validate, 15 % test, the same share of groups with and without
    defects. One seed always gives the same split.
    """
    check_groups(samples)
    if all(sample.split for sample in samples):
        return list(samples)
    groups: dict[str, bool] = {}
    for n, sample in enumerate(samples):
        name = _group(n, sample)
        groups[name] = groups.get(name, False) or sample.label == "defect"
    drawn = {
        **_draw([name for name, defect in groups.items() if defect], seed),
        **_draw([name for name, defect in groups.items() if not defect], seed),
    }
    return [replace(sample, split=drawn[_group(n, sample)]) for n, sample in enumerate(samples)]


def _group(n: int, sample: Sample) -> str:
    return sample.group or f"alone-{n}"


def _draw(groups: list[str], seed: int) -> dict[str, str]:
    shuffled = sorted(groups)
    random.Random(seed).shuffle(shuffled)
    held_back = max(1, round(0.15 * len(shuffled)))
    splits = {}
    for place, name in enumerate(shuffled):
        splits[name] = "test" if place < held_back else "val" if place < 2 * held_back else "train"
    return splits


def _from_manifest(manifest: Path) -> list[Sample]:
    with manifest.open(newline="", encoding="utf-8-sig") as opened:
        rows = csv.DictReader(opened)
        missing = {"path", "label"} - set(rows.fieldnames or ())
        if missing:
            raise DataSetError(f"{manifest} has no column {' and '.join(sorted(missing))}.")
        return [_sample(manifest, rows.line_num, row) for row in rows]


def _sample(manifest: Path, line: int, row: dict[str, str | None]) -> Sample:
    def cell(name: str) -> str:
        text = (row.get(name) or "").strip()
        # Tables that are safe to open in a spreadsheet put an apostrophe before what it would run as a formula.
        return text[1:] if text.startswith("'") and text[1:].lstrip().startswith(_FORMULA) else text

    label, split = cell("label"), cell("split")
    if label not in ("", *LABELS):
        raise DataSetError(f"{manifest} line {line}: label {label!r} must be 'ok' or 'defect'.")
    if split not in ("", *SPLITS):
        raise DataSetError(f"{manifest} line {line}: split {split!r} must be 'train', 'val' or 'test'.")
    return Sample(
        path=_inside(manifest, line, cell("path")),
        label=label,
        defect_type=cell("defect_type"),
        split=split,
        group=cell("group"),
        serial=cell("serial"),
        captured_at=cell("captured_at"),
    )


def _inside(manifest: Path, line: int, name: str) -> Path:
    folder = manifest.parent.resolve()
    path = (folder / name).resolve()
    if not name or not path.is_relative_to(folder):
        raise DataSetError(f"{manifest} line {line}: path {name!r} must lie within the folder.")
    if not path.is_file():
        raise DataSetError(f"{manifest} line {line}: there is no file {name!r}.")
    return path


def _from_sub_folders(folder: Path) -> list[Sample]:
    paths = sorted(path for path in folder.rglob("*") if path.suffix.lower() in _SUFFIXES and path.is_file())
    return [_labelled_by_folder(folder, path) for path in paths]


def _labelled_by_folder(folder: Path, path: Path) -> Sample:
    parents = path.relative_to(folder).parts[:-1]
    split = next((part for part in parents if part in SPLITS), "")
    classes = [part for part in parents if part not in SPLITS]
    if not classes:
        return Sample(path=path, split=split)
    name = classes[-1].lower()
    if name in _OK_FOLDERS:
        return Sample(path=path, label="ok", split=split)
    return Sample(path=path, label="defect", defect_type="" if name in _DEFECT_FOLDERS else name, split=split)
