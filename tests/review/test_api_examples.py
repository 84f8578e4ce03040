"""The description of the API is followed as it stands: each example is sent, each refusal met, each answer compared."""

import io
import json

import jsonschema
import pytest
import yaml
from django.core.management import call_command

from config import api_examples
from inspection.models import LevelProposal
from inspection.rules.words import Call, Label, Role
from monitoring.models import Alarm
from review.models import Adjudication
from tests.builders import NOON, make_model_version, make_user
from tests.inspection.device import Device
from tests.inspection.making import make_device
from tests.review.asking import the_task
from tests.review.rollout_scene import make_rollout, make_served_line
from tests.review.scene import later, make_task, read

pytestmark = pytest.mark.django_db

STOP = "/api/v1/lines/phone-glass/automation/stop/"
SHAPED = {
    "/api/v1/lines/{slug}/automation/": "/api/v1/lines/phone-glass/automation/",
    "/api/v1/lines/{slug}/automation/plan/": "/api/v1/lines/phone-glass/automation/plan/",
    "/api/v1/lines/{slug}/agreement/": "/api/v1/lines/phone-glass/agreement/",
    "/api/v1/lines/{slug}/containment/": "/api/v1/lines/phone-glass/containment/",
    "/api/v1/items/{id}/lineage/": "/api/v1/items/{item}/lineage/",
}


@pytest.fixture(scope="module")
def document() -> dict:
    out = io.StringIO()
    call_command("spectacular", stdout=out)
    return yaml.safe_load(out.getvalue())


def resolved(document: dict, schema: dict) -> dict:
    name = schema.get("$ref", "").removeprefix("#/components/schemas/")
    return document["components"]["schemas"][name] if name else schema


@pytest.fixture
def line():
    return make_served_line()


@pytest.fixture
def quinns(line, client_of):
    return client_of(make_user("quinn", role=Role.QA_LEAD))


def test_every_example_stands_in_the_description_and_fits_what_its_door_takes(document):
    for path, example in api_examples.REQUESTS.items():
        content = document["paths"][path]["post"]["requestBody"]["content"]
        for kind in content.values():
            schema = resolved(document, kind["schema"])
            assert kind["example"] == example
            assert set(example) <= set(schema["properties"]), path
            jsonschema.validate(example, {**schema, "components": document["components"]})


@pytest.mark.parametrize("path", [path for path in api_examples.REQUESTS if not path.endswith("items/")])
def test_an_example_is_understood_by_its_door(document, line, ana, client_of, device, quinns, path):
    body, sender = dict(api_examples.REQUESTS[path]), quinns
    slug = path.replace("{slug}", line.slug)
    if "/stations/" in path:
        answer = device.send(path, json.dumps(body))
    else:
        if "/tasks/" in path or path.endswith("/claim/"):
            sender = client_of(ana)
        address = slug.replace("{id}", str(_id_for(path, line, ana, sender, body)))
        answer = sender.post(address, body, format="json")
    said = answer.json() if answer.content else {}
    assert str(answer.status_code) in document["paths"][path]["post"]["responses"]
    assert answer.status_code not in (400, 404, 415), said
    assert said.get("code") not in ("validation", "unknown-field"), said


@pytest.fixture
def device(line) -> Device:
    return make_device(line)


def _id_for(path, line, ana, sender, body):
    """Return the id that stands in a door's address, of a thing made for it."""
    if "/tasks/" in path:
        make_task(line)
        task = the_task(sender, line)
        body["lease_token"] = task["lease_token"]
        return task["id"]
    if "/adjudications/" in path:
        read(make_task(line, call=Call.PASS), ana, Label.DEFECT)
        return Adjudication.objects.get().pk
    if "/rollouts/{id}" in path:
        return make_rollout(line).pk
    if "/proposals/{id}" in path:
        facts = {"from_level": "shadow", "to_level": "assist", "opened_by_system": True, "expires_at": later(900)}
        return LevelProposal.objects.create(line=line, opened_at=NOON, **facts).pk
    if "/alarms/" in path:
        facts = {"rule": "review-due", "state": "unacknowledged", "is_on": True}
        return Alarm.objects.create(line=line, raised_at=NOON, **facts).pk
    make_model_version("scratch-net", 4)
    return ""


def test_the_example_of_an_image_is_taken_in(document, device):
    fields = dict(api_examples.REQUESTS["/api/v1/items/"])
    fields.pop("image")
    assert device.post(key="k-1", **fields).status_code == 202


@pytest.mark.parametrize("status", [413, 415, 422])
def test_a_refusal_looks_as_its_example(document, quinns, settings, status):
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 100
    sent = {
        413: ("x" * 101, "application/json"),
        415: ("reason=lamp", "text/plain"),
        422: ("{}", "application/json"),
    }
    answer = quinns.post(STOP, sent[status][0], content_type=sent[status][1])
    door = document["paths"]["/api/v1/lines/{slug}/automation/stop/"]["post"]
    example = door["responses"][str(status)]["content"]["application/problem+json"]["example"]
    varies = ("type", "request_id", "detail") if status == 422 else ("type", "request_id")
    assert answer.status_code == status
    said = answer.json()
    assert {name: said[name] for name in example if name not in varies} == {
        name: example[name] for name in example if name not in varies
    }
    assert said["type"].endswith(f"/problems/{example['code']}")


@pytest.mark.parametrize("path", SHAPED)
def test_what_people_automate_answers_as_described(document, line, ana, quinns, path):
    read(make_task(line, call=Call.PASS), ana, Label.PASS)
    answer = quinns.get(SHAPED[path].replace("{item}", str(line.items.get().pk)))
    schema = document["paths"][path]["get"]["responses"]["200"]["content"]["application/json"]["schema"]
    assert answer.status_code == 200
    jsonschema.validate(answer.json(), {**schema, "components": document["components"]})


def test_the_agreement_report_answers_nothing_that_is_not_described(document, line, ana, quinns):
    read(make_task(line, call=Call.PASS), ana, Label.PASS)
    said = quinns.get("/api/v1/lines/phone-glass/agreement/").json()
    for shape, answer in (("Agreement", said), ("Hours", said["hours"]), ("Comparison", said["model_against_truth"])):
        assert set(answer) == set(document["components"]["schemas"][f"{shape}Shape"]["properties"])


def test_an_opened_containment_answers_as_described(document, quinns):
    answer = quinns.post("/api/v1/lines/phone-glass/containment/")
    schema = document["components"]["schemas"]["ContainmentShape"]
    jsonschema.validate(answer.json(), {**schema, "components": document["components"]})


def test_the_page_offers_each_call_as_curl_and_as_python(client):
    html = client.get("/api/docs/").content.decode()
    assert html.index("js/api_snippets.js") < html.index("?script")
    assert 'title: "Python"' in client.get("/api/docs/?script=").content.decode()
