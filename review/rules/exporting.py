"""What an export may hold and how long it is kept, where an image goes; and a selection as COCO. No files, no clock."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from enum import StrEnum
from typing import Any

from inspection.rules.words import Label

ITEMS_MAX = 50_000
# Ten pages of a gallery: who wants more says it as a search.
CHOSEN_MAX = 600
KEPT = timedelta(hours=24)

Row = Mapping[str, Any]


class State(StrEnum):
    """Where an export is. The last three are its end."""

    WAITING = "waiting"
    RUNNING = "running"
    READY = "ready"
    CANCELLED = "cancelled"
    FAILED = "failed"


class Format(StrEnum):
    """The forms in which the command line writes readings."""

    CSV = "csv"
    JSONL = "jsonl"
    COCO = "coco"
    IMAGEFOLDER = "imagefolder"
    PARQUET = "parquet"
    LABEL_STUDIO = "labelstudio"


class Failure(StrEnum):
    """Why there is no file."""

    NOTHING_FOUND = "nothing_found"
    TOO_MANY = "too_many"
    NOT_PERMITTED = "not_permitted"
    NO_ROOM = "no_room"


def refusal(found: int, *, may_read: bool) -> Failure | None:
    """Say why a selection of so many images is not exported; None where it is.

    >>> refusal(0, may_read=True).value, refusal(50_001, may_read=True).value, refusal(50_000, may_read=True)
    ('nothing_found', 'too_many', None)
    """
    if not may_read:
        return Failure.NOT_PERMITTED
    if found == 0:
        return Failure.NOTHING_FOUND
    return Failure.TOO_MANY if found > ITEMS_MAX else None


def file_name(row: Row) -> str:
    """Return the name of an image inside the archive: its id, so that no serial of a stranger names a file."""
    return f"images/{row['item']}.{_SUFFIXES.get(row['content_type'], 'bin')}"


def class_folder(row: Row) -> str | None:
    """Return the folder of an image in a set with one folder for each class; None for one without a verdict.

    A class named like a folder that readers of such sets take for something else gets a name of its own.

    >>> said = {"ruling": None, "label": "defect", "defect_class": "scratch"}
    >>> class_folder(said), class_folder({**said, "defect_class": "OK"}), class_folder({**said, "label": "pass"})
    ('scratch', 'defect-OK', 'ok')
    """
    label, defect_class = verdict_of(row)
    if label == Label.PASS.value:
        return "ok"
    if label != Label.DEFECT.value:
        return None
    return f"defect-{defect_class}" if defect_class.lower() in _TAKEN else defect_class or "defect"


def verdict_of(row: Row) -> tuple[str, str]:
    """Return label and class of record: the ruling where there is one, else the reading."""
    if row["ruling"]:
        return row["ruling"], row["ruled_class"] or ""
    return row["label"], row["defect_class"]


def coco_categories(names: Sequence[tuple[str, str]]) -> list[dict[str, Any]]:
    """Return the classes of a line, code and name each, as categories counted from 1."""
    return [
        {"id": n, "name": code, "title": name, "supercategory": "defect"} for n, (code, name) in enumerate(names, 1)
    ]


def coco_image(n: int, row: Row) -> dict[str, Any]:
    """Return one image with its verdict of record as a tag: most images of a line carry no box."""
    label, defect_class = verdict_of(row)
    return {
        "id": n,
        "file_name": file_name(row),
        "width": row["width"],
        "height": row["height"],
        "sha256": row["sha256"],
        "serial": row["serial"],
        "view": row["view"],
        "label": label,
        "defect_class": defect_class,
        "source": "ruling" if row["ruling"] else "reading",
    }


def coco_annotations(n: int, row: Row, categories: Mapping[str, int]) -> Iterator[dict[str, Any]]:
    """Yield what the reader marked on an image that counts as a defect: a box, or a point as one keypoint.

    A part that was ruled good has no marks left, whatever its reader drew.
    """
    label, defect_class = verdict_of(row)
    if label != Label.DEFECT.value:
        return
    for mark in row["regions"]:
        width, height = mark.get("w", 0), mark.get("h", 0)
        told = {
            "image_id": n,
            "category_id": categories[defect_class],
            "bbox": [mark["x"], mark["y"], width, height],
            "area": width * height,
            "iscrowd": 0,
        }
        point = {} if width else {"keypoints": [mark["x"], mark["y"], 2], "num_keypoints": 1}
        yield {**told, **point}


_TAKEN = {"ok", "good", "pass", "defect", "reject", "bad", "train", "val", "test"}
_SUFFIXES = {"image/jpeg": "jpg", "image/png": "png", "image/webp": "webp", "image/bmp": "bmp", "image/tiff": "tif"}
