"""Pictures for a line without a camera: from a data-set folder, or drawn. What they truly show stays here."""

import csv
import threading
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Protocol

from edge.conditions import Conditions
from edge.incumbent import SimulatedIncumbent
from edge.parts import MEDIA_TYPES, Capture, neutral_serial, rfc3339
from vision.dataset import Sample, read_folder


@dataclass(frozen=True, kw_only=True)
class Picture:
    """One picture and what it truly shows. `source` names it among all of its kind."""

    source: str
    content: bytes
    media_type: str
    defective: bool
    defect_type: str


class PictureSource(Protocol):
    """Where a simulated camera gets its pictures from."""

    def next(self, conditions: Conditions) -> Picture | None:
        """The next picture, taken under these conditions; None when there are no more."""


class DataSetFolder:
    """The pictures of a data-set folder, each once, in an order shuffled by the seed. Conditions do not touch them."""

    def __init__(self, folder: Path, *, seed: int, taken: Collection[str] = ()) -> None:
        samples = sorted(read_folder(folder), key=lambda sample: sample.path)
        Random(seed).shuffle(samples)
        self._left = [sample for sample in reversed(samples) if _source(sample) not in taken]

    def next(self, conditions: Conditions) -> Picture | None:
        if not self._left:
            return None
        sample = self._left.pop()
        return Picture(
            source=_source(sample),
            content=sample.path.read_bytes(),
            media_type=MEDIA_TYPES.get(sample.path.suffix.lower(), "application/octet-stream"),
            defective=sample.label == "defect",
            defect_type=sample.defect_type,
        )


class TruthFile:
    """The hidden truth, on this machine only: serial, label and kind of defect, a line for each part."""

    def __init__(self, path: Path) -> None:
        self._lock = threading.Lock()
        self._path = path
        if not path.exists():
            self._append("serial", "label", "defect_type")

    def add(self, serial: str, picture: Picture) -> None:
        self._append(serial, "defect" if picture.defective else "ok", picture.defect_type)

    def _append(self, *row: str) -> None:
        with self._lock, self._path.open("a", newline="") as file:
            csv.writer(file).writerow(row)


def capture(picture: Picture, *, incumbent: SimulatedIncumbent | None, now: datetime) -> Capture:
    """The picture as a station sends it: under a fresh serial, and with nothing that tells what it shows."""
    return Capture(
        source=picture.source,
        picture=picture.content,
        media_type=picture.media_type,
        serial=neutral_serial(),
        captured_at=rfc3339(now.astimezone(UTC)),
        incumbent_verdict=incumbent.judge(defective=picture.defective) if incumbent else None,
    )


def _source(sample: Sample) -> str:
    return f"data set:{sample.path.resolve()}"
