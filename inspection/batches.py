"""Many images in one upload: kept at once, taken in by a worker one after another through the same door."""

import time
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from uuid import UUID

from django.conf import settings
from django.core.files.base import ContentFile, File
from django.db import transaction
from django.db.models import F

from inspection import images, intake, outbox
from inspection.models import Batch, Station, User
from vision.header import ImageRefused

MEMBERS_MAX = 2000
UNPACKED_MAX = 4 * 1024**3
# Refusals that are kept word for word; the rest are counted.
REFUSALS_KEPT = 100
# A worker goes on for so long, then offers the rest again: no batch blocks the queue behind it.
TURN_S = 15.0


class ArchiveUnreadable(Exception):
    """The archive is no zip, is damaged, encrypted, or unpacks beyond reason."""


@dataclass(frozen=True, kw_only=True)
class Member:
    """One image of an archive and what is known about it. Its name is used to find it, and for nothing else."""

    name: str
    content_type: str = ""
    serial: str = ""
    view: str = ""
    lot: str = ""
    captured_at: str = ""


def names_in(archive: File) -> list[str]:
    """Return the names of an archive's files, sorted. Raises ArchiveUnreadable."""
    try:
        with zipfile.ZipFile(archive) as opened:
            infos = [info for info in opened.infolist() if not info.is_dir()]
    except Exception as error:
        # Strangers' bytes: the reader answers them with exceptions of many kinds.
        raise ArchiveUnreadable("The archive cannot be read.") from error
    finally:
        archive.seek(0)
    if any(info.flag_bits & 1 for info in infos) or sum(info.file_size for info in infos) > UNPACKED_MAX:
        raise ArchiveUnreadable("The archive is encrypted, or unpacks beyond 4 GB.")
    return sorted(info.filename for info in infos)


def take_in(
    station: Station, *, archive: File, members: Sequence[Member], now: datetime, sent_by: User | None = None
) -> Batch:
    """Keep an archive and ask for its images to be taken in. When this returns, all of it survives a power cut.

    Raises ScopeUnsigned, StorageFull, StorageUnavailable; then nothing is kept.
    """
    intake.check_scope(station.line)
    batch = Batch(
        line=station.line,
        station=station,
        sent_by=sent_by,
        members=[asdict(member) for member in members],
        total=len(members),
        created_at=now,
    )
    batch.sha256 = images.store_archive(batch.pk, archive).sha256
    with transaction.atomic():
        batch.save(force_insert=True)
        outbox.ask("batch.received", batch.pk, now=now)
    return batch


def advance(pk: UUID, *, clock: Callable[[], datetime], seconds: float = TURN_S) -> bool:
    """Take in images where the last worker stopped, for so many seconds; True once the batch is done.

    Each image has an idempotency key of its own, so a crash between image and count repeats nothing.
    """
    batch = Batch.objects.select_related("station__line").get(pk=pk)
    if batch.finished_at is not None:
        return True
    until = time.monotonic() + seconds
    with images.archive_path(pk) as path, zipfile.ZipFile(path) as archive:
        for position in range(batch.cursor, batch.total):
            if time.monotonic() >= until:
                return False
            _count(batch, position, _take_member(batch, archive, position, now=clock()))
    Batch.objects.filter(pk=pk, finished_at=None).update(finished_at=clock())
    images.drop_archive(pk)
    return True


def _take_member(batch: Batch, archive: zipfile.ZipFile, position: int, *, now: datetime) -> str:
    """Take in one image; return the code of the refusal, or nothing."""
    member = Member(**batch.members[position])
    try:
        intake.accept(batch.station, upload=_upload(batch, member, archive, position), now=now)
    except ImageRefused as refused:
        return refused.code
    return ""


def _upload(batch: Batch, member: Member, archive: zipfile.ZipFile, position: int) -> intake.Upload:
    return intake.Upload(
        file=ContentFile(_read(archive, member.name), name="image"),
        content_type=member.content_type or None,
        serial=member.serial or f"B-{batch.pk.hex[-12:]}-{position + 1:04d}",
        view=member.view or batch.line.main_view,
        lot=member.lot,
        captured_at=datetime.fromisoformat(member.captured_at) if member.captured_at else batch.created_at,
        idempotency_key=f"batch:{batch.pk}:{position}",
    )


def _read(archive: zipfile.ZipFile, name: str) -> bytes:
    try:
        with archive.open(name) as member:
            return member.read(settings.IMAGE_MAX_BYTES + 1)
    except Exception as error:
        raise ImageRefused("image-corrupt", "The archive's file cannot be unpacked.") from error


def _count(batch: Batch, position: int, refusal: str) -> None:
    counted = "refused" if refusal else "accepted"
    if refusal and len(batch.refusals) < REFUSALS_KEPT:
        batch.refusals.append({"position": position, "code": refusal})
    # Only the one who counts this very position moves on, should two workers ever hold the batch.
    Batch.objects.filter(pk=batch.pk, cursor=position).update(
        cursor=F("cursor") + 1, refusals=batch.refusals, **{counted: F(counted) + 1}
    )
