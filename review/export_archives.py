"""The file of an export while it grows: a ZIP that survives its writer, taken up where the last turn ended."""

import fcntl
import json
import shutil
import zipfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any, Self
from uuid import UUID

from django.conf import settings

CHUNK = 1024 * 1024


class Busy(Exception):
    """Another process holds the folder."""


@dataclass
class Mark:
    """How far an archive is whole: rows that are through, the images without a good file, and where its end begins."""

    cursor: int = 0
    end: int = 0
    missing: list[str] = field(default_factory=list)


@contextmanager
def held(export: UUID) -> Iterator["Archive"]:
    """Hold the working folder of an export for one turn. Raises Busy while another worker has it."""
    folder = _folder(export)
    with locked(folder):
        yield Archive(folder)


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Have a folder for oneself, made where it is not there. Raises Busy while another process has it."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise Busy(f"Another process is writing in {folder}.") from error
        yield


def drop(export: UUID) -> None:
    """Forget all that was written for an export. Dropping twice does no harm."""
    shutil.rmtree(_folder(export), ignore_errors=True)


class Frozen:
    """What is selected, written down once beside what grows from it, so that all files of an export tell the same."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._rows = folder / "rows.jsonl"

    @property
    def has_rows(self) -> bool:
        return self._rows.exists()

    def freeze(self, rows: Iterable[dict[str, Any]]) -> int:
        """Write down what is selected, and return how many rows."""
        partial = self._rows.with_suffix(".part")
        n = 0
        with partial.open("w", encoding="utf-8") as out:
            for row in rows:
                out.write(json.dumps(row, default=_plain) + "\n")
                n += 1
        partial.replace(self._rows)
        return n

    def rows(self) -> Iterator[dict[str, Any]]:
        with self._rows.open(encoding="utf-8") as lines:
            yield from map(json.loads, lines)


class Archive(Frozen):
    """A ZIP beside the rows that it will hold.

    `mark` keeps the directory that a ZIP carries at its end, for the next turn writes over it: what was written since
    the last pause is cut off, and nothing before it is lost.
    """

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.path, self._mark = folder / "export.zip", folder / "mark"
        self.mark = Mark()

    def __enter__(self) -> Self:
        """Take up the archive where it was last whole."""
        if self._mark.exists():
            head, directory = self._mark.read_bytes().split(b"\n", 1)
            self.mark = Mark(**json.loads(head))
            with self.path.open("r+b") as file:
                file.truncate(self.mark.end)
                file.seek(self.mark.end)
                file.write(directory)
        self._zip = zipfile.ZipFile(self.path, "a" if self._mark.exists() else "w")
        return self

    def __exit__(self, *_: object) -> None:
        self._zip.close()

    def pause(self) -> None:
        """Keep how far the archive is, so that the next turn begins here."""
        self._zip.close()
        with zipfile.ZipFile(self.path) as written:
            self.mark.end = written.start_dir or 0
        with self.path.open("rb") as file:
            file.seek(self.mark.end)
            directory = file.read()
        partial = self._mark.with_suffix(".part")
        partial.write_bytes(json.dumps(asdict(self.mark)).encode() + b"\n" + directory)
        partial.replace(self._mark)

    def add_image(self, name: str, content: bytes) -> None:
        """Store an image as it is: it is compressed already."""
        self._zip.writestr(zipfile.ZipInfo(name), content)

    def add_text(self, name: str, parts: Iterable[str]) -> tuple[str, int]:
        """Write a text that comes in parts, without holding it. Return its hash and size."""
        info = zipfile.ZipInfo(name)
        info.compress_type = zipfile.ZIP_DEFLATED
        hashed, size = sha256(), 0
        with self._zip.open(info, "w", force_zip64=True) as out:
            for part in parts:
                size += out.write(part.encode())
                hashed.update(part.encode())
        return hashed.hexdigest(), size


def digest(path: Path) -> tuple[str, int]:
    """Return hash and size of a file."""
    hashed = sha256()
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            hashed.update(chunk)
    return hashed.hexdigest(), path.stat().st_size


def _folder(export: UUID) -> Path:
    return settings.EXPORTS_ROOT / str(export)


def _plain(value: Any) -> str:
    return value.isoformat() if hasattr(value, "isoformat") else str(value)
