"""Image files: stored once under the hash of their bytes, with what was derived from them beside."""

import errno
import hashlib
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from uuid import UUID, uuid4

from botocore.exceptions import BotoCoreError, ClientError
from django.conf import settings
from django.core.files.base import ContentFile, File
from django.core.files.storage import default_storage

PARTIAL_LIFE = timedelta(hours=1)
TILES = "tiles"
FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


class StorageFull(Exception):
    """There is no room for the file. Nothing of it was kept."""


class StorageUnavailable(Exception):
    """The store could not promise to keep the file. Nothing may be acknowledged."""


@dataclass(frozen=True)
class Stored:
    """A file that is on the disk, or in the object store, for good."""

    sha256: str
    size: int


@dataclass(frozen=True, kw_only=True)
class Room:
    """The disk of the images, in bytes."""

    free: int
    total: int


def digest(file: File) -> Stored:
    """Return hash and size of a file without keeping it. The file is left at its beginning."""
    sha256 = hashlib.sha256()
    for chunk in file.chunks():
        sha256.update(chunk)
    file.seek(0)
    return Stored(sha256.hexdigest(), file.size)


def store(file: File) -> Stored:
    """Keep the original under its hash. When this returns, the bytes survive a power cut.

    The same bytes twice are one file. Raises StorageFull or StorageUnavailable.
    """
    stored = digest(file)
    keep(file, stored)
    return stored


def keep(file: File, stored: Stored) -> None:
    """`store` for a file whose hash is known already."""
    check_room()
    _save(original_name(stored.sha256), file)


def store_archive(batch: UUID, file: File) -> Stored:
    """Keep the archive of a batch, apart from the images, until it is dropped."""
    check_room()
    _save(archive_name(batch), file)
    return digest(file)


def original(sha256: str) -> File:
    return default_storage.open(original_name(sha256))


def local_path(sha256: str) -> AbstractContextManager[Path]:
    """Lend the original as a file of this machine, fetched for as long as it is needed where it lies elsewhere."""
    return _local(original_name(sha256))


def archive_path(batch: UUID) -> AbstractContextManager[Path]:
    """`local_path` for the archive of a batch."""
    return _local(archive_name(batch))


def drop_archive(batch: UUID) -> None:
    """Forget the archive of a batch whose images are all in, or refused. Dropping twice does no harm."""
    default_storage.delete(archive_name(batch))


def adopt_export(export: UUID, path: Path) -> None:
    """Move a finished export into the store, where every web process reads it."""
    check_room()
    target = _path(export_name(export))
    if target is not None:
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.move(path, target)
        return
    with path.open("rb") as file:
        _save(export_name(export), File(file))


def open_export(export: UUID) -> File:
    """Open a finished export. Raises FileNotFoundError once it is dropped."""
    return default_storage.open(export_name(export))


def drop_export(export: UUID) -> None:
    """Forget the file of an export. Dropping twice does no harm."""
    default_storage.delete(export_name(export))


def put_rendition(sha256: str, jpeg: bytes) -> None:
    """Keep the picture that people are shown. One image has one rendition, made once."""
    _save(rendition_name(sha256), ContentFile(jpeg))


def put_thumbnail(sha256: str, webp: bytes) -> None:
    _save(thumbnail_name(sha256), ContentFile(webp))


def open_rendition(sha256: str) -> File:
    """Open the picture for people. Raises FileNotFoundError while it is not made."""
    return default_storage.open(rendition_name(sha256))


def open_thumbnail(sha256: str) -> File:
    return default_storage.open(thumbnail_name(sha256))


def put_tiles(sha256: str, archive: bytes, *, day: date) -> None:
    """Keep an image's full size for a day: it can be cut again."""
    check_room()
    _save(tiles_name(sha256, day), ContentFile(archive))


def open_tiles(sha256: str, *, day: date) -> File:
    """Open what was cut that day. Raises FileNotFoundError where nothing was."""
    return default_storage.open(tiles_name(sha256, day))


def forget_tiles(*, before: date) -> int:
    """Drop what was cut on earlier days. Return how many images."""
    if not default_storage.exists(TILES):
        return 0
    folders = [f"{TILES}/{name}" for name in default_storage.listdir(TILES)[0] if name < before.isoformat()]
    files = [f"{folder}/{name}" for folder in folders for name in default_storage.listdir(folder)[1]]
    for name in (*files, *folders):
        default_storage.delete(name)
    return len(files)


def probe() -> None:
    """Keep a small file and drop it again. Raises StorageFull or StorageUnavailable where an image would meet them."""
    check_room()
    name = f"probes/{uuid4()}"
    _save(name, ContentFile(b"probe"))
    default_storage.delete(name)


def room() -> Room | None:
    """Return how much of the disk of the images is free. None for an object store: it has no end here."""
    root = _path("")
    if root is None:
        return None
    there = next(folder for folder in (root, *root.parents) if folder.exists())
    usage = shutil.disk_usage(there)
    return Room(free=usage.free, total=usage.total)


def sweep_partial(*, now: datetime) -> int:
    """Remove files that a killed process left half-written an hour ago. Return how many; object stores keep none."""
    if not hasattr(default_storage, "sweep_partial"):
        return 0
    return default_storage.sweep_partial(before=(now - PARTIAL_LIFE).timestamp())


def original_name(sha256: str) -> str:
    return _name("images", sha256)


def rendition_name(sha256: str) -> str:
    return _name("renditions", sha256, ".jpg")


def thumbnail_name(sha256: str) -> str:
    return _name("thumbnails", sha256, ".webp")


def tiles_name(sha256: str, day: date) -> str:
    return f"{TILES}/{day.isoformat()}/{sha256}.zip"


def archive_name(batch: UUID) -> str:
    return f"archives/{batch}.zip"


def export_name(export: UUID) -> str:
    return f"exports/{export}.zip"


@contextmanager
def _local(name: str) -> Iterator[Path]:
    here = _path(name)
    if here is not None:
        yield here
        return
    with tempfile.NamedTemporaryFile() as copy, default_storage.open(name) as far:
        for chunk in far.chunks():
            copy.write(chunk)
        copy.flush()
        yield Path(copy.name)


def _path(name: str) -> Path | None:
    """Return where the file lies on this machine, None for a store that has no paths."""
    try:
        return Path(default_storage.path(name))
    except NotImplementedError:
        return None


def _name(folder: str, sha256: str, suffix: str = "") -> str:
    return f"{folder}/{sha256[:2]}/{sha256[2:4]}/{sha256}{suffix}"


def check_room(size: int = 0) -> None:
    """Leave the last of the disk to the database. Raises StorageFull; an object store has no end here."""
    left = room()
    if left is not None and left.free < settings.STORAGE_FREE_MIN_BYTES + size:
        raise StorageFull("The image store is full.")


def _save(name: str, file: File) -> None:
    try:
        default_storage.save(name, file)
    except OSError as error:
        if error.errno in FULL:
            raise StorageFull("The image store is full.") from error
        raise StorageUnavailable(f"The image store failed ({error.strerror}).") from error
    except (BotoCoreError, ClientError) as error:
        raise StorageUnavailable(f"The image store failed ({type(error).__name__}).") from error
