"""Examples of the API's description: what is sent to each door, and what a refusal looks like. Each runs as a test."""

from typing import Any

from inspection.api.catalogue import CATALOGUE

LINE = "/api/v1/lines/{slug}"
REASON = {"reason": "the lamp over the belt was changed"}

# What may be sent, by the address of the door. Ids and tokens are those of an earlier answer.
REQUESTS: dict[str, dict[str, Any]] = {
    "/api/v1/items/": {
        "image": "front.jpg",
        "serial": "A-17",
        "captured_at": "2026-11-23T12:00:00Z",
        "view": "front",
        "lot": "L-8",
        "meta": '{"exposure_ms": 4}',
    },
    "/api/v1/stations/me/heartbeat/": {
        "sent_at": "2026-11-23T12:00:00Z",
        "software": "1.4.0",
        "spooled": 0,
        "model_sha256": None,
        "last_cursor": 812,
        "camera": {"last_capture_at": "2026-11-23T11:59:58Z", "dropped": 0},
    },
    f"{LINE}/claim/": {"count": 3, "tab": "window-1"},
    "/api/v1/tasks/{id}/decision/": {
        "decision_id": "0199f0f4-7d10-7cc3-8a41-3f1c2e5b6a70",
        "lease_token": 1,
        "label": "defect",
        "defect_class": "scratch",
        "regions": [{"x": 120, "y": 80, "w": 40, "h": 24}],
        "comment": "",
        "shown_at": "2026-11-23T12:00:00Z",
        "decided_at": "2026-11-23T12:00:02Z",
        "view_ms": 2000,
    },
    "/api/v1/tasks/{id}/heartbeat/": {"lease_token": 1},
    "/api/v1/tasks/{id}/release/": {"lease_token": 1},
    "/api/v1/adjudications/{id}/": {
        "label": "defect",
        "defect_class": "scratch",
        "reason": "deeper than the limit sample",
    },
    f"{LINE}/automation/proposals/": {"to_level": "assist", "reason": "the gate has been open for a week"},
    "/api/v1/proposals/{id}/approve/": {"code": "123456"},
    f"{LINE}/automation/lower/": {"to_level": "human", **REASON},
    f"{LINE}/automation/stop/": REASON,
    f"{LINE}/automation/resume/": REASON,
    f"{LINE}/rollouts/": {"candidate": "scratch-net:4", "strategy": "canary", "share": 0.05},
    "/api/v1/rollouts/{id}/share/": {"share": 0.1},
    "/api/v1/rollouts/{id}/abort/": REASON,
    "/api/v1/rollouts/{id}/rollback/": {**REASON, "read_again": True},
    f"{LINE}/containment/": REASON,
    "/api/v1/alarms/{id}/shelve/": {"minutes": 30, **REASON},
}

# The refusal that a reader meets first under each status.
REFUSALS = {
    401: "unauthenticated",
    403: "forbidden",
    404: "not-found",
    409: "conflict",
    413: "body-too-large",
    415: "unsupported-media-type",
    422: "validation",
    429: "rate-limited",
}
# What any door may answer, and what one that takes a body may answer too.
ALWAYS, WITH_BODY = (401, 403, 404, 422), (409, 413, 415)
PROBLEM = "application/problem+json"


def add(result: dict[str, Any], **_facts: object) -> dict[str, Any]:
    """Put the examples into the description, and the refusals that a door does not name itself."""
    for path, doors in result["paths"].items():
        for method, door in doors.items():
            _refuse(door, ALWAYS if method == "get" else (*ALWAYS, *WITH_BODY), instance=path.split("{")[0])
            sent = door.get("requestBody", {}).get("content", {})
            if method == "post" and path in REQUESTS:
                for kind in sent.values():
                    kind["example"] = REQUESTS[path]
    return result


def refusal(status: int, *, instance: str) -> dict[str, Any]:
    """Return an example of a refusal with this status. `instance` is an address up to its first variable part."""
    entry = CATALOGUE[REFUSALS[status]]
    errors = [{"pointer": "/reason", "detail": "This field is required.", "code": "required"}]
    return {
        "type": f"https://tollgate.example/problems/{entry.code}",
        "title": str(entry.title),
        "status": status,
        "detail": str(entry.cause),
        "instance": instance,
        "request_id": "5f0c1d7e2b9a4c3e8d6f7a1b2c3d4e5f",
        "code": entry.code,
        "errors": errors if status == 422 else [],
        "retryable": entry.retryable,
        "retry_after_s": 1 if status == 429 else None,
    }


def _refuse(door: dict[str, Any], statuses: tuple[int, ...], *, instance: str) -> None:
    shape = {"$ref": "#/components/schemas/ProblemShape"}
    for status in statuses:
        door["responses"].setdefault(str(status), {"description": "Refused.", "content": {PROBLEM: {"schema": shape}}})
    for status in REFUSALS:
        content = door["responses"].get(str(status), {}).get("content", {}).get(PROBLEM)
        if content is not None:
            content["example"] = refusal(status, instance=instance)
    door["responses"] = dict(sorted(door["responses"].items()))
