"""What a reviewer's browser sends: a claim, a decision, and the code of what comes back."""

from uuid import uuid4

CALL = {
    "label": "pass",
    "defect_class": None,
    "regions": [],
    "comment": "",
    "shown_at": "2026-11-23T12:00:00Z",
    "decided_at": "2026-11-23T12:00:02.5Z",
    "view_ms": 2500,
}


def claim(client, line, **body):
    return client.post(f"/api/v1/lines/{line.slug}/claim/", body, format="json")


def decide(client, task, **changes):
    body = {**CALL, "decision_id": str(uuid4()), "lease_token": task["lease_token"], **changes}
    return client.post(f"/api/v1/tasks/{task['id']}/decision/", body, format="json")


def code_of(response):
    assert response["Content-Type"] == "application/problem+json"
    return response.status_code, response.json()["code"]


def the_task(client, line):
    [task] = claim(client, line).json()["tasks"]
    return task
