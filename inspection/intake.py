"""One image's way in: the file is kept, then one transaction writes every row that says so."""

import hashlib
import json
import threading
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, BinaryIO, NamedTuple, cast
from uuid import UUID

from django.conf import settings
from django.core.files.base import File
from django.db import IntegrityError, transaction
from django.db.models import F

from inspection import claims, epochs, images, leftovers, outbox, salts
from inspection.claims import Claim
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
    claim: Claim | None = None


class Accepted(NamedTuple):
    """The item and its run; `replayed` when an earlier request with the key brought it in."""

    item: Item
    run: Run
    replayed: bool


def accept(station: Station, *, upload: Upload, now: datetime) -> Accepted:
    """Take one image in as `accept_all` does."""
    return accept_all(station, uploads=[upload], now=now)[0]


def accept_all(station: Station, *, uploads: Sequence[Upload], now: datetime) -> list[Accepted]:
    """Take images in once each, however often they are sent: together, or not at all. They show different parts.

    When this returns, the files are on the disk and the rows are committed: part and run with their draws, the
    run's open disposition, item, key, and the work order for the prediction. An image joins the open run of its
    serial; where the run is shut or has this view already, it opens the next one (rework). The answers are in the
    order of the uploads, and the statements as many for one as for a hundred. What the station says it decided alone
    is kept beside the image, also when only a repeat brings it: it is no part of the body that is the same.
    Raises ScopeUnsigned, ImageRefused, KeyReused, StorageFull, StorageUnavailable; then nothing is kept.
    """
    check_scope(station.line)
    arrived = [_checked(upload, line=station.line) for upload in uploads]
    race: IntegrityError | None = None
    for _ in range(ATTEMPTS):
        accepted = _earlier(station, arrived)
        fresh = [one for one in arrived if one.upload.idempotency_key not in accepted]
        for one in fresh:
            images.keep(one.upload.file, one.stored)
        _keep_claims(station, arrived, accepted, now=now)
        try:
            accepted |= _admit(station, fresh, is_retry=bool(race), now=now) if fresh else {}
            return [accepted[one.upload.idempotency_key] for one in arrived]
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


def shares_of(line: Line, *, now: datetime) -> dict[str, float]:
    """Return the shares by which the next run of the line is drawn; a run keeps a copy of them."""
    usual = {purpose: getattr(line, f"{purpose}_share") for purpose in draws.PURPOSES}
    return {**usual, "truth": line.truth_share_at(now)}


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


def forget_keys(*, now: datetime) -> int:
    """Drop idempotency keys past their 30 days. Return how many."""
    return leftovers.drop(IngestKey.objects.filter(created_at__lt=now - KEYS_KEPT))


@dataclass(frozen=True)
class _Arrival:
    """An upload that may come in, with hash and size of its file, what its header says, and the hash of its body."""

    upload: Upload
    stored: Stored
    header: Header
    fingerprint: str


def _checked(upload: Upload, *, line: Line) -> _Arrival:
    file = cast(BinaryIO, upload.file)
    header = check_header(file, size=upload.file.size, content_type=upload.content_type, limits=limits_of(line))
    stored = images.digest(upload.file)
    return _Arrival(upload, stored, header, fingerprint_of(upload, sha256=stored.sha256, line=line))


def _earlier(station: Station, arrived: Iterable[_Arrival]) -> dict[str, Accepted]:
    """Return by key what came before. Raises KeyReused where it had another body."""
    sent = {one.upload.idempotency_key: one.fingerprint for one in arrived}
    known = IngestKey.objects.select_related("item", "run").filter(station=station, key__in=sent)
    earlier = {}
    for one in known:
        if one.fingerprint != sent[one.key]:
            raise KeyReused("The idempotency key was used for another image.")
        earlier[one.key] = Accepted(one.item, one.run, replayed=True)
    return earlier


@transaction.atomic
def _admit(station: Station, fresh: Sequence[_Arrival], *, is_retry: bool, now: datetime) -> dict[str, Accepted]:
    line = station.line
    runs = _runs_for([one.upload for one in fresh], line=line, is_retry=is_retry, now=now)
    earlier = _same_pictures({one.upload.serial: one.stored.sha256 for one in fresh}, line=line)
    items = [
        Item(
            run=runs[one.upload.serial],
            line=line,
            station=station,
            view=one.upload.view,
            captured_at=one.upload.captured_at,
            received_at=now,
            sha256=one.stored.sha256,
            size_bytes=one.stored.size,
            width=one.header.width,
            height=one.header.height,
            content_type=one.header.content_type,
            has_exif=one.header.has_exif,
            incumbent_verdict=one.upload.incumbent_verdict,
            duplicate_of=earlier.get(one.upload.serial),
            meta=one.upload.meta,
        )
        for one in fresh
    ]
    Item.objects.bulk_create(items)
    accepted = {
        one.upload.idempotency_key: Accepted(item, item.run, replayed=False)
        for one, item in zip(fresh, items, strict=True)
    }
    _remember(station, fresh, accepted, now=now)
    _keep_claims(station, fresh, accepted, now=now)
    outbox.ask_all("item.received", [item.pk for item in items], now=now)
    return accepted


def _remember(station: Station, fresh: Iterable[_Arrival], accepted: dict[str, Accepted], *, now: datetime) -> None:
    """Keep the keys, so that the same uploads again give the same answers."""
    known = [(one.upload.idempotency_key, one.fingerprint) for one in fresh]
    IngestKey.objects.bulk_create(
        IngestKey(
            station=station,
            key=key,
            fingerprint=fingerprint,
            run=accepted[key].run,
            item=accepted[key].item,
            created_at=now,
        )
        for key, fingerprint in known
    )


def _keep_claims(
    station: Station, arrived: Iterable[_Arrival], accepted: Mapping[str, Accepted], *, now: datetime
) -> None:
    """Keep what the station says it decided alone about those of the images that are in."""
    said = [(one.upload.idempotency_key, one.upload.claim) for one in arrived]
    claims.keep(station, [(accepted[key].item, claim) for key, claim in said if claim and key in accepted], now=now)


# Runs -----------------------------------------------------------------------------------------------------------


def _runs_for(uploads: Sequence[Upload], *, line: Line, is_retry: bool, now: datetime) -> dict[str, Run]:
    """Return by serial the run that each image joins: the open one while it lacks its view, else the next."""
    last, shown = _last_runs(uploads, line=line)
    known = {upload.serial: upload for upload in uploads if upload.serial in last}
    joined = {
        serial: last[serial]
        for serial, upload in known.items()
        if last[serial].is_open and (last[serial].pk, upload.view) not in shown
    }
    _name_lots(known, last, line=line, now=now)
    overtaken = [run for serial, run in last.items() if run.is_open and serial not in joined]
    Run.objects.filter(pk__in=[run.pk for run in overtaken]).update(is_open=False)
    parts = _new_parts(
        [upload for upload in uploads if upload.serial not in known], line=line, is_retry=is_retry, now=now
    )
    first = [(part, 1) for part in parts]
    again = [(run.part, run.n + 1) for serial, run in last.items() if serial not in joined]
    decided = {upload.serial for upload in uploads if upload.claim}
    opened = _open([*first, *again], line=line, decided=decided, now=now)
    return {**joined, **{run.part.serial: run for run in opened}}


def _name_lots(known: dict[str, Upload], last: dict[str, Run], *, line: Line, now: datetime) -> None:
    """Let a part that came without its lot have it as soon as a station names it."""
    for serial, upload in known.items():
        part = last[serial].part
        if upload.lot and part.lot_id is None:
            Part.objects.filter(pk=part.pk).update(lot=_lot(upload.lot, line=line, now=now))


def _last_runs(uploads: Iterable[Upload], *, line: Line) -> tuple[dict[str, Run], set[tuple[UUID, str]]]:
    """Return by serial the newest run of each part that came before, with its part, and the views shown by run."""
    serials = [upload.serial for upload in uploads]
    runs = Run.objects.real().filter(part__line=line, part__serial__in=serials).select_related("part")
    # One row a view, so that one statement tells both.
    rows = list(runs.annotate(shown=F("items__view")).order_by("n"))
    return {run.part.serial: run for run in rows}, {(run.pk, run.shown) for run in rows}


def _new_parts(uploads: Sequence[Upload], *, line: Line, is_retry: bool, now: datetime) -> list[Part]:
    """Return the parts of serials that come for the first time.

    A challenge part is named before it comes: the first try meets its row, and only a second one looks for it.
    """
    serials = [upload.serial for upload in uploads]
    named = list(Part.objects.filter(line=line, serial__in=serials, is_challenge=True)) if is_retry else []
    known = {part.serial for part in named}
    made = [
        Part(line=line, serial=upload.serial, lot=_lot(upload.lot, line=line, now=now))
        for upload in uploads
        if upload.serial not in known
    ]
    return [*named, *Part.objects.bulk_create(made)]


def _open(opening: Sequence[tuple[Part, int]], *, line: Line, decided: Collection[str], now: datetime) -> list[Run]:
    """Open the n-th run of each part with its draws, its deadlines and a disposition that waits for a verdict.

    The serials that a station says it has `decided` alone are audited at the tightened rate.
    """
    if not opening:
        return []
    if line.epoch_id is None:
        epochs.enter(line, None, cause="first part", now=now)
    salt = salts.current(line, now=now)
    runs = [new_run(line, n=n, salt=salt, now=now, is_decided_offline=part.serial in decided) for part, n in opening]
    for run, (part, _) in zip(runs, opening, strict=True):
        run.part, run.is_showing_due = part, part.is_challenge
    Run.objects.bulk_create(runs)
    Disposition.objects.bulk_create(Disposition(run=run, line=line) for run in runs)
    return runs


def new_run(line: Line, *, n: int, salt: Salt, now: datetime, is_decided_offline: bool = False) -> Run:
    """Return an unsaved run of the line's epoch with its deadlines and draws; its part is still to be named."""
    run = Run(line=line, epoch_id=cast(int, line.epoch_id), n=n, opened_at=now, salt=salt, views_expected=line.views)
    run.model_due_at = now + timedelta(seconds=line.model_deadline_s)
    run.review_due_at = now + timedelta(seconds=line.review_deadline_s)
    shares = shares_of(line, now=now)
    run.shares = draws.offline_shares(shares) if is_decided_offline else shares
    drawn = asdict(draws.draw(str(run.pk), salt.secret, run.shares))
    run.canary_position = drawn.pop("canary_position")
    for purpose, is_drawn in drawn.items():
        setattr(run, f"drawn_{purpose}", is_drawn)
    return run


def _lot(code: str, *, line: Line, now: datetime) -> Lot | None:
    if not code:
        return None
    return Lot.objects.get_or_create(line=line, code=code, defaults={"created_at": now})[0]


def _same_pictures(hashes: Mapping[str, str], *, line: Line) -> dict[str, Item | None]:
    """Return by serial the first item of another part with the very same bytes: a camera that is stuck."""
    # By the hash alone: among the line's images a planner might look through them all.
    known = set(Item.objects.filter(sha256__in=hashes.values()).values_list("sha256", flat=True).distinct())
    before = Item.objects.real().filter(line=line)
    return {
        serial: before.filter(sha256=sha256).exclude(run__part__serial=serial).order_by("received_at", "pk").first()
        for serial, sha256 in hashes.items()
        if sha256 in known
    }
