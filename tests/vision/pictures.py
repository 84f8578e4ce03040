"""Small drawn pictures and hand-made image files for the tests of vision."""

from __future__ import annotations

import io
import struct
import zlib
from functools import cache

import numpy as np
from PIL import Image, ImageDraw

PNG_MAGIC = b"\x89PNG\r\n\x1a\n"


@cache
def part(width: int = 320, height: int = 240, mode: str = "RGB") -> Image.Image:
    """A grey part on a darker table with a bright corner mark, so that a wrong turn shows."""
    image = Image.new("RGB", (width, height), (70, 72, 76))
    pen = ImageDraw.Draw(image)
    pen.rounded_rectangle((width * 0.1, height * 0.15, width * 0.9, height * 0.85), radius=12, fill=(120, 124, 130))
    pen.rectangle((0, 0, width * 0.2, height * 0.1), fill=(240, 60, 40))
    pen.line((width * 0.3, height * 0.3, width * 0.6, height * 0.7), fill=(230, 232, 235), width=1)
    return image.convert(mode)


def encoded(image: Image.Image, image_format: str, **options: object) -> bytes:
    """The image as a file's bytes."""
    written = io.BytesIO()
    image.save(written, image_format, **options)
    return written.getvalue()


def jpeg(image: Image.Image | None = None, **options: object) -> bytes:
    return encoded(image or part(), "JPEG", **{"quality": 88, **options})


def png(image: Image.Image | None = None, **options: object) -> bytes:
    return encoded(image or part(), "PNG", **options)


def webp(image: Image.Image | None = None, **options: object) -> bytes:
    return encoded(image or part(), "WEBP", **options)


def chunk(name: bytes, body: bytes, *, checksum: int | None = None) -> bytes:
    """One PNG chunk, with a right CRC unless another is given."""
    crc = zlib.crc32(name + body) if checksum is None else checksum
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", crc)


def header_chunk(width: int, height: int, *, bits: int = 8, colour: int = 2) -> bytes:
    return chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, bits, colour, 0, 0, 0))


def black_png(width: int, height: int, *, bits: int = 8, colour: int = 2) -> bytes:
    """A whole, valid, all-black PNG of any size, made without holding its pixels."""
    channels = {0: 1, 2: 3, 6: 4}[colour]
    rows = height * (1 + (width * bits * channels + 7) // 8)
    pixels = chunk(b"IDAT", zeros_deflated(rows))
    return PNG_MAGIC + header_chunk(width, height, bits=bits, colour=colour) + pixels + chunk(b"IEND", b"")


def zeros_deflated(length: int) -> bytes:
    """What zlib would give for so many zero bytes: one compressed block, repeated."""
    block = 1 << 20
    squeeze = zlib.compressobj(9, zlib.DEFLATED, -15)
    repeated = squeeze.compress(bytes(block)) + squeeze.flush(zlib.Z_FULL_FLUSH)
    rest = zlib.compressobj(9, zlib.DEFLATED, -15)
    tail = rest.compress(bytes(length % block)) + rest.flush()
    # Adler-32 of n zeros: the first half stays 1, the second counts the bytes.
    return b"\x78\xda" + repeated * (length // block) + tail + struct.pack(">I", (length % 65521) << 16 | 1)


def with_chunk(image: bytes, extra: bytes, *, before: bytes) -> bytes:
    """The PNG with one more chunk in front of the first chunk named `before`."""
    at = image.index(before) - 4
    return image[:at] + extra + image[at:]


def with_segment(image: bytes, marker: int, body: bytes) -> bytes:
    """The JPEG with one more segment behind its start."""
    return image[:2] + struct.pack(">BBH", 0xFF, marker, 2 + len(body)) + body + image[2:]


def claiming(image: bytes, width: int, height: int) -> bytes:
    """The JPEG with another size in its frame header."""
    at = image.index(b"\xff\xc0") + 5
    return image[:at] + struct.pack(">HH", height, width) + image[at + 4 :]


def many_scans(scans: int) -> bytes:
    """A progressive JPEG whose last scan is repeated until it has so many."""
    image = jpeg(part(640, 480), progressive=True)
    starts = [n for n in range(len(image) - 1) if image[n : n + 2] == b"\xff\xda"]
    last = image[starts[-1] : -2]
    return image[:-2] + last * (scans - len(starts)) + image[-2:]


def sixteen_bit(levels: tuple[int, ...] = (0, 256, 32768, 65535)) -> bytes:
    """A 16-bit grey PNG of upright stripes, one for each level."""
    stripes = np.repeat(np.array(levels, dtype=np.uint16), 32)
    return encoded(Image.fromarray(np.tile(stripes, (128, 1))), "PNG")


def gif_frames(count: int) -> bytes:
    """An animated GIF of tiny frames, written by hand."""
    start = b"GIF89a" + struct.pack("<HHBBB", 64, 64, 0x80, 0, 0) + bytes(3) + b"\xff" * 3
    frame = b"\x2c" + struct.pack("<HHHHB", 0, 0, 1, 1, 0) + b"\x02\x02\x44\x01\x00"
    return start + frame * count + b"\x3b"
