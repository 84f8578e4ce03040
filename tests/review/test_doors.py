"""The reviewer's API: who may, what comes back, what is refused."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.utils.timezone import now as clock

from inspection.models import Hold
from inspection.rules.words import AssistStyle, Call, Level
from review import decisions, queues
from review.models import Decision, ReviewTask
from tests.builders import NOON
from tests.review.asking import claim, code_of, decide, the_task
from tests.review.scene import later, make_task, make_watched_line, read

pytestmark = pytest.mark.django_db

# Lines and claims -----------------------------------------------------------------------------------------------


def test_lines_tell_what_waits_and_no_level_to_inspectors_of_blind_lines(line, ana, quinn, client_of):
    make_task(line)
    make_watched_line("phone-lens", level=Level.ASSIST)

    told = {row["slug"]: row for row in client_of(ana).get("/api/v1/lines/").json()["results"]}
    assert told["phone-glass"] == {
        "slug": "phone-glass",
        "name": "Phone Glass",
        "product": "A12",
        "roles": ["inspector"],
        "waiting": 1,
        "leased_by_others": 0,
        "oldest_at": "2026-11-23T12:00:00Z",
        "level": None,
    }
    assert told["phone-lens"]["level"] == "assist"
    assert {row["level"] for row in client_of(quinn).get("/api/v1/lines/").json()["results"]} == {"shadow", "assist"}


def test_a_claim_holds_what_the_contract_names_and_nothing_else(line, ana, client_of):
    task_row = make_task(line, drawn=("truth", "control", "overlap"))

    answer = claim(client_of(ana), line, count=2).json()

    [task] = answer["tasks"]
    assert (answer["waiting"], answer["leased_by_others"]) == (0, 0)
    assert set(task) == {"id", "lease_token", "lease_until", "item", "classes", "level_phase"}
    assert task["level_phase"] == "initial"
    assert task["item"] == {
        "id": str(task_row.item_id),
        "image_url": f"/api/v1/tasks/{task_row.pk}/image/",
        "width": 640,
        "height": 480,
        "serial": "A-1",
        "view": "front",
        "captured_at": "2026-11-23T12:00:00Z",
        "reference_url": None,
    }
    assert task["classes"][0] == {"code": "scratch", "name": "scratch", "key": 1}


def test_class_names_follow_the_readers_language(line, ana, client_of):
    make_task(line)
    client = client_of(ana)
    client.defaults["HTTP_ACCEPT_LANGUAGE"] = "ko"

    assert the_task(client, line)["classes"][0]["name"] == "긁힘"


def test_nothing_claimable_is_an_empty_list_with_the_counts(line, ana, andre, client_of):
    make_task(line)
    claim(client_of(andre), line, count=6)

    answer = claim(client_of(ana), line)

    assert answer.status_code == 200
    assert answer.json() == {"tasks": [], "waiting": 0, "leased_by_others": 1}


def test_a_second_tab_gets_other_items(line, ana, client_of):
    for n in range(2):
        make_task(line, f"A-{n}", at=later(n))
    client = client_of(ana)

    serials = [claim(client, line, count=1, tab=tab).json()["tasks"][0]["item"]["serial"] for tab in ("one", "two")]

    assert serials == ["A-0", "A-1"]


@pytest.mark.parametrize("body", [{"count": 0}, {"count": 7}, {"count": "1"}, {"count": True}, {"count": 2**63}])
def test_a_claim_of_no_sensible_number_is_refused(line, ana, client_of, body):
    assert code_of(claim(client_of(ana), line, **body)) == (422, "validation")


# Decisions ------------------------------------------------------------------------------------------------------


def test_a_decision_is_created_once_and_replayed(line, ana, client_of):
    make_task(line)
    client = client_of(ana)
    task, same = the_task(client, line), str(uuid4())

    first, again = (decide(client, task, decision_id=same) for _ in range(2))

    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json() == again.json()
    assert set(first.json()) == {"decision_id", "final_at", "reveal"}
    assert Decision.objects.count() == 1


def test_the_pages_own_facts_are_kept(line, ana, client_of):
    make_task(line)
    client = client_of(ana)
    facts = {"tool_use": {"zoom": 2}, "viewport": [1920, 1080], "prefetch_hit": True, "wait_ms": 12, "fast": False}

    assert decide(client, the_task(client, line), **facts).status_code == 201
    assert Decision.objects.get().page == facts


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"comment": "x" * 10_001}, "/comment"),
        ({"comment": "  "}, "/comment"),
        ({"regions": [{"x": 1, "y": 1, "w": 0, "h": 5}]}, "/regions/0/w"),
        ({"regions": [{"x": -1, "y": 1}]}, "/regions/0/x"),
        ({"regions": [{"x": 700, "y": 1}]}, "/regions/0/x"),
        ({"regions": [{"x": 1, "y": 1}] * 1001}, "/regions"),
        ({"regions": [7]}, "/regions"),
        ({"regions": "box"}, "/regions"),
        ({"label": "defect"}, "/defect_class"),
        ({"defect_class": "scratch"}, "/defect_class"),
        ({"label": "defect", "defect_class": "dent"}, "/defect_class"),
        ({"label": "maybe"}, "/label"),
        ({"label": None}, "/label"),
        ({"lease_token": "1"}, "/lease_token"),
        ({"lease_token": True}, "/lease_token"),
        ({"view_ms": -1}, "/view_ms"),
        ({"view_ms": 1.5}, "/view_ms"),
        ({"wait_ms": -1}, "/wait_ms"),
        ({"wait_ms": "12"}, "/wait_ms"),
        ({"view_ms": 2**31}, "/view_ms"),
        ({"decision_id": "7"}, "/decision_id"),
        ({"decision_id": 7}, "/decision_id"),
        ({"shown_at": "yesterday"}, "/shown_at"),
        ({"decided_at": "2026-02-30T00:00:00Z"}, "/decided_at"),
        ({"phase": "third"}, "/phase"),
        ({"ask_reveal": "yes"}, "/ask_reveal"),
        ({"tool_use": {"zoom": "much"}}, "/tool_use/zoom"),
    ],
)
def test_a_field_out_of_shape_or_meaning_is_pointed_at_and_writes_nothing(line, ana, client_of, changes, pointer):
    make_task(line)
    client = client_of(ana)

    response = decide(client, the_task(client, line), **changes)

    assert code_of(response) == (422, "validation")
    assert pointer in [error["pointer"] for error in response.json()["errors"]]
    assert not Decision.objects.exists()


@pytest.mark.parametrize("field", ["level", "is_staff", "blind", "final_at", "person", "created_at"])
def test_an_unknown_field_is_refused(line, ana, client_of, field):
    make_task(line)
    client = client_of(ana)

    assert code_of(decide(client, the_task(client, line), **{field: "human"})) == (422, "unknown-field")


@pytest.mark.parametrize(
    ("body", "content_type", "refusal"),
    [
        ('{"label": NaN}', "application/json", (400, "malformed-json")),
        ('{"label": "pass", "label": "pass"}', "application/json", (400, "malformed-json")),
        ('{"label"', "application/json", (400, "malformed-json")),
        ('{"view_ms": 1e400}', "application/json", (422, "validation")),
        ('{"comment": "a\\u0000b"}', "application/json", (422, "validation")),
        ('{"label": "pass"}', "text/plain", (415, "unsupported-media-type")),
    ],
)
def test_a_body_that_is_no_plain_json_is_refused(line, ana, client_of, body, content_type, refusal):
    task = make_task(line)

    response = client_of(ana).generic("POST", f"/api/v1/tasks/{task.pk}/decision/", body, content_type=content_type)

    assert code_of(response) == refusal


def test_stale_and_foreign_leases_and_second_calls_are_conflicts(line, ana, andre, client_of):
    make_task(line)
    mine, theirs = client_of(ana), client_of(andre)
    task = the_task(mine, line)

    assert code_of(decide(mine, {**task, "lease_token": 9})) == (409, "lease-lost")
    assert code_of(decide(theirs, task)) == (409, "lease-lost")
    assert decide(mine, task).status_code == 201
    assert code_of(decide(mine, task)) == (409, "already-decided")
    assert Decision.objects.count() == 1


def test_a_lease_that_ended_before_the_call_is_a_conflict_and_the_task_returns_once(line, ana, andre, client_of):
    make_task(line)
    mine = client_of(ana)
    task = the_task(mine, line)
    ReviewTask.objects.update(lease_until=clock())

    assert code_of(decide(mine, task)) == (409, "lease-lost")
    assert queues.sweep_expired(now=clock()) == 1
    assert the_task(client_of(andre), line)["lease_token"] == 2


# Undo, heartbeat, release ---------------------------------------------------------------------------------------


def test_undo_leases_the_task_again(line, ana, client_of):
    make_task(line)
    client = client_of(ana)
    task = the_task(client, line)
    given = decide(client, task).json()

    answer = client.post(f"/api/v1/decisions/{given['decision_id']}/undo/")

    assert answer.status_code == 200
    assert (answer.json()["task"]["id"], answer.json()["task"]["lease_token"]) == (task["id"], 2)
    assert decide(client, answer.json()["task"], label="cannot_judge").status_code == 201


def test_undo_after_the_window_is_a_conflict_and_of_anothers_call_not_found(line, ana, andre, client_of):
    decision = read(make_task(line), ana)
    address = f"/api/v1/decisions/{decision.pk}/undo/"

    assert code_of(client_of(ana).post(address)) == (409, "undo-expired")
    assert code_of(client_of(andre).post(address)) == (404, "not-found")
    assert code_of(client_of(ana).post(f"/api/v1/decisions/{uuid4()}/undo/")) == (404, "not-found")


def test_heartbeat_renews_and_release_gives_back(line, ana, client_of):
    make_task(line)
    client = client_of(ana)
    task = the_task(client, line)
    body = {"lease_token": task["lease_token"]}

    beat = client.post(f"/api/v1/tasks/{task['id']}/heartbeat/", body, format="json")
    assert beat.json()["lease_until"] > task["lease_until"]
    assert client.post(f"/api/v1/tasks/{task['id']}/release/", body, format="json").status_code == 204
    for deed in ("heartbeat", "release"):
        gone = client.post(f"/api/v1/tasks/{task['id']}/{deed}/", body, format="json")
        assert code_of(gone) == (409, "lease-lost")
    assert claim(client, line).json()["tasks"][0]["lease_token"] == 2


# My last calls --------------------------------------------------------------------------------------------------


def test_my_last_calls_are_mine_newest_first_and_can_be_amended(line, ana, andre, client_of):
    for n, person in enumerate((ana, andre, ana)):
        read(make_task(line, f"A-{n}"), person)
    client = client_of(ana)

    rows = client.get("/api/v1/decisions/?mine=20").json()["results"]
    assert sorted(row["serial"] for row in rows) == ["A-0", "A-2"]
    assert {row["state"] for row in rows} == {"final"}
    body = {"decision_id": str(uuid4()), "label": "defect", "defect_class": "crack", "reason": "seen later"}
    address = f"/api/v1/decisions/{rows[0]['decision_id']}/amend/"
    assert client.post(address, {**body, "reason": ""}, format="json").status_code == 422
    assert client.post(address, body, format="json").json()["amends"] == rows[0]["decision_id"]
    assert code_of(client.post(address, {**body, "decision_id": str(uuid4())}, format="json")) == (409, "conflict")
    assert len(client.get("/api/v1/decisions/?mine=1").json()["results"]) == 1


@pytest.mark.parametrize("mine", ["0", "201", "1000000000", "x"])
def test_a_list_has_a_sensible_length(ana, client_of, mine):
    assert code_of(client_of(ana).get(f"/api/v1/decisions/?mine={mine}")) == (422, "validation")


def test_lists_take_few_statements_however_long(line, ana, client_of, django_assert_num_queries):
    for n in range(8):
        read(make_task(line, f"A-{n}"), ana)
    client = client_of(ana)
    client.get("/api/v1/lines/")
    with django_assert_num_queries(5):
        client.get("/api/v1/lines/")
    with django_assert_num_queries(4):
        assert len(client.get("/api/v1/decisions/").json()["results"]) == 8


# Assist ---------------------------------------------------------------------------------------------------------


def test_at_assist_a_disagreement_is_answered_in_words_and_the_final_call_follows(ana, client_of):
    line = make_watched_line("phone-lens", level=Level.ASSIST)
    make_task(line, call=Call.DEFECT)
    client = client_of(ana)
    task = the_task(client, line)

    first = decide(client, task).json()

    assert first["reveal"] == {
        "label": "defect",
        "probability_band": "low",
        "defect_class": "ZZQ",
        "heatmap_url": f"/api/v1/tasks/{task['id']}/heatmap/",
    }
    heatmap = client.get(first["reveal"]["heatmap_url"]).json()
    assert heatmap == {"columns": 3, "rows": 2, "cells": [0, 1, 2, 3, 4, 5]}
    assert decide(client, task, phase="final").json()["reveal"] is None


def test_a_stopped_line_shows_nothing_of_the_model_it_stopped(ana, client_of):
    line = make_watched_line("phone-lens", level=Level.ASSIST)
    make_task(line, call=Call.DEFECT)
    client = client_of(ana)
    task = the_task(client, line)
    Hold.objects.create(line=line, kind=Hold.STOP, reason="dust", placed_at=NOON)

    assert decide(client, task).json()["reveal"] is None


def test_a_claim_says_whether_the_page_waits_for_a_reveal(line, ana, client_of):
    lens = make_watched_line("phone-lens", level=Level.ASSIST)

    assert claim(client_of(ana), lens).json()["waits_for_reveal"] is True
    assert "waits_for_reveal" not in claim(client_of(ana), line).json()


def test_what_waits_when_a_line_is_raised_is_assisted_too(ana, client_of):
    line = make_watched_line("phone-lens", level=Level.SHADOW)
    make_task(line, call=Call.DEFECT)
    line.level = Level.ASSIST.value
    line.save()
    queues.follow(line)
    client = client_of(ana)

    assert decide(client, the_task(client, line)).json()["reveal"]["label"] == "defect"


def test_alongside_shows_the_prediction_in_the_claim_except_to_controls_and_draws(ana, client_of):
    line = make_watched_line("phone-lens", level=Level.ASSIST, assist_style=AssistStyle.ALONGSIDE.value)
    for n, drawn in enumerate(((), ("control",), ("truth",))):
        make_task(line, f"B-{n}", call=Call.DEFECT, drawn=drawn)

    tasks = {task["item"]["serial"]: task for task in claim(client_of(ana), line, count=6).json()["tasks"]}

    assert tasks["B-0"]["level_phase"] == "alongside"
    assert tasks["B-0"]["prediction"]["label"] == "defect"
    for serial in ("B-1", "B-2"):
        assert tasks[serial]["level_phase"] == "initial"
        assert "prediction" not in tasks[serial]


@pytest.mark.parametrize("level", [Level.SHADOW, Level.ASSIST])
def test_the_heat_map_is_absent_until_it_was_shown(ana, client_of, level):
    line = make_watched_line("phone-lens", level=level)
    make_task(line, call=Call.DEFECT)
    client = client_of(ana)
    task = the_task(client, line)

    assert code_of(client.get(f"/api/v1/tasks/{task['id']}/heatmap/")) == (404, "not-found")


def test_a_window_is_counted_on_the_servers_clock(line, ana, client_of):
    make_task(line)
    client = client_of(ana)
    before = clock()

    given = decide(client, the_task(client, line), decided_at="2036-01-01T00:00:00Z").json()

    final_at = Decision.objects.get(pk=given["decision_id"]).final_at
    assert timedelta(seconds=10) <= final_at - before < timedelta(seconds=20)
    assert decisions.finalise_due(now=final_at) == 1
