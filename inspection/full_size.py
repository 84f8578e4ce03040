"""An image at its full size, in tiles: cut when somebody looks closer than the rendition can show, kept for the day."""

import io
import zipfile
from contextlib import suppress
from datetime import date, datetime
from functools import cache
from threading import Lock

from inspection import images
from inspection.models import Item
from vision.decode import DecodeFailed, Decoder
from vision.pixels import RENDITION_EDGE, TILE_EDGE

# One picture is cut at a time in a process: the decoder is no matter of several threads.
_cutting = Lock()


class NoSuchTile(Exception):
    """The image has no tile there."""


def expect(item: Item) -> None:
    """Be ready for a closer look at an image that somebody is about to see: the first one waits for no decoder."""
    if max(item.width, item.height) > RENDITION_EDGE and _cutting.acquire(blocking=False):
        try:
            # The rendition needs no decoder: whoever looks closer hears of it then.
            with suppress(OSError):
                _decoder().start()
        finally:
            _cutting.release()


def tile(item: Item, *, size: tuple[int, int], column: int, row: int, now: datetime) -> bytes:
    """Return one tile as JPEG without metadata. Columns and rows count from 0, `vision.pixels.TILE_EDGE` pixels each.

    `size` is the width and height of the image as it stands upright. Raises NoSuchTile outside the image and where it
    cannot be had at full size.
    """
    columns, rows = (-(-side // TILE_EDGE) for side in size)
    if column >= columns or row >= rows:
        raise NoSuchTile
    n, day = row * columns + column, now.date()
    try:
        return _kept(item.sha256, n, day)
    except FileNotFoundError:
        with _cutting:
            return _cut(item, n, day)


def _cut(item: Item, n: int, day: date) -> bytes:
    try:
        # Who waited for the lock may find it done.
        return _kept(item.sha256, n, day)
    except FileNotFoundError:
        pass
    try:
        with images.local_path(item.sha256) as path:
            tiles = _decoder().tiles(path, max_pixels=item.line.max_megapixels * 1_000_000)
    except (DecodeFailed, FileNotFoundError) as error:
        raise NoSuchTile from error
    # A full disk is no reason not to look closer; it is cut again for the next tile.
    with suppress(images.StorageFull):
        images.put_tiles(item.sha256, _archive(tiles), day=day)
    return tiles[n]


def _kept(sha256: str, n: int, day: date) -> bytes:
    with images.open_tiles(sha256, day=day) as file, zipfile.ZipFile(file) as archive:
        return archive.read(str(n))


def _archive(tiles: list[bytes]) -> bytes:
    """Return the tiles as one file, by their number row by row. They are JPEG: packing them again gains nothing."""
    whole = io.BytesIO()
    with zipfile.ZipFile(whole, "w", zipfile.ZIP_STORED) as archive:
        for n, jpeg in enumerate(tiles):
            archive.writestr(str(n), jpeg)
    return whole.getvalue()


@cache
def _decoder() -> Decoder:
    return Decoder()
