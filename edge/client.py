"""The station's calls to the server. Every failure comes back as a value; nothing here raises for the network."""

import time
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from http import HTTPStatus
from pathlib import Path
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
    is_of_a_server_away,
    item_fields,
    read_dispositions,
    read_heartbeat,
    read_item_answer,
)
from edge.schedule import retry_after

CONNECT_TIMEOUT = 3.05
# Beyond what the server was asked to wait: room for a slow link and a busy disk.
READ_TIMEOUT = 15.0
PIECE = 65_536
SOFTWARE = "tollgate-edge 0.1.0"


class Client:
    """One connection to the server, for one thread. Redirects are not followed: a key goes where it was meant to."""

    def __init__(self, url: str, key: Key) -> None:
        self._base = url.rstrip("/") + "/api/v1"
        self._session = requests.Session()
        self._session.auth = authentication(url, key)
        self._session.headers["User-Agent"] = SOFTWARE
        self._session.headers["Accept"] = "application/json"

    def post(self, key: str, capture: Capture, *, wait: float, claim: str | None = None) -> Outcome:
        """Send a picture, with what the station decided about it alone. It may be sent any number of times."""
        answer = self._ask(
            "POST",
            "/items/",
            wait=wait,
            params={"wait": f"{wait:g}"},
            headers={"Idempotency-Key": key},
            data=item_fields(capture, claim),
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

    def fetch_model(self, sha256: str, *, into: Path) -> Again | None:
        """Bring a model's file, going on where an earlier try ended. None: what the server has is there, unchecked."""
        have = into.stat().st_size if into.exists() else 0
        # Byte for byte: a packed answer could not be gone on with.
        headers = {"Accept-Encoding": "identity"} | ({"Range": f"bytes={have}-"} if have else {})
        try:
            with self._session.get(
                f"{self._base}/stations/me/models/{sha256}/",
                headers=headers,
                timeout=(CONNECT_TIMEOUT, READ_TIMEOUT),
                allow_redirects=False,
                stream=True,
            ) as answer:
                if answer.status_code not in (HTTPStatus.OK, HTTPStatus.PARTIAL_CONTENT):
                    return Again(reason=f"{self._base} answered {answer.status_code}.", is_away=False)
                with into.open("ab" if answer.status_code == HTTPStatus.PARTIAL_CONTENT else "wb") as file:
                    for piece in answer.iter_content(PIECE):
                        file.write(piece)
        except requests.RequestException as fault:
            return Again(reason=f"The model did not come whole ({type(fault).__name__}).")
        return None

    def heartbeat(
        self,
        *,
        spooled: int,
        last_cursor: int,
        camera: Mapping[str, Any],
        model_sha256: str | None = None,
        grant: str | None = None,
        undelivered: int = 0,
    ) -> Orders | Again:
        """Say that the station lives, and hear the line's level, its fail-safe and what the station may do alone."""
        sent_at = rfc3339(datetime.fromtimestamp(time.time(), UTC))
        pulse = {
            "sent_at": sent_at,
            "software": SOFTWARE,
            "spooled": spooled,
            "model_sha256": model_sha256,
            "grant": grant,
            "undelivered": undelivered,
            "last_cursor": last_cursor,
            "camera": dict(camera),
        }
        answer = self._ask("POST", "/stations/me/heartbeat/", wait=0.0, json=pulse)
        return self._read(answer, lambda body: replace(read_heartbeat(body), answers=sent_at))

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
            is_away = is_of_a_server_away(answer.status_code)
            return Again(reason=f"{self._base} answered {answer.status_code}.", after=after, is_away=is_away)
        try:
            return read(answer.content)
        except UnreadableAnswerError as fault:
            return Again(reason=str(fault))
