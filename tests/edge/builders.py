"""Pictures, captures and stations for the tests of the station."""

import io
import json
import logging
import os
from pathlib import Path
from random import Random

from PIL import Image

from edge.credentials import Key
from edge.outputs import Command, OutputError
from edge.parts import Capture
from edge.station import Setup, Station
from tests.edge.stub_server import KEY_ID, SECRET

KEY = Key(key_id=KEY_ID, secret=SECRET)
LOGGER = logging.getLogger("edge.tests")
# Well under the 20 s that a station waits for dispositions, with room for a busy machine.
STOPS_WITHIN_S = 10.0


def picture(number: int = 0) -> bytes:
    """A small JPEG, another for each number."""
    noise = Random(number).randbytes(64 * 64)
    stream = io.BytesIO()
    Image.frombytes("L", (64, 64), noise).save(stream, "JPEG", quality=60)
    return stream.getvalue()


def make_capture(number: int = 0, **changes) -> Capture:
    given = {
        "source": f"test:{number}",
        "picture": picture(number),
        "media_type": "image/jpeg",
        "serial": f"A-{number}",
        "captured_at": "2026-03-02T12:00:00.000Z",
    }
    return Capture(**(given | changes))


def lay(folder: Path, name: str, content: bytes, *, at: float | None = None) -> Path:
    """Put a picture into a watched folder, whole, as a careful camera does."""
    draft = folder / f".{name}.part"
    draft.write_bytes(content)
    if at is not None:
        os.utime(draft, (at, at))
    return draft.rename(folder / name)


def write_key(path: Path) -> Path:
    path.write_text(json.dumps({"key_id": KEY_ID, "secret": SECRET}))
    path.chmod(0o600)
    return path


def make_station(url: str, spool: Path, output, *, camera=None, deadline=30.0, wait=0.0, limit=2**30) -> Station:
    setup = Setup(url=url, key=KEY, spool=spool, deadline=deadline, wait=wait, spool_limit=limit)
    return Station(setup, output, camera=camera)


class LineOfTests:
    """A control output that keeps what it was told, and can be out of order."""

    def __init__(self):
        self.commands: list[Command] = []
        self.broken = False

    def drive(self, command: Command) -> None:
        if self.broken:
            raise OutputError("The line does not answer.")
        self.commands.append(command)

    def told(self) -> list[tuple[str, int | None, str]]:
        return [(command.serial, command.run, command.verdict) for command in self.commands]
