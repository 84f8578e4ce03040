"""A clean install is set up once: an administrator who signs nothing, and two leads who count from the start."""

import re

import pytest
from django.urls import reverse
from django.utils.timezone import now

from config import first_admin
from inspection import permissions
from inspection.models import Membership, User
from review import audit_log
from tests.builders import PASSWORD, make_line

pytestmark = pytest.mark.django_db
FOUNDER = {"username": "admin", "email": "admin@plant.example", "password": PASSWORD}
LEADS = {
    "first_lead": "quinn",
    "first_email": "quinn@plant.example",
    "second_lead": "quill",
    "second_email": "quill@plant.example",
}


@pytest.fixture
def link(settings, tmp_path):
    settings.DATA = tmp_path
    return first_admin.setup_path()


def test_the_leads_made_at_set_up_sign_at_once_and_the_founder_never(client, link):
    page = client.post(link, {**FOUNDER, **LEADS})
    line, moment = make_line(), now()
    assert page.status_code == 200
    signs = {one.username: permissions.may_sign_levels(one, line, now=moment) for one in User.objects.all()}
    assert signs == {"admin": False, "quinn": True, "quill": True}


def test_each_lead_chooses_a_password_of_their_own_on_a_link_good_once(client, link):
    html = client.post(link, {**FOUNDER, **LEADS}).content.decode()
    quinn = User.objects.get(username="quinn")
    assert not quinn.has_usable_password()
    entrance = re.findall(r"http://testserver(/accounts/[^<]+)", html)[0]
    client.logout()
    form = client.get(entrance, follow=True)
    password = "battery-horse-quinn"
    client.post(form.request["PATH_INFO"], {"password1": password, "password2": password})
    client.post(reverse("account_login"), {"login": "quinn", "password": password})
    # The second factor is the next thing on the way, and nothing stands before it.
    page = client.get(reverse("mfa_activate_totp"))
    assert page.context["form"].secret in page.content.decode()
    client.logout()
    assert client.get(entrance, follow=True).context["token_fail"]


def test_the_link_is_closed_once_it_was_used(client, link):
    client.post(link, {**FOUNDER, **LEADS})
    client.logout()
    assert client.get(link).status_code == 404
    assert client.post(link, {**FOUNDER, "username": "eve", "email": "eve@plant.example"}).status_code == 404
    assert first_admin.setup_path() == ""
    assert User.objects.count() == 3


@pytest.mark.parametrize(
    "changed",
    [
        {"first_lead": "Admin"},
        {"second_lead": "quinn"},
        {"second_email": "quinn@plant.example"},
        {"first_email": "ADMIN@plant.example"},
        {"second_email": ""},
        {"first_lead": ""},
    ],
)
def test_one_person_is_not_named_twice_nor_by_half(client, link, changed):
    assert client.post(link, {**FOUNDER, **LEADS, **changed}).status_code == 422
    assert not User.objects.exists()
    assert client.get(link).status_code == 200


def test_leads_may_be_named_later(client, link):
    answer = client.post(link, FOUNDER)
    assert answer.headers["Location"] == reverse("queue-choice")
    assert [one.role for one in Membership.objects.all()] == ["administrator"]


def test_every_lines_log_says_who_made_them_and_that_they_count_at_once(client, link):
    client.post(link, {**FOUNDER, **LEADS})
    entries = audit_log.page(make_line(), audit_log.Asked(action="role")).entries
    made = {(one.thing, one.who, one.reason) for one in entries}
    assert {("quinn", "admin", audit_log.FOUNDING), ("quill", "admin", audit_log.FOUNDING)} <= made
