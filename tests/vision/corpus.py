"""The corpus of images that stations must not get past the door with, or must: cases I01-I64 and the worker's own.

`CASES` says for each file what the door answers and what the decoding worker then makes of it. Files are
drawn when first asked for (`case.data`), so that importing the list costs nothing.
"""

from __future__ import annotations

import gzip
import random
import struct
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from io import BytesIO
from typing import Literal

from PIL import Image

from tests.vision import pictures as draw

Worker = Literal["ok", "blank", "quarantine"]

ABORTS = b"this image aborts the decoder of the tests"
"""In a comment of W04: `tests.vision.aborting_reader` dies on it, as a broken decoder would."""

_BOMB = 200_000_000
_ACCEPTED, _EMPTY, _LARGE, _UNSUPPORTED, _REFUSED = 202, 400, 413, 415, 422


@dataclass(frozen=True)
class Case:
    """One file: how it is sent, what the door answers, what the worker makes of it (None: it never gets there)."""

    id: str
    name: str
    draw: Callable[[], bytes]
    door_status: int = _ACCEPTED
    door_code: str | None = None
    worker: Worker | None = None
    content_type: str = "image/jpeg"
    filename: str = "part.jpg"

    @cached_property
    def data(self) -> bytes:
        """The file's bytes, the same each time."""
        return self.draw()


def _taken(
    id: str, name: str, draw: Callable[[], bytes], *, kind: str = "jpeg", worker: Worker = "ok", filename: str = ""
) -> Case:
    suffix = {"jpeg": "jpg"}.get(kind, kind)
    return Case(id, name, draw, worker=worker, content_type=f"image/{kind}", filename=filename or f"part.{suffix}")


def _refused(id: str, name: str, draw: Callable[[], bytes], code: str, *, kind: str = "jpeg") -> Case:
    suffix = {"jpeg": "jpg"}.get(kind, kind)
    return Case(
        id,
        name,
        draw,
        door_status=_STATUS.get(code, _REFUSED),
        door_code=code,
        content_type=f"image/{kind}",
        filename=f"part.{suffix}",
    )


_STATUS = {"image-empty": _EMPTY, "image-too-large": _LARGE, "image-type-unsupported": _UNSUPPORTED}

CORRUPT, DIMENSIONS, UNSUPPORTED = "image-corrupt", "image-dimensions", "image-type-unsupported"


def _zipped(name: str = "part.txt") -> bytes:
    written = BytesIO()
    with zipfile.ZipFile(written, "w") as archive:
        archive.writestr(name, "a part")
    return written.getvalue()


_HTML = b"<!doctype html><script>alert(document.domain)</script>"
_SVG = b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>'
_EPS = b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 64 64\n(%pipe%touch /tmp/owned) (w) file\n"


def _text_bomb() -> bytes:
    return draw.chunk(b"zTXt", b"Comment\0\0" + draw.zeros_deflated(_BOMB))


def _profile_bomb() -> bytes:
    return draw.chunk(b"iCCP", b"icc\0\0" + draw.zeros_deflated(_BOMB))


def _damaged_crc(name: bytes) -> bytes:
    image = bytearray(draw.png())
    at = image.index(name)
    length = int.from_bytes(image[at - 4 : at])
    image[at + 4 + length] ^= 0xFF
    return bytes(image)


def _with_exif() -> bytes:
    exif = Image.Exif()
    exif[0x010E] = "<script>alert(1)</script>"
    exif[0x010F] = "=HYPERLINK(1)"
    exif[0x0112] = 6
    exif.get_ifd(0x8825)[1] = "N"
    exif.get_ifd(0x8825)[2] = (37.0, 33.0, 0.0)
    return draw.jpeg(exif=exif.tobytes())


def _oriented(orientation: int) -> bytes:
    exif = Image.Exif()
    exif[0x0112] = orientation
    return draw.jpeg(exif=exif.tobytes())


def _junk(length: int) -> bytes:
    return random.Random(1).randbytes(length)


def _many_app2() -> bytes:
    image = draw.jpeg()
    for _ in range(100):
        image = draw.with_segment(image, 0xE2, _junk(65_533))
    return image


def _with_text() -> bytes:
    text = draw.chunk(b"tEXt", b"Title\0<img src=x onerror=alert(1)>")
    return draw.with_chunk(draw.png(), text, before=b"IDAT")


def _animated_png() -> bytes:
    return draw.png(save_all=True, append_images=[draw.part().rotate(180)])


def _animated_webp() -> bytes:
    return draw.webp(save_all=True, append_images=[draw.part().rotate(180)])


def _mpo() -> bytes:
    return draw.encoded(draw.part(), "MPO", save_all=True, append_images=[draw.part().rotate(180)])


def _too_large() -> bytes:
    return draw.jpeg() + bytes(12 * 1024 * 1024)


def _flat(level: int) -> bytes:
    return draw.jpeg(Image.new("RGB", (320, 240), (level, level, level)))


def _with_pixels(deflated: bytes) -> bytes:
    header = draw.header_chunk(320, 240)
    return draw.PNG_MAGIC + header + draw.chunk(b"IDAT", deflated) + draw.chunk(b"IEND", b"")


def _with_header(width: int, height: int) -> bytes:
    header = draw.header_chunk(width, height)
    return draw.PNG_MAGIC + header + draw.chunk(b"IDAT", zlib.compress(bytes(900))) + draw.chunk(b"IEND", b"")


def _damaged_scan() -> bytes:
    image = bytearray(draw.jpeg())
    start = image.index(b"\xff\xda") + 200
    for n in range(start, start + 60):
        if image[n] != 0xFF and image[n - 1] != 0xFF:
            image[n] = (image[n] + 1) % 0xFF
    return bytes(image)


CASES: list[Case] = [
    _refused("I01", "no bytes", lambda: b"", "image-empty"),
    _refused("I02", "one byte", lambda: b"\xff", UNSUPPORTED),
    _refused("I03", "only the JPEG magic", lambda: b"\xff\xd8\xff", CORRUPT),
    _refused("I04", "JPEG cut in the middle", lambda: draw.jpeg()[: len(draw.jpeg()) // 2], CORRUPT),
    _refused("I05", "JPEG without its last two bytes", lambda: draw.jpeg()[:-2], CORRUPT),
    _refused("I06", "PNG cut in the middle", lambda: draw.png()[: len(draw.png()) // 2], CORRUPT, kind="png"),
    _taken("I07", "JPEG with a ZIP behind it", lambda: draw.jpeg() + _zipped()),
    _taken("I08", "JPEG with HTML behind it", lambda: draw.jpeg() + _HTML),
    _refused("I09", "ZIP named .jpg", _zipped, UNSUPPORTED),
    _refused("I10", "HTML named .jpg", lambda: _HTML, UNSUPPORTED),
    _refused("I11", "SVG named .jpg", lambda: _SVG, UNSUPPORTED),
    _refused("I12", "GIF named .jpg", lambda: draw.gif_frames(1), UNSUPPORTED),
    _refused("I13", "GIF of 3,000 frames", lambda: draw.gif_frames(3_000), UNSUPPORTED, kind="gif"),
    _refused("I14", "BMP", lambda: draw.encoded(draw.part(), "BMP"), UNSUPPORTED, kind="bmp"),
    _refused("I15", "TIFF", lambda: draw.encoded(draw.part(), "TIFF"), UNSUPPORTED, kind="tiff"),
    _refused("I16", "ICO", lambda: draw.encoded(draw.part(64, 64), "ICO"), UNSUPPORTED, kind="x-icon"),
    _refused("I17", "EPS with a pipe", lambda: _EPS, UNSUPPORTED, kind="x-eps"),
    _refused("I18", "PDF", lambda: draw.encoded(draw.part(), "PDF"), UNSUPPORTED),
    _refused("I19", "random bytes", lambda: random.Random(2).randbytes(5_000), UNSUPPORTED),
    _refused("I20", "Korean text", lambda: "검사 결과: 합격\n".encode() * 40, UNSUPPORTED),
    _refused(
        "I21",
        "PNG of 1 bit, 19,008 a side",
        lambda: draw.black_png(19_008, 19_008, bits=1, colour=0),
        DIMENSIONS,
        kind="png",
    ),
    _refused(
        "I22",
        "PNG of 1 bit, 50,048 a side",
        lambda: draw.black_png(50_048, 50_048, bits=1, colour=0),
        DIMENSIONS,
        kind="png",
    ),
    _refused("I23", "PNG RGB, 9,408 a side", lambda: draw.black_png(9_408, 9_408), DIMENSIONS, kind="png"),
    _refused("I24", "PNG of width 0", lambda: draw.black_png(0, 240), CORRUPT, kind="png"),
    _refused(
        "I25", "PNG that claims 2^31 - 1 a side", lambda: _with_header(2**31 - 1, 2**31 - 1), DIMENSIONS, kind="png"
    ),
    _refused("I26", "1 x 1", lambda: draw.png(draw.part(1, 1)), DIMENSIONS, kind="png"),
    _refused("I27", "1 x 60,000", lambda: draw.black_png(1, 60_000), DIMENSIONS, kind="png"),
    _refused("I28", "65,500 x 20", lambda: draw.jpeg(Image.new("L", (65_500, 20))), DIMENSIONS),
    _refused(
        "I29",
        "zTXt bomb before the pixels",
        lambda: draw.with_chunk(draw.png(), _text_bomb(), before=b"IDAT"),
        CORRUPT,
        kind="png",
    ),
    _refused(
        "I30",
        "iCCP bomb before the pixels",
        lambda: draw.with_chunk(draw.png(), _profile_bomb(), before=b"IDAT"),
        CORRUPT,
        kind="png",
    ),
    _refused("I31", "wrong CRC of the pixels", lambda: _damaged_crc(b"IDAT"), CORRUPT, kind="png"),
    _refused("I32", "wrong CRC of the header", lambda: _damaged_crc(b"IHDR"), CORRUPT, kind="png"),
    _taken("I33", "CMYK", lambda: draw.jpeg(draw.part(mode="CMYK"))),
    _taken("I34", "grey", lambda: draw.jpeg(draw.part(mode="L"))),
    _taken("I35", "RGBA", lambda: draw.png(draw.part(mode="RGBA")), kind="png"),
    _taken("I36", "16-bit PNG", draw.sixteen_bit, kind="png"),
    _taken("I37", "palette", lambda: draw.png(draw.part(mode="P")), kind="png"),
    _taken("I38", "1 bit", lambda: draw.png(draw.part(mode="1")), kind="png"),
    _taken("I39", "grey with alpha", lambda: draw.png(draw.part(mode="LA")), kind="png"),
    _taken("I40", "EXIF with script, formula, place and a quarter turn", _with_exif),
    _taken("I41", "EXIF orientation 99", lambda: _oriented(99)),
    _taken("I42", "64 KB of junk as EXIF", lambda: draw.with_segment(draw.jpeg(), 0xE1, b"Exif\0\0" + _junk(65_527))),
    _taken("I43", "100 times 64 KB of junk", _many_app2),
    _taken("I44", "PNG text with an event handler", _with_text, kind="png"),
    _taken("I45", "all black", lambda: _flat(0), worker="blank"),
    _taken("I46", "all white", lambda: _flat(255), worker="blank"),
    _taken("I47", "JPEG named .png", draw.jpeg, filename="part.png"),
    _refused("I48", "JPEG sent as PNG", draw.jpeg, UNSUPPORTED, kind="png"),
    _taken("I49", "progressive JPEG", lambda: draw.jpeg(progressive=True)),
    _refused("I50", "progressive JPEG of 4,000 scans", lambda: draw.many_scans(4_000), "image-too-complex"),
    _refused("I51", "animated PNG", _animated_png, "image-animated", kind="png"),
    _refused("I52", "animated WebP", _animated_webp, "image-animated", kind="webp"),
    _refused("I53", "AVIF", lambda: struct.pack(">I", 28) + b"ftypavif" + bytes(16), UNSUPPORTED, kind="avif"),
    _refused("I54", "gzip", lambda: gzip.compress(draw.jpeg(), mtime=0), UNSUPPORTED),
    _taken("I55", "24 megapixels", lambda: draw.jpeg(draw.part(6_000, 4_000))),
    _refused("I56", "50.3 megapixels", lambda: draw.black_png(8_680, 5_795), DIMENSIONS, kind="png"),
    _refused("I57", "108 megapixels", lambda: draw.black_png(12_000, 9_000), DIMENSIONS, kind="png"),
    _refused("I58", "100,000 zero bytes", lambda: bytes(100_000), UNSUPPORTED),
    _refused("I59", "a byte order mark in front", lambda: b"\xef\xbb\xbf" + draw.jpeg(), UNSUPPORTED),
    _taken("I60", "MPO, two pictures", _mpo),
    _refused("I61", "JPEG that claims 65,500 a side", lambda: draw.claiming(draw.jpeg(), 65_500, 65_500), DIMENSIONS),
    _refused("I62", "JPEG that claims 8,000 a side", lambda: draw.claiming(draw.jpeg(), 8_000, 8_000), DIMENSIONS),
    _refused("I63", "more than 12 MB", _too_large, "image-too-large"),
    _taken("I64", "the bytes of an earlier part", draw.jpeg),
    _taken(
        "W01",
        "zTXt bomb behind the pixels",
        lambda: draw.with_chunk(draw.png(), _text_bomb(), before=b"IEND"),
        kind="png",
        worker="quarantine",
    ),
    _taken(
        "W02",
        "pixels that do not inflate",
        lambda: _with_pixels(b"\x78\x9c" + _junk(900)),
        kind="png",
        worker="quarantine",
    ),
    _taken(
        "W03",
        "pixels that stop too soon",
        lambda: _with_pixels(zlib.compress(bytes(9_000))),
        kind="png",
        worker="quarantine",
    ),
    _taken("W04", "kills the decoder", lambda: draw.with_segment(draw.jpeg(), 0xFE, ABORTS), worker="quarantine"),
    _taken("W05", "damaged scan between whole markers", _damaged_scan),
]
"""W04 is harmless to the product's own decoder ("ok" there): give the worker `tests.vision.aborting_reader`."""


def case(id: str) -> Case:
    """The case of that id."""
    return next(known for known in CASES if known.id == id)
