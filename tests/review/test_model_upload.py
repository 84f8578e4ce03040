"""A model over HTTP: safetensors of a known network from an administrator, whole or not at all; nothing else."""

import fcntl
import hashlib
import io
import json
import pickle
import struct
import zipfile

import numpy as np
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from safetensors.numpy import save

from inspection import registry, uploads
from inspection.models import ModelVersion
from inspection.rules.words import Origin, Role
from tests.builders import make_line, make_model_version, make_user
from tests.review.asking import code_of
from vision.networks import build, state_of

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("own_files")]
API = "/api/v1/models/"
FIELDS = {"name": "net", "architecture": "small-cnn", "classes": "scratch, crack"}


@pytest.fixture(scope="module")
def state():
    return state_of(build("small-cnn", 3))


@pytest.fixture
def office(client_of):
    return client_of(make_user("admin", role=Role.ADMINISTRATOR))


def send(client, content, *, called="weights.safetensors", address=API, **changes):
    fields = {name: value for name, value in {**FIELDS, **changes}.items() if value is not None}
    return client.post(address, {**fields, "file": SimpleUploadedFile(called, content)}, format="multipart")


def left_behind(settings):
    return {one.name for one in settings.MODELS_ROOT.glob("*")} - {".uploading"}


# Taken in -------------------------------------------------------------------------------------------------------


def test_uploaded_weights_become_a_version_that_runs_signed_by_who_sent_them(office, state, settings):
    content = save(state)
    given = {
        "calibrator_a": "-1.5",
        "calibrator_b": "0.25",
        "made_from": "lab 3",
        "sha256": hashlib.sha256(content).hexdigest(),
    }
    answer = send(office, content, **given)
    assert answer.status_code == 201
    version = ModelVersion.objects.get()
    assert (str(version), version.origin, version.registered_by.username) == ("net:1", Origin.UPLOAD, "admin")
    assert (version.classes, version.calibrator) == (["scratch", "crack"], {"a": -1.5, "b": 0.25})
    assert version.weights_sha256 == given["sha256"]
    assert registry.holds_registered(version)
    assert registry.scorer(version).score(np.full((64, 64, 3), 90, dtype=np.uint8)).probability > 0
    assert answer["Location"] == f"{API}net/1/"
    assert office.get(answer["Location"]).json() == json.loads(answer.content)
    assert answer.json()["registered"]["by"] == "admin"
    assert left_behind(settings) == {"net"}


# Refused --------------------------------------------------------------------------------------------------------


class Evil:
    """What a pickle would do when somebody loads it."""

    def __init__(self, marker):
        self.marker = marker

    def __reduce__(self):
        return open, (str(self.marker), "w")


def zipped(marker):
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("archive/data.pkl", pickle.dumps(Evil(marker)))
    return packed.getvalue()


def bomb():
    """An archive of 64 MB of nothing in a few kB."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("archive/data/0", bytes(64_000_000))
    return packed.getvalue()


def headed(header: dict, body: bytes = b"\0" * 64) -> bytes:
    text = json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + body


OVERLAP = {name: {"dtype": "F32", "shape": [4], "data_offsets": [0, 16]} for name in ("classify.bias", "other")}


HUGE = {"classify.bias": {"dtype": "F32", "shape": [2**62, 2**62], "data_offsets": [0, 8]}}
BEYOND = {"classify.bias": {"dtype": "F32", "shape": [2**40], "data_offsets": [0, 2**42]}}


def changed(state, **tensors):
    return save({**state, **{name.replace("_dot_", "."): values for name, values in tensors.items()}})


HOSTILE = {
    "an archive of torch": (lambda state, marker: zipped(marker), "model.pt", 415, "model-type-unsupported"),
    "one under another name": (lambda state, marker: zipped(marker), None, 415, "model-type-unsupported"),
    "a pickle under another name": (
        lambda state, marker: pickle.dumps(Evil(marker)),
        None,
        415,
        "model-type-unsupported",
    ),
    "an archive that unpacks to 64 MB": (lambda state, marker: bomb(), None, 415, "model-type-unsupported"),
    "a tensor of 2^124 numbers": (lambda state, marker: headed(HUGE), None, 422, "model-corrupt"),
    "a tensor of four terabytes": (lambda state, marker: headed(BEYOND), None, 422, "model-corrupt"),
    "good weights called otherwise": (lambda state, marker: save(state), "weights.onnx", 415, "model-type-unsupported"),
    "nothing in it": (lambda state, marker: b"\0", None, 422, "model-corrupt"),
    "a header of 2^63 bytes": (lambda state, marker: struct.pack("<Q", 2**63) + b"{}", None, 422, "model-corrupt"),
    "a header longer than the file": (
        lambda state, marker: struct.pack("<Q", 9999) + b"{}",
        None,
        422,
        "model-corrupt",
    ),
    "overlapping tensors": (lambda state, marker: headed(OVERLAP), None, 422, "model-corrupt"),
    "cut short": (lambda state, marker: save(state)[:-4], None, 422, "model-corrupt"),
    "another network": (
        lambda state, marker: save({"classify.bias": np.zeros(3, np.float32)}),
        None,
        422,
        "model-shape",
    ),
    "another shape": (
        lambda state, marker: changed(state, classify_dot_weight=np.zeros((3, 7), np.float32)),
        None,
        422,
        "model-shape",
    ),
    "another number of classes": (
        lambda state, marker: save(state_of(build("small-cnn", 2))),
        None,
        422,
        "model-shape",
    ),
    "no number": (
        lambda state, marker: changed(state, classify_dot_bias=np.array([0, np.nan, 0], np.float32)),
        None,
        422,
        "model-corrupt",
    ),
    "numbers that overflow": (
        lambda state, marker: save({name: np.full_like(values, 3e38) for name, values in state.items()}),
        None,
        422,
        "model-corrupt",
    ),
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_a_hostile_file_is_refused_runs_nothing_and_leaves_nothing(office, state, settings, tmp_path, kind):
    content, called, status, code = HOSTILE[kind]
    marker = tmp_path / "owned"
    answer = send(office, content(state, marker), called=called or "weights.safetensors")
    assert code_of(answer) == (status, code)
    assert answer["Content-Type"] == "application/problem+json"
    assert not marker.exists()
    assert not ModelVersion.objects.exists()
    assert not left_behind(settings)


def test_a_file_that_is_not_the_announced_one_is_refused(office, state, settings):
    assert code_of(send(office, save(state), sha256="0" * 64)) == (422, "model-hash")
    assert not left_behind(settings)


def test_a_file_that_is_too_large_is_refused_by_its_length(office, state, monkeypatch):
    monkeypatch.setattr(uploads, "FILE_MAX", 1000)
    assert code_of(send(office, save(state))) == (413, "model-too-large")


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"architecture": "transformer-9000"}, "/architecture"),
        ({"architecture": None}, "/architecture"),
        ({"name": "../outside"}, "/name"),
        ({"classes": "scratch,,crack"}, "/classes"),
        ({"classes": "sc ratch"}, "/classes"),
        ({"calibrator_a": "nan"}, "/calibrator_a"),
        ({"calibrator_b": "1e999"}, "/calibrator_b"),
        ({"heat_scale": "0"}, "/heat_scale"),
        ({"sha256": "abc"}, "/sha256"),
    ],
)
def test_a_field_out_of_shape_is_pointed_at(office, changes, pointer):
    answer = send(office, b"\0" * 16, **changes)
    assert code_of(answer) == (422, "validation")
    assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]


@pytest.mark.parametrize("classes", ["scratch,scratch", "scratch,pass"])
def test_a_class_is_named_once_and_pass_is_none(office, state, classes):
    assert code_of(send(office, save(state), classes=classes)) == (422, "model-shape")


def test_unknown_fields_and_files_and_none_at_all_are_refused(office):
    assert code_of(send(office, b"\0" * 16, card="{}")) == (422, "unknown-field")
    assert code_of(office.post(API, FIELDS, format="multipart")) == (422, "validation")
    assert code_of(office.post(API, FIELDS, format="json")) == (415, "unsupported-media-type")


def test_one_model_is_checked_at_a_time(office, state, settings):
    settings.MODELS_ROOT.mkdir(parents=True)
    with (settings.MODELS_ROOT / ".uploading").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        answer = send(office, save(state))
    assert code_of(answer) == (503, "server-busy")
    assert answer["Retry-After"]
    assert not left_behind(settings)


# Who may --------------------------------------------------------------------------------------------------------


def test_leads_and_administrators_of_one_line_read_and_upload_nothing(client_of, quinn):
    make_model_version("green", origin="command")
    line = make_line()
    local = make_user("local", role=Role.ADMINISTRATOR, line=line)
    for person in (quinn, local):
        client = client_of(person)
        assert [one["name"] for one in client.get(API).json()["models"]] == ["green"]
        assert client.get(f"{API}green/1/").json()["registered"]["origin"] == "command"
        assert code_of(send(client, b"\0")) == (403, "forbidden")
        assert client.post(reverse("model-upload"), FIELDS).status_code == 403
        assert "Upload a version" not in client.get(reverse("models")).content.decode()


def test_inspectors_and_strangers_find_nothing(client_of, ana, oscar):
    make_model_version("green")
    for person in (ana, oscar):
        client = client_of(person)
        for address in (API, f"{API}green/1/"):
            assert code_of(client.get(address)) == (404, "not-found")
        assert code_of(send(client, b"\0")) == (404, "not-found")
        assert client.post(reverse("model-upload"), FIELDS).status_code == 404


# The page -------------------------------------------------------------------------------------------------------


@pytest.fixture
def desk(client):
    client.force_login(make_user("admin", role=Role.ADMINISTRATOR))
    return client


def submit(client, content, called="weights.safetensors", **changes):
    fields = {**FIELDS, "calibrator_a": "-1", "calibrator_b": "0", **changes}
    return client.post(reverse("model-upload"), {**fields, "file": SimpleUploadedFile(called, content)}, follow=True)


def test_an_administrator_uploads_a_version_on_the_page_of_models(desk, state):
    assert "Upload a version" in desk.get(reverse("models")).content.decode()
    shown = submit(desk, save(state)).content.decode()
    assert "net:1" in shown
    assert "admin · upload" in shown


@pytest.mark.parametrize(
    ("content", "called", "changes", "words"),
    [
        (b"PK\x03\x04" + b"\0" * 16, "model.pt", {}, "safetensors only"),
        (b"\0" * 16, "weights.safetensors", {}, "not whole, or not safetensors"),
        (b"\0" * 16, "weights.safetensors", {"classes": "a b"}, "with commas between, such as scratch, crack"),
    ],
)
def test_the_page_says_beside_the_field_why_a_file_is_refused(desk, content, called, changes, words):
    answer = submit(desk, content, called, **changes)
    assert answer.status_code == 422
    assert words in answer.content.decode()
    assert 'value="net"' in answer.content.decode()
    assert not ModelVersion.objects.exists()
