import json
from datetime import UTC, datetime

import pytest

from edge.protocol import (
    Accepted,
    Again,
    Refused,
    UnreadableAnswerError,
    Verdict,
    failsafe_verdict,
    item_fields,
    read_dispositions,
    read_heartbeat,
    read_item_answer,
    read_verdict,
)
from tests.edge.builders import make_capture

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
DISPOSITION = {"serial": "A-1", "run": 2, "verdict": "pass", "final": True, "decided_by": "model", "reason": "band"}
ITEM = {"id": "0193", "serial": "A-1", "run": 2, "sha256": "ab", "disposition": None}


def read(status=202, body=ITEM, headers=()):
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return read_item_answer(status, dict(headers), raw, sha256="ab", now=NOON)


@pytest.mark.parametrize("status", [200, 201, 202])
def test_an_answer_that_names_the_picture_is_an_acknowledgement(status):
    assert read(status) == Accepted(serial="A-1", run=2, verdict=None)


def test_an_acknowledgement_brings_the_verdict_when_there_is_one():
    verdict = Verdict(serial="A-1", run=2, verdict="pass", reason="band", decided_by="model")
    assert read(201, ITEM | {"disposition": DISPOSITION}) == Accepted(serial="A-1", run=2, verdict=verdict)


@pytest.mark.parametrize(
    "body",
    [
        ITEM | {"sha256": "another picture"},
        {"ok": True},
        [],
        b"<html>Welcome to the guest network</html>",
        b"",
        b"[" * 100_000,
        ITEM | {"run": "2"},
        ITEM | {"disposition": {"verdict": "pass"}},
    ],
)
def test_a_success_that_does_not_name_the_picture_acknowledges_nothing(body):
    assert isinstance(read(200, body), Again)


@pytest.mark.parametrize("status", [400, 410, 411, 413, 414, 415, 422, 431])
def test_what_is_wrong_with_the_picture_is_refused_for_good(status):
    outcome = read(status, {"code": "image-corrupt", "detail": "The JPEG ends early.", "retryable": False})
    assert isinstance(outcome, Refused)
    assert outcome.sentence == "image-corrupt: The JPEG ends early."


@pytest.mark.parametrize("status", [301, 401, 403, 404, 405, 408, 409, 425, 429, 500, 502, 503, 504, 507])
def test_what_is_wrong_with_the_station_or_the_server_is_tried_again(status):
    assert isinstance(read(status, {"code": "trouble"}), Again)


def test_a_refusal_that_calls_itself_retryable_is_tried_again():
    assert isinstance(read(422, {"code": "trouble", "retryable": True}), Again)


def test_the_server_says_how_long_to_stay_away():
    assert read(429, {"code": "rate-limited"}, {"Retry-After": "4"}) == Again(
        reason="429 rate-limited: ", after=4.0, is_away=False
    )


@pytest.mark.parametrize(
    ("change", "verdict"),
    [
        ({}, "pass"),
        ({"verdict": "reject"}, "reject"),
        ({"verdict": "hold", "final": False}, "hold"),
        ({"verdict": "perhaps"}, "hold"),
        ({"verdict": "pass", "final": False}, None),
        ({"verdict": "reject", "final": None}, None),
        ({"verdict": None}, None),
    ],
)
def test_only_a_final_pass_or_reject_may_be_acted_on_and_a_hold_always(change, verdict):
    read_out = read_verdict(DISPOSITION | change)
    assert (read_out.verdict if read_out else None) == verdict


def test_a_disposition_without_a_part_is_a_broken_contract():
    with pytest.raises(UnreadableAnswerError, match="no serial and run"):
        read_verdict({"verdict": "pass"})


def test_dispositions_keep_the_servers_order_and_move_the_cursor():
    page = read_dispositions(
        json.dumps(
            {"results": [{"cursor": 4} | DISPOSITION, {"cursor": 5} | DISPOSITION | {"run": 1}], "next": 5}
        ).encode(),
        after=3,
    )
    assert [verdict.run for verdict in page.verdicts] == [2, 1]
    assert page.next_cursor == 5


@pytest.mark.parametrize("following", [None, 1, "x"])
def test_a_cursor_never_goes_back(following):
    assert read_dispositions(json.dumps({"results": [], "next": following}).encode(), after=3).next_cursor == 3


def test_dispositions_that_are_no_list_are_a_broken_contract():
    with pytest.raises(UnreadableAnswerError, match="a list was expected"):
        read_dispositions(b'{"results": null}', after=3)


def test_a_heartbeat_answer_tells_level_and_failsafe():
    orders = read_heartbeat(b'{"level": "partial", "skew_s": 1.5, "policy": {"failsafe": "reject"}}')
    assert (orders.level, orders.failsafe, orders.skew_s) == ("partial", "reject", 1.5)


def test_a_heartbeat_answer_without_policy_orders_nothing():
    assert read_heartbeat(b'{"policy": null}').failsafe is None


@pytest.mark.parametrize(
    ("told", "verdict"), [("hold", "hold"), ("reject", "reject"), ("pass", "hold"), (None, "hold")]
)
def test_no_fault_ever_passes_a_part(told, verdict):
    assert failsafe_verdict(told) == verdict


def test_the_source_of_a_picture_is_not_among_what_is_sent():
    fields = item_fields(make_capture(1, source="scratch_0001.jpg", view="front", incumbent_verdict="pass"))
    assert fields == {
        "serial": "A-1",
        "captured_at": "2026-03-02T12:00:00.000Z",
        "view": "front",
        "incumbent_verdict": "pass",
    }


def test_the_number_of_a_picture_is_sent_among_what_the_server_keeps_of_it():
    assert item_fields(make_capture(1, sequence=42))["meta"] == '{"sequence": 42}'
