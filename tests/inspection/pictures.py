"""Small pictures for tests: drawn here, a few kilobytes each."""

import io

from django.core.files.base import ContentFile
from PIL import Image


def jpeg(shade: int = 90, size: tuple[int, int] = (96, 64), **options) -> bytes:
    """Return a plain JPEG; another shade makes other bytes."""
    return _encoded("JPEG", shade, size, **options)


def png(shade: int = 90, size: tuple[int, int] = (96, 64)) -> bytes:
    return _encoded("PNG", shade, size)


def file_of(content: bytes) -> ContentFile:
    return ContentFile(content, name="image")


def _encoded(image_format: str, shade: int, size: tuple[int, int], **options) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", size, (shade, shade // 2, 255 - shade)).save(out, image_format, **options)
    return out.getvalue()
