"""From an image file to upright sRGB pixels, a rendition for people, a thumbnail, and tiles at full size.

Runs inside the decode child only (`vision.decode`): it meets strangers' bytes.
"""

from __future__ import annotations

import io
import os
import warnings
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageCms

DECODER_ID = "pillow-srgb-1024/1"
"""Changes whenever the same file would give other pixels; predictions and model cards carry it."""

WORKING_EDGE = 1024
RENDITION_EDGE = 1920
THUMBNAIL_EDGE = 400
TILE_EDGE = 1024

_READ = ("JPEG", "PNG", "WEBP")
_FORMATS = {"JPEG": "JPEG", "MPO": "JPEG", "PNG": "PNG", "WEBP": "WEBP"}
_ORIENTATION = 0x0112
_UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_SWAPS_SIDES = {
    Image.Transpose.TRANSPOSE,
    Image.Transpose.ROTATE_270,
    Image.Transpose.TRANSVERSE,
    Image.Transpose.ROTATE_90,
}
_SRGB = ImageCms.createProfile("sRGB")
_COLOUR_SPACES = {"RGB": "RGB ", "L": "GRAY", "CMYK": "CMYK"}


@dataclass(frozen=True, kw_only=True)
class Read:
    """What the child hands over."""

    pixels: NDArray[np.uint8]
    width: int
    height: int
    rendition: bytes
    thumbnail: bytes
    format: str


def read_tiles(path: str | os.PathLike[str], *, max_pixels: int) -> list[bytes]:
    """Return the first picture in the file at its full size, upright, in JPEG tiles of TILE_EDGE: row by row."""
    _allow(max_pixels)
    with Image.open(path, formats=list(_READ)) as opened:
        opened.load()
        turn = _UPRIGHT.get(_orientation(opened))
        shown = _to_srgb(_plain(opened), opened.info.get("icc_profile"))
    if turn is not None:
        shown = shown.transpose(turn)
    corners = [(x, y) for y in range(0, shown.height, TILE_EDGE) for x in range(0, shown.width, TILE_EDGE)]
    return [
        _jpeg(shown.crop((x, y, min(x + TILE_EDGE, shown.width), min(y + TILE_EDGE, shown.height)))) for x, y in corners
    ]


def read_picture(path: str | os.PathLike[str], *, max_pixels: int, renditions: bool) -> Read:
    """Decode the first picture in the file. Raises whatever Pillow raises on damaged input."""
    _allow(max_pixels)
    with Image.open(path, formats=list(_READ)) as opened:
        image_format, (width, height) = _FORMATS[str(opened.format)], opened.size
        # JPEG only: the decoder itself halves what would be thrown away.
        opened.draft(None, _fitted(opened.size, RENDITION_EDGE))
        opened.load()
        turn = _UPRIGHT.get(_orientation(opened))
        shown = _to_srgb(_shrink(_plain(opened), RENDITION_EDGE), opened.info.get("icc_profile"))
    if turn is not None:
        shown = shown.transpose(turn)
    if turn in _SWAPS_SIDES:
        width, height = height, width
    working = _shrink(shown, WORKING_EDGE)
    return Read(
        pixels=np.asarray(working),
        width=width,
        height=height,
        rendition=_jpeg(shown) if renditions else b"",
        thumbnail=_webp(_shrink(working, THUMBNAIL_EDGE)) if renditions else b"",
        format=image_format,
    )


def _allow(max_pixels: int) -> None:
    Image.MAX_IMAGE_PIXELS = max_pixels
    warnings.simplefilter("error", Image.DecompressionBombWarning)


def _orientation(image: Image.Image) -> int:
    try:
        return int(image.getexif().get(_ORIENTATION, 1))
    except Exception:
        # Junk in the metadata is no reason to refuse the pixels.
        return 1


def _plain(image: Image.Image) -> Image.Image:
    """The picture as RGB, L or CMYK with 8 bits a channel; alpha is dropped, so nothing stays hidden under it."""
    if image.mode in _COLOUR_SPACES:
        return image
    if image.mode.startswith("I"):
        # convert() would clip 16 bits at 255 and give a white picture.
        return Image.fromarray((np.asarray(image) >> 8).astype(np.uint8))
    return image.convert("L" if image.mode in ("1", "LA") else "RGB")


def _shrink(image: Image.Image, edge: int) -> Image.Image:
    size = _fitted(image.size, edge)
    if size == image.size:
        return image
    return image.resize(size, Image.Resampling.HAMMING, reducing_gap=2.0)


def _fitted(size: tuple[int, int], edge: int) -> tuple[int, int]:
    scale = min(1.0, edge / max(size))
    return max(1, round(size[0] * scale)), max(1, round(size[1] * scale))


def _to_srgb(image: Image.Image, profile: bytes | None) -> Image.Image:
    if profile:
        try:
            source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            if source.profile.xcolor_space == _COLOUR_SPACES[image.mode]:
                converted = ImageCms.profileToProfile(image, source, _SRGB, outputMode="RGB")
                return converted or image
        except (ImageCms.PyCMSError, OSError):
            # A profile that cannot be read describes nothing: the numbers are taken as sRGB.
            pass
    return image.convert("RGB")


def _jpeg(image: Image.Image) -> bytes:
    written = io.BytesIO()
    image.save(written, "JPEG", quality=88)
    return written.getvalue()


def _webp(image: Image.Image) -> bytes:
    written = io.BytesIO()
    image.save(written, "WEBP", quality=78, method=1)
    return written.getvalue()
