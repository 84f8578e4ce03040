"""The durable spool: every picture is on disk, whole, before it is sent for the first time.

One file per picture: a line of JSON (the record), then the picture's bytes. It is written under
another name, forced to disk, then renamed, so that a kill at any instant leaves either all of it or nothing.

    SPOOL/pending/000000000042-KEY.part    waiting for the server, in order
    SPOOL/refused/KEY/                     what the server will never take: picture, record, its problem
    SPOOL/damaged/                         files that no longer hold what was written
"""

import errno
import fcntl
import json
import os
import shutil
import threading
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from edge.parts import Capture

MEGABYTE = 1024 * 1024
DEFAULT_LIMIT = 2048 * MEGABYTE
# Left free on the disk, so that verdicts can still be recorded when no picture can.
DEFAULT_HEADROOM = 64 * MEGABYTE
WARN_SHARE = 0.8

_DISK_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


class SpoolFullError(Exception):
    """There is no room for another picture. The message is a sentence for the people at the line."""


class SpoolTakenError(Exception):
    """Another station process already works from this spool."""


class DamagedEntryError(Exception):
    """A spooled file did not hold what was written; it was set aside."""

    def __init__(self, key: str, path: Path) -> None:
        super().__init__(f"{path} is damaged and was set aside; its picture was not sent.")
        self.key = key


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One picture on its way: the key it is sent with, for ever the same, and what the camera gave."""

    key: str
    path: Path
    capture: Capture


class Spool:
    """Pictures waiting for the server, oldest first. Safe to use from several threads of one process."""

    def __init__(self, folder: Path, *, limit: int = DEFAULT_LIMIT, headroom: int = DEFAULT_HEADROOM) -> None:
        self._folder, self._limit, self._headroom = folder, limit, headroom
        self._lock = threading.Lock()
        for name in ("pending", "refused", "damaged", "unfinished"):
            (folder / name).mkdir(parents=True, exist_ok=True)
        self._claim = _claim(folder / "lock")
        _empty(folder / "unfinished")
        self._pending = {_key_of(path): path for path in sorted((folder / "pending").glob("*.part"))}
        self._sizes = {key: path.stat().st_size for key, path in self._pending.items()}
        self._number = max((_number_of(path) for path in self._pending.values()), default=0)

    def __len__(self) -> int:
        return len(self._pending)

    def __contains__(self, key: str) -> bool:
        return key in self._pending

    @property
    def used_bytes(self) -> int:
        with self._lock:
            return sum(self._sizes.values())

    @property
    def nearly_full(self) -> bool:
        return self.used_bytes > WARN_SHARE * self._limit

    def put(self, key: str, capture: Capture) -> None:
        """Keep the picture durably; on return it survives a kill and a power cut. A known key is kept once."""
        with self._lock:
            if key in self._pending:
                return
            record = {name: value for name, value in asdict(capture).items() if name != "picture"}
            header = json.dumps({"key": key, "sha256": capture.sha256, "record": record}).encode() + b"\n"
            self._make_sure_of_room(len(header) + len(capture.picture))
            path = self._folder / "pending" / f"{self._number + 1:012d}-{key}.part"
            self._write(path, header, capture.picture)
            self._number += 1
            self._pending[key] = path
            self._sizes[key] = len(header) + len(capture.picture)

    def oldest(self) -> Entry | None:
        """The picture to send next, or None. A damaged file is set aside and told as DamagedEntryError."""
        with self._lock:
            if not self._pending:
                return None
            key = next(iter(self._pending))
            path = self._pending[key]
        try:
            return _read(key, path)
        except (ValueError, KeyError, TypeError, FileNotFoundError) as fault:
            self._set_aside(key, path)
            raise DamagedEntryError(key, path) from fault

    def entry(self, key: str) -> Entry | None:
        """A picture by its key, None when it is not here any more. A damaged one is left to whoever sends it."""
        with self._lock:
            path = self._pending.get(key)
        if path is None:
            return None
        try:
            return _read(key, path)
        except FileNotFoundError:
            return None
        except (ValueError, KeyError, TypeError) as fault:
            raise DamagedEntryError(key, path) from fault

    def remove(self, entry: Entry) -> None:
        """Forget a picture that the server has acknowledged."""
        with self._lock:
            entry.path.unlink(missing_ok=True)
            self._forget(entry.key)

    def refuse(self, entry: Entry, problem: dict[str, Any]) -> Path:
        """Set a picture aside for good, with the server's reason beside it; returns the folder it lies in."""
        target = self._folder / "refused" / entry.key
        if not target.exists():
            draft = self._folder / "unfinished" / entry.key
            draft.mkdir(exist_ok=True)
            record = {name: value for name, value in asdict(entry.capture).items() if name != "picture"}
            write_durably(draft / "picture", entry.capture.picture)
            write_durably(draft / "record.json", json.dumps(record, indent=1).encode())
            write_durably(draft / "problem.json", json.dumps(problem, indent=1).encode())
            draft.rename(target)
            sync_folder(target.parent)
        self.remove(entry)
        return target

    def close(self) -> None:
        self._claim.close()

    def _make_sure_of_room(self, size: int) -> None:
        used = sum(self._sizes.values())
        if used + size > self._limit:
            raise SpoolFullError(
                f"The spool {self._folder} has reached its limit of {self._limit // MEGABYTE} MB with "
                f"{len(self._pending)} pictures waiting; parts are held until the server takes some."
            )
        if shutil.disk_usage(self._folder).free < size + self._headroom:
            raise self._disk_full()

    def _disk_full(self) -> SpoolFullError:
        return SpoolFullError(f"The disk under {self._folder} is full; parts are held until there is room.")

    def _write(self, path: Path, header: bytes, picture: bytes) -> None:
        draft = self._folder / "unfinished" / path.name
        try:
            write_durably(draft, header + picture)
            draft.rename(path)
            sync_folder(path.parent)
        except OSError as fault:
            draft.unlink(missing_ok=True)
            if fault.errno in _DISK_FULL:
                raise self._disk_full() from fault
            raise

    def _set_aside(self, key: str, path: Path) -> None:
        with self._lock:
            if path.exists():
                path.rename(self._folder / "damaged" / path.name)
            self._forget(key)

    def _forget(self, key: str) -> None:
        self._pending.pop(key, None)
        self._sizes.pop(key, None)


def write_durably(path: Path, content: bytes) -> None:
    """Write a file and force it to disk. The name itself is forced by `sync_folder`."""
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def sync_folder(folder: Path) -> None:
    """Force the names in a folder to disk: a rename is only as durable as the folder it happened in."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _claim(path: Path) -> Any:
    file = path.open("w")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as fault:
        file.close()
        raise SpoolTakenError(
            f"Another station already works from {path.parent}; give each its own --spool."
        ) from fault
    return file


def _empty(folder: Path) -> None:
    for leftover in folder.iterdir():
        if leftover.is_dir():
            shutil.rmtree(leftover)
        else:
            leftover.unlink()


def _read(key: str, path: Path) -> Entry:
    header, _, picture = path.read_bytes().partition(b"\n")
    fields = json.loads(header)
    capture = Capture(picture=picture, **fields["record"])
    if fields["key"] != key or fields["sha256"] != capture.sha256:
        raise ValueError(f"{path} does not hold the picture it was written with.")
    return Entry(key=key, path=path, capture=capture)


def _number_of(path: Path) -> int:
    return int(path.name.partition("-")[0])


def _key_of(path: Path) -> str:
    return path.stem.partition("-")[2]
