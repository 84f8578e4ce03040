"""Codes that a scanner reads, drawn as pictures."""

from io import BytesIO

import qrcode
import qrcode.image.svg
from qrcode.constants import ERROR_CORRECT_M


def drawn(text: str) -> bytes:
    """Return the QR code of a text as SVG."""
    code = qrcode.make(text, image_factory=qrcode.image.svg.SvgPathFillImage, error_correction=ERROR_CORRECT_M)
    kept = BytesIO()
    code.save(kept)
    return kept.getvalue()
