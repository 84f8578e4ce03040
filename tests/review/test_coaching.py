"""One inspector over time: for their leads, for themself as far as told, and for nobody else."""

import pytest
from django.urls import reverse

from inspection.rules.words import Label
from review import coaching, decisions, practice
from review.gold_models import GoldShowing, SessionEnd
from tests.builders import NOON
from tests.review.gold_scene import call_gold, show
from tests.review.practice_scene import answer_all, rule_six
from tests.review.scene import later

pytestmark = pytest.mark.django_db


@pytest.fixture
def measured(line, ana):
    """A line on which Ana caught one known defect and passed another."""
    for n, label in enumerate([Label.DEFECT, Label.PASS]):
        call_gold(show(line, ana, n, at=later(60 * n)), label, at=later(60 * n))
    decisions.finalise_due(now=later(600))
    return line


def page_of(client, line, person):
    return client.get(reverse("inspector", args=[line.slug, person.username]))


def test_known_images_are_counted_by_the_week_of_the_line(measured, ana):
    [week] = coaching.weeks_of(ana, measured, only_told=False)
    assert (week.caught.k, week.caught.n, week.alarmed.n) == (1, 2, 0)
    assert week.monday.weekday() == 0
    assert week.monday <= NOON.date()


def test_a_person_sees_of_themself_only_what_they_were_told(client, measured, ana, quinn):
    client.force_login(ana)
    assert "No known image was answered yet" in page_of(client, measured, ana).content.decode()
    client.force_login(quinn)
    assert "1 / 2" in page_of(client, measured, ana).content.decode()

    told = SessionEnd.objects.create(line=measured, person=ana, readings=20, ended_at=NOON)
    GoldShowing.objects.update(told_in=told)

    client.force_login(ana)
    assert "1 / 2" in page_of(client, measured, ana).content.decode()


def test_the_page_of_a_person_is_for_them_and_their_leads(client, measured, ana, andre, oscar):
    for person in (andre, oscar):
        client.force_login(person)
        assert page_of(client, measured, ana).status_code == 404


def test_it_tells_of_nobody_else(client, measured, ana, andre, quinn):
    call_gold(show(measured, andre, 7, at=later(300)), Label.PASS, at=later(300))
    decisions.finalise_due(now=later(900))
    client.force_login(quinn)
    html = page_of(client, measured, ana).content.decode()
    assert "1 / 2" in html
    assert "andre" not in html


def test_leads_see_the_score_of_a_round_of_practice(client, line, ana, andre, quinn):
    ruled = rule_six(line, andre, quinn)
    answer_all(practice.begin(ruled, ana, now=NOON), wrong=1)
    client.force_login(quinn)
    assert "5 of 6 right" in page_of(client, ruled, ana).content.decode()
