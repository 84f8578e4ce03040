"""The station's calls to the server. Every failure comes back as a value; nothing here raises for the network."""

import time
from collections.abc import Mapping
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any

import requests

from edge.credentials import Key, authentication
from edge.parts import Capture, rfc3339
from edge.protocol import (
    Again,
    Dispositions,
    Orders,
    Outcome,
    UnreadableAnswerError,
    item_fields,
    read_dispositions,
    read_heartbeat,
    read_item_answer,
)
from edge.schedule import retry_after

CONNECT_TIMEOUT = 3.05
# Beyond what the server was asked to wait: room for a slow link and a busy disk.
READ_TIMEOUT = 15.0
SOFTWARE = "tollgate-edge 0.1.0"


class Client:
    """One connection to the server, for one thread. Redirects are not followed: a key goes where it was meant to."""

    def __init__(self, url: str, key: Key) -> None:
        self._base = url.rstrip("/") + "/api/v1"
        self._session = requests.Session()
        self._session.auth = authentication(url, key)
        self._session.headers["User-Agent"] = SOFTWARE
        self._session.headers["Accept"] = "application/json"

    def post(self, key: str, capture: Capture, *, wait: float) -> Outcome:
        """Send a picture. The same key and capture may be sent any number of times."""
        answer = self._ask(
            "POST",
            "/items/",
            wait=wait,
            params={"wait": f"{wait:g}"},
            headers={"Idempotency-Key": key},
            data=item_fields(capture),
            # Never the camera's own file name: it may say what the part is.
            files={"image": ("image", capture.picture, capture.media_type)},
        )
        if isinstance(answer, Again):
            return answer
        now = datetime.now(UTC)
        return read_item_answer(answer.status_code, answer.headers, answer.content, sha256=capture.sha256, now=now)

    def dispositions(self, *, after: int, wait: float) -> Dispositions | Again:
        """The station's verdicts after a cursor; waits up to `wait` seconds for the first."""
        params = {"after": str(after), "wait": f"{wait:g}"}
        answer = self._ask("GET", "/dispositions/", wait=wait, params=params)
        return self._read(answer, lambda body: read_dispositions(body, after=after))

    def heartbeat(self, *, spooled: int, last_cursor: int, camera: Mapping[str, Any]) -> Orders | Again:
        """Say that the station lives, and hear the line's level and fail-safe."""
        pulse = {
            "sent_at": rfc3339(datetime.fromtimestamp(time.time(), UTC)),
            "software": SOFTWARE,
            "spooled": spooled,
            "model_sha256": None,
            "last_cursor": last_cursor,
            "camera": dict(camera),
        }
        return self._read(self._ask("POST", "/stations/me/heartbeat/", wait=0.0, json=pulse), read_heartbeat)

    def _ask(self, method: str, path: str, *, wait: float, **request: Any) -> requests.Response | Again:
        timeout = (CONNECT_TIMEOUT, wait + READ_TIMEOUT)
        try:
            return self._session.request(method, self._base + path, timeout=timeout, allow_redirects=False, **request)
        except requests.RequestException as fault:
            return Again(reason=f"No answer from {self._base} ({type(fault).__name__}).")

    def _read(self, answer: requests.Response | Again, read: Any) -> Any:
        if isinstance(answer, Again):
            return answer
        if answer.status_code != HTTPStatus.OK:
            after = retry_after(answer.headers, datetime.now(UTC))
            return Again(reason=f"{self._base} answered {answer.status_code}.", after=after)
        try:
            return read(answer.content)
        except UnreadableAnswerError as fault:
            return Again(reason=str(fault))
