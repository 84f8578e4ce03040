"""Pixels are decoded in a small child process that has never loaded a model.

A picture that crashes, hangs or swells the decoder takes the child down and
nothing else: the parent kills it, starts another, and reports the one picture.
Training and serving go through this one path; `DECODER_ID` names it.
"""

from __future__ import annotations

import json
import os
import select
import signal
import struct
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vision.pixels import DECODER_ID

__all__ = ["DECODER_ID", "DecodeFailed", "Decoder", "Picture"]

_ROOT = Path(__file__).resolve().parent.parent
_LENGTH = struct.Struct(">I")


@dataclass(frozen=True, kw_only=True)
class Picture:
    """One decoded image, upright, in sRGB."""

    pixels: NDArray[np.uint8]
    """Working copy, height x width x 3, long edge at most 1024. Read-only."""
    width: int
    """Of the original, after EXIF rotation."""
    height: int
    rendition: bytes
    """JPEG for people, long edge at most 1920, no metadata. Empty if not asked for."""
    thumbnail: bytes
    """WebP, long edge at most 400. Empty if not asked for."""
    format: str
    """JPEG, PNG or WEBP."""


class DecodeFailed(Exception):
    """This picture gives no pixels. The item goes to quarantine, never to pass.

    Codes: decode-corrupt, decode-dimensions, decode-memory, decode-late, decode-died.
    """

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail


class Decoder:
    """A child process that decodes one picture after another.

    `reader` names the module run in the child; tests put a crashing one in its place.
    The child starts with the first picture and again after it died. Not for several threads.
    """

    def __init__(self, *, wall_s: float = 15.0, cpu_s: float = 10.0, reader: str = "vision.decode_child") -> None:
        self._wall_s = wall_s
        self._cpu_s = cpu_s
        self._reader = reader
        self._child: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Decoder:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    @property
    def pid(self) -> int | None:
        """Process id of the living child, if there is one."""
        return self._child.pid if self._child and self._child.poll() is None else None

    def start(self) -> None:
        """Start the child now, so that the first picture does not wait for it."""
        self._living_child()

    def decode(self, path: str | os.PathLike[str], *, max_pixels: int = 25_000_000, renditions: bool = True) -> Picture:
        """Return the picture stored at `path`, or raise `DecodeFailed`.

        `max_pixels` is the line's own limit. Without `renditions` only the working copy is made (training).
        """
        return _picture(*self._asked(path, max_pixels=max_pixels, renditions=renditions, tiles=False))

    def tiles(self, path: str | os.PathLike[str], *, max_pixels: int = 25_000_000) -> list[bytes]:
        """Return the picture at its full size as JPEG tiles, row by row, or raise `DecodeFailed`.

        A tile is `vision.pixels.TILE_EDGE` wide and high, less at the right and lower edges. No metadata.
        """
        _, tiles = self._asked(path, max_pixels=max_pixels, renditions=False, tiles=True)
        return tiles

    def _asked(self, path: str | os.PathLike[str], **wanted: Any) -> tuple[dict[str, Any], list[bytes]]:
        request = {"path": os.fspath(path), "cpu_s": self._cpu_s, **wanted}
        child = self._living_child()
        try:
            return _told(*self._ask(child, request))
        except _Late:
            self.close()
            raise DecodeFailed("decode-late", f"Decoding took longer than {self._wall_s:g} s.") from None
        except (EOFError, BrokenPipeError):
            out_of_time = child.wait() == -signal.SIGXCPU
            self.close()
            if out_of_time:
                raise DecodeFailed("decode-late", f"Decoding took more than {self._cpu_s:g} s of work.") from None
            raise DecodeFailed("decode-died", "The decoder died on this image.") from None

    def close(self) -> None:
        """End the child. Closing twice does no harm."""
        child, self._child = self._child, None
        if child is None:
            return
        child.kill()
        child.wait()
        for pipe in (child.stdin, child.stdout):
            if pipe is not None:
                pipe.close()

    def _living_child(self) -> subprocess.Popen[bytes]:
        if self.pid is None:
            self.close()
            self._child = _start(self._reader)
        assert self._child is not None
        return self._child

    def _ask(self, child: subprocess.Popen[bytes], request: Mapping[str, Any]) -> tuple[dict[str, Any], list[bytes]]:
        assert child.stdin is not None
        assert child.stdout is not None
        deadline = time.monotonic() + self._wall_s
        message = json.dumps(request).encode()
        child.stdin.write(_LENGTH.pack(len(message)) + message)
        child.stdin.flush()
        pipe = child.stdout.fileno()
        answer = json.loads(_read_block(pipe, deadline))
        return answer, [_read_block(pipe, deadline) for _ in range(answer["blocks"])]


class _Late(Exception):
    pass


def _start(reader: str) -> subprocess.Popen[bytes]:
    # One thread: numpy's thread pool would reserve address space the limit needs.
    environment = {**os.environ, "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
    environment["PYTHONPATH"] = os.pathsep.join([str(_ROOT), environment.get("PYTHONPATH", "")]).rstrip(os.pathsep)
    return subprocess.Popen(
        [sys.executable, "-m", reader],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=environment,
        start_new_session=True,
    )


def _read_block(pipe: int, deadline: float) -> bytes:
    (length,) = _LENGTH.unpack(_read_exactly(pipe, _LENGTH.size, deadline))
    return bytes(_read_exactly(pipe, length, deadline))


def _read_exactly(pipe: int, length: int, deadline: float) -> bytearray:
    data = bytearray(length)
    view, filled = memoryview(data), 0
    readable = select.poll()
    readable.register(pipe, select.POLLIN)
    while filled < length:
        if not readable.poll(max(0.0, deadline - time.monotonic()) * 1000):
            raise _Late
        count = os.readv(pipe, [view[filled:]])
        if not count:
            raise EOFError
        filled += count
    return data


def _told(answer: dict[str, Any], blocks: list[bytes]) -> tuple[dict[str, Any], list[bytes]]:
    if "code" in answer:
        raise DecodeFailed(answer["code"], answer["detail"])
    return answer, blocks


def _picture(answer: dict[str, Any], blocks: list[bytes]) -> Picture:
    pixels, rendition, thumbnail = blocks
    return Picture(
        pixels=np.frombuffer(pixels, dtype=np.uint8).reshape(answer["shape"]),
        width=answer["width"],
        height=answer["height"],
        rendition=rendition,
        thumbnail=thumbnail,
        format=answer["format"],
    )
