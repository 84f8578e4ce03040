"""Exports at the command line: a file or a folder that appears when it is whole, taken up where a run stopped."""

import shutil
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from django.conf import settings

from inspection.models import Epoch
from review import export_archives, export_texts, exports, parquet, searches, spreadsheets
from review.export_archives import Frozen
from review.export_texts import About, Rows
from review.rules import exporting, label_studio
from review.rules.exporting import Format
from review.rules.tokens import Search
from vision.dataset import MANIFEST

NAMES = {
    Format.CSV: "readings.csv",
    Format.JSONL: "readings.jsonl",
    Format.COCO: "annotations.json",
    Format.PARQUET: "readings.parquet",
    Format.LABEL_STUDIO: "tasks.json",
}
PICTURED = ("path", "label", "defect_type", "group", "serial", "captured_at", "sha256", "size_bytes")
LABELS = {"pass": "ok", "defect": "defect"}

MB = 2**20

Row = Mapping[str, Any]
Watch = Callable[[str, int, int], None]


class TargetRefused(Exception):
    """The export cannot be put there; the message says why and what would do."""


class NothingFound(Exception):
    """The epoch holds no closed reading."""


@dataclass(frozen=True, kw_only=True)
class Written:
    """What an export holds. `missing` images have no whole file in the store, `unlabelled` ones no class to go to."""

    readings: int
    images: int = 0
    missing: int = 0
    unlabelled: int = 0


def stage_of(target: Path, *, epoch: Epoch, form: Format) -> Path:
    """Return where an export grows, beside its target: one place for each thing asked, so that nothing is mixed."""
    return target.parent / f".{target.name}.{epoch.line.slug}-{epoch.pk}-{form.value}.part"


def export(epoch: Epoch, *, form: Format, target: Path, with_images: bool, now: datetime, watch: Watch) -> Written:
    """Write all final blind first readings of an epoch, with their images where they are asked for.

    The rows are those that the data page exports. A target that ends as a file of the form does is that file; any
    other is a folder. A run that broke off is taken up with the rows it had selected, and copies no image twice.
    Raises TargetRefused, ParquetMissing, NothingFound, Busy and OSError; then nothing stands at the target.
    """
    with_images = with_images or form == Format.IMAGEFOLDER
    as_file = form in NAMES and target.suffix.lower() == Path(NAMES[form]).suffix
    if target.exists() or target.is_symlink():
        raise TargetRefused(f"{target} is there already; name a place that is not, or remove it.")
    if as_file and with_images:
        raise TargetRefused(f"{target} names a file, and images need a folder; try {target.with_suffix('')}.")
    if form == Format.PARQUET:
        parquet.check()

    stage = stage_of(target, epoch=epoch, form=form)
    about = About(line=epoch.line, title=epoch.line.slug, at=now, model=str(epoch.model_version or ""))
    with export_archives.locked(stage):
        frozen, whole = Frozen(stage), stage / "whole"
        total = _freeze(frozen, epoch, watch=watch)
        counts: Mapping[str, int] = {}
        if as_file:
            _write(whole, form, frozen.rows, about)
        else:
            counts = _fill(whole, form, frozen.rows, about, total=total, with_images=with_images, watch=watch)
        whole.rename(target)
        shutil.rmtree(stage)
    return Written(readings=total, **counts)


def _freeze(frozen: Frozen, epoch: Epoch, *, watch: Watch) -> int:
    """Select the rows, unless an earlier run did, and return how many there are."""
    if frozen.has_rows:
        return sum(1 for _ in frozen.rows())
    found = searches.find(epoch, Search())
    total = frozen.freeze(_watched(exports.selected(epoch, found), "rows", found.count(), watch))
    if not total:
        shutil.rmtree(frozen.folder)
        raise NothingFound(f"{epoch.line.slug} has no closed reading in its present epoch: there is nothing to export.")
    return total


def _fill(
    folder: Path, form: Format, rows: Rows, about: About, *, total: int, with_images: bool, watch: Watch
) -> Mapping[str, int]:
    """Write the files of a folder, the images first, and return how many images there are."""
    folder.mkdir(exist_ok=True)
    counts: Mapping[str, int] = {}
    if with_images:
        _check_room(folder, form, rows)
        counts = _copy(folder, form, rows, total=total, watch=watch)
    if form in NAMES:
        _write(folder / NAMES[form], form, rows, about)
    if form == Format.LABEL_STUDIO:
        _put(folder / "config.xml", [label_studio.config(about.classes)])
    return counts


def _check_room(folder: Path, form: Format, rows: Rows) -> None:
    """Leave the last of the disk to the database, which may lie on the same."""
    missing = (row for row in rows() if not (folder / (_place(form, row) or "")).exists())
    wanted = sum(row["size_bytes"] for row in missing)
    free = max(0, shutil.disk_usage(folder).free - settings.STORAGE_FREE_MIN_BYTES)
    if wanted > free:
        raise TargetRefused(
            f"The images need {wanted / MB:,.1f} MB, and the disk of {folder.parent.parent} has {free / MB:,.1f} MB to "
            f"give; name a place on a larger one."
        )


def _write(path: Path, form: Format, rows: Rows, about: About) -> None:
    """Write what is said of the images in one form."""
    if form == Format.PARQUET:
        parquet.write(path, map(export_texts.record, rows()))
        return
    texts = {
        Format.CSV: lambda: export_texts.table(rows),
        Format.JSONL: lambda: export_texts.lines(rows),
        Format.COCO: lambda: export_texts.coco(rows, about),
        Format.LABEL_STUDIO: lambda: export_texts.tasks(rows, about),
    }
    _put(path, texts[form]())


def _copy(folder: Path, form: Format, rows: Rows, *, total: int, watch: Watch) -> Counter[str]:
    """Copy the images with a manifest, and return how many there are, are missing and have no class to go to."""
    counts = Counter[str]()
    watched = _watched(rows(), "images", total, watch)
    _put(folder / MANIFEST, spreadsheets.written(PICTURED, _pictured(folder, form, watched, counts)))
    return counts


def _pictured(folder: Path, form: Format, rows: Iterable[Row], counts: Counter[str]) -> Iterator[Row]:
    for row in rows:
        place = _place(form, row)
        what = "unlabelled" if place is None else "images" if _has(folder / place, row["sha256"]) else "missing"
        counts[what] += 1
        if what == "images":
            label, defect_class = exporting.verdict_of(row)
            said = {"path": place, "label": LABELS.get(label, ""), "defect_type": defect_class}
            yield {**row, **said, "group": row["serial"]}


def _place(form: Format, row: Row) -> str | None:
    """Return where an image goes inside the folder."""
    name = exporting.file_name(row)
    if form != Format.IMAGEFOLDER:
        return name
    kind = exporting.class_folder(row)
    return kind and f"{kind}/{Path(name).name}"


def _has(path: Path, digest: str) -> bool:
    """Have an image there; false where the store has no whole file of it. What is there is whole."""
    if path.exists():
        return True
    content = exports.original(digest)
    if content is None:
        return False
    path.parent.mkdir(exist_ok=True)
    partial = path.with_suffix(".part")
    partial.write_bytes(content)
    partial.replace(path)
    return True


def _put(path: Path, parts: Iterable[str]) -> None:
    with path.open("w", encoding="utf-8", newline="") as out:
        out.writelines(parts)


def _watched(rows: Iterable[Any], stage: str, total: int, watch: Watch) -> Iterator[Any]:
    for n, row in enumerate(rows, 1):
        yield row
        watch(stage, n, total)
