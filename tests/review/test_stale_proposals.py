"""A page of a line may be old: a signature goes to the proposal that it showed, or nowhere."""

import re
from dataclasses import replace

import pytest
from django.urls import reverse
from django.utils.timezone import now

from inspection import automation, epochs
from inspection.models import Hold, LevelProposal, Line
from inspection.rules.words import Level, Role
from review import signing
from tests.builders import NOON, PASSWORD, make_line, make_model_version, make_user
from tests.inspection.test_ladder import GOOD

pytestmark = pytest.mark.django_db

REFUSED = "What you read does not stand any more. Nothing was done: read what stands now."


@pytest.fixture
def line(monkeypatch):
    """A line at `shadow` whose evidence is good: the counts are given, everything after them is real."""
    line = make_line(level="shadow")
    epochs.enter(line, make_model_version(), cause="set-up", now=NOON)
    healthy = replace(GOOD, health=(200, 0, 10.0, 2000.0))
    monkeypatch.setattr("review.evidence.Asked.gather", lambda *args, **kwargs: healthy)
    return line


@pytest.fixture
def quinn():
    return make_user("quinn", role=Role.QA_LEAD)


@pytest.fixture
def quill():
    return make_user("quill", role=Role.QA_LEAD)


def propose(line: Line, by) -> LevelProposal:
    return signing.propose(line, to_level=Level.ASSIST, by=by, reason="steady", now=now())


def stop_and_ask_for_the_way_back(line: Line, by) -> LevelProposal:
    automation.stop(line, by=by, reason="dust", now=now())
    return signing.resume(line, by=by, reason="clean", now=now())


def forms(html: str, place: str) -> dict[str, str]:
    """Return what the form that posts to `place` sends by itself."""
    form = re.search(rf'<form[^>]*action="{place}".*?</form>', html, re.DOTALL)[0]
    return dict(re.findall(r'type="hidden" name="(proposal|to_level)" value="([^"]*)"', form))


def places(line: Line, deed: str) -> dict[str, tuple[str, str]]:
    """Return the page and the address of the deed's form, on the page of a line and in the administration."""
    return {
        "page": (reverse("automation", args=[line.slug]), reverse("ladder-deed", args=[line.slug, deed])),
        "admin": (
            reverse("admin:inspection_line_change", args=[line.pk]),
            reverse(f"admin:line-{deed}", args=[line.pk]),
        ),
    }


@pytest.mark.parametrize("where", ["page", "admin"])
@pytest.mark.parametrize("deed", ["approve", "reject"])
def test_a_page_read_before_stop_neither_signs_nor_closes_the_way_back(client, line, quinn, quill, deed, where):
    propose(line, quinn)
    client.force_login(quill)
    page, address = places(line, deed)[where]
    sent = forms(client.get(page).text, address)

    way_back = stop_and_ask_for_the_way_back(line, quinn)
    told = client.post(address, {**sent, "password": PASSWORD, "reason": "no"}, follow=True).text

    way_back.refresh_from_db()
    assert REFUSED in told
    assert (way_back.status, way_back.approver) == ("open", None)
    assert Hold.objects.in_force().filter(line=line, kind=Hold.STOP).exists()


@pytest.mark.parametrize("where", ["page", "admin"])
def test_what_the_page_shows_is_what_it_signs(client, line, quinn, quill, where):
    way_back = stop_and_ask_for_the_way_back(line, quinn)
    client.force_login(quill)
    page, address = places(line, "approve")[where]
    sent = forms(client.get(page).text, address)
    assert sent == {"proposal": str(way_back.pk)}
    client.post(address, {**sent, "password": PASSWORD})
    assert not Hold.objects.in_force().exists()


def test_a_stop_while_the_password_is_checked_is_not_lifted_by_the_signature(client, line, quinn, quill, monkeypatch):
    shown = propose(line, quinn)
    monkeypatch.setattr("review.signing.confirm", lambda *_, **__: stop_and_ask_for_the_way_back(line, quinn))
    client.force_login(quill)
    address = reverse("ladder-deed", args=[line.slug, "approve"])
    told = client.post(address, {"proposal": shown.pk, "password": PASSWORD}, follow=True).text
    line.refresh_from_db()
    assert REFUSED in told
    assert line.level == "shadow"
    assert automation.open_proposal(line).resumes


@pytest.mark.parametrize("given", ["", "x", "0", "²"])
def test_a_signature_without_the_proposal_that_it_is_for_signs_nothing(client, line, quinn, quill, given):
    propose(line, quinn)
    client.force_login(quill)
    address = reverse("ladder-deed", args=[line.slug, "approve"])
    assert REFUSED in client.post(address, {"proposal": given, "password": PASSWORD}, follow=True).text
    assert automation.open_proposal(line).approver is None


@pytest.mark.parametrize("where", ["page", "admin"])
def test_a_page_read_a_rung_lower_proposes_no_other_rung(client, line, quill, where):
    client.force_login(quill)
    page, address = places(line, "propose")[where]
    sent = forms(client.get(page).text, address)
    assert sent == {"to_level": "assist"}
    Line.objects.filter(pk=line.pk).update(level="assist")
    told = client.post(address, {**sent, "reason": "steady", "password": PASSWORD}, follow=True).text
    assert "The ladder is climbed one rung at a time." in told
    assert automation.open_proposal(line) is None
