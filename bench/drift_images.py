"""What the drift bench looks at: pictures, what can happen to them, and their measures under every light.

Each picture is measured once per change and lamp; streams are drawn from these figures, so that fifty runs cost little.
"""

import csv
from collections.abc import Callable, Sequence
from io import BytesIO
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from monitoring.rules.drift import IMAGE_METRICS, PATCH
from vision.drawn import defects_of, draw
from vision.measures import measure

# Neither kind of picture shows a spot beside the part: the patch would make it easier.
MEASURED = tuple(name for name in IMAGE_METRICS if name != PATCH)
Figures = NDArray[np.float64]
SIZE = (256, 256)
QUALITY = 90
# The lamp's brightness at which pictures are measured; between two of these a figure is read off a straight line.
LAMPS = np.array([0.56, 0.6, 0.64, 0.75, 0.8, 0.85, 0.9, 0.94, 0.97, 1.0, 1.03, 1.06])
AS_EVER = slice(7, 12)


def blurred(picture: Image.Image) -> Image.Image:
    """Out of focus by half a percent of the picture's width."""
    return picture.filter(ImageFilter.GaussianBlur(picture.width / 200))


def moved(picture: Image.Image) -> Image.Image:
    """The camera has been pushed aside by an eighth of the picture: what it sees there is the bare table."""
    across = picture.width // 8
    table = Image.new("RGB", picture.size, (52, 52, 52))
    table.paste(picture.crop((across, 0, *picture.size)), (0, 0))
    return table


def phones(folder: Path, *, count: int, label: str) -> list[Image.Image]:
    """Return pictures of one label from a folder with a manifest, mixed by a fixed seed."""
    with (folder / "manifest.csv").open() as rows:
        paths = [row["path"] for row in csv.DictReader(rows) if row["label"] == label]
    chosen = np.random.default_rng(0).permutation(sorted(paths))[:count]
    return [Image.open(folder / path).convert("RGB").resize(SIZE) for path in chosen]


def drawn(*, count: int, label: str, product: str = "glass") -> list[Image.Image]:
    """Return our own drawn parts, good ones or damaged ones."""
    kinds = [None] if label == "ok" else defects_of(product)
    parts = [draw(7_000 + n, product=product, defect=kinds[n % len(kinds)], size=SIZE) for n in range(count)]
    return [part.image.convert("RGB") for part in parts]


def measured(
    pictures: Sequence[Image.Image],
    *,
    change: Callable[[Image.Image], Image.Image] | None = None,
    lamps: NDArray[np.float64] = LAMPS,
) -> Figures:
    """Return each picture's measures under each lamp: pictures x lamps x MEASURED."""
    changed = [change(picture) for picture in pictures] if change else pictures
    return np.array([[_measures(np.asarray(picture), lamp) for lamp in lamps] for picture in changed])


def _measures(pixels: NDArray[np.uint8], lamp: float) -> list[float]:
    lit = np.clip(pixels * lamp + 0.5, 0, 255).astype(np.uint8)
    file = BytesIO()
    Image.fromarray(lit).save(file, "JPEG", quality=QUALITY)
    found = measure(lit, size_bytes=file.tell())
    return [float(getattr(found, name)) for name in MEASURED]
