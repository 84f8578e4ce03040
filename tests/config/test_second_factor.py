"""Outside the demo, whoever signs or administers has a second factor before anything else."""

import pytest
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from django.urls import reverse

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


def test_the_set_up_page_shows_code_and_secret(client):
    client.force_login(make_user("quinn", role=Role.QA_LEAD))
    page = client.get(reverse("mfa_activate_totp"), follow=True)
    assert page.status_code == 200


def test_with_a_second_factor_the_pages_open(client):
    make_line()
    quinn = make_user("quinn", role=Role.QA_LEAD)
    TOTP.activate(quinn, generate_totp_secret())
    client.force_login(quinn)
    assert client.get(reverse("queue-choice")).status_code == 200


def test_an_inspector_needs_none(client):
    make_line()
    client.force_login(make_user("ana"))
    assert client.get(reverse("queue-choice")).status_code == 200
