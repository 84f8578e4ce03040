"""A set of images brought in at once: through the same door as a camera's, under neutral serials, resumable."""

import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path, PurePosixPath

from django.conf import settings
from django.core.files.base import ContentFile

from inspection import intake, stations
from inspection.models import Item, Line, Station
from vision.dataset import MANIFEST, DataSetError, Sample
from vision.header import ImageRefused

SUFFIXES = {".jpg", ".jpeg", ".png", ".webp"}
MEMBERS_MAX = 100_000
UNPACKED_MAX = 20 * 1024**3


class ArchiveRefused(ValueError):
    """The archive is not taken; the message says why."""


@dataclass(frozen=True, kw_only=True)
class Brought:
    """What became of one sample. `item` is None when the door refused it."""

    sample: Sample
    serial: str
    item: Item | None
    is_known: bool = False
    refusal: str = ""


def bring_in(line: Line, samples: Sequence[Sample], *, root: Path, now: datetime) -> Iterator[Brought]:
    """Take the samples in one by one, in the order of their serials, and say what became of each.

    A sample that an earlier, broken-off import brought in is found again and left as it is. Serials are the
    manifest's, or drawn from the file's place in the set: neither file name nor order tells the class.
    """
    station = stations.importer(line, now=now)
    named = sorted(((serial_of(sample, root=root), sample) for sample in samples), key=lambda pair: pair[0])
    known = _known(line, [serial for serial, _ in named])
    for serial, sample in named:
        if serial in known:
            yield Brought(sample=sample, serial=serial, item=known[serial], is_known=True)
        else:
            yield _bring(station, sample, serial=serial, now=now)


def serial_of(sample: Sample, *, root: Path) -> str:
    """Return the serial of a sample: its own, or a neutral one that the same file gets again."""
    if sample.serial:
        return sample.serial
    place = sample.path.resolve().relative_to(root.resolve()).as_posix()
    return f"I-{sha256(f'{place}:{_digest(sample.path)}'.encode()).hexdigest()[:12]}"


def unpack(archive: Path, *, into: Path) -> None:
    """Unpack a data set's images and manifest, and nothing else. Raises ArchiveRefused.

    Names that lead outside, encrypted members and archives that unpack beyond reason are refused.
    """
    try:
        with zipfile.ZipFile(archive) as opened:
            members = [info for info in opened.infolist() if _is_wanted(info.filename)]
            _check(members)
            for info in members:
                opened.extract(info, into)
    except (zipfile.BadZipFile, NotImplementedError, EOFError) as error:
        raise ArchiveRefused(f"{archive} cannot be unpacked: {error}.") from error


def _is_wanted(name: str) -> bool:
    path = PurePosixPath(name)
    return path.name == MANIFEST or path.suffix.lower() in SUFFIXES


def _check(members: list[zipfile.ZipInfo]) -> None:
    if len(members) > MEMBERS_MAX or sum(info.file_size for info in members) > UNPACKED_MAX:
        raise ArchiveRefused(f"The archive holds more than {MEMBERS_MAX} images or {UNPACKED_MAX // 1024**3} GB.")
    for info in members:
        path = PurePosixPath(info.filename)
        if path.is_absolute() or ".." in path.parts or "\\" in info.filename:
            raise ArchiveRefused(f"The archive's member {info.filename!r} leads outside of it.")
        if info.flag_bits & 1:
            raise ArchiveRefused("The archive is encrypted.")
        if path.name != MANIFEST and info.file_size > settings.IMAGE_MAX_BYTES:
            raise ArchiveRefused(f"The archive's member {info.filename!r} is larger than the door lets in.")


def _known(line: Line, serials: list[str]) -> dict[str, Item]:
    """Return the items brought in by hand that bear one of the serials."""
    items = Item.objects.filter(line=line, station__name=stations.IMPORTER).select_related("run__part")
    wanted = set(serials)
    return {item.run.part.serial: item for item in items.iterator() if item.run.part.serial in wanted}


def _bring(station: Station, sample: Sample, *, serial: str, now: datetime) -> Brought:
    upload = intake.Upload(
        serial=serial,
        view=station.line.main_view,
        captured_at=_captured_at(sample, now=now),
        file=ContentFile(sample.path.read_bytes(), name="image"),
        idempotency_key=f"import:{serial}",
    )
    try:
        accepted = intake.accept(station, upload=upload, now=now)
    except ImageRefused as refused:
        return Brought(sample=sample, serial=serial, item=None, refusal=f"{refused.code}: {refused.detail}")
    return Brought(sample=sample, serial=serial, item=accepted.item)


def _captured_at(sample: Sample, *, now: datetime) -> datetime:
    if not sample.captured_at:
        return now
    try:
        told = datetime.fromisoformat(sample.captured_at)
    except ValueError as error:
        raise DataSetError(f"{sample.path}: captured_at {sample.captured_at!r} is no ISO 8601 time.") from error
    return told if told.tzinfo else told.replace(tzinfo=UTC)


def _digest(path: Path) -> str:
    return sha256(path.read_bytes()).hexdigest()
