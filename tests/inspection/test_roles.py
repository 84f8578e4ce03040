"""Roles are given and taken away, never rewritten: nobody makes an old role of another kind out of one."""

import pytest
from django.db import IntegrityError, transaction
from django.urls import reverse

from inspection import permissions
from inspection.models import Membership
from inspection.rules.words import Role
from tests.builders import NOON, PASSWORD, make_line, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def office(client):
    client.force_login(make_user("admin", role=Role.ADMINISTRATOR))
    return client


@pytest.fixture
def ana():
    return make_user("ana")


def save(office, person, **changes):
    """Send a person's page in the admin as it was offered, with some fields changed; return how it looks then."""
    address = reverse("admin:inspection_user_change", args=[person.pk])
    page = office.get(address)
    facts = _offered(page.context["adminform"].form)
    for inline in page.context["inline_admin_formsets"]:
        facts |= _offered(inline.formset.management_form)
        for form in inline.formset.forms:
            facts |= _offered(form)
    assert office.post(address, facts | changes).status_code == 302
    return office.get(address)


def _offered(form) -> dict[str, str]:
    return {form[name].html_name: value for name in form.fields if (value := form[name].value()) is not None}


@pytest.mark.parametrize("prefix", ["memberships", "memberships-2"])
def test_an_administrator_makes_no_lead_of_an_inspector_by_changing_the_role(office, ana, prefix):
    role = ana.memberships.get()
    forged = {f"{prefix}-0-id": str(role.pk), f"{prefix}-0-role": "qa_lead", f"{prefix}-0-user": str(ana.pk)}

    save(office, ana, **forged, **{f"{prefix}-TOTAL_FORMS": "1", f"{prefix}-INITIAL_FORMS": "1"})

    assert [(one.role, one.is_founding) for one in ana.memberships.filter(is_founding=True)] == [("inspector", True)]


@pytest.mark.parametrize("prefix", ["memberships", "memberships-2"])
def test_the_admin_gives_no_role_and_takes_none_away(office, ana, prefix):
    role = ana.memberships.get()
    new = {f"{prefix}-TOTAL_FORMS": "2", f"{prefix}-1-role": "qa_lead", f"{prefix}-1-user": str(ana.pk)}
    old = {f"{prefix}-INITIAL_FORMS": "1", f"{prefix}-0-id": str(role.pk), f"{prefix}-0-is_ended": "on"}

    save(office, ana, first_name="Ana", **new, **old)

    ana.refresh_from_db()
    assert ana.first_name == "Ana"
    assert [(one.role, one.revoked_at) for one in ana.memberships.all()] == [("inspector", None)]


def test_the_admin_opens_no_way_into_an_account(office, ana):
    before = ana.password
    save(office, ana, email="eve@plant.example", is_active="", password="pbkdf2_sha256$", username="eve")
    ana.refresh_from_db()
    assert (ana.username, ana.email, ana.is_active, ana.password) == ("ana", "", True, before)
    office.post(f"/admin/inspection/user/{ana.pk}/password/", {"password1": PASSWORD * 2, "password2": PASSWORD * 2})
    ana.refresh_from_db()
    assert ana.password == before
    assert office.get(reverse("admin:inspection_user_add")).status_code == 403


def test_a_role_is_taken_away_by_one_person_alone(ana):
    one, other = make_user("admin"), make_user("other")
    role = ana.memberships.get()
    role.revoke(by=one, at=NOON)
    role.revoke(by=other, at=NOON.replace(year=2030))
    role.refresh_from_db()
    assert (role.revoked_by, role.revoked_at) == (one, NOON)


def test_the_database_keeps_no_taker_of_a_role_that_stands(ana):
    with pytest.raises(IntegrityError, match="membership_taken_away_at_a_moment"), transaction.atomic():
        ana.memberships.update(revoked_by=ana)


@pytest.mark.parametrize(
    "change",
    [
        {"role": "qa_lead"},
        {"line": None},
        {"is_founding": False},
        {"granted_at": NOON.replace(year=2020)},
        {"revoked_at": None},
        {"revoked_at": NOON.replace(year=2030)},
        {"revoked_by": 1},
        {"reason": "because"},
        {"revoked_reason": "because"},
    ],
    ids=lambda change: next(iter(change)),
)
def test_the_database_refuses_to_rewrite_a_role(change):
    make_user("ana", line=make_line())
    Membership.objects.update(revoked_at=NOON)

    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
        Membership.objects.update(**change)


def test_roles_are_looked_up_once_for_an_answer_and_anew_for_the_next(ana, django_assert_num_queries):
    with permissions.asked_once(), django_assert_num_queries(1):
        before = permissions.roles_of(ana)
        assert permissions.roles_of(ana) == before
    Membership.objects.filter(user=ana).update(revoked_at=NOON)
    with permissions.asked_once():
        assert permissions.roles_of(ana) == set()
