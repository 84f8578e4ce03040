"""`manage.py issue_token`: a program acts for one person, in its scopes, until its day."""

import io

import pytest
from django.core.management import CommandError, call_command

from inspection.models import ApiToken
from tests.builders import make_line, make_user

pytestmark = pytest.mark.django_db


def issued(*arguments):
    written = io.StringIO()
    call_command("issue_token", *arguments, stdout=written)
    return written.getvalue().strip()


def asked(client, method, token, path):
    return getattr(client, method)(path, headers={"Authorization": f"Bearer {token}"}).status_code


def test_a_program_reads_as_the_person_and_does_not_write(client):
    make_user("ana")
    line = make_line()
    token = issued("ana", "--name", "dashboard")
    assert asked(client, "get", token, "/api/v1/lines/") == 200
    assert asked(client, "post", token, f"/api/v1/lines/{line.slug}/claim/") == 403
    kept = ApiToken.objects.get()
    assert (token in kept.digest, (kept.expires_at - kept.created_at).days) == (False, 90)


def test_with_write_it_may_what_the_person_may(client):
    make_user("ana")
    line = make_line()
    token = issued("ana", "--name", "robot", "--write", "--days", "7")
    answer = client.post(
        f"/api/v1/lines/{line.slug}/claim/",
        {"count": 1},
        content_type="application/json",
        headers={"Authorization": f"Bearer {token}"},
    )
    assert answer.status_code == 200


@pytest.mark.parametrize("arguments", [("nobody", "--name", "x"), ("ana", "--name", "x", "--days", "0")])
def test_what_cannot_be_is_refused_in_a_sentence(arguments):
    make_user("ana")
    with pytest.raises(CommandError, match=r"nobody|--days"):
        issued(*arguments)
