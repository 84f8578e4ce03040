"""Practice: known images with the answer after each, apart from all that is counted."""

import pytest
from django.urls import reverse

from inspection.models import Line
from inspection.rules.words import Call, Label, Role
from review import gold, practice, queues
from review.models import Adjudication, CountDelta, Decision, ReviewTask, Truth
from review.practice_models import PracticeItem, PracticeSet
from tests.builders import NOON, make_user
from tests.review.practice_scene import answer_all, rule_six
from tests.review.scene import later

pytestmark = pytest.mark.django_db


@pytest.fixture
def ruled(line, andre, quinn):
    return rule_six(line, andre, quinn)


def counted():
    return [kind.objects.count() for kind in (ReviewTask, Decision, Truth, CountDelta, Adjudication)]


def test_a_round_holds_ruled_images_of_both_kinds_that_the_person_has_not_met(ruled, ana, andre):
    started = practice.begin(ruled, ana, now=NOON)
    assert sorted(started.items.values_list("label", flat=True)) == ["defect"] * 3 + ["pass"] * 3
    with pytest.raises(practice.TooFewImages):
        practice.begin(ruled, andre, now=NOON)


def test_nothing_of_it_enters_what_is_counted_or_waits(ruled, ana):
    lines = Line.objects.all()
    before = counted(), [one.waiting for one in queues.waiting_on(lines, person=ana)]
    answer_all(practice.begin(ruled, ana, now=NOON), wrong=2)
    assert (counted(), [one.waiting for one in queues.waiting_on(lines, person=ana)]) == before


def test_a_round_is_scored_by_kind_and_ends_with_its_last_answer(ruled, ana):
    started = practice.begin(ruled, ana, now=NOON)
    answer_all(started, wrong=1)
    score = practice.score(started)
    assert started.finished_at == NOON
    assert (score.answered, score.right, score.defects, score.good) == (6, 5, 3, 3)
    assert (score.defects - score.caught) + score.alarms == len(practice.missed(started)) == 1
    assert not score.reaches


def test_the_first_answer_stands(ruled, ana):
    item = practice.next_of(practice.begin(ruled, ana, now=NOON))
    practice.answer(item, said=Label.PASS, said_class="", now=NOON)
    with pytest.raises(practice.AlreadyAnswered):
        practice.answer(item, said=Label.CANNOT_JUDGE, said_class="", now=NOON)


def test_who_begins_twice_goes_on_with_the_same_round(ruled, ana):
    assert practice.begin(ruled, ana, now=NOON) == practice.begin(ruled, ana, now=later(60))


def test_an_image_that_was_practised_on_is_no_known_one_among_the_work_of_that_person(ruled, ana, monkeypatch):
    monkeypatch.setattr(gold._chance, "random", lambda: 0.0)
    assert gold.pick(ana, ruled, now=later(400)) is not None
    answer_all(practice.begin(ruled, ana, now=NOON))
    assert gold.pick(ana, ruled, now=later(400)) is None


def test_what_waits_for_a_ruling_is_not_practised_on(ruled, ana):
    item = Truth.objects.filter(label="pass").first().item
    first = Decision.objects.get(task__item=item)
    Adjudication.objects.create(
        line=ruled, item=item, run=item.run, cause="dispute", first=first, swapped=False, opened_at=NOON
    )
    assert item not in practice.at_hand(ruled, ana, Call.PASS)


# Pages ----------------------------------------------------------------------------------------------------------


def page_of(client, line, **asked):
    return client.get(reverse("practice", args=[line.slug]), asked).content.decode()


def test_a_person_is_told_after_each_image_and_not_before(client, ruled, ana):
    client.force_login(ana)
    client.post(reverse("practice-begin", args=[ruled.slug]))
    item = practice.next_of(PracticeSet.objects.get())
    PracticeItem.objects.filter(pk=item.pk).update(label="defect", defect_class="scratch")
    assert "Ruled" not in page_of(client, ruled)

    told = client.post(reverse("practice-answer", args=[ruled.slug, item.n]), {"said": "pass"}, follow=True)

    html = told.content.decode()
    assert "Not so." in html
    assert "Ruled" in html
    assert "Next image" in html


@pytest.mark.parametrize("said", ["", "maybe", "defect", "pass:scratch", "defect:nowhere"])
def test_an_answer_that_means_nothing_is_none(client, ruled, ana, said):
    client.force_login(ana)
    client.post(reverse("practice-begin", args=[ruled.slug]))
    client.post(reverse("practice-answer", args=[ruled.slug, 1]), {"said": said})
    assert not PracticeItem.objects.filter(answered_at__isnull=False).exists()


def test_the_queue_leads_to_practice_and_a_round_to_its_end(client, ruled, ana):
    client.force_login(ana)
    assert reverse("practice", args=[ruled.slug]) in client.get(reverse("queue-choice")).content.decode()
    answer_all(practice.begin(ruled, ana, now=NOON))
    html = page_of(client, ruled)
    assert "6 of 6 right" in html
    assert "You reach the aim" in html


def test_a_round_is_nobody_elses(client, ruled, ana, oscar):
    item = practice.next_of(practice.begin(ruled, ana, now=NOON))
    practice.answer(item, said=Label.PASS, said_class="", now=NOON)
    aria = make_user("aria")
    client.force_login(aria)
    assert client.get(reverse("practice-image", args=[ruled.slug, item.pk])).status_code == 404
    assert "You said" not in page_of(client, ruled, after=item.pk)
    client.force_login(oscar)
    assert client.get(reverse("practice", args=[ruled.slug])).status_code == 404
    client.force_login(make_user("quince", role=Role.QA_LEAD))
    assert client.get(reverse("practice", args=[ruled.slug])).status_code == 403
