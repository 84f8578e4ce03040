"""Settings: what the environment may say, and what production refuses."""

import os
import subprocess
import sys

import pytest
from django.core.checks import run_checks
from django.core.exceptions import ImproperlyConfigured

from config import checks, env
from config.service_urls import broker_of, database_of
from config.storage_url import storage_of
from tests.builders import make_user


@pytest.mark.parametrize(("raw", "value"), [("true", True), ("1", True), ("off", False), ("No", False)])
def test_a_boolean_is_read(monkeypatch, raw, value):
    monkeypatch.setenv("HTTPS", raw)
    assert env.boolean("HTTPS", not value) is value


@pytest.mark.parametrize(
    ("reader", "name", "raw", "sentence"),
    [
        (lambda n: env.boolean(n, True), "HTTPS", "maybe", "HTTPS is 'maybe', use 'true' or 'false'."),
        (
            lambda n: env.integer(n, 2, low=1, high=9),
            "WORKERS",
            "ten",
            "WORKERS is 'ten', use a whole number from 1 to 9.",
        ),
        (
            lambda n: env.integer(n, 2, low=1, high=9),
            "WORKERS",
            "10",
            "WORKERS is '10', use a whole number from 1 to 9.",
        ),
        (lambda n: env.text(n, "a", choices=("a", "b")), "MODE", "c", "MODE is 'c', use one of a, b."),
        (env.addresses, "REMOTE_MODELS", "{", "REMOTE_MODELS is not JSON"),
        (env.addresses, "REMOTE_MODELS", '{"m": "ftp://x"}', "must be a JSON object of names and http"),
        (env.addresses, "REMOTE_MODELS", '{"m": "http://x/v2/models/m-3"}', "name the version it is, such as m:1"),
    ],
)
def test_a_value_that_cannot_be_read_stops_with_one_sentence(monkeypatch, reader, name, raw, sentence):
    monkeypatch.setenv(name, raw)
    with pytest.raises(ImproperlyConfigured) as refusal:
        reader(name)
    assert sentence in str(refusal.value)


def test_a_secret_is_read_from_its_file(monkeypatch, tmp_path):
    (tmp_path / "key").write_text("s3cret\n")
    monkeypatch.setenv("SECRET_KEY_FILE", str(tmp_path / "key"))
    assert env.secret("SECRET_KEY", "default") == "s3cret"


def test_a_secret_file_that_is_not_there_stops_the_start(monkeypatch, tmp_path):
    monkeypatch.setenv("SECRET_KEY_FILE", str(tmp_path / "absent"))
    with pytest.raises(ImproperlyConfigured, match="cannot be read"):
        env.secret("SECRET_KEY", "default")


def test_images_are_kept_in_a_folder_or_a_bucket():
    assert storage_of("file:///srv/images")["OPTIONS"] == {"location": "/srv/images"}
    bucket = storage_of("s3://line-images?endpoint=https://store.example&region=kr")["OPTIONS"]
    assert (bucket["bucket_name"], bucket["endpoint_url"], bucket["region_name"]) == (
        "line-images",
        "https://store.example",
        "kr",
    )


@pytest.mark.parametrize("url", ["images", "file://relative", "ftp://x", "s3://", "s3://b?acl=public"])
def test_a_storage_address_that_means_nothing_is_refused(url):
    with pytest.raises(ImproperlyConfigured, match="STORAGE_URL"):
        storage_of(url)


OFF = "?server_side_binding=false"


@pytest.mark.parametrize("url", ["garbage", "foo://bar", "mysql://u:p4ss@h/n", "postgres://u:p4ss@h:port/n"])
def test_a_database_address_that_means_nothing_is_refused_without_repeating_it(url):
    with pytest.raises(ImproperlyConfigured, match="DATABASE_URL cannot be read") as refusal:
        database_of(url, wait_s=3, statement_s=5)
    assert "p4ss" not in str(refusal.value)


def test_statements_are_prepared_unless_the_address_says_otherwise():
    asked = [database_of(f"postgres://u@h/n{more}", wait_s=3, statement_s=5)["OPTIONS"] for more in ("", OFF)]
    assert [one["server_side_binding"] for one in asked] == [True, False]


def test_what_the_address_asks_of_postgresql_wins_over_the_limits_of_the_process():
    asked = database_of("postgres://u@h/n?options=-c%20statement_timeout%3D9s", wait_s=3, statement_s=5)["OPTIONS"]
    assert asked["options"] == "-c lock_timeout=3s -c statement_timeout=5s -c statement_timeout=9s"


@pytest.mark.parametrize(
    ("begin", "limits"),
    [
        ("from config.wsgi import application", "-c lock_timeout=3s -c statement_timeout=5s"),
        ("from config.celery import app; app.set_default()", "-c lock_timeout=20s -c statement_timeout=60s"),
    ],
)
def test_a_page_is_held_up_for_a_shorter_time_than_a_task(begin, limits):
    told = "from django.conf import settings; print(settings.DATABASES['default']['OPTIONS']['options'])"
    seen = {**os.environ, "DATABASE_URL": "postgres://nobody@127.0.0.1:9/none"}
    said = subprocess.run([sys.executable, "-c", f"{begin}; {told}"], env=seen, capture_output=True, text=True)
    assert said.stdout.strip() == limits, said.stderr


OFF = "?server_side_binding=false"


@pytest.mark.parametrize("url", ["garbage", "http://x", "redis://h:port/0", "amqp://u:p4ss@h"])
def test_a_broker_address_that_means_nothing_is_refused_without_repeating_it(url):
    with pytest.raises(ImproperlyConfigured, match="REDIS_URL cannot be read") as refusal:
        broker_of(url)
    assert "p4ss" not in str(refusal.value)


@pytest.mark.parametrize(
    ("changes", "identifier"),
    [
        ({"SECRET_KEY": "insecure-demo-key-that-production-refuses"}, "tollgate.E001"),
        ({"SECRET_KEY": "abc"}, "tollgate.E001"),
        ({"ALLOWED_HOSTS": ["*"]}, "tollgate.E002"),
        ({"REDIS_URL": "amqp://broker"}, "tollgate.E003"),
    ],
)
def test_each_misconfiguration_has_its_check(settings, changes, identifier):
    settings.ENVIRONMENT = "production"
    for name, value in changes.items():
        setattr(settings, name, value)
    assert identifier in {message.id for message in run_checks()}


@pytest.mark.django_db
def test_production_refuses_demo_people(settings):
    settings.ENVIRONMENT, settings.SECRET_KEY = "production", "k3y" * 20
    checks.refuse_unsafe_production()
    make_user("ana", email="ana@demo.invalid")
    with pytest.raises(ImproperlyConfigured, match="demo people"):
        checks.refuse_unsafe_production()
    assert "tollgate.E004" in {message.id for message in run_checks(databases=["default"])}


@pytest.mark.parametrize(
    ("key", "fault"), [("insecure-demo-key-that-production-refuses", "built-in"), ("abc", "shorter than 32 characters")]
)
def test_production_refuses_a_key_that_others_know_or_guess(settings, key, fault):
    settings.ENVIRONMENT, settings.SECRET_KEY = "production", key
    with pytest.raises(ImproperlyConfigured, match=fault):
        checks.refuse_unsafe_production()
