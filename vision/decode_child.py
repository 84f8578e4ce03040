"""The decode child: reads requests on its standard input, answers with pixels on its standard output.

A message is a 4-byte big-endian length and as many bytes. A request is JSON; an answer is
JSON with `blocks`, the number of raw blocks that follow it (pixels, rendition, thumbnail; or tiles).
"""

from __future__ import annotations

import fcntl
import json
import math
import os
import resource
import struct
import sys
from collections.abc import Callable, Iterator
from typing import Any, BinaryIO

from PIL import Image

from vision.pixels import Read, read_picture, read_tiles

ADDRESS_SPACE = 1_500_000_000
_LENGTH = struct.Struct(">I")
_PIPE_BYTES = 1024 * 1024


def serve(read: Callable[..., Read]) -> None:
    """Answer requests until the parent is gone."""
    resource.setrlimit(resource.RLIMIT_AS, (ADDRESS_SPACE, ADDRESS_SPACE))
    # Whatever a C library prints must not end up between two answers.
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    _widen(answers)
    for request in _requests(sys.stdin.buffer):
        _allow_work(request.pop("cpu_s"))
        _send(answers, *_answer(read, request))


def _widen(pipe: BinaryIO) -> None:
    try:
        fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, _PIPE_BYTES)
    except OSError:
        # Over the user's quota of pipe memory: the default size is slower, nothing else.
        return


def _requests(stream: BinaryIO) -> Iterator[dict[str, Any]]:
    while length := stream.read(_LENGTH.size):
        yield json.loads(stream.read(_LENGTH.unpack(length)[0]))


def _allow_work(seconds: float) -> None:
    """Grant processor seconds for the next picture; the kernel ends the child past them."""
    spent = resource.getrusage(resource.RUSAGE_SELF)
    allowed = math.ceil(spent.ru_utime + spent.ru_stime + seconds)
    resource.setrlimit(resource.RLIMIT_CPU, (allowed, resource.getrlimit(resource.RLIMIT_CPU)[1]))


def _answer(read: Callable[..., Read], request: dict[str, Any]) -> tuple[dict[str, Any], list[Any]]:
    try:
        if request.pop("tiles"):
            tiles = read_tiles(request["path"], max_pixels=request["max_pixels"])
            return {"blocks": len(tiles)}, tiles
        picture = read(**request)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        return _refusal("decode-dimensions", "The image has more pixels than this line accepts.")
    except MemoryError:
        return _refusal("decode-memory", "Decoding this image takes too much memory.")
    except Exception as error:
        # Pillow answers strangers' bytes with exceptions of many kinds.
        return _refusal("decode-corrupt", f"The image cannot be decoded ({type(error).__name__}).")
    facts = {"width": picture.width, "height": picture.height, "format": picture.format}
    blocks = [picture.pixels.tobytes(), picture.rendition, picture.thumbnail]
    return {**facts, "shape": picture.pixels.shape, "blocks": len(blocks)}, blocks


def _refusal(code: str, detail: str) -> tuple[dict[str, Any], list[Any]]:
    return {"code": code, "detail": detail, "blocks": 0}, []


def _send(stream: BinaryIO, answer: dict[str, Any], blocks: list[bytes]) -> None:
    for block in (json.dumps(answer).encode(), *blocks):
        stream.write(_LENGTH.pack(len(block)))
        stream.write(block)
    stream.flush()


if __name__ == "__main__":
    serve(read_picture)
