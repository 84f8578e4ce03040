"""What every answer tells a browser, how a session lives, and which passwords are taken: T16, T24, T31 and T35."""

import json
import os
import subprocess
import sys

import pytest
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.urls import reverse

from inspection.models import User
from tests.builders import PASSWORD, make_line, make_user

pytestmark = pytest.mark.django_db

ADDRESSES = ["/accounts/login/", "/", "/nowhere/", "/problems/", "/api/v1/lines/", "/api/docs/", "/healthz"]
READ = """
import json
from config.settings import prod
names = ["SESSION_COOKIE_NAME", "CSRF_COOKIE_NAME", "SESSION_COOKIE_SECURE", "CSRF_COOKIE_SECURE", "DEBUG",
         "SECURE_SSL_REDIRECT", "SECURE_HSTS_SECONDS", "SECURE_HSTS_INCLUDE_SUBDOMAINS"]
print(json.dumps({name: getattr(prod, name) for name in names}))
"""


@pytest.fixture
def ana(client):
    make_line()
    person = make_user("ana")
    client.post(reverse("account_login"), {"login": "ana", "password": PASSWORD})
    return person


@pytest.mark.parametrize("address", ADDRESSES)
def test_t31_every_answer_keeps_browsers_from_what_it_is_not_meant_for(client, address):
    headers = client.get(address).headers
    policy = {
        name: words.split()
        for name, _, words in (part.strip().partition(" ") for part in headers["Content-Security-Policy"].split(";"))
    }
    assert policy["default-src"] == policy["base-uri"] == policy["frame-ancestors"] == ["'none'"]
    assert policy["script-src"] == policy["style-src"] == ["'self'"]
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert "Access-Control-Allow-Origin" not in headers


def test_in_production_cookies_are_bound_to_the_host_and_plain_http_is_sent_away():
    seen = {
        **os.environ,
        "TOLLGATE_ENV": "production",
        "DJANGO_SETTINGS_MODULE": "config.settings.prod",
        "HTTPS": "true",
    }
    said = subprocess.run([sys.executable, "-c", READ], env=seen, capture_output=True, text=True, check=True)
    assert json.loads(said.stdout) == {
        "SESSION_COOKIE_NAME": "__Host-session",
        "CSRF_COOKIE_NAME": "__Host-csrf",
        "SESSION_COOKIE_SECURE": True,
        "CSRF_COOKIE_SECURE": True,
        "SECURE_SSL_REDIRECT": True,
        "SECURE_HSTS_SECONDS": 31_536_000,
        "SECURE_HSTS_INCLUDE_SUBDOMAINS": True,
        "DEBUG": False,
    }


def test_t16_signing_in_begins_a_session_of_its_own_that_scripts_cannot_read(client):
    make_line()
    make_user("ana")
    client.force_login(User.objects.create_user("oscar"))
    planted = client.cookies["sessionid"].value
    client.logout()
    client.cookies["sessionid"] = planted
    client.post(reverse("account_login"), {"login": "ana", "password": PASSWORD})
    cookie = client.cookies["sessionid"]
    assert cookie.value != planted
    assert (cookie["httponly"], cookie["samesite"]) == (True, "Lax")


def test_a_session_that_was_ended_opens_nothing_any_more(client, ana):
    kept = client.cookies["sessionid"].value
    client.post(reverse("account_logout"))
    client.cookies["sessionid"] = kept
    assert client.get("/api/v1/lines/").status_code == 401


def test_t35_the_sessions_of_somebody_who_left_open_nothing_any_more(client, ana):
    assert client.get("/api/v1/lines/").status_code == 200
    User.objects.filter(pk=ana.pk).update(is_active=False)
    assert client.get("/api/v1/lines/").status_code == 401


@pytest.mark.parametrize(
    "password", ["short-but-odd!", "123456789987654321", "1q2w3e4r5t6y7u8i9o0p", "ana-ana-ana-ana"]
)
def test_t24_a_password_that_is_short_or_known_is_refused(password):
    with pytest.raises(ValidationError):
        validate_password(password, user=make_user("ana-ana-ana-ana"))


@pytest.mark.parametrize(
    "password", ["correct horse battery", "ㅁㄴㅇㄹ 불량 검사 스크래치 렌즈", "x7" * 60, "onlylowercaseletters"]
)
def test_t24_a_long_password_of_any_signs_is_taken(password):
    validate_password(password, user=make_user("ana"))
