"""What a person chooses for themselves, and what a shared station forgets."""

import re
from datetime import timedelta

import pytest
from django.contrib.messages import ERROR, SUCCESS, WARNING
from django.contrib.messages.storage.base import Message
from django.template import loader
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import translation
from django.utils.timezone import now

from config import accounts
from config.context import line_entries
from inspection.models import Hold
from inspection.rules.words import Level, Role
from tests.builders import PASSWORD, make_line, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def ana():
    return make_user("ana")


def sign_in(client, **extra):
    headers = {name: extra.pop(name) for name in ("REMOTE_ADDR", "HTTP_X_FORWARDED_FOR") if name in extra}
    return client.post("/accounts/login/", {"login": "ana", "password": PASSWORD, **extra}, **headers)


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


def test_a_shift_signs_in_from_one_address_within_a_minute(client, ana):
    answers = [sign_in(type(client)(), REMOTE_ADDR="203.0.113.1").status_code for _ in range(60)]
    assert answers == [302] * 60


def test_more_than_two_sign_ins_a_second_from_one_address_wait_a_minute_on_a_page_of_the_product(client, ana):
    for _ in range(120):
        sign_in(client, REMOTE_ADDR="203.0.113.2", login="")
    answer = sign_in(client, REMOTE_ADDR="203.0.113.2")
    assert (answer.status_code, answer["Retry-After"]) == (429, "60")
    assert "try again in a minute" in answer.content.decode()
    assert sign_in(client, REMOTE_ADDR="203.0.113.3").status_code == 302


@pytest.mark.parametrize(("wrong", "status"), [(9, 302), (10, 200)])
def test_wrong_passwords_from_anywhere_keep_a_name_out_from_the_tenth_on_however_it_is_spelled(
    client, ana, wrong, status
):
    for place in range(wrong):
        name = "ana" if place % 2 else "ANA"
        sign_in(client, REMOTE_ADDR=f"203.0.113.{100 + place}", login=name, password="wrong")
    assert sign_in(client, REMOTE_ADDR="203.0.113.4").status_code == status


def test_one_address_does_not_try_name_after_name(client, ana):
    for name in range(30):
        sign_in(client, REMOTE_ADDR="203.0.113.5", login=f"name-{name}")
    answer = sign_in(client, REMOTE_ADDR="203.0.113.5")
    assert "Too many failed login attempts" in answer.content.decode()
    assert sign_in(client, REMOTE_ADDR="203.0.113.6").status_code == 302


@pytest.mark.parametrize(("proxies", "is_locked"), [(0, True), (1, False)])
def test_behind_a_proxy_wrong_passwords_are_counted_by_the_address_it_heard(client, ana, settings, proxies, is_locked):
    settings.ALLAUTH_TRUSTED_PROXY_COUNT = proxies
    for _ in range(5):
        sign_in(client, HTTP_X_FORWARDED_FOR="198.51.100.9, 198.51.100.1", password="wrong")
    answer = sign_in(client, HTTP_X_FORWARDED_FOR="198.51.100.9, 198.51.100.2")
    assert answer.status_code == (429 if is_locked else 302)


def test_a_shared_station_forgets_after_five_minutes(client, ana):
    sign_in(client, shared_station="on")
    assert client.session.get_expiry_age() == 300
    assert client.get("/").cookies["sessionid"]["max-age"] == 300


def test_polling_does_not_keep_a_shared_station_awake(client, ana):
    sign_in(client, shared_station="on")
    response = client.get("/?part=rows", headers={"X-Background": "1"})
    assert "sessionid" not in response.cookies


@pytest.fixture
def clock(monkeypatch):
    """Let a test say what the time of sessions is: `clock(seconds later)`."""
    begin = now()
    monkeypatch.setattr(accounts, "now", lambda: begin)
    return lambda later: monkeypatch.setattr(accounts, "now", lambda: begin + timedelta(seconds=later))


def left(response):
    return int(response["X-Session-Left"])


def test_each_answer_says_how_long_the_session_lasts_and_only_a_person_lengthens_it_on_a_shared_station(
    client, ana, clock
):
    assert left(sign_in(client, shared_station="on")) == 300
    clock(200)
    assert left(client.get("/", headers={"X-Background": "1"})) == 100
    page = client.get("/")
    assert left(page) == 300
    assert 'data-session-left="300"' in page.content.decode()


def test_elsewhere_a_session_lasts_from_signing_in_and_begins_anew_when_somebody_says_so(client, ana, clock):
    assert left(sign_in(client)) == 43_200
    clock(43_000)
    assert left(client.get("/")) == 200

    stays = client.post("/stay/")

    assert (stays.status_code, left(stays), stays.cookies["sessionid"]["max-age"]) == (204, 43_200, 43_200)
    assert left(client.get("/")) == 43_200


def test_the_administration_says_it_too(client):
    make_user("ada", role=Role.ADMINISTRATOR)
    client.post("/accounts/login/", {"login": "ada", "password": PASSWORD, "shared_station": "on"})
    assert 'data-session-left="300"' in client.get("/admin/").content.decode()


def test_who_is_signed_out_hears_no_end_and_cannot_stay(client):
    page = client.get("/accounts/login/")
    assert "X-Session-Left" not in page
    assert "data-session-left" not in page.content.decode()
    assert client.post("/stay/").status_code == 401


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


@pytest.mark.parametrize(
    ("role", "page", "there"),
    [
        (Role.QA_LEAD, "automation", "automation"),
        (Role.ADMINISTRATOR, "automation", "automation"),
        (Role.ADMINISTRATOR, "adjudications", "monitor"),
        (Role.QA_LEAD, "simulated", "monitor"),
        (Role.INSPECTOR, "session", "review"),
    ],
)
def test_another_line_opens_on_the_page_one_is_on_and_the_own_line_on_its_first(role, page, there):
    here, other = make_line("here"), make_line("other")
    entries = {entry.slug: entry.address for entry in line_entries(make_user("someone", role=role), "here", page)}
    assert entries["other"] == reverse(there, args=[other.slug])
    assert entries["here"] == reverse("review" if role == Role.INSPECTOR else "monitor", args=[here.slug])


def test_an_error_does_not_look_like_success():
    html = render_to_string(
        "_shell/messages.html",
        {"messages": [Message(ERROR, "not confirmed"), Message(SUCCESS, "signed"), Message(WARNING, "new epoch")]},
    )
    said = [(re.search(r"#([a-z-]+)\"", one)[1], re.search(r'role="(\w+)"', one)[1]) for one in html.split("<p ")[1:]]
    assert said == [("octagon", "alert"), ("ring-tick", "status"), ("triangle", "status")]


@pytest.mark.parametrize(("role", "finds"), [(Role.INSPECTOR, False), (Role.QA_LEAD, True), (Role.ADMINISTRATOR, True)])
def test_the_persons_menu_leads_to_password_second_factor_and_administration(client, role, finds):
    client.force_login(make_user("quinn", role=role))
    html = client.get("/").content.decode()
    assert '"/accounts/password/change/"' in html
    assert '"/accounts/2fa/"' in html
    assert ('"/admin/"' in html) is finds


def test_what_breaks_looks_like_the_product_and_asks_nothing_of_the_database(django_assert_num_queries):
    with django_assert_num_queries(0), translation.override("ko"):
        html = loader.get_template("500.html").render()
    assert '<html lang="ko">' in html
    assert "favicon.svg" in html
    assert "css/entrance.css" in html


def test_the_administration_has_the_products_mark(client):
    client.force_login(make_user("admin", role=Role.ADMINISTRATOR))
    assert "favicon.svg" in client.get("/admin/").content.decode()
