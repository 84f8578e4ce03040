"""The state folder of one engine: claimed by one engine at a time, with room left, and a secret of its own."""

import errno
import fcntl
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from config.engine import private
from config.engine.failure import CannotStart

ROOM_MIN_BYTES = 200 * 1024 * 1024


class Home:
    def __init__(self, folder: Path) -> None:
        self.folder = folder.resolve()

    @property
    def logs(self) -> Path:
        return self.folder / "logs"

    @property
    def run_file(self) -> Path:
        return self.folder / "run.json"

    @property
    def prepared_file(self) -> Path:
        return self.folder / "prepared.json"

    @property
    def secret_file(self) -> Path:
        return self.folder / "secret.key"

    @contextmanager
    def claimed(self) -> Iterator[None]:
        """Hold the folder for this engine. Raises CannotStart when it cannot be written or another engine has it."""
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            lock = (self.folder / "engine.lock").open("w")
        except OSError as error:
            raise CannotStart(_why_not(self.folder, error)) from error
        with lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                self._furnish()
            except BlockingIOError as error:
                sentence = f"Another Tollgate runs on {self.folder}; stop it or choose another --data."
                raise CannotStart(sentence) from error
            except OSError as error:
                raise CannotStart(_why_not(self.folder, error)) from error
            yield

    def check_room(self) -> None:
        free = shutil.disk_usage(self.folder).free
        if free < ROOM_MIN_BYTES:
            raise CannotStart(
                f"The disk under {self.folder} is full: {free // 2**20} MB left, {ROOM_MIN_BYTES // 2**20} MB needed."
            )

    def forget_run(self) -> None:
        """Take away what is true only while the engine runs."""
        for path in (self.run_file, self.prepared_file):
            path.unlink(missing_ok=True)

    def _furnish(self) -> None:
        """Make the folder for logs and, once, the secret key."""
        self.logs.mkdir(exist_ok=True)
        if not self.secret_file.exists():
            private.write(self.secret_file, secrets.token_urlsafe(48))


def _why_not(folder: Path, error: OSError) -> str:
    if error.errno == errno.ENOSPC:
        return f"The disk under {folder} is full."
    return f"The state folder {folder} cannot be written: {error.strerror}."
