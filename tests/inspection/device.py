"""A station as the HTTP client sees it."""

import hashlib
import hmac
import io
import itertools
import time
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.test.client import BOUNDARY, MULTIPART_CONTENT, encode_multipart

from inspection.models import Station
from inspection.stations import IssuedKey
from tests.inspection.pictures import jpeg

ITEMS = "/api/v1/items/"
_keys = itertools.count(1)


def form(content: bytes | None = None, *, content_type: str = "image/jpeg", leave_out: str = "", **changes: Any):
    """Return the fields of a good upload, with what the test changes about it."""
    fields = {
        "serial": "A-17",
        "captured_at": "2026-11-23T12:00:00Z",
        "image": SimpleUploadedFile("image", jpeg() if content is None else content, content_type),
    } | changes
    return {name: value for name, value in fields.items() if name != leave_out}


def encoded(fields: dict[str, Any]) -> bytes:
    return encode_multipart(BOUNDARY, fields)


class Device:
    """Posts and asks with the station's key."""

    def __init__(self, station: Station, key: IssuedKey) -> None:
        self.station = station
        self.key = key
        self.client = Client(raise_request_exception=False)

    @property
    def credentials(self) -> dict[str, str]:
        return {"Authorization": f"Station {self.key.key_id}:{self.key.secret}"}

    def post(
        self,
        content: bytes | None = None,
        *,
        key: str | None = None,
        headers: dict[str, str | None] | None = None,
        query: str = "",
        **changes: Any,
    ):
        """Post one good image, with what the test changes about it. A header of None is left out."""
        sent = {"Idempotency-Key": key or f"key-{next(_keys)}"} | self.credentials | (headers or {})
        return self.client.post(ITEMS + query, form(content, **changes), headers=_present(sent))

    def post_raw(self, body: bytes | io.BytesIO, *, length: int | None, headers: dict[str, str | None] | None = None):
        """Post these very bytes under a declared length that may be a lie; None declares none."""
        sent = {"Idempotency-Key": f"key-{next(_keys)}"} | self.credentials | (headers or {})
        wire: dict[str, Any] = {
            "wsgi.input": body if isinstance(body, io.BytesIO) else io.BytesIO(body),
            "CONTENT_LENGTH": "" if length is None else str(length),
        }
        return self.client.generic("POST", ITEMS, b"x", MULTIPART_CONTENT, headers=_present(sent), **wire)

    def post_signed(
        self, *, path: str = ITEMS, at: float | None = None, nonce: str = "n-1", key: str = "k-1", **altered: bytes
    ):
        """Post a good image under a signature; `sent` replaces the body after signing."""
        body = encoded(form())
        stamp = str(int(time.time() if at is None else at))
        headers = self.signature("POST", path, body, stamp=stamp, nonce=nonce) | {"Idempotency-Key": key}
        return self.client.generic("POST", path, altered.get("sent", body), MULTIPART_CONTENT, headers=headers)

    def signature(self, method: str, path: str, body: bytes, *, stamp: str, nonce: str) -> dict[str, str]:
        signed = "\n".join([method, path, stamp, nonce, hashlib.sha256(body).hexdigest()])
        return {
            "X-Station-Key": self.key.key_id,
            "X-Station-Timestamp": stamp,
            "X-Station-Nonce": nonce,
            "X-Station-Signature": hmac.new(self.key.secret.encode(), signed.encode(), hashlib.sha256).hexdigest(),
        }

    def get(self, address: str, **headers: str):
        return self.client.get(address, headers=self.credentials | headers)

    def send(self, address: str, body: bytes | str, *, content_type: str = "application/json"):
        """Post a body of JSON, or of what the test calls JSON."""
        return self.client.generic("POST", address, body, content_type, headers=self.credentials)


def _present(headers: dict[str, str | None]) -> dict[str, str]:
    return {name: value for name, value in headers.items() if value is not None}
