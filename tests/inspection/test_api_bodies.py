"""Bodies and headers of the API: the cases A09 to A26 and A31."""

import errno
import io
import json

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from inspection import intake
from inspection.models import Station
from tests.inspection.device import encoded, form
from tests.inspection.doors import assert_kept, assert_refused
from tests.inspection.pictures import jpeg, png

pytestmark = pytest.mark.django_db
HEARTBEAT = "/api/v1/stations/me/heartbeat/"
GOOD_PULSE = '{"sent_at": "2026-11-23T12:00:00Z"}'


def picture(content: bytes = b"") -> SimpleUploadedFile:
    return SimpleUploadedFile("image", content or jpeg(), "image/jpeg")


# The idempotency key ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("key", "code"),
    [
        pytest.param(None, "idempotency-key-missing", id="A09 missing"),
        pytest.param("k" * 256, "idempotency-key-invalid", id="A12 too long"),
        pytest.param("k" * 300, "idempotency-key-invalid", id="A12 300 characters"),
        pytest.param("k\x01k", "idempotency-key-invalid", id="A13 control character"),
        pytest.param("klé", "idempotency-key-invalid", id="A13 not ASCII"),
    ],
)
def test_an_unusable_key_is_refused(device, key, code):
    assert_refused(device.post(headers={"Idempotency-Key": key}), 400, code)


def test_a_key_of_255_characters_is_taken(device):
    assert device.post(key="k" * 255).status_code == 202


@pytest.mark.parametrize(
    "change",
    [
        {"serial": "A-18"},
        {"captured_at": "2026-11-23T12:00:01Z"},
        {"meta": '{"gain": 2}'},
        {"content": jpeg(shade=200)},
    ],
)
def test_a10_a_key_that_comes_with_another_body_is_refused(device, change):
    device.post(key="k-1")
    assert_refused(device.post(key="k-1", **change), 422, "idempotency-key-reused", kept=1)


@pytest.mark.parametrize(
    "change",
    [
        {"captured_at": "2026-11-23T21:00:00+09:00"},
        {"view": "front"},
        {"line": "phone-glass"},
        {"meta": "{}"},
        {"lot": "L-8"},
    ],
)
def test_a_body_that_means_the_same_is_the_same(device, change):
    device.post(key="k-1")
    assert device.post(key="k-1", **change).status_code == 200


def test_a11_a_key_that_is_being_worked_on_is_refused(device):
    with intake.running(device.station, "k-1"):
        assert_refused(device.post(key="k-1"), 409, "idempotency-running")
    assert device.post(key="k-1").status_code == 202


def test_a14_a_repeat_is_answered_and_not_taken_again(device):
    first, again = device.post(key="k-1"), device.post(key="k-1")
    assert (first.status_code, again.status_code) == (202, 200)
    assert again.headers["Idempotent-Replay"] == "true"
    assert "Idempotent-Replay" not in first.headers
    assert again.json() == first.json()
    assert_kept(1)


def test_a_refusal_is_not_remembered_under_its_key(device):
    assert_refused(device.post(b"no image", key="k-1"), 415, "image-type-unsupported")
    assert device.post(key="k-1").status_code == 202


# The length ---------------------------------------------------------------------------------------------------------


def test_a15_a_body_without_its_length_is_refused(device):
    assert_refused(device.post_raw(encoded(form()), length=None), 411, "length-required")


def test_a15_a_chunked_json_body_is_refused(device):
    response = device.client.generic(
        "POST", HEARTBEAT, b"", headers=device.credentials | {"Transfer-Encoding": "chunked"}
    )
    assert_refused(response, 411, "length-required")


@pytest.mark.parametrize("share", [0.0, 0.01, 0.5, 0.99])
def test_a16_f21_a_body_that_ends_early_is_refused(device, share):
    body = encoded(form())
    assert_refused(device.post_raw(body[: int(len(body) * share)], length=len(body)), 400, "body-incomplete")


@pytest.mark.parametrize("missing", [1, 4, 40])
def test_a16_a_length_that_is_too_short_is_refused(device, missing):
    body = encoded(form())
    assert_refused(device.post_raw(body, length=len(body) - 2 - missing), 400, "body-incomplete")


def test_i63_a_body_beyond_the_limit_is_refused_before_it_is_read(device):
    assert_refused(device.post_raw(b"", length=13 * 1024 * 1024), 413, "image-too-large")


class Failing(io.BytesIO):
    """A body whose reading the server gives up."""

    def __init__(self, error):
        super().__init__(b"--")
        self.error = error

    def read(self, *_):
        raise self.error


@pytest.mark.parametrize(
    ("error", "status", "code", "retry_after"),
    [
        (TimeoutError(errno.ETIMEDOUT, "late"), 408, "body-too-slow", None),
        (BlockingIOError(errno.EAGAIN, "full"), 503, "server-busy", "5"),
        (ConnectionResetError(errno.ECONNRESET, "gone"), 400, "body-incomplete", None),
    ],
)
def test_t27_a_body_that_is_not_read_to_its_end_is_refused(device, error, status, code, retry_after):
    response = device.post_raw(Failing(error), length=1000)
    assert_refused(response, status, code)
    assert response.headers.get("Retry-After") == retry_after


def test_a_json_body_beyond_the_limit_is_refused(device):
    assert_refused(device.send(HEARTBEAT, b" " * (1024 * 1024 + 1)), 413, "body-too-large")


# The form -----------------------------------------------------------------------------------------------------------


def test_a17_a_form_without_an_image_is_refused(device):
    assert_refused(device.post(leave_out="image"), 400, "image-missing")


def test_an_image_that_is_sent_as_text_is_missing(device):
    assert_refused(device.post(image="bytes"), 400, "image-missing")


def test_a18_two_images_are_refused(device):
    assert_refused(device.post(image=[picture(), picture(jpeg(shade=200))]), 422, "image-count")


def test_another_file_is_an_unknown_field(device):
    assert_refused(device.post(thumbnail=picture()), 422, "unknown-field")


def test_a19_another_media_type_is_refused(device):
    assert_refused(device.send(HEARTBEAT, GOOD_PULSE, content_type="text/plain"), 415, "unsupported-media-type")


def test_json_instead_of_a_form_is_refused(device):
    response = device.client.post(
        "/api/v1/items/", {"serial": "A-17"}, "application/json", headers=device.credentials | {"Idempotency-Key": "k"}
    )
    assert_refused(response, 415, "unsupported-media-type")


@pytest.mark.parametrize("field", ["level", "is_staff", "created_at", "station", "sha256", "disposition"])
def test_a26_t14_an_unknown_field_refuses_the_image(device, field):
    body = assert_refused(device.post(**{field: "full"}), 422, "unknown-field")
    assert "full" not in json.dumps(body)


def test_a_field_that_comes_twice_is_refused(device):
    body = assert_refused(device.post(serial=["A-17", "A-18"]), 422, "validation")
    assert body["errors"][0]["pointer"] == "/serial"


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"leave_out": "serial"}, "/serial"),
        ({"serial": ""}, "/serial"),
        ({"serial": "   "}, "/serial"),
        ({"serial": "S" * 101}, "/serial"),
        ({"serial": ".."}, "/serial"),
        ({"serial": "A\n17"}, "/serial"),
        ({"serial": "A\x0017"}, "/serial"),
        ({"lot": "L" * 101}, "/lot"),
        ({"leave_out": "captured_at"}, "/captured_at"),
        ({"captured_at": "2026-02-30T12:00:00Z"}, "/captured_at"),
        ({"captured_at": "2026-11-23T12:00:00"}, "/captured_at"),
        ({"captured_at": "yesterday"}, "/captured_at"),
        ({"captured_at": "0001-01-01T00:00:00+14:00"}, "/captured_at"),
        ({"view": "back"}, "/view"),
        ({"incumbent_verdict": "hold"}, "/incumbent_verdict"),
        ({"meta": "[1]"}, "/meta"),
        ({"meta": "{"}, "/meta"),
        ({"meta": '{"a": 1, "a": 2}'}, "/meta"),
        ({"meta": '{"a": NaN}'}, "/meta"),
        ({"meta": '{"a": 1e400}'}, ""),
        ({"meta": '{"a": "\\u0000"}'}, ""),
        ({"meta": json.dumps({"a": "x" * 4096})}, "/meta"),
    ],
)
def test_a_field_out_of_its_range_is_named(device, changes, pointer):
    body = assert_refused(device.post(**changes), 422, "validation")
    assert [error["pointer"] for error in body["errors"]] == [pointer] or pointer == ""


def test_all_faults_are_told_at_once(device):
    body = assert_refused(device.post(serial="", incumbent_verdict="maybe"), 422, "validation")
    assert {error["pointer"] for error in body["errors"]} == {"/serial", "/incumbent_verdict"}


def test_nothing_of_the_input_comes_back(device):
    body = assert_refused(device.post(incumbent_verdict="<script>alert(1)</script>"), 422, "validation")
    assert "script" not in json.dumps(body)


@pytest.mark.parametrize("serial", ["휴대폰-17", "A/17", "A 17", "📱17", "S" * 100, "‮A17", "A" + "\u0301" * 90])
def test_a32_a_serial_in_any_script_is_kept_as_it_is(device, serial):
    posted = device.post(serial=serial).json()
    assert posted["serial"] == serial
    assert device.get(posted["links"]["part"]).json()["serial"] == serial


def test_a31_a_field_that_is_not_utf8_is_refused(device):
    body = encoded(form(serial="A-17")).replace(b"A-17", b"A\xff17")
    assert_refused(device.post_raw(body, length=len(body)), 400, "malformed-text")


def test_a_form_without_a_boundary_is_refused(device):
    response = device.client.generic(
        "POST",
        "/api/v1/items/",
        encoded(form()),
        "multipart/form-data",
        headers=device.credentials | {"Idempotency-Key": "k"},
    )
    assert_refused(response, 400, "malformed-multipart")


# JSON ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "body",
    [
        pytest.param("{sent_at}", id="A20 malformed"),
        pytest.param(GOOD_PULSE[:-1], id="A21 truncated"),
        pytest.param(GOOD_PULSE[:-1] + ', "sent_at": "2026-11-23T12:00:00Z"}', id="A22 duplicate keys"),
        pytest.param('{"a":' * 1000 + "1" + "}" * 1000, id="A23 depth 1000"),
        pytest.param("[" * 100_000, id="A23 depth 100000"),
        pytest.param("[" * 33 + "]" * 33, id="A23 depth 33"),
        pytest.param('{"spooled": NaN}', id="A24 NaN"),
        pytest.param('{"spooled": -Infinity}', id="A24 Infinity"),
        pytest.param('{"software": "\\ud800"}', id="A31 lone surrogate"),
        pytest.param(b'{"software": "\xff"}', id="A31 invalid UTF-8"),
        pytest.param("\ufeff{}", id="byte order mark"),
        pytest.param(GOOD_PULSE + "{}", id="two documents"),
    ],
)
def test_a_body_that_is_no_json_is_refused(device, body):
    assert_refused(device.send(HEARTBEAT, body), 400, "malformed-json")


@pytest.mark.parametrize(
    "field",
    [
        pytest.param('"spooled": 1e400', id="A25 1e400"),
        pytest.param('"spooled": 9223372036854775808', id="A25 2^63"),
        pytest.param('"spooled": ' + "9" * 5000, id="A25 5000 digits"),
        pytest.param('"spooled": "1"', id="A25 text for a number"),
        pytest.param('"spooled": true', id="A25 true for a number"),
        pytest.param('"spooled": 1.5', id="a fraction"),
        pytest.param('"spooled": -1', id="negative"),
        pytest.param('"software": 7', id="a number for text"),
        pytest.param('"software": "a\\u0000b"', id="NUL"),
        pytest.param('"camera": {"dropped": "3"}', id="nested"),
        pytest.param('"camera": []', id="a list for an object"),
        pytest.param('"model_sha256": "ABC"', id="no hash"),
    ],
)
def test_a_value_of_the_wrong_kind_is_refused(device, field):
    assert_refused(device.send(HEARTBEAT, GOOD_PULSE[:-1] + f", {field}}}"), 422, "validation")


def test_a_nested_fault_is_pointed_at(device):
    body = assert_refused(device.send(HEARTBEAT, GOOD_PULSE[:-1] + ', "camera": {"dropped": "3"}}'), 422, "validation")
    assert body["errors"][0]["pointer"] == "/camera/dropped"


@pytest.mark.parametrize("body", ['{"sent_at": "2026-11-23T12:00:00Z", "level": "full"}', '{"camera": {"level": 1}}'])
def test_a26_an_unknown_json_field_is_refused(device, body):
    response = device.send(HEARTBEAT, body)
    assert response.status_code == 422
    assert "unknown-field" in response.content.decode()
    assert Station.objects.get().software == ""


def test_png_and_jpeg_are_told_apart_by_their_bytes(device):
    assert_refused(device.post(png(), content_type="image/jpeg"), 415, "image-type-unsupported")
    assert device.post(png(), content_type="image/png").status_code == 202
