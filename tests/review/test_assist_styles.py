"""When inspectors see the prediction is a choice of QA leads: with a reason, its cost told beforehand, and kept."""

import pytest
from django.db import IntegrityError, transaction
from django.urls import reverse

from inspection.models import Line
from inspection.rules.words import AssistStyle, Level, Role
from review import assist_styles, audit_log
from review.style_models import AssistStyleChange
from tests.builders import NOON, make_user
from tests.review.scene import make_watched_line

pytestmark = pytest.mark.django_db

WHY = {"style": "alongside", "reason": "new kind of scratch"}


@pytest.fixture
def line():
    return make_watched_line(level=Level.ASSIST)


@pytest.fixture
def lead(client, quinn):
    client.force_login(quinn)
    return client


def show(client, line, **asked):
    return client.post(reverse("ladder-deed", args=[line.slug, "show"]), asked, follow=True)


def style_of(line) -> str:
    return Line.objects.get(pk=line.pk).assist_style


def test_a_lead_changes_the_style_with_a_reason_and_the_log_keeps_it(lead, line):
    assert "Changed, from the next image on." in show(lead, line, **WHY).text
    assert style_of(line) == "alongside"
    entry = next(audit_log.entries(line, audit_log.Asked(action="assist_style")))
    assert (entry.who, entry.change, entry.reason) == ("quinn", "reveal → alongside", "new kind of scratch")


@pytest.mark.parametrize("wrong", [{"reason": " "}, {"style": "never"}, {"style": "reveal"}])
def test_without_a_reason_or_a_change_nothing_happens(lead, line, wrong):
    show(lead, line, **(WHY | wrong))
    assert style_of(line) == "reveal"
    assert not AssistStyleChange.objects.exists()


@pytest.mark.parametrize("role", [Role.ADMINISTRATOR, Role.INSPECTOR])
def test_only_qa_leads_change_it(client, line, role):
    client.force_login(make_user("oscar", role=role))
    show(client, line, **WHY)
    assert style_of(line) == "reveal"


@pytest.mark.parametrize(
    ("share", "said"), [(0.05, "about 20 x as many parts"), (0.25, "about 4 x"), (0.0, "no control share")]
)
def test_the_page_says_beforehand_how_much_longer_evidence_takes(lead, line, share, said):
    Line.objects.filter(pk=line.pk).update(control_share=share)
    assert said in lead.get(reverse("automation", args=[line.slug])).text


def test_the_agreement_page_says_that_the_control_share_alone_counts(lead, line, quinn):
    page = reverse("agreement", args=[line.slug])
    assert "control share alone counts" not in lead.get(page).text
    assist_styles.change(line, to_style=AssistStyle.ALONGSIDE, by=quinn, reason="hurry", now=NOON)
    assert "control share alone counts here, 5\u00a0% of parts" in lead.get(page).text


def test_a_change_is_written_once_and_never_without_a_reason(line, quinn):
    change = assist_styles.change(line, to_style=AssistStyle.ALONGSIDE, by=quinn, reason="hurry", now=NOON)
    with pytest.raises(IntegrityError), transaction.atomic():
        AssistStyleChange.objects.filter(pk=change.pk).update(reason="another")
    with pytest.raises(IntegrityError), transaction.atomic():
        assist_styles.change(line, to_style=AssistStyle.REVEAL, by=quinn, reason="", now=NOON)
    with pytest.raises(assist_styles.Unchanged):
        assist_styles.change(line, to_style=AssistStyle.ALONGSIDE, by=quinn, reason="again", now=NOON)
