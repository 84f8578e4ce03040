"""One image's way in: the file is kept, then one transaction writes every row that says so."""

import hashlib
import json
import secrets
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, BinaryIO, NamedTuple, cast

from django.conf import settings
from django.core.files.base import File
from django.db import IntegrityError, transaction
from django.db.models import Exists, OuterRef

from inspection import epochs, images, outbox
from inspection.images import Stored
from inspection.models import Disposition, IngestKey, Item, Line, Lot, Part, Run, Salt, Station
from inspection.rules import draws
from vision.header import Header, Limits, check_header

KEYS_KEPT = timedelta(days=30)
# Two uploads may race for a part, a run or a key; the loser looks again and finds what the winner wrote.
ATTEMPTS = 3

_running: set[tuple[int, str]] = set()
_running_lock = threading.Lock()


class KeyReused(Exception):
    """The idempotency key came before with another body."""


class ScopeUnsigned(Exception):
    """Nobody has signed yet what the line is for: nothing is collected before."""


class KeyRunning(Exception):
    """A request with this idempotency key is at work right now."""


@dataclass(frozen=True, kw_only=True)
class Upload:
    """What a station sends about one image, read and shaped."""

    serial: str
    view: str
    captured_at: datetime
    file: File
    idempotency_key: str
    content_type: str | None = None
    lot: str = ""
    incumbent_verdict: str = ""
    meta: dict[str, Any] = field(default_factory=dict)


class Accepted(NamedTuple):
    """The item and its run; `replayed` when an earlier request with the key brought it in."""

    item: Item
    run: Run
    replayed: bool


def accept(station: Station, *, upload: Upload, now: datetime) -> Accepted:
    """Take an image in once, however often it is sent.

    When this returns, the file is on the disk and the rows are committed: part and run with their draws, the
    run's open disposition, item, key, and the work order for the prediction. An image joins the open run of its
    serial; where the run is shut or has this view already, it opens the next one (rework).
    Raises ScopeUnsigned, ImageRefused, KeyReused, StorageFull, StorageUnavailable; then nothing is kept.
    """
    check_scope(station.line)
    header = check_header(
        cast(BinaryIO, upload.file),
        size=upload.file.size,
        content_type=upload.content_type,
        limits=limits_of(station.line),
    )
    stored = images.digest(upload.file)
    fingerprint = fingerprint_of(upload, sha256=stored.sha256, line=station.line)
    race: IntegrityError | None = None
    for _ in range(ATTEMPTS):
        earlier = _earlier(station, upload.idempotency_key, fingerprint)
        if earlier is not None:
            return earlier
        images.keep(upload.file, stored)
        try:
            return _admit(station, upload, stored, header, fingerprint=fingerprint, is_retry=bool(race), now=now)
        except IntegrityError as error:
            race = error
    raise race or AssertionError("No attempt was made.")


def check_scope(line: Line) -> None:
    """Raise ScopeUnsigned unless the line may collect images."""
    if not line.may_collect:
        raise ScopeUnsigned(f"The scope of {line} is not signed; a QA lead signs it on its plan page.")


@contextmanager
def running(station: Station, key: str) -> Iterator[None]:
    """Mark a key as being worked on in this process; raises KeyRunning where it is already.

    Between processes the unique row decides: the later request waits for it and replays.
    """
    mark = (station.pk, key)
    with _running_lock:
        if mark in _running:
            raise KeyRunning("A request with this key is still running.")
        _running.add(mark)
    try:
        yield
    finally:
        with _running_lock:
            _running.discard(mark)


def limits_of(line: Line) -> Limits:
    return Limits(max_bytes=settings.IMAGE_MAX_BYTES, max_pixels=line.max_megapixels * 1_000_000)


def shares_of(line: Line) -> dict[str, float]:
    """Return the shares by which the next run of the line is drawn; a run keeps a copy of them."""
    return {purpose: getattr(line, f"{purpose}_share") for purpose in draws.PURPOSES}


def fingerprint_of(upload: Upload, *, sha256: str, line: Line) -> str:
    """Return the hash by which two uploads are the same body: image, serial, view, capture time, line and meta."""
    facts = [
        sha256,
        upload.serial,
        upload.view,
        upload.captured_at.astimezone(UTC).isoformat(),
        line.slug,
        upload.meta,
    ]
    return hashlib.sha256(json.dumps(facts, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def rotate_salt(line: Line, *, now: datetime) -> Salt:
    """Draw from a new secret from the next run on. The old one stays, so that its draws can be recomputed."""
    return Salt.objects.create(line=line, secret=secrets.token_hex(32), created_at=now)


def forget_keys(*, now: datetime) -> int:
    """Drop idempotency keys past their 30 days. Return how many."""
    return IngestKey.objects.filter(created_at__lt=now - KEYS_KEPT).delete()[0]


def _earlier(station: Station, key: str, fingerprint: str) -> Accepted | None:
    known = IngestKey.objects.select_related("item", "run").filter(station=station, key=key).first()
    if known is None:
        return None
    if known.fingerprint != fingerprint:
        raise KeyReused("The idempotency key was used for another image.")
    return Accepted(known.item, known.run, replayed=True)


@transaction.atomic
def _admit(
    station: Station, upload: Upload, stored: Stored, header: Header, *, fingerprint: str, is_retry: bool, now: datetime
) -> Accepted:
    run = _run_for(upload, line=station.line, is_retry=is_retry, now=now)
    item = Item.objects.create(
        run=run,
        line=station.line,
        station=station,
        view=upload.view,
        captured_at=upload.captured_at,
        received_at=now,
        sha256=stored.sha256,
        size_bytes=stored.size,
        width=header.width,
        height=header.height,
        content_type=header.content_type,
        has_exif=header.has_exif,
        incumbent_verdict=upload.incumbent_verdict,
        duplicate_of=_same_picture(stored.sha256, line=station.line, serial=upload.serial),
        meta=upload.meta,
    )
    IngestKey.objects.create(
        station=station, key=upload.idempotency_key, fingerprint=fingerprint, run=run, item=item, created_at=now
    )
    outbox.ask("item.received", item.pk, now=now)
    return Accepted(item, run, replayed=False)


def _run_for(upload: Upload, *, line: Line, is_retry: bool, now: datetime) -> Run:
    """Return the run that the image joins: the open one of its serial while it lacks this view, else the next."""
    view_is_there = Exists(Item.objects.filter(run=OuterRef("pk"), view=upload.view))
    runs = Run.objects.real().filter(part__line=line, part__serial=upload.serial)
    last = runs.annotate(view_is_there=view_is_there).select_related("part").order_by("-n").first()
    if last is None:
        return _open(_new_part(upload, line=line, is_retry=is_retry, now=now), line=line, n=1, now=now)
    if upload.lot and last.part.lot_id is None:
        Part.objects.filter(pk=last.part_id).update(lot=_lot(upload.lot, line=line, now=now))
    if last.is_open and not last.view_is_there:
        return last
    if last.is_open:
        Run.objects.filter(pk=last.pk).update(is_open=False)
    return _open(last.part, line=line, n=last.n + 1, now=now)


def _new_part(upload: Upload, *, line: Line, is_retry: bool, now: datetime) -> Part:
    """Return the part of a serial that comes for the first time.

    A challenge part is named before it comes: the first try meets its row, and only a second one looks for it.
    """
    named = Part.objects.filter(line=line, serial=upload.serial, is_challenge=True).first() if is_retry else None
    return named or Part.objects.create(line=line, serial=upload.serial, lot=_lot(upload.lot, line=line, now=now))


def _open(part: Part, *, line: Line, n: int, now: datetime) -> Run:
    """Open a run with its draws, its deadlines and a disposition that waits for a verdict."""
    if line.epoch_id is None:
        epochs.enter(line, None, cause="first part", now=now)
    run = new_run(line, n=n, salt=_salt(line, now=now), now=now)
    run.part = part
    run.save(force_insert=True)
    Disposition.objects.create(run=run, line=line)
    return run


def new_run(line: Line, *, n: int, salt: Salt, now: datetime) -> Run:
    """Return an unsaved run of the line's epoch with its deadlines and draws; its part is still to be named."""
    run = Run(line=line, epoch_id=cast(int, line.epoch_id), n=n, opened_at=now, salt=salt, views_expected=line.views)
    run.model_due_at = now + timedelta(seconds=line.model_deadline_s)
    run.review_due_at = now + timedelta(seconds=line.review_deadline_s)
    run.shares = shares_of(line)
    drawn = asdict(draws.draw(str(run.pk), salt.secret, run.shares))
    run.canary_position = drawn.pop("canary_position")
    for purpose, is_drawn in drawn.items():
        setattr(run, f"drawn_{purpose}", is_drawn)
    return run


def _salt(line: Line, *, now: datetime) -> Salt:
    return Salt.objects.filter(line=line).order_by("-created_at", "-pk").first() or rotate_salt(line, now=now)


def _lot(code: str, *, line: Line, now: datetime) -> Lot | None:
    if not code:
        return None
    return Lot.objects.get_or_create(line=line, code=code, defaults={"created_at": now})[0]


def _same_picture(sha256: str, *, line: Line, serial: str) -> Item | None:
    """Return the first item of another part with the very same bytes: a camera that is stuck."""
    same = Item.objects.real().filter(line=line, sha256=sha256).exclude(run__part__serial=serial)
    return same.order_by("received_at", "pk").first()
