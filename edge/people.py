"""Simulated people of a demo line: they read what the queue draws and rule where reader and model differ.

They know what the simulated camera drew, and say so through the same doors as anybody. They work only while the
line's conditions ask for them.
"""

import json
import logging
import threading
import uuid
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import requests

from edge.conditions import ControlFile
from edge.parts import rfc3339
from edge.shots import Picture
from vision.drawn import UNSEEN

LOOK_EVERY = 1.0
READING_S = 1.0
TIMEOUT = 15.0
REMEMBERED = 5000
# A class that no inspector knows by name is "other" to them.
CALLED = {UNSEEN: "other"}

logger = logging.getLogger("edge.people")


@dataclass(frozen=True)
class Person:
    """A simulated person: name, API token, and what they do (`inspector` or `qa_lead`)."""

    name: str
    token: str
    role: str


class Truths:
    """What the last parts truly are, by serial. Shared by the camera's thread and the people's."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._known: OrderedDict[str, str] = OrderedDict()

    def add(self, serial: str, picture: Picture) -> None:
        with self._lock:
            self._known[serial] = CALLED.get(picture.defect_type, picture.defect_type) if picture.defective else ""
            while len(self._known) > REMEMBERED:
                self._known.popitem(last=False)

    def call(self, serial: str) -> dict[str, Any]:
        """Return the call of somebody who sees everything; on a part from before this process: cannot judge."""
        with self._lock:
            kind = self._known.get(serial)
        if kind is None:
            return {"label": "cannot_judge", "defect_class": None, "regions": []}
        if not kind:
            return {"label": "pass", "defect_class": None, "regions": []}
        return {"label": "defect", "defect_class": kind, "regions": [{"x": 20, "y": 20}]}


def read_people(path: Path, names: Sequence[str]) -> list[Person]:
    """Read those of the people's file who are named: objects with username, token and role."""
    rows = json.loads(path.read_bytes())
    return [Person(row["username"], row["token"], row["role"]) for row in rows if row["username"] in names]


class Staff:
    """The simulated people of all lines: one round looks at each line that is staffed now."""

    def __init__(self, url: str, people: Sequence[Person], truths: Truths, controls: ControlFile) -> None:
        self._base, self._people = url.rstrip("/") + "/api/v1", people
        self._truths, self._controls = truths, controls

    def work(self, lines: Sequence[str], stop: threading.Event) -> None:
        """Work until stopped. A server that does not answer is asked again."""
        while not stop.wait(LOOK_EVERY):
            for line in lines:
                if self._controls.of(line).staffed:
                    self._round(line, stop)

    def _round(self, line: str, stop: threading.Event) -> None:
        deeds: Mapping[str, Callable[[Person, str, threading.Event], None]] = {
            "inspector": self._read,
            "qa_lead": self._rule,
        }
        for person in self._people:
            try:
                deeds[person.role](person, line, stop)
            except requests.RequestException as fault:
                logger.warning("%s could not work on %s: %s", person.name, line, fault)

    def _read(self, person: Person, line: str, stop: threading.Event) -> None:
        for task in self._ask(person, "POST", f"lines/{line}/claim/", {"count": 1})["tasks"]:
            call = self._truths.call(task["item"]["serial"])
            shown = rfc3339(datetime.now(UTC))
            # They look as long as people do: the minutes saved are counted by it.
            stop.wait(READING_S)
            said = {"lease_token": task["lease_token"], "shown_at": shown, "view_ms": round(1000 * READING_S), **call}
            said["decided_at"] = rfc3339(datetime.now(UTC))
            path = f"tasks/{task['id']}/decision/"
            answer = self._ask(person, "POST", path, {"decision_id": str(uuid.uuid4()), **said})
            if answer.get("reveal"):
                self._ask(person, "POST", path, {"decision_id": str(uuid.uuid4()), "phase": "final", **said})

    def _rule(self, person: Person, line: str, _: threading.Event) -> None:
        for case in self._ask(person, "GET", f"adjudications/?line={line}")["results"]:
            call = self._truths.call(case["item"]["serial"])
            ruling = {"label": call["label"], "defect_class": call["defect_class"], "reason": "seen under the lens"}
            self._ask(person, "POST", f"adjudications/{case['id']}/", ruling)

    def _ask(self, person: Person, method: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        headers = {"Authorization": f"Bearer {person.token}", "Accept": "application/json"}
        answer = requests.request(method, f"{self._base}/{path}", json=body, headers=headers, timeout=TIMEOUT)
        answer.raise_for_status()
        return answer.json()
