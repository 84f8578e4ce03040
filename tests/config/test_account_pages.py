"""Every page of an account that is open here looks like the product, in both languages."""

import re

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.totp.internal.auth import (
    TOTP,
    format_hotp_value,
    generate_totp_secret,
    hotp_value,
    yield_hotp_counters_from_time,
)
from django.urls import reverse

from inspection.rules.words import Role
from tests.builders import PASSWORD, make_user

pytestmark = pytest.mark.django_db

OF_A_STRANGER = [
    "account_login",
    "account_signup",
    "account_inactive",
    "account_reset_password",
    "account_reset_password_done",
    "account_reset_password_from_key_done",
    "account_email_verification_sent",
]
OF_A_PERSON = [
    "account_logout",
    "account_change_password",
    "account_email",
    "account_reauthenticate",
    "mfa_index",
    "mfa_activate_totp",
]
OF_A_PERSON_WITH_TWO_FACTORS = ["mfa_index", "mfa_deactivate_totp", "mfa_generate_recovery_codes"]


@pytest.fixture
def ana(client):
    person = make_user("ana")
    client.post(reverse("account_login"), {"login": "ana", "password": PASSWORD})
    client.post(reverse("account_reauthenticate"), {"password": PASSWORD})
    return person


# Names of languages, people and the product aside, a capital begins a sentence and no other word.
TITLE_CASE = re.compile(r"(?<=[a-z] )[A-Z][a-z]")


def words_of(html: str) -> list[str]:
    """Return the headings, labels and buttons of a page's card, and its title."""
    card = html.split('id="main"')[1].split("</main>")[0]
    said = re.findall(r"<(?:h1|h2|label|button|a)\b[^>]*>(.*?)</(?:h1|h2|label|button|a)>", card, re.DOTALL)
    title = html.split("<title>")[1].partition(" · ")[0]
    return [" ".join(re.sub("<[^>]+>", " ", one).split()) for one in [*said, title]]


def page(client, name: str, language: str, **kwargs) -> str:
    response = client.get(reverse(name, kwargs=kwargs), headers={"Accept-Language": language})
    assert response.status_code == 200, (name, response.status_code)
    return response.content.decode()


def looks_like_the_product(html: str, language: str) -> bool:
    """Whether a page has the product's frame, and says what it heads, asks and does as the product says it."""
    assert [said for said in words_of(html) if TITLE_CASE.search(said)] == []
    return all(
        one in html for one in (f'<html lang="{language}"', "css/entrance", 'class="entrance"', 'id="main"', "<h1>")
    )


@pytest.mark.parametrize("language", ["en", "ko"])
@pytest.mark.parametrize("name", OF_A_STRANGER)
def test_the_pages_of_a_stranger(client, name, language):
    assert looks_like_the_product(page(client, name, language), language)


@pytest.mark.parametrize("language", ["en", "ko"])
def test_a_link_of_mail_that_is_spent(client, language):
    assert looks_like_the_product(page(client, "account_confirm_email", language, key="spent"), language)
    spent = client.get(
        reverse("account_reset_password_from_key", kwargs={"uidb36": "1", "key": "spent"}),
        headers={"Accept-Language": language},
    )
    assert looks_like_the_product(spent.content.decode(), language)


@pytest.mark.parametrize("language", ["en", "ko"])
@pytest.mark.parametrize("name", OF_A_PERSON)
def test_the_pages_of_a_person(client, ana, name, language):
    EmailAddress.objects.create(user=ana, email="ana@line.example", primary=True, verified=True)
    ana.language = language
    ana.save()
    assert looks_like_the_product(page(client, name, language), language)


@pytest.mark.parametrize("name", OF_A_PERSON_WITH_TWO_FACTORS)
def test_the_pages_of_a_person_with_two_factors(client, ana, name):
    secret = generate_totp_secret()
    TOTP.activate(ana, secret)
    code = format_hotp_value(hotp_value(secret, next(yield_hotp_counters_from_time())))
    client.post(reverse("mfa_reauthenticate"), {"code": code})
    assert looks_like_the_product(page(client, name, "en"), "en")


def test_a_person_changes_the_password_and_is_told_so(client, ana):
    new = "another-long-password-9"
    response = client.post(
        reverse("account_change_password"), {"oldpassword": PASSWORD, "password1": new, "password2": new}, follow=True
    )
    assert "The password is changed." in response.content.decode()
    ana.refresh_from_db()
    assert ana.check_password(new)


def test_a_wrong_old_password_is_said_at_its_field(client, ana):
    new = "another-long-password-9"
    response = client.post(
        reverse("account_change_password"), {"oldpassword": "wrong", "password1": new, "password2": new}
    )
    html = response.content.decode()
    assert 'class="error-summary"' in html
    assert 'id="id_oldpassword-error"' in html


@pytest.mark.parametrize("role", Role)
def test_the_menu_behind_a_persons_name_leads_to_the_api_and_its_problems(client, role):
    client.force_login(make_user("aria", role=role))
    html = client.get(reverse("queue-choice")).content.decode()
    assert f'href="{reverse("api-docs")}"' in html
    assert f'href="{reverse("problems")}"' in html
