"""The door gate: is this upload an image worth storing? No pixel is decoded here.

The web process calls this before it acknowledges an upload. It walks markers and
chunks, reads the declared size, and refuses what a decoder should never see.
Imports neither torch, onnxruntime nor scipy.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import BinaryIO

from PIL import Image

from vision.structure import Broken, Structure, jpeg_structure, png_structure, webp_structure

_WALKS = {"JPEG": jpeg_structure, "PNG": png_structure, "WEBP": webp_structure}
_CONTENT_TYPES = {"JPEG": "image/jpeg", "PNG": "image/png", "WEBP": "image/webp"}
_SYNONYMS = {"image/jpg": "image/jpeg", "image/pjpeg": "image/jpeg"}
# What clients send when they do not know: the magic decides alone.
_UNDECLARED = {"", "application/octet-stream"}


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What a line accepts. A line may raise `max_pixels` to 50 million."""

    max_bytes: int = 12 * 1024 * 1024
    min_side: int = 64
    max_side: int = 12_000
    max_pixels: int = 25_000_000
    max_aspect: float = 20.0
    max_scans: int = 100


@dataclass(frozen=True)
class Header:
    """What an upload says it is: "JPEG", "PNG" or "WEBP", and its size before EXIF rotation."""

    format: str
    content_type: str
    width: int
    height: int
    has_exif: bool = False


class ImageRefused(Exception):
    """The upload is not taken in. `code` and `status` are stable; `detail` is a sentence for people.

    Codes: image-empty 400, image-too-large 413, image-type-unsupported 415, and with 422
    image-corrupt, image-dimensions, image-too-complex, image-animated.
    """

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code
        self.status = _STATUS[code]
        self.detail = detail


# What marks the camera's own notes in each format, in front of the picture or behind it.
_EXIF = {"JPEG": b"Exif\x00\x00", "PNG": b"eXIf", "WEBP": b"EXIF"}

_STATUS = {
    "image-empty": 400,
    "image-too-large": 413,
    "image-type-unsupported": 415,
    "image-corrupt": 422,
    "image-dimensions": 422,
    "image-too-complex": 422,
    "image-animated": 422,
}


def check_header(stream: BinaryIO, *, size: int, content_type: str | None, limits: Limits | None = None) -> Header:
    """Say what the upload is, or raise `ImageRefused`. The stream is left at its beginning.

    `size` is the upload's length in bytes; `content_type` what the client declared for it
    (None, "" or application/octet-stream declare nothing). The file's name is not asked for.
    """
    limits = limits or Limits()
    data = _read(stream, size, limits)
    image_format = _format_of(data)
    _compare_types(image_format, content_type)
    try:
        structure = _WALKS[image_format](data)
    except Broken as broken:
        raise ImageRefused("image-corrupt", str(broken)) from broken
    _judge(structure, limits)
    if image_format != "WEBP":
        _open_header(data, image_format)
    has_exif = _EXIF[image_format] in data
    return Header(image_format, _CONTENT_TYPES[image_format], structure.width, structure.height, has_exif)


def _read(stream: BinaryIO, size: int, limits: Limits) -> bytes:
    if size > limits.max_bytes:
        raise _too_large(limits)
    stream.seek(0)
    data = stream.read(limits.max_bytes + 1)
    stream.seek(0)
    if not data:
        raise ImageRefused("image-empty", "The image has no bytes.")
    if len(data) > limits.max_bytes:
        raise _too_large(limits)
    return data


def _too_large(limits: Limits) -> ImageRefused:
    return ImageRefused("image-too-large", f"The image is larger than {limits.max_bytes / 1024 / 1024:.0f} MB.")


def _format_of(data: bytes) -> str:
    if data.startswith(b"\xff\xd8"):
        return "JPEG"
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return "PNG"
    if data.startswith(b"RIFF") and data[8:12] == b"WEBP":
        return "WEBP"
    raise ImageRefused("image-type-unsupported", "The file is not a JPEG, PNG or WebP image.")


def _compare_types(image_format: str, content_type: str | None) -> None:
    declared = (content_type or "").partition(";")[0].strip().lower()
    if declared in _UNDECLARED:
        return
    if _SYNONYMS.get(declared, declared) != _CONTENT_TYPES[image_format]:
        raise ImageRefused("image-type-unsupported", f"The file is {image_format}, not what its Content-Type says.")


def _judge(structure: Structure, limits: Limits) -> None:
    width, height = structure.width, structure.height
    small, large = sorted((width, height))
    if small < limits.min_side or large > limits.max_side:
        raise _dimensions(width, height, f"each side must have {limits.min_side} to {limits.max_side} pixels")
    if width * height > limits.max_pixels:
        raise _dimensions(width, height, f"at most {limits.max_pixels / 1e6:g} megapixels are accepted")
    if large > small * limits.max_aspect:
        raise _dimensions(width, height, f"one side may be {limits.max_aspect:g} times the other at most")
    if structure.fault:
        raise ImageRefused("image-corrupt", structure.fault)
    if structure.animated:
        raise ImageRefused("image-animated", "The image is animated; one still picture is accepted.")
    if structure.scans > limits.max_scans:
        raise ImageRefused("image-too-complex", f"The JPEG has more than {limits.max_scans} scans.")


def _dimensions(width: int, height: int, rule: str) -> ImageRefused:
    return ImageRefused("image-dimensions", f"The image is {width}x{height}; {rule}.")


def _open_header(data: bytes, image_format: str) -> None:
    # Pillow reads text chunks and colour profiles that stand before the pixels
    # and refuses those that unpack without bound. Its WebP reader would allocate
    # the whole canvas here, so WebP rests on the walk alone.
    try:
        Image.open(io.BytesIO(data), formats=[image_format])
    except Exception as error:
        # Pillow answers strangers' bytes with exceptions of many kinds.
        raise ImageRefused("image-corrupt", f"The {image_format} header cannot be read.") from error
