"""Who calls: a station by its key, a person by a token or a session."""

import hashlib
import hmac
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, cast

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest
from django.utils.timezone import now as clock
from rest_framework.authentication import BaseAuthentication, SessionAuthentication
from rest_framework.exceptions import AuthenticationFailed, PermissionDenied
from rest_framework.permissions import SAFE_METHODS, BasePermission
from rest_framework.request import Request

from inspection import stations
from inspection.api.parsers import CHUNK, FORM_OVERHEAD, declared_length
from inspection.api.problems import Problem
from inspection.models import ApiToken, IngestKey, Station, StationKey, User
from inspection.rules.words import Scope

SIGNED = "X-Station-Key"
NONCE_MAX = 64
SPOOL_MEMORY = 1024 * 1024


class TokenAuthentication(BaseAuthentication):
    """A station's key (as a secret or as a signature) or a person's token.

    A station stays an anonymous user: doors for people refuse it without knowing that there are stations.
    """

    def authenticate(self, request: Request) -> tuple[Any, Station | ApiToken] | None:
        scheme, _, credentials = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() == "station":
            return AnonymousUser(), _station_by_secret(credentials)
        if scheme.lower() == "bearer":
            return _person_by_token(credentials, method=request.method or "")
        if SIGNED in request.headers:
            return AnonymousUser(), _station_by_signature(request._request)
        return None

    def authenticate_header(self, request: Request) -> str:
        return 'Station realm="tollgate", Bearer realm="tollgate"'


class PersonSession(SessionAuthentication):
    """A signed-in browser. Every change needs the CSRF token of our own page."""

    def enforce_csrf(self, request: Request) -> None:
        try:
            super().enforce_csrf(request)
        except PermissionDenied as error:
            raise Problem("csrf-failed") from error


class IsStation(BasePermission):
    def has_permission(self, request: Request, view: Any) -> bool:
        return isinstance(request.auth, Station)


class IsStationOrPerson(BasePermission):
    """Any known caller; the query decides what it may see."""

    def has_permission(self, request: Request, view: Any) -> bool:
        return isinstance(request.auth, Station) or request.user.is_authenticated


def station_of(request: Request) -> Station | None:
    """Return the station that calls, None when a person does."""
    caller: Any = request.auth
    return caller if isinstance(caller, Station) else None


def calling_station(request: Request) -> Station:
    """Return the station that calls a door that only stations reach."""
    return cast(Station, request.auth)


def _station_by_secret(credentials: str) -> Station:
    key_id, _, secret = credentials.strip().partition(":")
    key = stations.live_key(key_id)
    if key is None or not stations.is_secret_of(key, secret):
        raise AuthenticationFailed
    return key.station


def _person_by_token(token: str, *, method: str) -> tuple[User, ApiToken]:
    digest = hashlib.sha256(token.strip().encode()).hexdigest()
    known = ApiToken.objects.select_related("user").filter(
        digest=digest, revoked_at=None, expires_at__gt=clock(), user__is_active=True
    )
    row = known.first()
    if row is None:
        raise AuthenticationFailed
    needed = Scope.READ if method in SAFE_METHODS else Scope.WRITE
    if needed not in row.scopes:
        raise Problem("insufficient-scope")
    return row.user, row


@dataclass(frozen=True, kw_only=True)
class _Signature:
    key_id: str
    timestamp: str
    nonce: str
    digest: str

    @classmethod
    def of(cls, request: HttpRequest) -> "_Signature":
        heads = [request.headers.get(f"X-Station-{name}", "") for name in ("Key", "Timestamp", "Nonce", "Signature")]
        key_id, timestamp, nonce, digest = heads
        if not all(heads) or len(nonce) > NONCE_MAX or not nonce.isascii():
            raise AuthenticationFailed
        return cls(key_id=key_id, timestamp=timestamp, nonce=nonce, digest=digest)


def _station_by_signature(request: HttpRequest) -> Station:
    signed = _Signature.of(request)
    key = stations.live_key(signed.key_id)
    if key is None:
        raise AuthenticationFailed
    now = clock()
    _check_clock(signed.timestamp, now)
    if not _fits(key, signed, request):
        raise Problem("signature-invalid")
    if not stations.take_nonce(key, signed.nonce, now=now) and not _is_known(key.station, request):
        raise Problem("nonce-replayed")
    return key.station


def _is_known(station: Station, request: HttpRequest) -> bool:
    """Say whether this upload has been taken in under its idempotency key: sent again, it is answered, not taken."""
    key = request.headers.get("Idempotency-Key", "")
    return request.method == "POST" and IngestKey.objects.filter(station=station, key=key).exists()


def _check_clock(timestamp: str, now: datetime) -> None:
    try:
        stamped = datetime.fromtimestamp(int(timestamp), UTC)
    except (ValueError, OverflowError, OSError) as error:
        raise AuthenticationFailed from error
    if abs(now - stamped) > stations.CLOCK_TOLERANCE:
        raise Problem("clock-skew", extra={"server_time": now})


def _fits(key: StationKey, signed: _Signature, request: HttpRequest) -> bool:
    facts = (signed.timestamp, signed.nonce, _spooled_sha256(request))
    messages = ("\n".join((request.method or "", path, *facts)) for path in _signed_paths(request))
    expected = [stations.signature(key, message.encode()) for message in messages]
    return any(hmac.compare_digest(one.encode(), signed.digest.lower().encode()) for one in expected)


def _signed_paths(request: HttpRequest) -> Iterator[str]:
    """Yield the path as the station may have signed it: bare, or as sent with its query."""
    yield request.path
    if request.META.get("QUERY_STRING"):
        yield request.get_full_path()


def _spooled_sha256(request: HttpRequest) -> str:
    """Hash the body and put it back, on disk where it is large, for the parser to read."""
    length = declared_length(request, at_most=settings.IMAGE_MAX_BYTES + FORM_OVERHEAD, too_large="image-too-large")
    sha256, left = hashlib.sha256(), length
    spool = tempfile.SpooledTemporaryFile(max_size=SPOOL_MEMORY)  # noqa: SIM115 - the request closes it
    while left and (chunk := request.read(min(CHUNK, left))):
        sha256.update(chunk)
        spool.write(chunk)
        left -= len(chunk)
    spool.seek(0)
    # The parser reads what was signed, from the same place as ever.
    cast(Any, request)._stream, cast(Any, request)._read_started = spool, False
    return sha256.hexdigest()
