"""File storage that survives a power cut: what was acknowledged is on the disk."""

import os
import uuid
from pathlib import Path

from django.core.files import File
from django.core.files.storage import FileSystemStorage
from whitenoise.compress import Compressor
from whitenoise.storage import CompressedManifestStaticFilesStorage


class DurableFileSystemStorage(FileSystemStorage):
    """A file appears under its name whole and synced, or not at all.

    Written beside its place, fsynced, renamed, and the folder fsynced. An existing name is left as it is:
    names are content hashes, so the bytes are the same.
    """

    def _save(self, name: str, content: File) -> str:
        target = Path(self.path(name))
        if target.exists():
            return name
        target.parent.mkdir(parents=True, exist_ok=True)
        partial = target.with_name(f".{target.name}.{uuid.uuid4().hex}.part")
        try:
            self._write(partial, content)
            partial.replace(target)
        finally:
            partial.unlink(missing_ok=True)
        _sync_folder(target.parent)
        return name

    def get_available_name(self, name: str, max_length: int | None = None) -> str:
        """Return the name itself: the same content has the same name."""
        return name

    def sweep_partial(self, *, before: float) -> int:
        """Remove half-written files last touched before a moment (seconds since 1970). Return how many."""
        stale = [path for path in Path(self.location).rglob(".*.part") if path.stat().st_mtime < before]
        for path in stale:
            path.unlink(missing_ok=True)
        return len(stale)

    def _write(self, partial: Path, content: File) -> None:
        with partial.open("xb") as out:
            for chunk in content.chunks():
                out.write(chunk)
            out.flush()
            os.fsync(out.fileno())


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


class HashedStaticFilesStorage(CompressedManifestStaticFilesStorage):
    """Static files under hashed names, the imports between script modules too: no page mixes two releases."""

    support_js_module_import_aggregation = True

    def create_compressor(self, **options: object) -> Compressor:
        """Leave Brotli out: at its best setting it takes a minute for what gzip does in a second."""
        return Compressor(**{**options, "use_brotli": False})
