"""The station's key, and the two ways to show it: as a secret over TLS, or as a signature over plain HTTP."""

import hashlib
import hmac
import json
import stat
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import requests
from requests.auth import AuthBase

_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


class KeyFileError(ValueError):
    """The key file cannot be used; the message says what it should hold."""


@dataclass(frozen=True, kw_only=True)
class Key:
    """A station's key. The secret stays out of every text made from it."""

    key_id: str
    secret: str = field(repr=False)


def read_key(path: Path) -> Key:
    """Read a key file: JSON with key_id and secret, or one line KEY_ID:SECRET."""
    try:
        text = path.read_text().strip()
    except (OSError, UnicodeDecodeError) as fault:
        raise KeyFileError(f"The key file {path} cannot be read ({type(fault).__name__}).") from fault
    try:
        told = (
            json.loads(text)
            if text.startswith("{")
            else dict(zip(("key_id", "secret"), text.split(":", 1), strict=True))
        )
        key_id, secret = told["key_id"], told["secret"]
    except (ValueError, KeyError) as fault:
        raise _unusable(path) from fault
    if not (isinstance(key_id, str) and isinstance(secret, str) and key_id and secret):
        raise _unusable(path)
    return Key(key_id=key_id, secret=secret)


def is_open_to_others(path: Path) -> bool:
    """Whether others on this machine may read the key file."""
    return bool(path.stat().st_mode & (stat.S_IRGRP | stat.S_IROTH))


def authentication(url: str, key: Key) -> AuthBase:
    """How to show the key at this address: the secret itself only where nobody can listen."""
    address = urlsplit(url)
    if address.scheme == "https" or address.hostname in _LOOPBACK:
        return SecretAuth(key)
    return SignatureAuth(key)


class SecretAuth(AuthBase):
    """`Authorization: Station KEY_ID:SECRET`."""

    def __init__(self, key: Key) -> None:
        self._key = key

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = f"Station {self._key.key_id}:{self._key.secret}"
        return request


class SignatureAuth(AuthBase):
    """The X-Station headers: HMAC-SHA256 of method, path, timestamp, nonce and the body's sha256.

    Every try is signed anew: a nonce is good for one request only.
    """

    def __init__(self, key: Key, *, clock: Callable[[], float] = time.time) -> None:
        self._key, self._clock = key, clock

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        timestamp, nonce = str(int(self._clock())), uuid.uuid4().hex
        request.headers["X-Station-Key"] = self._key.key_id
        request.headers["X-Station-Timestamp"] = timestamp
        request.headers["X-Station-Nonce"] = nonce
        request.headers["X-Station-Signature"] = signature(
            self._key.secret,
            method=request.method or "",
            path=urlsplit(request.url or "").path,
            timestamp=timestamp,
            nonce=nonce,
            body=_bytes(request.body),
        )
        return request


def signature(secret: str, *, method: str, path: str, timestamp: str, nonce: str, body: bytes) -> str:
    """The signature of one request, in hexadecimal."""
    signed = "\n".join((method, path, timestamp, nonce, hashlib.sha256(body).hexdigest()))
    return hmac.new(secret.encode(), signed.encode(), hashlib.sha256).hexdigest()


def _bytes(body: object) -> bytes:
    if isinstance(body, str):
        return body.encode()
    return body if isinstance(body, bytes) else b""


def _unusable(path: Path) -> KeyFileError:
    return KeyFileError(f'{path} holds no key: write {{"key_id": "…", "secret": "…"}} or KEY_ID:SECRET into it.')
