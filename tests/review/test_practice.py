"""Practice: known images with the answer after each, apart from all that is counted."""

import pytest
from django.urls import reverse

from inspection.models import Line
from inspection.rules.words import Call, Label, Role
from review import coaching, gold, practice, queues
from review.models import Adjudication, CountDelta, Decision, ReviewTask, Truth
from review.practice_models import PracticeItem, PracticeSet
from tests.builders import NOON, make_user
from tests.review.practice_scene import PLACE, answer_all, rule_six
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


# Again ----------------------------------------------------------------------------------------------------------


def test_what_was_missed_is_shown_again_until_it_is_seen_and_measures_nobody(ruled, ana):
    first = practice.begin(ruled, ana, now=NOON)
    answer_all(first, wrong=2)
    again = practice.begin_again(first, now=later(60))
    assert {one.source_id for one in again.items.all()} == {one.source_id for one in practice.missed(first)}
    assert practice.begin_again(first, now=later(61)) == again

    answer_all(again, wrong=1)
    answer_all(practice.begin_again(again, now=later(120)))

    with pytest.raises(practice.NothingMissed):
        practice.begin_again(practice.last_round(ruled, ana), now=later(180))
    assert [one.round for one in coaching.rounds_of(ana, ruled)] == [first]


def test_defects_found_are_told_by_kind(ruled, ana):
    started = practice.begin(ruled, ana, now=NOON)
    PracticeItem.objects.filter(label="defect", n=started.items.filter(label="defect").first().n).update(
        defect_class="crack"
    )
    for item in started.items.all():
        said = Label.PASS if item.defect_class == "crack" else Label(item.label)
        practice.answer(item, said=said, said_class="", now=NOON)
    assert [(one.defect_class, one.missed, one.shown) for one in practice.found_by_kind(started)] == [
        ("crack", 1, 1),
        ("scratch", 0, 2),
    ]


def test_the_end_of_a_round_names_what_was_said_and_leads_to_it_again(client, ruled, ana):
    client.force_login(ana)
    again = reverse("practice-again", args=[ruled.slug])
    assert again not in page_of(client, ruled)
    answer_all(practice.begin(ruled, ana, now=NOON), wrong=1)
    html = page_of(client, ruled)
    assert "1 image called wrong" in html
    assert again in html

    assert "image 1 of 1" in client.post(again, follow=True).content.decode()
    answer_all(PracticeSet.objects.get(finished_at=None))
    assert "only a round of new images tells" in page_of(client, ruled)


def test_the_place_is_on_the_image_after_the_answer_and_not_before(client, ruled, ana):
    client.force_login(ana)
    item = practice.begin(ruled, ana, now=NOON).items.filter(label="defect").order_by("n").first()
    PracticeItem.objects.filter(round=item.round, n__lt=item.n).update(said="pass", answered_at=NOON)
    assert f'x="{PLACE["x"]}"' not in page_of(client, ruled)

    client.post(reverse("practice-answer", args=[ruled.slug, item.n]), {"said": "defect:scratch"})

    told = page_of(client, ruled, after=item.pk)
    assert f'x="{PLACE["x"]}"' in told
    assert "Show the place" in told
