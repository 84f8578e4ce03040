"""Stations and their keys: made once, shown once, two live at most so that one can follow the other without a gap."""

import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db import IntegrityError, transaction

from inspection import leftovers
from inspection.models import Line, Nonce, Station, StationChange, StationKey, User
from inspection.rules.words import StationDeed
from inspection.sealing import opened, sealed

CLOCK_TOLERANCE = timedelta(seconds=300)
SLOTS = (0, 1)
IMPORTER = "import"
KEY_ID = re.compile(r"st_[0-9a-f]{16}")


class TwoKeysLive(Exception):
    """Both slots hold a live key; withdraw one first."""


class NameTaken(Exception):
    """The line has or had a station of this name."""


class Disabled(Exception):
    """The station is disabled: it gets no key."""


@dataclass(frozen=True, kw_only=True)
class IssuedKey:
    """A fresh key. The secret is here and nowhere else: it cannot be shown again."""

    key_id: str
    secret: str = field(repr=False)


def add(line: Line, *, name: str, by: User, now: datetime) -> Station:
    """Put a station on a line. It sends nothing before it has a key. Raises NameTaken."""
    try:
        with transaction.atomic():
            station = Station.objects.create(line=line, name=name, created_at=now)
            note(station, StationDeed.ADDED, by=by, now=now)
    except IntegrityError as error:
        raise NameTaken(f"{line} has a station {name!r}.") from error
    return station


@transaction.atomic
def issue_key(station: Station, *, now: datetime, by: User | None = None) -> IssuedKey:
    """Make a key in the free slot. Raises Disabled, or TwoKeysLive when there is none.

    `by` is who asked for it; None where the product does it while it sets itself up.
    """
    if not Station.objects.select_for_update().get(pk=station.pk).is_active:
        raise Disabled(f"Station {station.name} is disabled.")
    taken = set(_live(station).values_list("slot", flat=True))
    free = [slot for slot in SLOTS if slot not in taken]
    if not free:
        raise TwoKeysLive(f"Station {station.name} has two live keys, withdraw one first.")
    issued = IssuedKey(key_id=f"st_{secrets.token_hex(8)}", secret=secrets.token_urlsafe(32))
    StationKey.objects.create(
        station=station,
        key_id=issued.key_id,
        digest=_digest(issued.secret),
        sealed=sealed(issued.secret),
        slot=free[0],
        created_at=now,
    )
    note(station, StationDeed.KEY_ISSUED, key_id=issued.key_id, by=by, now=now)
    return issued


@transaction.atomic
def rotate_key(station: Station, *, now: datetime) -> IssuedKey:
    """Make the next key. The newest one before stays live beside it; an older one is withdrawn at once."""
    for key in _live(station).order_by("-created_at", "-pk")[1:]:
        withdraw_key(key, now=now)
    return issue_key(station, now=now)


@transaction.atomic
def withdraw_key(key: StationKey, *, now: datetime, by: User | None = None) -> None:
    """End a key: the next request with it is refused. Doing so twice does no harm."""
    if StationKey.objects.filter(pk=key.pk, revoked_at=None).update(revoked_at=now):
        note(key.station, StationDeed.KEY_WITHDRAWN, key_id=key.key_id, by=by, now=now)


@transaction.atomic
def disable(station: Station, *, now: datetime, by: User | None = None) -> None:
    """Withdraw a station with all its keys, from its next request on. Doing so twice does no harm."""
    if Station.objects.filter(pk=station.pk, is_active=True).update(is_active=False):
        note(station, StationDeed.DISABLED, by=by, now=now)
    _live(station).update(revoked_at=now)


@transaction.atomic
def enable(station: Station, *, by: User, now: datetime) -> None:
    """Take a disabled station into use again. Its keys stay withdrawn: it needs a new one."""
    if Station.objects.filter(pk=station.pk, is_active=False).update(is_active=True):
        note(station, StationDeed.ENABLED, by=by, now=now)


def note(station: Station, deed: StationDeed, *, by: User | None, now: datetime, key_id: str = "") -> None:
    """Keep who did it. What the product does to stations of its own is no deed of anybody."""
    if by is not None:
        StationChange.objects.create(station=station, deed=deed.value, key_id=key_id, done_by=by, done_at=now)


def importer(line: Line, *, now: datetime) -> Station:
    """Return the line's station for images that come in by hand. It has no key, so nobody can post as it."""
    station, _ = Station.objects.get_or_create(line=line, name=IMPORTER, defaults={"created_at": now})
    return station


def live_key(key_id: str) -> StationKey | None:
    """Return a live key of an active station on an active line, with both at hand: one statement."""
    if not KEY_ID.fullmatch(key_id):
        return None
    keys = StationKey.objects.select_related("station__line")
    return keys.filter(key_id=key_id, revoked_at=None, station__is_active=True, station__line__is_active=True).first()


def is_secret_of(key: StationKey, secret: str) -> bool:
    return hmac.compare_digest(key.digest, _digest(secret))


def signature(key: StationKey, message: bytes) -> str:
    """Return the HMAC-SHA256 that the holder of the key would put under a message, in hexadecimal."""
    secret = opened(key.sealed)
    return hmac.new(secret.encode(), message, hashlib.sha256).hexdigest()


def take_nonce(key: StationKey, nonce: str, *, now: datetime) -> bool:
    """Keep a nonce; False when it was seen before."""
    try:
        with transaction.atomic():
            Nonce.objects.create(key=key, nonce=nonce, seen_at=now)
    except IntegrityError:
        return False
    return True


def forget_nonces(*, now: datetime) -> int:
    """Drop the nonces whose signatures are too old to be taken anyway. Return how many."""
    return leftovers.drop(Nonce.objects.filter(seen_at__lt=now - 2 * CLOCK_TOLERANCE))


def _live(station: Station):
    return StationKey.objects.filter(station=station, revoked_at=None)


def _digest(secret: str) -> str:
    # 256 random bits need no slow hash: there is nothing to guess.
    return hashlib.sha256(secret.encode()).hexdigest()
