"""Frozen rows as the texts of an export, in pieces: none is ever held whole."""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from inspection.models import Line
from review import history, spreadsheets
from review.rules import exporting, label_studio

COLUMNS = (*history.COLUMNS, "file")
RECORD = (*COLUMNS, "item", "sha256", "size_bytes", "width", "height", "captured_at", "regions")

Row = Mapping[str, Any]
Rows = Callable[[], Iterator[Row]]


@dataclass(frozen=True, kw_only=True)
class About:
    """What a file says of itself."""

    line: Line
    title: str
    at: datetime
    by: str = ""
    model: str = ""

    @property
    def classes(self) -> list[tuple[str, str]]:
        return list(self.line.defect_classes.order_by("key", "pk").values_list("code", "name"))


def record(row: Row) -> dict[str, Any]:
    """Return all that is known of one image, by the names of the columns, with its marks."""
    named = {**row, "file": exporting.file_name(row)}
    return {name: named[name] for name in RECORD}


def table(rows: Rows) -> Iterator[str]:
    """Yield a CSV of the readings."""
    return spreadsheets.written(COLUMNS, map(record, rows()))


def lines(rows: Rows) -> Iterator[str]:
    """Yield a line of JSON for each image."""
    for row in rows():
        yield f"{json.dumps(record(row), ensure_ascii=False)}\n"


def coco(rows: Rows, about: About) -> Iterator[str]:
    """Yield a COCO file."""
    categories = exporting.coco_categories(about.classes)
    ids = {one["name"]: one["id"] for one in categories}
    info = {"description": about.title, "date_created": about.at.isoformat(), "contributor": about.by}
    marks = (mark for n, row in enumerate(rows(), 1) for mark in exporting.coco_annotations(n, row, ids))
    yield f'{{"info": {json.dumps(info)}, "licenses": [], "categories": {json.dumps(categories)}, "images": '
    yield from _listed(exporting.coco_image(n, row) for n, row in enumerate(rows(), 1))
    yield ', "annotations": '
    yield from _listed({"id": n, **mark} for n, mark in enumerate(marks, 1))
    yield "}\n"


def tasks(rows: Rows, about: About) -> Iterator[str]:
    """Yield the tasks of Label Studio."""
    yield from _listed(label_studio.task(row, model=about.model) for row in rows())
    yield "\n"


def _listed(values: Iterator[dict[str, Any]]) -> Iterator[str]:
    yield "["
    for n, value in enumerate(values):
        yield f"{',' if n else ''}\n{json.dumps(value, ensure_ascii=False)}"
    yield "]"
