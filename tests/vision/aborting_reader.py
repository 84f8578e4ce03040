"""A decode child that dies, hangs or hoards on files that say so, as a broken decoder would."""

import os
from pathlib import Path

from tests.vision.corpus import ABORTS
from vision.decode_child import serve
from vision.pixels import Read, read_picture

HANGS = b"this image never ends"
HOARDS = b"this image fills the memory"


def read_or_die(path: str, *, max_pixels: int, renditions: bool) -> Read:
    content = Path(path).read_bytes()
    if ABORTS in content:
        os.abort()
    while HANGS in content:
        pass
    if HOARDS in content:
        bytearray(4_000_000_000)
    return read_picture(path, max_pixels=max_pixels, renditions=renditions)


if __name__ == "__main__":
    serve(read_or_die)
