"""The inspector's own last calls, and a correction with its reason."""

import pytest
from django.urls import reverse

from inspection.rules.words import Label
from review.models import Adjudication, Decision
from tests.review.scene import CANARY_CLASS, make_task, read

pytestmark = pytest.mark.django_db


@pytest.fixture
def mine(client, ana, line):
    """Ana is signed in and has passed one image for good."""
    client.force_login(ana)
    return read(make_task(line, "A-1"), ana, Label.PASS)


def test_my_calls_are_listed_and_nobody_elses(client, mine, andre, line):
    read(make_task(line, "B-1"), andre)
    html = client.get(reverse("mine")).content.decode()
    assert "A-1" in html
    assert "B-1" not in html
    assert CANARY_CLASS not in html


def test_a_correction_keeps_both_calls_and_opens_a_case(client, mine):
    said = {"is_now": "scratch", "reason": "hairline near the lens"}
    html = client.post(reverse("mine-amend", args=[mine.pk]), said, follow=True).content.decode()
    assert "rules" in html
    calls = Decision.objects.filter(task=mine.task).order_by("recorded_at").values_list("label", "defect_class")
    assert list(calls) == [("pass", ""), ("defect", "scratch")]
    assert Adjudication.objects.get().second.comment == "hairline near the lens"


def test_a_call_is_corrected_once(client, mine):
    for _ in range(2):
        answer = client.post(reverse("mine-amend", args=[mine.pk]), {"is_now": "scratch", "reason": "r"}, follow=True)
    assert "cannot be corrected here" in answer.content.decode()
    assert Decision.objects.count() == 2


@pytest.mark.parametrize(
    "said", [{"is_now": "scratch"}, {"is_now": "", "reason": "r"}, {"is_now": "rust", "reason": "r"}]
)
def test_a_correction_without_reason_or_class_changes_nothing(client, mine, said):
    client.post(reverse("mine-amend", args=[mine.pk]), said)
    assert Decision.objects.count() == 1


def test_a_correction_that_cannot_be_kept_stays_as_it_was_filled_in(client, mine):
    answer = client.post(reverse("mine-amend", args=[mine.pk]), {"is_now": "", "reason": "hairline near the lens"})
    html = answer.content.decode()
    assert answer.status_code == 422
    assert "Choose what it is." in html
    assert 'value="hairline near the lens"' in html
    assert html.count('<details class="menu" open>') == 1


def test_nobody_corrects_the_call_of_another(client, mine, andre):
    client.force_login(andre)
    assert client.post(reverse("mine-amend", args=[mine.pk]), {"is_now": "scratch", "reason": "r"}).status_code == 404


def test_the_page_costs_the_same_with_twenty_calls(client, mine, ana, line, django_assert_max_num_queries):
    with django_assert_max_num_queries(12):
        client.get(reverse("mine"))
    for n in range(3):
        read(make_task(line, f"C-{n}"), ana)
    with django_assert_max_num_queries(12):
        client.get(reverse("mine"))
