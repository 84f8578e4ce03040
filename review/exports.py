"""Exports of what a search finds: asked for, written by a worker in turns, kept for a day for leads of the line."""

import time
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from hashlib import sha256
from itertools import chain, islice
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import F, QuerySet

from inspection import images, outbox
from inspection.models import Epoch, Line, User
from inspection.permissions import lines_for
from inspection.rules.words import Role
from review import export_archives, export_texts, history, pictures, searches, spreadsheets
from review.export_archives import Archive
from review.export_models import Export
from review.export_texts import About
from review.rules import exporting, tokens
from review.rules.exporting import Failure, State

TURN_S = 15.0
TOLD_EVERY_S = 0.5
OPEN = (State.WAITING.value, State.RUNNING.value)
BESIDE = ("item", "sha256", "size_bytes", "content_type", "captured_at", "regions")
MANIFEST = ("file", "sha256", "size_bytes", "state")
LISTED = 5


class AlreadyAsked(Exception):
    """The person has an export of the line under way."""


# Asking ---------------------------------------------------------------------------------------------------------


@transaction.atomic
def ask(
    line: Line,
    *,
    query: str,
    epoch: Epoch,
    chosen: Sequence[UUID] = (),
    with_images: bool,
    by: User,
    now: datetime,
) -> Export:
    """Ask for what a search finds in an epoch, or for some chosen images of it alone.

    Raises AlreadyAsked: one at a time for each person and line.
    """
    Line.objects.select_for_update(no_key=True).get(pk=line.pk)
    if line.exports.filter(asked_by=by, state__in=OPEN).exists():
        raise AlreadyAsked(f"{by} already waits for an export of {line.slug}.")
    export = Export.objects.create(
        line=line,
        epoch=epoch,
        query=query,
        chosen=[str(pk) for pk in chosen],
        with_images=with_images,
        asked_by=by,
        asked_at=now,
    )
    outbox.ask("export.asked", export.pk, now=now)
    return export


def cancel(export: Export, *, now: datetime) -> bool:
    """Give an export up; its worker stops within a second. False where it had ended before."""
    ended = Export.objects.filter(pk=export.pk, state__in=OPEN)
    return bool(ended.update(state=State.CANCELLED.value, finished_at=now))


def lately(line: Line) -> list[Export]:
    """Return the newest exports of a line whose files are not dropped yet."""
    return list(line.exports.filter(dropped_at=None).select_related("asked_by").order_by("-asked_at")[:LISTED])


def at_hand(line: Line, *, now: datetime) -> QuerySet[Export]:
    """Return the exports of a line that can be fetched."""
    return line.exports.filter(state=State.READY.value, dropped_at=None, finished_at__gt=now - exporting.KEPT)


def forget(*, now: datetime) -> int:
    """Drop the files of exports that ended a day ago, and what a cancelled one left. Return how many."""
    old = list(Export.objects.filter(dropped_at=None, finished_at__lte=now - exporting.KEPT))
    for export in old:
        images.drop_export(export.pk)
        export_archives.drop(export.pk)
    return Export.objects.filter(pk__in=[one.pk for one in old]).update(dropped_at=now)


# Writing --------------------------------------------------------------------------------------------------------


def advance(pk: UUID, *, clock: Callable[[], datetime], seconds: float = TURN_S) -> bool:
    """Write an export for so many seconds; True once it has ended. Raises Busy while another worker writes it.

    A worker that dies takes nothing along but its turn. Who asked must still lead the line.
    """
    export = Export.objects.select_related("line__product", "epoch__line", "asked_by").get(pk=pk)
    with export_archives.held(pk) as archive:
        try:
            ended = export.state not in OPEN or _go_on(export, archive, until=time.monotonic() + seconds, clock=clock)
        except images.StorageFull:
            ended = _fail(export, Failure.NO_ROOM, now=clock())
    if ended:
        export_archives.drop(pk)
    return ended


def _go_on(export: Export, archive: Archive, *, until: float, clock: Callable[[], datetime]) -> bool:
    if not (export.total and archive.has_rows):
        refused = _begin(export, archive)
        if refused is not None:
            return _fail(export, refused, now=clock())
    with archive:
        filled = not export.with_images or _fill(export, archive, until=until)
        if not filled:
            archive.pause()
            return not _tell(export, archive)
        if not _tell(export, archive):
            return True
        _add_texts(export, archive)
    return _finish(export, archive, now=clock())


def _begin(export: Export, archive: Archive) -> Failure | None:
    """Select the images once and for all; return why that cannot be exported."""
    found = searches.find(export.epoch, tokens.parse(export.query).search)
    rows = selected(export.epoch, found.filter(task__item__in=export.chosen) if export.chosen else found)
    leads = lines_for(export.asked_by, Role.QA_LEAD, Role.ADMINISTRATOR).filter(pk=export.line_id).exists()
    total = archive.freeze(islice(rows, exporting.ITEMS_MAX + 1)) if leads else 0
    refused = exporting.refusal(total, may_read=leads)
    if refused is None:
        images.check_room(sum(row["size_bytes"] for row in archive.rows()) if export.with_images else 0)
        export.total = total
        Export.objects.filter(pk=export.pk, state__in=OPEN).update(state=State.RUNNING.value, total=total, done=0)
    return refused


def selected(epoch: Epoch, found: QuerySet[Any]) -> Iterator[dict[str, Any]]:
    """Yield all that the files tell of each image. The size is that of the upright picture: marks are in its pixels."""
    item = "task__item__"
    named = found.annotate(
        item=F("task__item"),
        sha256=F(f"{item}sha256"),
        size_bytes=F(f"{item}size_bytes"),
        content_type=F(f"{item}content_type"),
        captured_at=F(f"{item}captured_at"),
    )
    sides = [f"{item}{name}" for name in ("width", "height", "measures__width", "measures__height")]
    for row in history.listed(epoch, named, *BESIDE, *sides):
        width, height, seen_width, seen_height = (row.pop(side) for side in sides)
        yield {**row, **_upright(width, height, seen_width, seen_height)}


def _upright(width: int, height: int, seen_width: int | None, seen_height: int | None) -> dict[str, int]:
    shown = pictures.upright(width, height, (seen_width, seen_height) if seen_width and seen_height else None)
    return dict(zip(("width", "height"), shown, strict=True))


def _fill(export: Export, archive: Archive, *, until: float) -> bool:
    """Copy images until the time is up or the export was given up; True once all are in."""
    told = time.monotonic()
    for row in islice(archive.rows(), archive.mark.cursor, None):
        if time.monotonic() >= until:
            return False
        if time.monotonic() - told >= TOLD_EVERY_S:
            told = time.monotonic()
            if not _tell(export, archive):
                return False
        _add_image(archive, row)
    return True


def _add_image(archive: Archive, row: dict[str, Any]) -> None:
    """Copy one image if its bytes are those that came in; else the manifest says that it is missing."""
    content = original(row["sha256"])
    if content is None:
        archive.mark.missing.append(row["item"])
    else:
        archive.add_image(exporting.file_name(row), content)
    archive.mark.cursor += 1


def original(digest: str) -> bytes | None:
    """Return the bytes that came in; None where the file is gone or damaged."""
    try:
        with images.original(digest) as file:
            content = file.read()
    except FileNotFoundError:
        return None
    return content if sha256(content).hexdigest() == digest else None


def _tell(export: Export, archive: Archive) -> bool:
    """Say how far it is. False where somebody gave the export up."""
    done = archive.mark.cursor if export.with_images else export.total
    running = Export.objects.filter(pk=export.pk, state=State.RUNNING.value)
    return bool(running.update(done=done, missing=len(archive.mark.missing)))


def _finish(export: Export, archive: Archive, *, now: datetime) -> bool:
    """Put the file where it can be fetched. An export that was given up at the last moment leaves none."""
    digest, size = export_archives.digest(archive.path)
    images.adopt_export(export.pk, archive.path)
    kept = Export.objects.filter(pk=export.pk, state=State.RUNNING.value).update(
        state=State.READY.value, sha256=digest, size_bytes=size, finished_at=now
    )
    if not kept:
        images.drop_export(export.pk)
    return True


def _fail(export: Export, failure: Failure, *, now: datetime) -> bool:
    ended = Export.objects.filter(pk=export.pk, state__in=OPEN)
    ended.update(state=State.FAILED.value, failure=failure.value, finished_at=now)
    return True


# Texts of the archive -------------------------------------------------------------------------------------------


def _add_texts(export: Export, archive: Archive) -> None:
    """Write the labels twice, for people and for trainers, and last what is in the archive with its hash."""
    about = About(
        line=export.line,
        title=f"{export.line.slug} {export.query}".strip(),
        by=export.asked_by.username,
        at=export.asked_at,
    )
    written = {
        "annotations.json": archive.add_text("annotations.json", export_texts.coco(archive.rows, about)),
        "readings.csv": archive.add_text("readings.csv", export_texts.table(archive.rows)),
    }
    texts = [
        {"file": name, "sha256": digest, "size_bytes": size, "state": "whole"}
        for name, (digest, size) in written.items()
    ]
    pictured = _manifest(archive) if export.with_images else ()
    archive.add_text("manifest.csv", spreadsheets.written(MANIFEST, chain(texts, pictured)))


def _manifest(archive: Archive) -> Iterator[dict[str, Any]]:
    missing = set(archive.mark.missing)
    for row in archive.rows():
        state = "missing" if row["item"] in missing else "whole"
        yield {**row, "file": exporting.file_name(row), "state": state}
