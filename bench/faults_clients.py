"""Stations, inspectors and a lead who go on working, over HTTP, whatever happens to the server."""

import hashlib
import threading
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from random import Random
from typing import Any

import requests

from bench.faults_history import OK, UNKNOWN, Call, History

PATIENCE_S = 10.0
WAIT_S = 0.3
WAITING_SHARE = 0.5
PAUSE_S = 0.25
TWICE_SHARE = 0.2
STALE_SHARE = 0.2
UNDO_SHARE = 0.1
RETRIES = 200


@dataclass(frozen=True)
class Shot:
    """One picture as it is sent, and sent again."""

    key: str
    serial: str
    captured_at: str
    picture: bytes
    sha256: str
    wait: float


class StationClient:
    """Posts pictures, some of them twice at once, sends again what it heard nothing about, and reads its verdicts."""

    def __init__(self, url: str, facts: dict[str, Any], pictures: Sequence[bytes], history: History, seed: str) -> None:
        self.url, self.history = url, history
        self.name = facts["key_id"]
        self.headers = {"Authorization": f"Station {facts['key_id']}:{facts['secret']}"}
        self.pictures = list(pictures)
        self.random = Random(seed)
        self.owed: list[Shot] = []
        self.items: dict[str, str] = {}
        self.cursor = 0

    def work(self, stop: threading.Event) -> None:
        while self.pictures and not stop.wait(PAUSE_S):
            self._post_next()
            self._settle_owed(1)
            self._read_verdicts()

    def finish(self) -> None:
        """Send again until everything was answered."""
        for _ in range(RETRIES):
            if not self.owed:
                break
            self._settle_owed(len(self.owed))
        self._read_verdicts()

    def state(self, item: str) -> str:
        """Return how far an item is, empty while the server does not say."""
        try:
            found = requests.get(f"{self.url}/api/v1/items/{item}/", headers=self.headers, timeout=PATIENCE_S)
        except requests.RequestException:
            return ""
        return found.json()["state"] if found.ok else ""

    def _post_next(self) -> None:
        picture, name = self.pictures.pop(), uuid.UUID(int=self.random.getrandbits(128)).hex
        now = datetime.now(UTC).isoformat()
        # Who does not wait is answered from what is in memory: a word that must be as good as the others.
        wait = WAIT_S if self.random.random() < WAITING_SHARE else 0.0
        shot = Shot(name, f"S-{name[:12]}", now, picture, hashlib.sha256(picture).hexdigest(), wait)
        twin = None
        if self.random.random() < TWICE_SHARE:
            twin = threading.Thread(target=self._post, args=(shot,))
            twin.start()
        if self._post(shot).outcome == UNKNOWN:
            self.owed.append(shot)
        if twin is not None:
            twin.join()

    def _settle_owed(self, count: int) -> None:
        for shot in self.owed[:count]:
            if self._post(shot).outcome != UNKNOWN:
                self.owed.remove(shot)

    def _post(self, shot: Shot) -> Call:
        call = self.history.attempt(
            self.name,
            "post",
            shot.key,
            lambda: requests.post(
                f"{self.url}/api/v1/items/?wait={shot.wait:g}",
                headers={**self.headers, "Idempotency-Key": shot.key},
                data={"serial": shot.serial, "captured_at": shot.captured_at},
                files={"image": ("image", shot.picture, "image/jpeg")},
                timeout=PATIENCE_S,
            ),
            sha256=shot.sha256,
            serial=shot.serial,
        )
        if call.outcome == OK:
            self.items[call.answer["id"]] = shot.key
        return call

    def _read_verdicts(self) -> None:
        address = f"{self.url}/api/v1/dispositions/?after={self.cursor}"
        call = self.history.attempt(
            self.name,
            "verdicts",
            str(self.cursor),
            lambda: requests.get(address, headers=self.headers, timeout=PATIENCE_S),
        )
        if call.outcome == OK:
            self.cursor = call.answer["next"]


class PersonClient:
    """Somebody with a token."""

    def __init__(self, url: str, name: str, token: str, history: History, seed: str) -> None:
        self.url, self.name, self.history = url, name, history
        self.headers = {"Authorization": f"Bearer {token}"}
        self.random = Random(seed)

    def post(self, deed: str, subject: str, path: str, body: dict[str, Any], **said: object) -> Call:
        def send() -> requests.Response:
            return requests.post(f"{self.url}/api/v1/{path}", json=body, headers=self.headers, timeout=PATIENCE_S)

        return self.history.attempt(self.name, deed, subject, send, **said)


class InspectorClient(PersonClient):
    """Claims, decides, now and then takes back, and now and then tries a token that is not the lease's."""

    def work(self, stop: threading.Event, lines: Sequence[str]) -> None:
        while not stop.wait(PAUSE_S):
            line = self.random.choice(lines)
            claimed = self.post("claim", line, f"lines/{line}/claim/", {"count": 2, "tab": self.name})
            for task in claimed.answer["tasks"] if claimed.outcome == OK else []:
                self._read(task)

    def _read(self, task: dict[str, Any]) -> None:
        if self.random.random() < STALE_SHARE:
            self._decide(task, "decide-stale", token=task["lease_token"] + 1, tries=1)
        done = self._decide(task, "decide", token=task["lease_token"], tries=5)
        if done.outcome == OK and self.random.random() < UNDO_SHARE:
            self.post("undo", done.subject, f"decisions/{done.subject}/undo/", {})

    def _decide(self, task: dict[str, Any], deed: str, *, token: int, tries: int) -> Call:
        call_id = str(uuid.UUID(int=self.random.getrandbits(128), version=4))
        defect = self.random.random() < 0.2
        now = datetime.now(UTC).isoformat()
        body = {
            "decision_id": call_id,
            "lease_token": token,
            "label": "defect" if defect else "pass",
            "defect_class": "scratch" if defect else None,
            "regions": [{"x": 10, "y": 10}] if defect else [],
            "shown_at": now,
            "decided_at": now,
            "view_ms": 900,
        }
        for _ in range(tries):
            call = self.post(deed, call_id, f"tasks/{task['id']}/decision/", body, task=task["id"], label=body["label"])
            if call.outcome != UNKNOWN:
                break
        return call


class LeadClient(PersonClient):
    """Presses STOP once."""

    def stop_line(self, line: str) -> None:
        for _ in range(RETRIES):
            if (
                self.post("stop", line, f"lines/{line}/automation/stop/", {"reason": "fault harness"}).outcome
                != UNKNOWN
            ):
                return
