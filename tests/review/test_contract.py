"""The names that programs outside rely on, door by door, as the contract has them. They may grow, not change."""

from uuid import uuid4

import pytest

from inspection.rules.words import Label, Role
from tests.builders import make_model_version, make_user
from tests.inspection.device import Device
from tests.inspection.making import make_device
from tests.review.asking import claim
from tests.review.rollout_scene import make_served_line
from tests.review.scene import make_task, read

pytestmark = pytest.mark.django_db

DISPOSITION = """serial run verdict final decided_by level model reason missing_views settled_at"""
ITEM = "id line serial run view received_at sha256 duplicate_of state disposition links"
CHECK = "stream successes failures p0 alpha log_e lower_bound passed items_to_pass"


def lacks(said: dict, names: str) -> set[str]:
    """Return the documented names that an answer does not have."""
    return set(names.split()) - set(said)


@pytest.fixture
def line():
    return make_served_line()


@pytest.fixture
def quinns(line, client_of):
    return client_of(make_user("quinn", role=Role.QA_LEAD))


@pytest.fixture
def read_line(line, ana):
    read(make_task(line, "A-1"), ana, Label.PASS)
    return line


@pytest.fixture
def device(line) -> Device:
    return make_device(line)


def test_what_a_station_hears_of_an_item_and_a_part(device):
    posted = device.post(key="k-1", serial="B-1").json()
    assert not lacks(posted, ITEM)
    assert not lacks(posted["links"], "self part disposition")
    part = device.get("/api/v1/parts/B-1/").json()
    assert not lacks(part, "line serial lot ever_rejected_or_held runs")
    assert not lacks(part["runs"][0], "run opened_at state views missing_views disposition")
    assert not lacks(part["runs"][0]["views"][0], "view item state verdict")


def test_what_a_station_hears_of_verdicts_and_of_its_heartbeat(device):
    assert not lacks(device.get("/api/v1/dispositions/").json(), "results next")
    body = (
        '{"sent_at": "2026-11-23T12:00:00Z", "software": "1", "spooled": 0, "model_sha256": null, "last_cursor": 0,'
        ' "camera": {"last_capture_at": "2026-11-23T12:00:00Z", "dropped": 0}}'
    )
    orders = device.send("/api/v1/stations/me/heartbeat/", body).json()
    assert not lacks(orders, "server_time skew_s line level model policy")
    assert not lacks(orders["policy"], "id bands envelope call_threshold failsafe valid_for")


def test_what_an_inspector_claims_and_calls(line, ana, client_of):
    make_task(line)
    client = client_of(ana)
    said = claim(client, line, count=1).json()
    assert not lacks(said, "tasks waiting leased_by_others")
    task = said["tasks"][0]
    assert not lacks(task, "id lease_token lease_until item classes level_phase")
    assert not lacks(task["item"], "id image_url width height serial view captured_at reference_url")
    assert not lacks(task["classes"][0], "code name key")
    called = {
        "decision_id": str(uuid4()), "lease_token": task["lease_token"], "label": "defect", "defect_class": "scratch",
        "regions": [{"x": 1, "y": 2, "w": 30, "h": 40}, {"x": 5, "y": 6}], "comment": "",
        "shown_at": "2026-11-23T12:00:00Z", "decided_at": "2026-11-23T12:00:02Z", "view_ms": 2000,
    }  # fmt: skip
    answer = client.post(f"/api/v1/tasks/{task['id']}/decision/", called, format="json")
    assert answer.status_code == 201
    assert not lacks(answer.json(), "decision_id final_at reveal")
    undone = client.post(f"/api/v1/decisions/{called['decision_id']}/undo/")
    assert undone.status_code == 200


def test_what_agreement_says(read_line, quinns):
    said = quinns.get("/api/v1/lines/phone-glass/agreement/").json()
    names = "confusion by_class by_inspector by_shift by_camera calibration coverage_risk two_phase"
    assert not lacks(said, names)
    assert said["confusion"] == said["model_against_truth"]["table"] == [[1, 0], [0, 0]]
    assert not lacks(said["model_against_truth"], "agreement escape overkill kappa ac1 mcc positive_agreement")
    assert not lacks(said["model_against_truth"]["agreement"], "k n rate low high")


@pytest.mark.parametrize(
    ("since", "until", "days"),
    [
        ("2026-11-23T00:00:00Z", "2026-11-23T23:59:59%2B00:00", ["2026-11-23", "2026-11-23"]),
        ("2026-11-22", "2026-11-23T12:00:00Z", ["2026-11-22", "2026-11-23"]),
        ("2026-11-23T20:00:00Z", "2026-11-24", ["2026-11-24", "2026-11-24"]),
    ],
)
def test_a_moment_in_a_window_is_the_local_day_it_falls_on(read_line, quinns, since, until, days):
    # Readings are counted by shift: at 20:00 in London the day in Seoul is the next.
    read_line.time_zone = "Asia/Seoul" if "20:00" in since else "UTC"
    read_line.save(update_fields=["time_zone"])
    said = quinns.get(f"/api/v1/lines/phone-glass/agreement/?since={since}&until={until}").json()
    assert [said["since"], said["until"]] == days


def test_what_automation_says(read_line, quinns):
    said = quinns.get("/api/v1/lines/phone-glass/automation/").json()
    assert not lacks(said, "level epoch next_level gate holds audit history")
    assert not lacks(said["gate"], "status checks reasons")
    assert not lacks(said["gate"]["checks"][0], CHECK)
    assert not lacks(said["audit"], "state rate cusum")
    assert quinns.get("/api/v1/lines/phone-glass/automation/plan/").status_code == 200


def test_what_a_rollout_says(line, quinns):
    make_model_version("green")
    wish = {"candidate": "green:1", "strategy": "canary", "share": 0.05}
    started = quinns.post("/api/v1/lines/phone-glass/rollouts/", wish, format="json")
    assert started.status_code == 201
    said = quinns.get(f"/api/v1/rollouts/{started.json()['id']}/").json()
    assert not lacks(said, "arms guardrails recommendation")
    assert {guard["log_e"] == guard["log_e_worse"] for guard in said["guardrails"]} == {True}


def test_what_the_lineage_of_an_item_says(read_line, quinns):
    item = read_line.items.get()
    said = quinns.get(f"/api/v1/items/{item.pk}/lineage/").json()
    assert not lacks(said, "line thresholds call_threshold receipt")


@pytest.mark.parametrize("body", [{}, {"reason": "customer's complaint"}])
def test_a_containment_is_opened_with_and_without_a_reason(read_line, quinns, body):
    opened = quinns.post("/api/v1/lines/phone-glass/containment/", body, format="json")
    assert opened.status_code == 201
    assert opened.json()["cause"] == body.get("reason", "asked for over HTTP")
    assert opened.json()["results"] == []


def test_a_containment_needs_no_body_at_all(read_line, quinns):
    assert quinns.post("/api/v1/lines/phone-glass/containment/").status_code == 201
