"""The page of one image: what stands beside it in its search, and the doubt of a lead who sees all that was said."""

import pytest
from django.urls import reverse

from inspection.rules.words import Call, Label, Role, Stream
from review import adjudications, counts, questions, searches
from review.adjudications import ConflictOfInterest
from review.models import Adjudication, ReviewTask, Truth
from review.questions import NobodyLeft, NothingToAsk
from review.rules import tokens
from tests.builders import NOON, make_user
from tests.review.deciding import make_deciding_line, passed
from tests.review.scene import later, make_run, make_task, read

pytestmark = pytest.mark.django_db

PASS, DEFECT = Label.PASS, Label.DEFECT


@pytest.fixture
def item(line, ana):
    """An image that was read as the model called it: nobody had reason to rule."""
    task = make_task(line, "A-1", call=Call.PASS)
    read(task, ana, PASS)
    return task.item


def ask(item, by, *, at=100):
    return questions.ask(item, by=by, reason="a scratch at the lens", now=later(at))


def test_a_doubt_opens_a_case_that_another_lead_rules_blind(line, item, quinn, quill):
    case = ask(item, quinn)

    assert list(adjudications.waiting_for(quinn, lines=[line])) == []
    assert list(adjudications.waiting_for(quill, lines=[line])) == [case]
    assert adjudications.shown(case) == []
    with pytest.raises(ConflictOfInterest):
        adjudications.rule(case, by=quinn, label=DEFECT, defect_class="scratch", now=later(110))
    adjudications.rule(case, by=quill, label=DEFECT, defect_class="scratch", now=later(120))
    assert Truth.objects.order_by("-n").first().label == "defect"


def test_who_ruled_before_does_not_rule_on_a_doubt(line, item, quinn, quill):
    third = make_user("quince", role=Role.QA_LEAD)
    adjudications.rule(ask(item, quinn), by=quill, label=PASS, now=later(120))

    again = ask(item, third, at=200)

    for person in (quill, third):
        with pytest.raises(ConflictOfInterest):
            adjudications.rule(again, by=person, label=DEFECT, defect_class="scratch", now=later(210))
    adjudications.rule(again, by=quinn, label=DEFECT, defect_class="scratch", now=later(210))
    assert Truth.objects.order_by("-n").first().label == "defect"


def test_a_doubt_counts_against_until_it_is_ruled_on_and_bends_no_estimate(line, item, quinn, quill):
    assert counts.sums(line.epoch, Stream.AGREEMENT).s == 1
    case = ask(item, quinn)
    assert (counts.sums(line.epoch, Stream.AGREEMENT).s, counts.sums(line.epoch, Stream.AGREEMENT).f) == (0, 1)

    adjudications.rule(case, by=quill, label=PASS, now=later(120))

    assert (counts.sums(line.epoch, Stream.AGREEMENT).s, counts.sums(line.epoch, Stream.AGREEMENT).f) == (1, 0)
    assert counts.sums(line.epoch, Stream.READ).pp == 1
    assert counts.sums(line.epoch, Stream.RULED).pp == 0


def test_where_no_other_lead_is_left_nothing_is_opened(line, item, quinn):
    with pytest.raises(NobodyLeft):
        ask(item, quinn)
    assert not Adjudication.objects.exists()


def test_what_is_open_or_shown_by_the_part_itself_is_not_doubted(line, item, quinn, quill):
    ask(item, quinn)
    with pytest.raises(NothingToAsk):
        ask(item, quill)
    Adjudication.objects.all().delete()
    Truth.objects.create(item=item, n=9, label="defect", source="physical", created_at=NOON)
    with pytest.raises(NothingToAsk):
        ask(item, quinn)


def test_an_image_that_never_came_to_be_decided_is_not_doubted(line, quinn, quill):
    stored = make_run(line, "S-1").items.get()
    with pytest.raises(NothingToAsk):
        ask(stored, quinn)


def test_people_read_what_the_model_decided_by_itself(ana, quinn):
    run = passed(make_deciding_line(), "P-1")

    asked = ask(run.items.get(), quinn)

    assert isinstance(asked, ReviewTask)
    assert (asked.item.run, asked.purpose) == (run, "primary")


# The page -------------------------------------------------------------------------------------------------------


def test_neighbours_are_those_of_the_search(line, ana):
    items = []
    for n, label in enumerate([PASS, DEFECT, PASS, PASS]):
        task = make_task(line, f"A-{n}", call=Call(label.value), at=later(20 * n))
        read(task, ana, label, at=later(20 * n))
        items.append(task.item)

    def beside(n, text):
        found = searches.neighbours(items[n], line.epoch, tokens.parse(text).search)
        return found.newer, found.older

    assert beside(2, "") == (items[3].pk, items[1].pk)
    assert beside(2, "label:pass") == (items[3].pk, items[0].pk)
    assert beside(3, "label:pass") == (None, items[2].pk)
    assert beside(1, "label:pass") == (None, None)


def test_a_doubt_on_the_page_hides_the_image_until_another_has_ruled(client, line, item, quinn, quill):
    client.force_login(quinn)
    page = reverse("data-item", args=[line.slug, item.pk])
    assert "This looks wrong" in client.get(page).content.decode()

    said = client.post(reverse("data-question", args=[line.slug, item.pk]), {"reason": "at the lens"}, follow=True)
    assert "Another lead rules on it" in said.content.decode()
    assert client.get(page).status_code == 404

    client.force_login(quill)
    case = Adjudication.objects.get()
    shown = client.get(reverse("adjudication", args=[line.slug, case.pk])).content.decode()
    assert "at the lens" not in shown
    adjudications.rule(case, by=quill, label=PASS, now=later(120))
    told = client.get(page).content.decode()
    assert "at the lens" in told
    assert "doubted" in told


def test_a_doubt_wants_a_reason_and_a_lead(client, line, item, quinn, quill):
    address = reverse("data-question", args=[line.slug, item.pk])
    client.force_login(quinn)
    assert "Say why in a few words." in client.post(address, {"reason": " "}, follow=True).content.decode()
    client.force_login(make_user("admin", role=Role.ADMINISTRATOR))
    assert client.post(address, {"reason": "mine"}).status_code == 403
    assert not Adjudication.objects.exists()
