"""Items on their way: taken in through the door, with images of a chosen light."""

import io
from datetime import datetime, timedelta

import numpy as np
from django.core.files.storage import default_storage
from PIL import Image

from inspection import images, intake
from inspection.models import Item, Line, Station
from tests.builders import NOON, make_station
from tests.inspection.pictures import file_of

DARK, MIDDLE, BRIGHT = 60, 127, 200


def picture(light: float = DARK, *, seed: int = 0, spread: float = 20.0) -> bytes:
    """Return a JPEG of coarse random cells around a mean; another seed is another scene."""
    cells = np.random.default_rng(seed).normal(0, spread, size=(9, 12))
    grey = np.kron(cells - cells.mean() + light, np.ones((16, 16))).clip(0, 255).astype(np.uint8)
    written = io.BytesIO()
    Image.fromarray(grey).convert("RGB").save(written, "JPEG", quality=95)
    return written.getvalue()


def make_item(
    line: Line,
    *,
    light: float = DARK,
    serial: str = "A-1",
    view: str = "front",
    body: bytes | None = None,
    seed: int | None = None,
    station: Station | None = None,
    at: datetime = NOON,
) -> Item:
    """Take one image in at the station; its scene comes from the serial, so no two parts look alike."""
    body = picture(light, seed=sum(serial.encode()) if seed is None else seed) if body is None else body
    upload = intake.Upload(
        serial=serial,
        view=view,
        captured_at=at,
        file=file_of(body),
        idempotency_key=f"{serial}/{view}/{at.isoformat()}",
    )
    accepted = intake.accept(station or line.stations.first() or make_station(line), upload=upload, now=at)
    return Item.objects.select_related("run__part", "station").get(pk=accepted.item.pk)


def damage(item: Item) -> None:
    """Put other bytes in the place of the item's file, as a failing disk would."""
    with open(default_storage.path(images.original_name(item.sha256)), "wb") as stored:
        stored.write(b"\xff\xd8\xff\xe0 nothing that follows is a picture")


def soon(seconds: float = 0.5) -> datetime:
    """Return a moment before the model's deadline."""
    return NOON + timedelta(seconds=seconds)
