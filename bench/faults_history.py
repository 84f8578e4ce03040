"""What the clients of the fault harness did and what they were told: invoked, ok, fail or unknown."""

import json
import threading
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import requests

OK, FAIL, UNKNOWN = "ok", "fail", "unknown"
# Not refused for what it says: the same call may succeed later.
LATER = {408, 425, 429}


@dataclass(frozen=True)
class Call:
    """One call of one client. `subject` is what makes it the same call when it is sent again."""

    client: str
    deed: str
    subject: str
    outcome: str
    status: int | None
    began: float
    ended: float
    said: dict[str, Any] = field(default_factory=dict)
    answer: Any = None


class History:
    """All calls in the order in which they ended. Shared by the clients' threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.calls: list[Call] = []

    def attempt(
        self, client: str, deed: str, subject: str, send: Callable[[], requests.Response], **said: object
    ) -> Call:
        """Make the call and note how it ended. A broken connection is unknown: it may have been done."""
        began = time.time()
        status, answer = None, None
        try:
            response = send()
            status, answer = response.status_code, _body(response)
        except requests.RequestException:
            pass
        call = Call(client, deed, subject, _outcome(status), status, began, time.time(), said, answer)
        with self._lock:
            self.calls.append(call)
        return call

    def write(self, path: Path) -> None:
        path.write_text("".join(json.dumps(asdict(call)) + "\n" for call in self.calls))


def read(path: Path) -> list[Call]:
    return [Call(**json.loads(line)) for line in path.read_text().splitlines()]


def _outcome(status: int | None) -> str:
    if status is None or status >= 500 or status in LATER:
        return UNKNOWN
    return OK if status < 300 else FAIL


def _body(response: requests.Response) -> Any:
    try:
        return response.json()
    except ValueError:
        return None
