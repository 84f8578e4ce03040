"""CSV that is safe to open in a spreadsheet, written row by row."""

import csv
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from typing import Any

from django.http import StreamingHttpResponse

# A spreadsheet would run these as a formula; a leading apostrophe makes them text.
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


class _Echo:
    """A file that hands each written line on."""

    def write(self, line: str) -> str:
        return line


def download(name: str, columns: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> StreamingHttpResponse:
    """Answer with the rows as a file `name`.csv, streamed."""
    response = StreamingHttpResponse(written(columns, rows), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{name}.csv"'
    return response


def written(columns: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """Yield a head and a line a row, without holding them all."""
    writer: Any = csv.writer(_Echo(), quoting=csv.QUOTE_NONNUMERIC)
    yield "\ufeff"
    yield writer.writerow(columns)
    for row in rows:
        yield writer.writerow([safe(row[column]) for column in columns])


def safe(value: Any) -> Any:
    """Return a cell that no spreadsheet takes for a formula. Numbers stay numbers."""
    if value is None:
        return ""
    if isinstance(value, int | float):
        return value
    text = value.isoformat() if isinstance(value, date) else str(value)
    return f"'{text}" if text.lstrip(" \ufeff").startswith(FORMULA) or text.startswith(FORMULA) else text
