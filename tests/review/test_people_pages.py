"""The pages on which an administrator invites people, gives roles and takes them, and lets people out and in again."""

import re
from datetime import timedelta
from html import unescape

import pytest
from allauth.mfa.models import Authenticator
from django.core import mail
from django.db import DatabaseError, transaction
from django.urls import reverse
from django.utils.timezone import now as clock

from inspection import permissions, tokens
from inspection.models import Membership, PersonChange, User
from inspection.people import entrance
from inspection.rules.words import PersonDeed, Role, Scope
from review.models import ReviewTask
from tests.builders import NOON, PASSWORD, make_line, make_user
from tests.review.scene import make_task, make_watched_line

pytestmark = pytest.mark.django_db
CHOSEN = "a-long-enough-horse"


@pytest.fixture
def line(own_files):
    return make_watched_line()


@pytest.fixture
def admin():
    return make_user("admin", role=Role.ADMINISTRATOR)


@pytest.fixture
def lena(line):
    """Administrator of one line."""
    return make_user("lena", role=Role.ADMINISTRATOR, line=line)


@pytest.fixture
def office(client, admin):
    client.force_login(admin)
    return client


def invite(client, **facts):
    facts = {"username": "berta", "role": "inspector", "line": "", "reason": "starts today", **facts}
    return client.post(reverse("people-invite"), facts)


def give(client, person, **facts):
    facts = {"role": "inspector", "line": "", "reason": "two shifts", **facts}
    return client.post(reverse("person-role", args=[person.username]), facts)


def deed(client, person, name, **facts):
    return client.post(reverse("person-deed", args=[person.username, name]), {"reason": "asked for it", **facts})


def link_in(page) -> str:
    """Return the path of the link that a page shows."""
    return re.search(r"http://testserver(/accounts/[^<]+)", unescape(page.content.decode()))[1]


def walk_in(client, path, name):
    """Choose a password behind a link, as its owner does, and sign in with it."""
    client.logout()
    form = client.get(path, follow=True)
    client.post(form.request["PATH_INFO"], {"password1": CHOSEN, "password2": CHOSEN})
    client.post(reverse("account_login"), {"login": name, "password": CHOSEN})


def roles(person) -> list[tuple[str, str]]:
    standing = person.memberships.filter(revoked_at=None).order_by("pk")
    return [(one.role, one.line.slug if one.line else "") for one in standing]


# Inviting ---------------------------------------------------------------------------------------------------------


def test_whoever_is_invited_chooses_a_password_behind_a_link_shown_once_and_reads_the_line(office, line):
    page = invite(office, line=line.pk, email="berta@plant.example", employee_id="E-7")
    assert "it is not shown again" in page.content.decode()
    path = link_in(page)
    berta = User.objects.get(username="berta")
    assert not berta.has_usable_password()
    assert path not in office.get(reverse("person", args=["berta"])).content.decode()

    walk_in(office, path, "E-7")

    assert office.get(reverse("review", args=[line.slug])).status_code == 200
    assert roles(berta) == [("inspector", line.slug)]
    office.logout()
    assert office.get(path, follow=True).context["token_fail"]


def test_the_link_goes_to_the_person_alone_where_the_server_sends_mail(office, line, settings):
    settings.EMAIL_HOST = "mail.plant.example"
    page = invite(office, line=line.pk, email="berta@plant.example")
    assert page.status_code == 302
    [letter] = mail.outbox
    assert letter.to == ["berta@plant.example"]
    path = re.search(r"/accounts/\S+", letter.body)[0]
    walk_in(office, path, "berta")
    assert office.get(reverse("review", args=[line.slug])).status_code == 200


def test_a_link_that_no_mail_host_takes_is_shown(office, settings):
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 1
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    assert link_in(invite(office, email="berta@plant.example"))


def test_nobody_has_the_name_of_the_invitations_own_address(office):
    assert invite(office, username="invite").status_code == 422
    assert invite(office, username="invited").status_code == 200


@pytest.mark.parametrize("taken", [{"username": "ana"}, {"email": "ana@plant.example"}, {"employee_id": "E-1"}])
def test_an_employee_has_one_account(office, taken):
    make_user("ana", email="ana@plant.example", employee_id="E-1")
    page = invite(office, **taken)
    assert page.status_code == 422
    assert "Somebody has or had an account" in page.content.decode()
    assert not User.objects.filter(username="berta").exists()


def test_an_invited_lead_signs_a_day_later(office, line):
    invite(office, role="qa_lead", line=line.pk)
    berta = User.objects.get(username="berta")
    today = clock()
    assert not permissions.may_sign_levels(berta, line, now=today)
    assert permissions.may_sign_levels(berta, line, now=today + timedelta(hours=25))


# Roles ------------------------------------------------------------------------------------------------------------


def test_a_role_is_given_and_taken_away_with_a_reason_that_the_log_tells(office, line):
    ana = make_user("ana", line=make_line("phone-back"))
    give(office, ana, role="qa_lead", line=line.pk)
    assert roles(ana) == [("inspector", "phone-back"), ("qa_lead", line.slug)]
    fresh = ana.memberships.get(role="qa_lead")
    assert (fresh.is_founding, fresh.granted_by.username) == (False, "admin")

    office.post(reverse("person-take", args=["ana", fresh.pk]), {"reason": "back to the line"})

    assert roles(ana) == [("inspector", "phone-back")]
    log = office.get(reverse("log", args=[line.slug])).content.decode()
    assert all(word in log for word in ("two shifts", "back to the line"))


def test_a_role_without_a_reason_is_neither_given_nor_taken(office, line):
    ana = make_user("ana")
    assert give(office, ana, reason=" ").status_code == 422
    role = ana.memberships.get()
    assert office.post(reverse("person-take", args=["ana", role.pk])).status_code == 403
    assert roles(ana) == [("inspector", "")]


def test_a_role_that_somebody_has_is_told_beside_its_field(office):
    page = give(office, make_user("ana"))
    assert page.status_code == 422
    assert "has the role there already" in page.content.decode()


def test_nobody_gives_or_takes_a_role_of_their_own(office, admin, line):
    assert give(office, admin, role="qa_lead", line=line.pk).status_code == 403
    assert office.post(reverse("person-take", args=["admin", admin.memberships.get().pk]), {"reason": "x"}).status_code
    assert roles(admin) == [("administrator", "")]
    html = office.get(reverse("person", args=["admin"])).content.decode()
    assert "Nobody gives or takes roles of their own" in html
    assert "Take away" not in html


# Who may ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("role", [Role.QA_LEAD, Role.INSPECTOR, None])
def test_nobody_but_administrators_opens_these_pages_or_does_a_deed(role, client, line):
    ana = make_user("ana")
    client.force_login(make_user("oscar", role=role))
    answers = [client.get(reverse("people")), client.get(reverse("person", args=["ana"]))]
    answers += [invite(client), give(client, ana, role="qa_lead")]
    answers += [client.post(reverse("person-take", args=["ana", ana.memberships.get().pk]), {"reason": "x"})]
    answers += [deed(client, ana, name) for name in ("disable", "enable", "link", "factor", "unlock")]
    assert {answer.status_code for answer in answers} == {403}
    ana.refresh_from_db()
    assert (roles(ana), ana.is_active, User.objects.count()) == ([("inspector", "")], True, 2)


def test_whoever_administers_one_line_sees_its_people_and_no_others(client, lena, line):
    elsewhere = make_line("phone-back")
    make_user("ana", line=line)
    quinn = make_user("quinn", role=Role.QA_LEAD)
    Membership.objects.create(user=quinn, line=elsewhere, role="inspector", granted_at=NOON)
    make_user("andre", line=elsewhere)
    client.force_login(lena)
    html = client.get(reverse("people")).content.decode()
    shown = re.findall(r'href="/people/([a-z]+)/"', html)
    assert shown == ["ana", "lena", "quinn"]
    assert "phone-back" not in html
    assert client.get(reverse("person", args=["andre"])).status_code == 404
    assert deed(client, User.objects.get(username="andre"), "disable").status_code == 404


@pytest.mark.parametrize("place", ["", "phone-back"])
def test_whoever_administers_one_line_gives_no_role_beyond_it(client, lena, line, place):
    ana = make_user("ana", line=line)
    beyond = make_line("phone-back")
    client.force_login(lena)
    target = {"line": beyond.pk if place else ""}
    assert give(client, ana, role="administrator", **target).status_code == 422
    assert invite(client, role="inspector", **target).status_code == 422
    assert invite(client, role="inspector", line=line.pk).status_code == 200
    assert roles(ana) == [("inspector", line.slug)]
    assert roles(User.objects.get(username="berta")) == [("inspector", line.slug)]


@pytest.mark.parametrize("name", ["disable", "enable", "link", "factor", "unlock"])
@pytest.mark.parametrize("place", ["", "phone-back"])
def test_an_account_with_roles_beyond_the_line_is_kept_by_those_of_every_line(client, lena, line, name, place):
    beyond = make_line("phone-back")
    quinn = make_user("quinn", line=line)
    Membership.objects.create(user=quinn, line=beyond if place else None, role="qa_lead", granted_at=NOON)
    client.force_login(lena)
    page = deed(client, quinn, name)
    assert page.status_code == 403
    assert not PersonChange.objects.exists()
    assert (
        "an administrator of every line keeps the account"
        in client.get(reverse("person", args=["quinn"])).content.decode()
    )


def test_whoever_administers_one_line_takes_no_role_of_every_line(client, lena):
    quinn = make_user("quinn", role=Role.QA_LEAD)
    client.force_login(lena)
    role = quinn.memberships.get()
    assert client.post(reverse("person-take", args=["quinn", role.pk]), {"reason": "x"}).status_code == 403
    assert roles(quinn) == [("qa_lead", "")]


def test_a_person_of_the_line_alone_is_kept_by_its_administrator(client, lena, line):
    ana = make_user("ana", line=line)
    client.force_login(lena)
    deed(client, ana, "disable")
    ana.refresh_from_db()
    assert not ana.is_active
    assert "disabled" in client.get(reverse("person", args=["ana"])).content.decode()


@pytest.mark.parametrize("name", ["disable", "enable", "link", "factor", "unlock"])
def test_nobody_closes_or_opens_their_own_account(office, admin, name):
    assert deed(office, admin, name).status_code == 403
    admin.refresh_from_db()
    assert admin.is_active


# Out and in again ----------------------------------------------------------------------------------------------


def test_who_is_disabled_is_out_with_the_next_request_and_leaves_nothing_held(client, office, line):
    ana = make_user("ana")
    token = tokens.issue(ana, name="script", scopes=list(Scope), now=clock())
    task = make_task(line)
    ReviewTask.objects.filter(pk=task.pk).update(
        lease_holder=ana, lease_until=clock() + timedelta(hours=1), queue_rank=None
    )
    desk = type(client)()
    desk.force_login(ana)
    assert desk.get(reverse("queue-choice")).status_code == 200

    page = deed(office, ana, "disable", reason="")

    assert page.status_code == 302
    assert desk.get(reverse("queue-choice")).status_code == 302
    told = type(client)().get("/api/v1/lines/", headers={"authorization": f"Bearer {token}"})
    assert told.status_code == 401
    task.refresh_from_db()
    assert (task.lease_holder, task.queue_rank is not None) == (None, True)


def test_an_account_opened_again_needs_a_new_password_and_no_old_session_comes_back(client, office, line):
    ana = make_user("ana")
    desk = type(client)()
    desk.force_login(ana)
    deed(office, ana, "disable")

    path = link_in(deed(office, ana, "enable"))

    assert desk.get(reverse("queue-choice")).status_code == 302
    desk.post(reverse("account_login"), {"login": "ana", "password": PASSWORD})
    assert desk.get(reverse("queue-choice")).status_code == 302
    walk_in(desk, path, "ana")
    assert desk.get(reverse("review", args=[line.slug])).status_code == 200


def make_factor(person):
    for kind in (Authenticator.Type.TOTP, Authenticator.Type.RECOVERY_CODES):
        Authenticator.objects.create(user=person, type=kind, data={"secret": "x", "seed": "y", "used_mask": 0})


@pytest.mark.parametrize("name", ["link", "factor", "enable"])
def test_a_lead_whom_somebody_let_in_signs_nothing_for_a_day(office, line, name):
    quinn = make_user("quinn", role=Role.QA_LEAD)
    make_factor(quinn)
    assert permissions.may_sign_levels(quinn, line, now=clock())
    if name == "enable":
        deed(office, quinn, "disable")

    assert deed(office, quinn, name).status_code in {200, 302}

    quinn.refresh_from_db()
    today = clock()
    assert quinn.is_active
    assert not permissions.may_sign_levels(quinn, line, now=today)
    assert not permissions.may_sign_everywhere(quinn, now=today)
    assert permissions.may_sign_levels(quinn, line, now=today + timedelta(hours=25))


def test_an_account_in_use_is_not_opened_again_for_a_link_without_a_trace(office, line):
    quinn = make_user("quinn", role=Role.QA_LEAD)
    assert deed(office, quinn, "enable").status_code == 404
    assert not PersonChange.objects.filter(user=quinn).exists()


def test_whoever_keeps_a_link_for_a_day_signs_nothing_for_the_day_after_using_it(office, line):
    quinn = make_user("quinn", role=Role.QA_LEAD)
    path = link_in(deed(office, quinn, "link"))
    User.objects.filter(pk=quinn.pk).update(let_in_at=clock() - timedelta(hours=25))
    walk_in(office, path, "quinn")
    quinn.refresh_from_db()
    assert quinn.check_password(CHOSEN)
    assert not permissions.may_sign_levels(quinn, line, now=clock())


def test_a_password_of_ones_own_asking_costs_no_day(client, line):
    quinn = make_user("quinn", role=Role.QA_LEAD)
    walk_in(client, entrance(quinn), "quinn")
    quinn.refresh_from_db()
    assert quinn.check_password(CHOSEN)
    assert permissions.may_sign_levels(quinn, line, now=clock())


def test_a_lost_second_factor_is_removed_with_its_recovery_codes(office):
    quinn = make_user("quinn", role=Role.QA_LEAD)
    make_factor(quinn)
    assert "Remove the second factor" in office.get(reverse("person", args=["quinn"])).content.decode()
    deed(office, quinn, "factor")
    assert not Authenticator.objects.filter(user=quinn).exists()
    assert "Remove the second factor" not in office.get(reverse("person", args=["quinn"])).content.decode()


@pytest.mark.parametrize("typed", ["ana", "Ana", "ana@plant.example", "E-7"])
def test_an_administrator_lifts_the_lock_of_a_sign_in(client, office, typed):
    ana = make_user("ana", email="ana@plant.example", employee_id="E-7")
    desk = type(client)()
    wrong = [
        desk.post(
            reverse("account_login"), {"login": typed, "password": "wrong"}, headers={"User-Agent": f"two {n % 2}"}
        )
        for n in range(5)
    ]
    assert wrong[-1].status_code == 429
    assert "Lift the lock" in office.get(reverse("person", args=["ana"])).content.decode()

    deed(office, ana, "unlock")

    assert "Lift the lock" not in office.get(reverse("person", args=["ana"])).content.decode()
    assert desk.post(reverse("account_login"), {"login": typed, "password": PASSWORD}).status_code == 302
    assert [(one.deed, one.reason) for one in ana.changes.all()] == [("unlocked", "asked for it")]


def test_four_wrong_passwords_are_no_lock_and_lifting_none_leaves_no_trace(client, office):
    ana = make_user("ana")
    deed(office, ana, "unlock")
    desk = type(client)()
    for _ in range(4):
        desk.post(reverse("account_login"), {"login": "ana", "password": "wrong"})
    assert "Lift the lock" not in office.get(reverse("person", args=["ana"])).content.decode()
    assert not ana.changes.exists()


def test_each_deed_is_in_the_log_of_the_persons_lines_and_of_no_other(office, line):
    invite(office, line=line.pk)
    berta = User.objects.get(username="berta")
    for name in ("disable", "enable", "link"):
        deed(office, berta, name, reason=f"why {name}")
    done = PersonChange.objects.order_by("pk").values_list("deed", "done_by__username")
    names = (PersonDeed.INVITED, PersonDeed.DISABLED, PersonDeed.ENABLED, PersonDeed.LINK_GIVEN)
    assert list(done) == [(name.value, "admin") for name in names]
    log = office.get(f"{reverse('log', args=[line.slug])}?action=account").content.decode()
    assert all(f"why {name}" in log for name in ("disable", "enable", "link"))
    other = make_line("phone-back")
    assert "berta" not in office.get(f"{reverse('log', args=[other.slug])}?action=account").content.decode()


def test_what_was_done_to_an_account_is_never_edited(office, line):
    invite(office, line=line.pk)
    with pytest.raises(DatabaseError), transaction.atomic():
        PersonChange.objects.update(deed="enabled")


# The way there ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("role", "is_led"), [(Role.ADMINISTRATOR, True), (Role.QA_LEAD, False)])
def test_the_sidebar_leads_administrators_to_the_people(client, line, role, is_led):
    client.force_login(make_user("somebody", role=role))
    html = client.get(reverse("fleet")).content.decode()
    assert (f'href="{reverse("people")}"' in html) == is_led


def test_the_list_asks_no_more_for_more_people(office, django_assert_max_num_queries):
    for n in range(12):
        make_user(f"ana{n}")
    with django_assert_max_num_queries(30):
        office.get(reverse("people"))
