"""A decode child that dies in native code: on every picture, or on the first only where ABORT_ONCE names a new file."""

import os
from pathlib import Path

from vision.decode_child import serve
from vision.pixels import Read, read_picture


def read(path: str, **options: object) -> Read:
    once = os.environ.get("ABORT_ONCE")
    if once is None or not Path(once).exists():
        if once is not None:
            Path(once).touch()
        os.abort()
    return read_picture(path, **options)


if __name__ == "__main__":
    serve(read)
