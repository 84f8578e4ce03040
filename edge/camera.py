"""The camera as a folder: pictures appear in it, each is taken once, when it is whole, the oldest first."""

import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

from edge.incumbent import Sidecar, SidecarError, read_sidecar
from edge.parts import MEDIA_TYPES, Capture, rfc3339
from edge.spool import MEGABYTE, sync_folder
from edge.wholeness import Look, Wholeness

LARGEST_PICTURE = 64 * MEGABYTE


class CameraError(Exception):
    """The camera cannot be used as it is set up; the message says what would be right."""


class UnusablePictureError(Exception):
    """A picture cannot be sent as it is: its part is to be held, and the picture set aside."""

    def __init__(self, sentence: str, *, source: str, serial: str) -> None:
        super().__init__(sentence)
        self.source, self.serial = source, serial


class Camera(Protocol):
    """Where pictures come from."""

    def next(self, now: float) -> Capture | None:
        """The oldest picture not yet released, or None. `now` is a monotonic clock's."""

    def release(self, source: str) -> None:
        """Never give this picture again, not even after a restart. Releasing twice does no harm."""

    def set_aside(self, source: str) -> None:
        """Release a picture that cannot be used, to where people will find it."""


class WatchedFolder:
    """A folder into which a camera writes. Taken pictures move to `taken/` in it, unusable ones to `unusable/`.

    The serial is the file's name without its suffix, unless NAME.json beside it tells another.
    """

    def __init__(self, folder: Path, *, wholeness: Wholeness | None = None, view: str | None = None) -> None:
        if not folder.is_dir():
            raise CameraError(f"{folder} is not a folder that can be watched.")
        if (folder / "manifest.csv").exists():
            raise CameraError(
                f"{folder} is a data-set folder: its file names tell the labels. Feed it with edge.simulated --images."
            )
        self._folder, self._view = folder, view
        self._wholeness = wholeness or Wholeness()
        self._looks: dict[str, Look] = {}
        for name in ("taken", "unusable"):
            (folder / name).mkdir(exist_ok=True)

    def next(self, now: float) -> Capture | None:
        files = sorted(self._pictures(), key=lambda file: (file[1].st_mtime_ns, file[0].name))
        self._looks = {path.name: self._look(path.name, stat, now) for path, stat in files}
        for path, stat in files:
            try:
                if self._wholeness.is_whole(path, self._looks[path.name], now=now):
                    capture = self._capture(path, stat, now)
                    if capture is not None:
                        return capture
            except FileNotFoundError:
                continue
        return None

    def release(self, source: str) -> None:
        self._move(source, "taken")

    def set_aside(self, source: str) -> None:
        self._move(source, "unusable")

    def _pictures(self) -> Iterator[tuple[Path, os.stat_result]]:
        with os.scandir(self._folder) as files:
            for file in files:
                suffix = Path(file.name).suffix.lower()
                if suffix in MEDIA_TYPES and not file.name.startswith(".") and file.is_file(follow_symlinks=False):
                    yield Path(file.path), file.stat(follow_symlinks=False)

    def _look(self, name: str, stat: os.stat_result, now: float) -> Look:
        before = self._looks.get(name)
        if before and (before.size, before.mtime_ns) == (stat.st_size, stat.st_mtime_ns):
            return before
        return Look(size=stat.st_size, mtime_ns=stat.st_mtime_ns, since=now)

    def _capture(self, path: Path, stat: os.stat_result, now: float) -> Capture | None:
        source = _source(path.name, stat)
        if stat.st_size > LARGEST_PICTURE:
            sentence = f"{path.name} has {stat.st_size // MEGABYTE} MB and is set aside."
            raise UnusablePictureError(sentence, source=source, serial=path.stem.strip())
        try:
            told = read_sidecar(path.with_suffix(".json"))
        except SidecarError as fault:
            if now - self._looks[path.name].since < self._wholeness.patience:
                return None
            sentence = f"{fault} The picture is set aside."
            raise UnusablePictureError(sentence, source=source, serial=path.stem.strip()) from fault
        return self._as_told(path, stat, source, told)

    def _as_told(self, path: Path, stat: os.stat_result, source: str, told: Sidecar) -> Capture:
        return Capture(
            source=source,
            picture=path.read_bytes(),
            media_type=MEDIA_TYPES[path.suffix.lower()],
            serial=told.serial or path.stem.strip(),
            captured_at=told.captured_at or rfc3339(datetime.fromtimestamp(stat.st_mtime, UTC)),
            view=told.view or self._view,
            lot=told.lot,
            incumbent_verdict=told.incumbent_verdict,
        )

    def _move(self, source: str, target: str) -> None:
        path = self._folder / source.split(":", 3)[3]
        try:
            if _source(path.name, path.lstat()) != source:
                return
        except FileNotFoundError:
            return
        # The sidecar goes first: left behind alone, it would speak for the next picture of that name.
        for file in (path.with_suffix(".json"), path):
            if file.exists():
                file.rename(_free_name(self._folder / target, file))
        sync_folder(self._folder)


def _source(name: str, stat: os.stat_result) -> str:
    return f"{stat.st_ino}:{stat.st_mtime_ns}:{stat.st_size}:{name}"


def _free_name(folder: Path, file: Path) -> Path:
    candidate, number = folder / file.name, 1
    while candidate.exists():
        number += 1
        candidate = folder / f"{file.stem}.{number}{file.suffix}"
    return candidate
