"""What a station sends: one picture of one view of a part, and how parts are named."""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime

MEDIA_TYPES = {
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".png": "image/png",
    ".webp": "image/webp",
    # Not accepted by the server, but taken all the same: a camera set to the
    # wrong format must be told so loudly, not be ignored.
    ".bmp": "image/bmp",
    ".gif": "image/gif",
    ".tif": "image/tiff",
    ".tiff": "image/tiff",
}

# No 0, O, 1, I or L: serials are read out over the noise of a line.
_SERIAL_LETTERS = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"


@dataclass(frozen=True, kw_only=True)
class Capture:
    """One picture as the camera gave it.

    `source` names the picture among all that this station ever took, and never leaves the station. `sequence` counts
    what the camera gave: a number that the server never sees is a picture that was lost on the way.
    """

    source: str
    picture: bytes
    media_type: str
    serial: str
    captured_at: str
    view: str | None = None
    lot: str | None = None
    incumbent_verdict: str | None = None
    sequence: int | None = None

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.picture).hexdigest()


def neutral_serial() -> str:
    """A fresh random serial that says nothing about the part."""
    letters = "".join(secrets.choice(_SERIAL_LETTERS) for _ in range(10))
    return f"P-{letters[:5]}-{letters[5:]}"


def rfc3339(moment: datetime) -> str:
    """A time as the API writes it: UTC, milliseconds.

    >>> rfc3339(datetime(2026, 3, 2, 12, 0, tzinfo=UTC))
    '2026-03-02T12:00:00.000Z'
    """
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
