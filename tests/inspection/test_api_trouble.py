"""When the server itself is in trouble: A67, A70, F04, F10 and F11."""

import errno
import logging
import os

import pytest
from django.db import InterfaceError, OperationalError, connection

from inspection.models import IngestKey, Item, Outbox, Part
from tests.inspection.doors import assert_kept, assert_refused

pytestmark = pytest.mark.django_db


def failing(error: Exception, *, when: str = ""):
    """Make every statement that holds the text fail."""

    def fail(execute, sql, params, many, context):
        if when in sql:
            raise error
        return execute(sql, params, many, context)

    return connection.execute_wrapper(fail)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("error", [OperationalError("server closed the connection"), InterfaceError("gone")])
@pytest.mark.parametrize("when", ["inspection_stationkey", "UPDATE", "inspection_ingestkey", "inspection_item"])
def test_a67_f07_a_database_that_is_away_is_503_and_nothing_is_acknowledged(device, error, when):
    with failing(error, when=when):
        response = device.post()
    body = assert_refused_but_kept_in_store(response, 503, "database-unavailable")
    assert (response.headers["Retry-After"], body["retry_after_s"], body["retryable"]) == ("5", 5, True)


def assert_refused_but_kept_in_store(response, status, code):
    """A file without a row may stay behind when the row fails: the retry uses it. Rows may not."""
    body = response.json()
    assert (response.status_code, body["code"]) == (status, code)
    assert_kept_rows(0)
    return body


def assert_kept_rows(count: int) -> None:
    assert [model.objects.count() for model in (Item, Part, IngestKey, Outbox)] == [count] * 4


def test_an_upload_that_failed_for_the_database_succeeds_when_sent_again(device):
    with failing(OperationalError("locked"), when="inspection_item"):
        device.post(key="k-1")
    assert device.post(key="k-1").status_code == 202
    assert_kept(1)


def test_a67_a_database_that_is_full_is_507(device):
    with failing(OperationalError("database or disk is full"), when="INSERT"):
        response = device.post()
    assert_refused_but_kept_in_store(response, 507, "storage-full")


@pytest.mark.parametrize(
    ("number", "status", "code"),
    [
        (errno.ENOSPC, 507, "storage-full"),
        (errno.EDQUOT, 507, "storage-full"),
        (errno.EIO, 503, "storage-unavailable"),
        (errno.EROFS, 503, "storage-unavailable"),
    ],
)
def test_a67_f10_f11_a_disk_in_trouble_is_told_and_nothing_is_acknowledged(device, monkeypatch, number, status, code):
    def broken(descriptor):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "fsync", broken)
    response = device.post()
    assert_refused(response, status, code)
    assert response.headers["Retry-After"] == "5"


def test_a67_f04_with_the_broker_away_an_image_is_accepted_all_the_same(
    device, settings, django_capture_on_commit_callbacks
):
    settings.CELERY_BROKER_URL = "redis+socket:///nowhere.sock"
    with django_capture_on_commit_callbacks(execute=True):
        assert device.post().status_code == 202
    assert_kept(1)


def test_a70_what_nobody_foresaw_is_500_without_a_trace_and_logged_once(device, caplog):
    with caplog.at_level(logging.ERROR), failing(RuntimeError("planted secret"), when="inspection_station"):
        response = device.post()
    body = assert_refused(response, 500, "internal")
    assert "planted" not in response.content.decode()
    assert body["request_id"]
    assert len([record for record in caplog.records if record.exc_info]) == 1


def test_a_page_in_trouble_with_the_database_is_503_too(device, client):
    client.cookies["sessionid"] = "a" * 32
    client.raise_request_exception = False
    with failing(OperationalError("gone"), when="django_session"):
        response = client.get("/problems/")
    assert (response.status_code, response.headers["Retry-After"]) == (503, "5")
    assert response.headers["Content-Type"].startswith("text/html")


def test_f10_below_its_floor_an_image_is_refused_and_a_heartbeat_answered(device, settings):
    settings.STORAGE_FREE_MIN_BYTES = 2**62
    response = device.post()
    assert_refused(response, 507, "storage-full")
    assert response.headers["Retry-After"] == "5"
    assert device.send("/api/v1/stations/me/heartbeat/", '{"sent_at": "2026-11-23T12:00:00Z"}').status_code == 200


def test_f10_below_its_floor_a_repeat_is_still_answered(device, settings):
    device.post(key="k-1")
    settings.STORAGE_FREE_MIN_BYTES = 2**62
    assert device.post(key="k-1").status_code == 200
