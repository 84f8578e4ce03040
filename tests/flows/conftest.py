"""A running plant: the product's own processes with one line, its station and its people, reached over HTTP only."""

import uuid
from contextlib import ExitStack
from datetime import UTC, datetime

import pytest
import requests

from bench import floor
from bench.own_engine import OwnEngine, wait_until
from tools.with_postgres import NoPostgres, cluster, programs

LINE = "glass"
WITHIN_S = 300
ANSWER_WITHIN_S = 120


class Plant:
    """What a station, inspectors and leads can do from outside."""

    def __init__(self, engine, facts, environment):
        self.folder, self.environment = engine.folder, environment
        self.url, self.password = f"{engine.url}/api/v1", facts["password"]
        self.tokens = facts["people"]
        [station] = facts["stations"]
        self.station = {"Authorization": f"Station {station['key_id']}:{station['secret']}"}

    def get(self, who, path):
        return _body(requests.get(f"{self.url}/{path}", headers=self._key(who), timeout=ANSWER_WITHIN_S))

    def post(self, who, path, **body):
        return _body(self.ask(who, path, **body))

    def ask(self, who, path, **body):
        """Post and return the answer as it is, also a refusal."""
        return requests.post(f"{self.url}/{path}", json=body, headers=self._key(who), timeout=ANSWER_WITHIN_S)

    def send(self, serial, picture):
        """Post an image as the station does."""
        return _body(
            requests.post(
                f"{self.url}/items/",
                headers={**self.station, "Idempotency-Key": serial},
                data={"serial": serial, "captured_at": datetime.now(UTC).isoformat()},
                files={"image": ("image", picture, "image/jpeg")},
                timeout=ANSWER_WITHIN_S,
            )
        )

    def await_state(self, item, state):
        wait_until(lambda: self.get("station", f"items/{item['id']}/")["state"] == state, state, WITHIN_S)

    def claim(self, who, serial):
        """Claim until the part comes. What else was waiting, second readings by the draw, is read on the way."""
        while True:
            [task] = eventually(lambda: self.post(who, f"lines/{LINE}/claim/", count=1)["tasks"], f"a task of {serial}")
            if task["item"]["serial"] == serial:
                return task
            self.decide(who, task, "pass")

    def decide(self, who, task, label, **more):
        now = datetime.now(UTC).isoformat()
        said = {"decision_id": str(uuid.uuid4()), "lease_token": task["lease_token"], "label": label, "view_ms": 900}
        where = {"defect_class": "scratch", "regions": [{"x": 20, "y": 20}]} if label == "defect" else {}
        said |= {"shown_at": now, "decided_at": now, **where, **more}
        return said | self.post(who, f"tasks/{task['id']}/decision/", **said)

    def disposition(self, item):
        """Wait for the verdict as the station does."""
        path = f"items/{item['id']}/disposition/?wait=5"
        return eventually(lambda: self.get("station", path), "a verdict")

    def ladder(self):
        return self.get("quinn", f"lines/{LINE}/automation/")

    def load_past(self, decided):
        """Load many decided parts below the ones that were really decided."""
        words = ("manage.py", "fill", LINE, "--waiting", "0", "--decided", str(decided))
        floor.run(self.folder, *words, environment=self.environment)

    def _key(self, who):
        return self.station if who == "station" else {"Authorization": f"Bearer {self.tokens[who]}"}


def eventually(ask, what):
    """Ask again and again until the answer is something; return it."""
    answers = []

    def is_something():
        answers.append(ask())
        return answers[-1]

    wait_until(is_something, what, WITHIN_S)
    return answers[-1]


def _body(response):
    assert response.ok, response.text
    return response.json()


@pytest.fixture(params=["sqlite", "postgresql"])
def plant(request, tmp_path):
    """The plant on one database and on the other."""
    with ExitStack() as ends:
        environment = {}
        if request.param == "postgresql":
            try:
                programs()
            except NoPostgres as reason:
                pytest.skip(str(reason))
            environment["DATABASE_URL"] = ends.enter_context(cluster())
        # Deadlines that a busy machine meets too: a part whose prediction is late is told no call.
        facts = floor.furnish(tmp_path / "data", f"{LINE}:shadow:1:90:60", environment=environment)
        engine = OwnEngine(tmp_path / "data", "--no-demo", environment={"TOLLGATE_ENV": "demo", **environment})
        ends.callback(engine.stop)
        yield Plant(engine.start().await_up(), facts, environment)
