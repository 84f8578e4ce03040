"""Walks through the outer structure of JPEG, PNG and WebP files, without decoding pixels."""

from __future__ import annotations

import re
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Structure:
    """What a walk found: the declared size, and whether the file is whole."""

    width: int
    height: int
    scans: int = 1
    animated: bool = False
    fault: str = ""
    """A sentence when the file breaks off or is damaged after its size was read."""


class Broken(ValueError):
    """The structure ends or contradicts itself before a size was found."""


_START_OF_SCAN = 0xDA
_END_OF_IMAGE = 0xD9
# TEM, restarts, another start of image, end of image.
_WITHOUT_LENGTH = {0x01, *range(0xD0, 0xDA)}
_START_OF_FRAME = set(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
# In entropy-coded data FF 00 is a data byte, FF D0-D7 a restart, FF FF a fill.
_MARKER_AFTER_SCAN = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")


def jpeg_structure(data: bytes) -> Structure:
    """Walk the markers of the first picture to its end; what follows (MPO, tails) is not looked at."""
    width = height = scans = 0
    ended = False
    for marker, segment in _jpeg_segments(data):
        if marker in _START_OF_FRAME and not width:
            width, height = _jpeg_size(segment)
        scans += marker == _START_OF_SCAN
        ended = marker == _END_OF_IMAGE
    if not width:
        raise Broken("The JPEG has no frame header.")
    return Structure(width=width, height=height, scans=scans, fault=_jpeg_fault(ended=ended, scans=scans))


def _jpeg_segments(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield (marker, its bytes) up to the end of the image or the first segment that is cut."""
    at, marker = 2, 0
    while marker != _END_OF_IMAGE and (found := _next_marker(data, at)) is not None:
        marker, at = found
        segment = b"" if marker in _WITHOUT_LENGTH else _jpeg_segment(data, at)
        if segment is None:
            return
        yield marker, segment
        if marker not in _WITHOUT_LENGTH:
            at += 2 + len(segment)
        if marker == _START_OF_SCAN:
            at = _end_of_scan(data, at)


def _next_marker(data: bytes, at: int) -> tuple[int, int] | None:
    """The marker at `at` and where its segment starts; None at the end of the data."""
    if at < len(data) and data[at] != 0xFF:
        raise Broken("The JPEG has bytes between its segments.")
    while at < len(data) and data[at] == 0xFF:
        at += 1
    return (data[at], at + 1) if at < len(data) else None


def _jpeg_segment(data: bytes, at: int) -> bytes | None:
    length = int.from_bytes(data[at : at + 2])
    if length < 2 or at + length > len(data):
        return None
    return data[at + 2 : at + length]


def _jpeg_size(segment: bytes) -> tuple[int, int]:
    if len(segment) < 6:
        raise Broken("The JPEG's frame header is too short.")
    height, width = struct.unpack(">HH", segment[1:5])
    if not width or not height:
        raise Broken("The JPEG declares no width or height.")
    return width, height


def _end_of_scan(data: bytes, at: int) -> int:
    marker = _MARKER_AFTER_SCAN.search(data, at)
    return marker.start() if marker else len(data)


def _jpeg_fault(*, ended: bool, scans: int) -> str:
    if not ended:
        return "The JPEG ends early."
    return "" if scans else "The JPEG holds no picture."


def png_structure(data: bytes) -> Structure:
    """Walk the chunks to IEND, checking each CRC."""
    chunks = _png_chunks(data)
    name, body, sound = next(chunks, (b"", memoryview(b""), False))
    if name != b"IHDR" or len(body) != 13 or not sound:
        raise Broken("The PNG's first chunk is damaged.")
    width, height = struct.unpack(">II", body[:8])
    if not width or not height:
        raise Broken("The PNG declares no width or height.")
    animated, fault, pixels, ended = False, "", False, False
    for name, _body, sound in chunks:
        animated |= name == b"acTL"
        pixels |= name == b"IDAT"
        ended |= name == b"IEND"
        if not sound:
            fault = f"The PNG's {name.decode('latin-1')!a} chunk fails its checksum."
            break
    if not fault and not (pixels and ended):
        fault = "The PNG ends early."
    return Structure(width=width, height=height, animated=animated, fault=fault)


def _png_chunks(data: bytes) -> Iterator[tuple[bytes, memoryview, bool]]:
    """Yield (name, body, checksum holds) up to IEND or the first chunk that is cut."""
    view = memoryview(data)
    at, name = 8, b""
    while name != b"IEND" and at + 12 <= len(data):
        length = int.from_bytes(view[at : at + 4])
        end = at + 8 + length
        if end + 4 > len(data):
            return
        name = bytes(view[at + 4 : at + 8])
        checksum = int.from_bytes(view[end : end + 4])
        yield name, view[at + 8 : end], zlib.crc32(view[at + 4 : end]) == checksum
        at = end + 4


def webp_structure(data: bytes) -> Structure:
    """Walk the RIFF chunks; the canvas of VP8X must be the size of the picture in it."""
    end = 8 + int.from_bytes(data[4:8], "little")
    canvas = picture = None
    animated = False
    at = 12
    while at + 8 <= min(end, len(data)):
        name, length = data[at : at + 4], int.from_bytes(data[at + 4 : at + 8], "little")
        body = data[at + 8 : at + 8 + min(length, 16)]
        if name == b"VP8X" and canvas is None:
            canvas = _webp_canvas(body)
            animated = bool(body[0] & 0x02)
        elif name in (b"VP8 ", b"VP8L") and picture is None:
            picture = _webp_picture(name, body)
        animated |= name in (b"ANIM", b"ANMF")
        at += 8 + length + length % 2
    size = canvas or picture
    if size is None:
        raise Broken("The WebP holds no picture.")
    return Structure(
        width=size[0],
        height=size[1],
        animated=animated,
        fault=_webp_fault(
            ended=end <= len(data) and at == end, animated=animated, agree=picture is not None and picture == size
        ),
    )


def _webp_canvas(body: bytes) -> tuple[int, int]:
    if len(body) < 10:
        raise Broken("The WebP's first chunk is too short.")
    return int.from_bytes(body[4:7], "little") + 1, int.from_bytes(body[7:10], "little") + 1


def _webp_picture(name: bytes, body: bytes) -> tuple[int, int]:
    """Size from the first bytes of a lossy (VP8) or lossless (VP8L) picture."""
    if name == b"VP8 " and body[3:6] == b"\x9d\x01\x2a" and len(body) >= 10:
        return int.from_bytes(body[6:8], "little") & 0x3FFF, int.from_bytes(body[8:10], "little") & 0x3FFF
    if name == b"VP8L" and body[:1] == b"\x2f" and len(body) >= 5:
        bits = int.from_bytes(body[1:5], "little")
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    raise Broken("The WebP's picture header is damaged.")


def _webp_fault(*, ended: bool, animated: bool, agree: bool) -> str:
    if not ended:
        return "The WebP ends early."
    return "" if agree or animated else "The WebP's canvas and picture differ in size."
