"""CSV that is safe to open in a spreadsheet, written row by row."""

import csv
import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from typing import Any

# A spreadsheet would run these as a formula; a leading apostrophe makes them text.
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


class _Echo:
    """A file that hands each written line on."""

    def write(self, line: str) -> str:
        return line


def written(columns: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """Yield a head and a line a row, without holding them all."""
    writer: Any = csv.writer(_Echo(), quoting=csv.QUOTE_NONNUMERIC)
    yield "\ufeff"
    yield writer.writerow(columns)
    for row in rows:
        yield writer.writerow([safe(row[column]) for column in columns])


def told(lines: Iterable[str], about: Mapping[str, Any]) -> Iterator[str]:
    """Yield the lines, then each fact about them in a line that begins with `#`.

    The last is the sha256 of all bytes before the first such line, so that whoever has the file can prove it whole.
    """
    writer: Any = csv.writer(_Echo(), quoting=csv.QUOTE_NONNUMERIC)
    digest = hashlib.sha256()
    for line in lines:
        digest.update(line.encode())
        yield line
    for name, value in {**about, "sha256 of all lines above": digest.hexdigest()}.items():
        yield writer.writerow([f"# {name}", safe(value)])


def safe(value: Any) -> Any:
    """Return a cell that no spreadsheet takes for a formula. Numbers stay numbers."""
    if value is None:
        return ""
    if isinstance(value, int | float):
        return value
    text = value.isoformat() if isinstance(value, date) else str(value)
    return f"'{text}" if text.lstrip(" \ufeff").startswith(FORMULA) or text.startswith(FORMULA) else text
