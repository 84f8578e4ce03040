"""Data-set folders of drawn parts, as the importer and the trainer read them."""

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

import numpy as np

from vision.drawn.canvas import BASE_SIZE
from vision.drawn.optics import Optics
from vision.drawn.parts import choose_defect, draw, encode

COLUMNS = ("path", "label", "defect_type", "split", "group", "serial")
SPLITS: Mapping[str, float] = MappingProxyType({"train": 0.6, "val": 0.15, "test": 0.25})


@dataclass(frozen=True, kw_only=True)
class SetRow:
    """One line of manifest.csv."""

    path: str
    label: str
    defect_type: str
    split: str
    group: str
    serial: str


def write_set(
    folder: Path,
    *,
    count: int,
    seed: int = 0,
    product: str = "glass",
    defect_share: float = 0.3,
    optics: Optics | None = None,
    size: tuple[int, int] = BASE_SIZE,
    splits: Mapping[str, float] = SPLITS,
    quality: int = 90,
) -> list[SetRow]:
    """Draw parts `seed`, `seed + 1`, ... into a folder with its manifest.csv.

    Every part is a group of its own; file names are serials and tell nothing. Writing twice writes the same bytes.
    """
    images = Path(folder) / "images"
    images.mkdir(parents=True, exist_ok=True)
    rows = []
    for number, split in enumerate(_deal(seed, count, splits), start=seed):
        defect = choose_defect(number, product, defect_share)
        drawn = draw(number, product=product, defect=defect, optics=optics, size=size)
        serial = serial_of(product, number)
        (images / f"{serial}.jpg").write_bytes(encode(drawn, quality=quality))
        rows.append(
            SetRow(
                path=f"images/{serial}.jpg",
                label=drawn.label,
                defect_type=defect or "",
                split=split,
                group=serial,
                serial=serial,
            )
        )
    _write_manifest(Path(folder) / "manifest.csv", rows)
    return rows


def serial_of(product: str, number: int) -> str:
    """Neutral serial of a drawn part, such as G-00193."""
    return f"{product[0].upper()}-{number:05d}"


def _deal(seed: int, count: int, splits: Mapping[str, float]) -> list[str]:
    """A split for each part, in exact shares, shuffled."""
    ends = np.round(np.cumsum(list(splits.values())) / sum(splits.values()) * count).astype(int)
    counts = np.diff(np.concatenate([[0], ends]))
    dealt = np.repeat(list(splits), counts)
    return [str(split) for split in np.random.default_rng([seed, count]).permutation(dealt)]


def _write_manifest(path: Path, rows: list[SetRow]) -> None:
    with path.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream)
        writer.writerow(COLUMNS)
        writer.writerows([getattr(row, column) for column in COLUMNS] for row in rows)
