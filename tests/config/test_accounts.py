"""What a person chooses for themselves, and what a shared station forgets."""

import pytest
from django.utils.timezone import now

from config.context import line_entries
from inspection.models import Hold
from inspection.rules.words import Level, Role
from tests.builders import PASSWORD, make_line, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def ana():
    return make_user("ana")


def sign_in(client, **extra):
    return client.post("/accounts/login/", {"login": "ana", "password": PASSWORD, **extra})


@pytest.mark.parametrize("way", ["https://evil.example/", "//evil.example", "javascript:alert(1)", "/\\evil.example"])
def test_a_choice_never_leads_away_from_here(client, way):
    response = client.post("/choose/", {"theme": "dark", "next": way})
    assert response["Location"] == "/"


def test_a_choice_without_an_account_lives_in_cookies(client):
    client.post("/choose/", {"theme": "dark", "language": "ko", "next": "/accounts/login/"})
    html = client.get("/accounts/login/").content.decode()
    assert '<html lang="ko" data-theme="dark">' in html


def test_an_unknown_theme_or_language_is_not_kept(client, ana):
    client.force_login(ana)
    client.post("/choose/", {"theme": "pink", "language": "xx", "next": "/"})
    ana.refresh_from_db()
    assert (ana.preferences, ana.language) == ({}, "")


def test_choosing_is_never_a_get(client):
    assert client.get("/choose/").status_code == 405


def test_a_shared_station_forgets_after_five_minutes(client, ana):
    sign_in(client, shared_station="on")
    assert client.session.get_expiry_age() == 300
    assert client.get("/").cookies["sessionid"]["max-age"] == 300


def test_polling_does_not_keep_a_shared_station_awake(client, ana):
    sign_in(client, shared_station="on")
    response = client.get("/?part=rows", headers={"X-Background": "1"})
    assert "sessionid" not in response.cookies


def test_signed_in_pages_are_kept_out_of_every_cache(client, ana):
    client.force_login(ana)
    assert client.get("/")["Cache-Control"] == "no-store"


@pytest.mark.parametrize(
    ("role", "level", "shown"),
    [
        (Role.INSPECTOR, Level.HUMAN, ""),
        (Role.INSPECTOR, Level.SHADOW, ""),
        (Role.INSPECTOR, Level.ASSIST, "assist"),
        (Role.QA_LEAD, Level.SHADOW, "shadow"),
        (Role.ADMINISTRATOR, Level.HUMAN, "human"),
    ],
)
def test_the_sidebar_tells_the_level_only_to_whom_it_may(role, level, shown):
    make_line(level=level.value)
    [entry] = line_entries(make_user("someone", role=role))
    assert entry.level == shown


def test_the_sidebar_shows_who_is_on_hold():
    line = make_line()
    Hold.objects.create(line=line, kind=Hold.ALARM, reason="too dark", placed_at=now())
    [entry] = line_entries(make_user("quinn", role=Role.QA_LEAD))
    assert entry.on_hold
