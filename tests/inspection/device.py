"""A station as the HTTP client sees it."""

import itertools
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from inspection.models import Station
from inspection.stations import IssuedKey
from tests.inspection.pictures import jpeg

ITEMS = "/api/v1/items/"
_keys = itertools.count(1)


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
        content_type: str = "image/jpeg",
        headers: dict[str, str] | None = None,
        query: str = "",
        leave_out: str = "",
        **fields: Any,
    ):
        """Post one good image, with what the test changes about it."""
        form = {
            "serial": "A-17",
            "captured_at": "2026-11-23T12:00:00Z",
            "image": SimpleUploadedFile("image", jpeg() if content is None else content, content_type),
        }
        form = {name: value for name, value in (form | fields).items() if name != leave_out}
        sent = {"Idempotency-Key": key or f"key-{next(_keys)}"} | self.credentials | (headers or {})
        return self.client.post(ITEMS + query, form, headers={name: value for name, value in sent.items() if value})

    def get(self, address: str, **headers: str):
        return self.client.get(address, headers=self.credentials | headers)
