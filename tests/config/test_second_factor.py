"""Outside the demo, whoever signs or administers has a second factor before anything else."""

from datetime import timedelta

import pytest
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from django.urls import reverse
from django.utils.timezone import now

from config import first_admin
from inspection import people
from inspection.models import User
from inspection.rules.words import Role
from tests.builders import make_line, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _outside_the_demo(settings):
    settings.SECOND_FACTOR_REQUIRED = True


@pytest.mark.parametrize("role", [Role.QA_LEAD, Role.ADMINISTRATOR])
def test_whoever_signs_or_administers_sets_one_up_first(client, role):
    make_line()
    client.force_login(make_user("quinn", role=role))
    assert client.get(reverse("queue-choice")).headers["Location"] == reverse("mfa_activate_totp")
    assert client.get(reverse("admin:index")).headers["Location"] == reverse("mfa_activate_totp")
    assert client.get("/api/v1/lines/").json()["code"] == "second-factor-required"


def test_right_after_signing_in_the_set_up_page_shows_the_secret_and_asks_for_no_password(client):
    client.force_login(make_user("quinn", role=Role.QA_LEAD))
    page = client.get(reverse("mfa_activate_totp"))
    assert page.status_code == 200
    assert page.context["form"].secret in page.content.decode()


def test_the_owner_of_a_clean_install_goes_from_the_link_to_the_second_factor(client, settings, tmp_path):
    settings.DATA = tmp_path
    password = "correct-horse-battery"
    told = {"username": "admin", "email": "admin@example.com", "password": password}
    client.post(first_admin.setup_path(), told)
    assert client.get(reverse("mfa_activate_totp")).status_code == 200


def test_later_the_password_is_asked_for_before_a_second_factor_is_set_up(client):
    quinn = make_user("quinn", role=Role.QA_LEAD)
    client.force_login(quinn)
    User.objects.filter(pk=quinn.pk).update(last_login=now() - timedelta(minutes=10))
    assert "reauthenticate" in client.get(reverse("mfa_activate_totp")).headers["Location"]


def test_with_a_second_factor_the_pages_open(client):
    make_line()
    quinn = make_user("quinn", role=Role.QA_LEAD)
    TOTP.activate(quinn, generate_totp_secret())
    client.force_login(quinn)
    assert client.get(reverse("queue-choice")).status_code == 200


def test_once_the_factor_is_removed_open_sessions_set_up_another_too(client):
    make_line()
    quinn, admin = make_user("quinn", role=Role.QA_LEAD), make_user("admin", role=Role.ADMINISTRATOR)
    TOTP.activate(quinn, generate_totp_secret())
    client.force_login(quinn)
    assert client.get(reverse("queue-choice")).status_code == 200
    people.remove_second_factor(quinn, reason="lost the phone", by=admin, now=now())
    assert client.get(reverse("queue-choice")).headers["Location"] == reverse("mfa_activate_totp")


def test_an_inspector_needs_none(client):
    make_line()
    client.force_login(make_user("ana"))
    assert client.get(reverse("queue-choice")).status_code == 200
