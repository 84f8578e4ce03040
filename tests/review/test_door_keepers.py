"""Who may go through the reviewer's doors, and what the adjudicator's doors show."""

import pytest
from rest_framework.test import APIClient

from inspection.models import Membership
from inspection.rules.words import Call, Role
from tests.builders import NOON, make_line, make_user
from tests.review.asking import claim, code_of, decide, the_task
from tests.review.scene import make_task, read

pytestmark = pytest.mark.django_db

# Who may --------------------------------------------------------------------------------------------------------


def every_door(task, decision, case):
    return [
        ("POST", f"/api/v1/lines/{task.line.slug}/claim/"),
        ("GET", f"/api/v1/lines/{task.line.slug}/reference/front/"),
        ("POST", f"/api/v1/tasks/{task.pk}/decision/"),
        ("POST", f"/api/v1/tasks/{task.pk}/heartbeat/"),
        ("POST", f"/api/v1/tasks/{task.pk}/release/"),
        ("GET", f"/api/v1/tasks/{task.pk}/image/"),
        ("GET", f"/api/v1/tasks/{task.pk}/heatmap/"),
        ("POST", f"/api/v1/decisions/{decision.pk}/undo/"),
        ("POST", f"/api/v1/decisions/{decision.pk}/amend/"),
        ("GET", f"/api/v1/adjudications/{case.pk}/"),
        ("POST", f"/api/v1/adjudications/{case.pk}/"),
        ("GET", f"/api/v1/adjudications/{case.pk}/image/"),
    ]


@pytest.fixture
def doors(line, ana):
    task = make_task(line, call=Call.DEFECT)
    decision = read(task, ana)
    return every_door(task, decision, decision.task.item.adjudications.get())


def ask(client, method, address):
    return client.generic(method, address, "{}", content_type="application/json")


def test_strangers_and_people_of_other_lines_find_nothing(doors, oscar, client_of):
    elsewhere = make_user("andre", line=make_line("phone-back"))

    for person in (oscar, elsewhere):
        for method, address in doors:
            assert code_of(ask(client_of(person), method, address)) == (404, "not-found"), address
    assert client_of(oscar).get("/api/v1/lines/").json() == {"results": []}
    assert client_of(oscar).get("/api/v1/decisions/").json() == {"results": []}
    assert client_of(oscar).get("/api/v1/adjudications/").json() == {"results": []}
    assert code_of(client_of(oscar).get("/api/v1/adjudications/?line=phone-glass")) == (404, "not-found")


def test_nobody_signed_in_is_asked_to_sign_in(doors):
    for method, address in [*doors, ("GET", "/api/v1/lines/"), ("GET", "/api/v1/decisions/")]:
        assert code_of(ask(APIClient(), method, address)) == (401, "unauthenticated"), address


def test_leads_do_not_claim_and_inspectors_do_not_rule(doors, line, ana, andre, quinn, client_of):
    for method, address in doors:
        if "claim" in address or ("tasks" in address and method == "POST"):
            assert code_of(ask(client_of(quinn), method, address)) == (403, "forbidden"), address
        if "adjudications" in address:
            assert code_of(ask(client_of(andre), method, address)) == (403, "forbidden"), address


def test_a_role_taken_away_works_for_no_later_request(line, ana, client_of):
    make_task(line)
    client = client_of(ana)
    task = the_task(client, line)
    Membership.objects.update(revoked_at=NOON)

    assert code_of(decide(client, task)) == (404, "not-found")


def test_a_session_needs_the_csrf_token(line, ana):
    make_task(line)
    client = APIClient(enforce_csrf_checks=True)
    client.force_login(ana)

    assert code_of(claim(client, line)) == (403, "csrf-failed")


def test_other_methods_and_media_types_are_refused(line, ana, client_of):
    client = client_of(ana)

    refused = client.put(f"/api/v1/lines/{line.slug}/claim/")
    assert code_of(refused) == (405, "method-not-allowed")
    assert "POST" in refused["Allow"]
    assert code_of(client.get("/api/v1/lines/", HTTP_ACCEPT="application/xml")) == (406, "not-acceptable")


# Adjudication ---------------------------------------------------------------------------------------------------


def test_a_lead_rules_blind_and_then_sees_the_model(line, ana, quinn, client_of):
    read(make_task(line, call=Call.DEFECT), ana)
    client = client_of(quinn)
    [case] = client.get(f"/api/v1/adjudications/?line={line.slug}").json()["results"]
    assert set(case) == {"id", "line", "opened_at", "item", "classes", "calls"}
    assert case["calls"] == []
    address = f"/api/v1/adjudications/{case['id']}/"
    assert client.get(address).json() == case

    ruled = client.post(address, {"label": "defect", "defect_class": "scratch", "reason": ""}, format="json")

    assert ruled.status_code == 200
    assert ruled.json()["models"] == [
        {"model": "scratch-net:1", "label": "defect", "probability": 0.73193, "defect_class": "ZZQ"}
    ]
    assert client.get("/api/v1/adjudications/").json() == {"results": []}
    assert client.get(address).json()["label"] == "defect"


def test_a_ruling_is_not_shown_to_who_may_look_again(line, ana, quinn, quill, client_of):
    read(make_task(line, call=Call.PASS, drawn=("truth", "second_look")), ana)
    first = client_of(quinn).get("/api/v1/adjudications/").json()["results"][0]
    address = f"/api/v1/adjudications/{first['id']}/"
    client_of(quinn).post(address, {"label": "pass"}, format="json")

    assert code_of(client_of(quill).get(address)) == (404, "not-found")
    assert code_of(client_of(quill).post(address, {"label": "pass"}, format="json")) == (409, "conflict")
    [look] = client_of(quill).get("/api/v1/adjudications/").json()["results"]
    assert set(look) == set(first)
    again = f"/api/v1/adjudications/{look['id']}/"
    assert code_of(client_of(quinn).post(again, {"label": "pass"}, format="json")) == (403, "conflict-of-interest")


def test_a_reader_who_leads_too_is_in_conflict(line, ana, client_of):
    Membership.objects.create(user=ana, role=Role.QA_LEAD.value, granted_at=NOON)
    decision = read(make_task(line, call=Call.DEFECT), ana)
    address = f"/api/v1/adjudications/{decision.task.item.adjudications.get().pk}/"

    for response in (client_of(ana).get(address), client_of(ana).post(address, {"label": "pass"}, format="json")):
        assert code_of(response) == (403, "conflict-of-interest")
