"""Readiness: every part that fails is named in a sentence."""

import errno
import os
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils.timezone import now as clock

from inspection import outbox
from inspection.models import ProcessSeen
from monitoring import health
from review.arrivals import LATE, RECEIVED
from tests.inspection.doors import stored_files

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _images_of_its_own(settings, tmp_path):
    store = {"BACKEND": "config.storage.DurableFileSystemStorage", "OPTIONS": {"location": tmp_path / "images"}}
    settings.STORAGES = settings.STORAGES | {"default": store}


def seen(name, *, seconds_ago):
    ProcessSeen.objects.create(name=name, holder="here:1", seen_at=clock() - timedelta(seconds=seconds_ago))


def answer(part):
    return health.readiness(now=clock())[part]


def test_a_store_that_keeps_files_is_ok_and_holds_nothing_of_the_question():
    assert answer("storage") == "ok"
    assert stored_files() == []


@pytest.mark.parametrize(
    ("number", "sentence"),
    [
        (errno.ENOSPC, "The image store is full."),
        (errno.EROFS, "The image store failed (Read-only file system)."),
    ],
)
def test_f10_f11_a_store_that_cannot_keep_files_is_named(monkeypatch, number, sentence):
    def broken(descriptor):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "fsync", broken)
    assert answer("storage") == sentence


def test_f10_a_disk_with_less_room_than_is_left_to_the_database_is_named(settings):
    settings.STORAGE_FREE_MIN_BYTES = 2**62
    assert answer("storage") == "The image store is full."


@pytest.mark.parametrize("name", ["worker", "relay"])
def test_f03_a_process_that_was_not_seen_is_named(name):
    assert answer(name) == f"No {name} was seen in the last 30 seconds."
    seen(name, seconds_ago=31)
    assert answer(name) == f"No {name} was seen in the last 30 seconds."


@pytest.mark.parametrize("name", ["worker", "relay"])
def test_a_process_that_was_seen_is_ok(name):
    seen(name, seconds_ago=20)
    assert answer(name) == "ok"


@pytest.mark.parametrize(
    ("topic", "sentence"), [(RECEIVED, "The oldest waiting work is 61 seconds old."), (LATE, "ok")]
)
def test_images_that_nobody_works_on_are_told_and_looks_without_hurry_are_not(topic, sentence):
    now = clock()
    outbox.ask(topic, "a", now=now - timedelta(seconds=61))
    assert health.readiness(now=now)["outbox"] == sentence


def sign_in_page(client):
    return client.get(reverse("account_login")).content.decode()


def test_the_sign_in_page_says_normal_while_worker_and_relay_live(client):
    seen("worker", seconds_ago=20)
    seen("relay", seconds_ago=1)
    html = sign_in_page(client)
    assert "System normal" in html
    assert f"{ProcessSeen.objects.get(name='worker').seen_at:%H:%M:%S} UTC" in html


@pytest.mark.parametrize("silent", ["worker", "relay"])
def test_the_sign_in_page_tells_strangers_that_something_is_wrong_and_not_what(client, silent):
    for name in ("worker", "relay"):
        seen(name, seconds_ago=31 if name == silent else 1)
    html = sign_in_page(client)
    assert "System normal" not in html
    assert "System disturbed" in html
    assert silent not in html


def test_the_sign_in_page_says_so_where_work_waits_for_long(client):
    seen("worker", seconds_ago=1)
    seen("relay", seconds_ago=1)
    outbox.ask(RECEIVED, "a", now=clock() - timedelta(seconds=61))
    assert "System disturbed" in sign_in_page(client)


def test_the_sign_in_page_asks_little(client, django_assert_num_queries):
    seen("worker", seconds_ago=1)
    seen("relay", seconds_ago=1)
    with django_assert_num_queries(2):
        sign_in_page(client)
