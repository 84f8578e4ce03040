"""One part's whole way with every process real: posted, predicted, decided, ruled on, counted; then the line climbs."""

import json

import pytest

from bench.shots import shots
from tests.flows.conftest import LINE, eventually

pytestmark = [pytest.mark.engine, pytest.mark.slow]
TRACES = ("probability", "score", "prediction", "heatmap", "purpose", "model", "call")
PAST = 3000


def test_one_part_travels_the_whole_way_and_the_line_climbs(plant):
    picture, *others = shots(6, size=(320, 240))
    read_twice_differently(plant, picture)
    rule_on_the_disagreement(plant)
    assert_not_yet(plant)
    plant.load_past(PAST)
    sign_what_the_last_decision_opened(plant, others[0])
    assert_the_next_item_is_assisted(plant, others[1:])


def read_twice_differently(plant, picture):
    """Let two parts with one picture be called differently: with one of the two calls the model cannot agree."""
    for serial, who, label, verdict in [("A-1", "ana", "pass", "pass"), ("A-2", "andre", "defect", "reject")]:
        item = plant.send(serial, picture)
        plant.await_state(item, "waiting")
        task = plant.claim(who, serial)
        assert not [trace for trace in TRACES if f'"{trace}' in json.dumps(task)]
        assert plant.decide(who, task, label)["reveal"] is None
        told = plant.disposition(item)
        assert (told["serial"], told["verdict"], told["decided_by"], told["level"]) == (
            serial,
            verdict,
            "human",
            "shadow",
        )


def rule_on_the_disagreement(plant):
    """Give the ruling that the disagreement asks for; only then is the model's call told."""
    case = eventually(lambda: plant.get("quinn", f"adjudications/?line={LINE}")["results"], "a case")[0]
    assert not [trace for trace in ("probability", "model") if f'"{trace}' in json.dumps(case)]
    ruling = {"label": "defect", "defect_class": "scratch", "reason": "A scratch, seen under the lens."}
    assert "model" in json.dumps(plant.post("quinn", f"adjudications/{case['id']}/", **ruling))


def assert_not_yet(plant):
    """Both parts count on the agreement page, and the gate says that they are too few."""
    eventually(lambda: plant.get("quinn", f"lines/{LINE}/agreement/")["parts"] == 2, "two counted parts")
    ladder = plant.ladder()
    assert (ladder["level"], ladder["next_level"]) == ("shadow", "assist")
    assert (ladder["gate"]["status"], ladder["proposal"]) == ("insufficient_data", None)


def sign_what_the_last_decision_opened(plant, picture):
    """Decide one more part: the gate opens, the system proposes, and two different leads sign."""
    item = plant.send("A-3", picture)
    plant.decide("aria", plant.claim("aria", "A-3"), "pass")
    plant.disposition(item)
    proposal = eventually(lambda: plant.ladder()["proposal"], "a proposal")
    assert proposal["opened_by_system"]
    assert plant.ladder()["gate"]["status"] == "open"
    address = f"proposals/{proposal['id']}/approve/"
    assert plant.ask("ana", address, password=plant.password).status_code == 404
    assert plant.post("quinn", address, password=plant.password)["status"] == "open"
    assert plant.ask("quinn", address, password=plant.password).json()["code"] == "self-approval"
    assert plant.post("quill", address, password=plant.password)["status"] == "approved"


def assert_the_next_item_is_assisted(plant, pictures):
    """The next part is read first and then shown what the model says, unless it was drawn as a control."""
    assert plant.ladder()["level"] == "assist"
    reveals = []
    for n, picture in enumerate(pictures):
        item = plant.send(f"B-{n}", picture)
        task = plant.claim("ana", f"B-{n}")
        first = plant.decide("ana", task, "pass", ask_reveal=True)
        reveals.append(first["reveal"])
        if first["reveal"]:
            plant.decide("ana", task, "pass", phase="final")
            break
    assert reveals[-1]["label"] in ("pass", "defect")
    told = plant.disposition(item)
    assert (told["verdict"], told["decided_by"], told["level"]) == ("pass", "human", "assist")
