"""The second look at the truth draw's passes: what it makes of detection, and how the agreement page says it."""

from dataclasses import replace

import pytest
from django.urls import reverse

from inspection.rules.words import Call, Label, Role, Stream
from review import adjudications, counts, decisions, second_looks
from review.models import Adjudication, Decision
from stats.adjudication import visible_detection
from tests.builders import make_user
from tests.review.scene import an_answer, later, make_task, read

pytestmark = pytest.mark.django_db


def rule(person, label, *, at):
    case = Adjudication.objects.filter(ruled_at=None).latest("opened_at", "pk")
    kind = "scratch" if label == Label.DEFECT else ""
    return adjudications.rule(case, by=person, label=label, defect_class=kind, now=later(at))


@pytest.fixture
def drawn(line, ana, quinn):
    """Six parts of the truth draw that the model passes: five ruled good, one a defect. One that it rejects."""
    told = [*[(Call.PASS, Label.PASS)] * 5, (Call.PASS, Label.DEFECT), (Call.DEFECT, Label.DEFECT)]
    for n, (call, label) in enumerate(told):
        draws = ("truth", "second_look") if n < 2 else ("truth",)
        read(make_task(line, f"A-{n}", call=call, drawn=draws, at=later(20 * n)), ana, label, at=later(20 * n))
    for n, case in enumerate(Adjudication.objects.filter(ruled_at=None).select_related("first")):
        facts = {"label": Label(case.first.label), "defect_class": case.first.defect_class}
        adjudications.rule(case, by=quinn, **facts, now=later(300 + n))
    return line


def looked(line):
    return second_looks.of(line.epoch, counts.sums(line.epoch, Stream.DETECTION))


def test_what_nobody_looked_at_again_yet_leaves_the_figures_open(drawn):
    seen = looked(drawn)
    assert (seen.passes, seen.rechecked, seen.overturned) == (5, 0, 0)
    assert seen.detection == (0.5, None, None)
    assert "None of 5 images" in seen.sentence


def test_a_second_look_that_agrees_leaves_what_the_rest_may_hide(drawn, quill):
    rule(quill, Label.PASS, at=400)
    seen = looked(drawn)
    assert (seen.passes, seen.rechecked, seen.overturned) == (5, 1, 0)
    assert seen.detection == visible_detection(1, 1, 5, 1, 0)


def test_a_difference_counts_against_the_model_until_a_third_person_decides_and_never_twice(drawn, quill):
    rule(quill, Label.DEFECT, at=400)
    against = looked(drawn)
    assert (against.passes, against.rechecked, against.overturned) == (5, 1, 1)
    rule(make_user("quince", role=Role.QA_LEAD), Label.DEFECT, at=500)
    assert looked(drawn) == replace(against, contested=0)
    assert against.detection == visible_detection(1, 1, 5, 1, 1)


def test_a_third_person_who_sides_with_the_first_clears_the_model(drawn, quill):
    rule(quill, Label.DEFECT, at=400)
    rule(make_user("quince", role=Role.QA_LEAD), Label.PASS, at=500)
    assert (looked(drawn).rechecked, looked(drawn).overturned) == (1, 0)


def dispute(serial, *, at):
    """Let whoever called the part good call it a defect long after."""
    call = Decision.objects.get(task__run__part__serial=serial)
    given = an_answer(Label.DEFECT, comment="seen later")
    decisions.amend(call.pk, person=call.person, amendment=given, now=later(at))


def test_what_a_dispute_overturned_is_no_pass_that_may_hide_more(drawn, quinn, quill):
    rule(quill, Label.PASS, at=400)
    dispute("A-2", at=450)
    rule(quinn, Label.DEFECT, at=500)
    seen = looked(drawn)
    assert (seen.passes, seen.rechecked, seen.overturned) == (4, 1, 0)
    assert seen.detection == visible_detection(1, 2, 4, 1, 0)


def test_what_a_dispute_overturned_after_a_second_look_counts_on_neither_side(drawn, quinn, quill):
    looked_at = rule(quill, Label.PASS, at=400).item.run.part.serial
    dispute(looked_at, at=450)
    rule(quinn, Label.DEFECT, at=500)
    seen = looked(drawn)
    assert (seen.passes, seen.rechecked, seen.overturned) == (4, 0, 0)


def test_a_dispute_that_upholds_a_pass_leaves_it_where_it_was(drawn, quinn, quill):
    looked_at = rule(quill, Label.PASS, at=400).item.run.part.serial
    dispute(looked_at, at=450)
    rule(quinn, Label.PASS, at=500)
    assert (looked(drawn).passes, looked(drawn).rechecked, looked(drawn).overturned) == (5, 1, 0)


def test_a_difference_is_told_as_not_confirmed_until_a_third_person_finds_a_defect(drawn, quill):
    rule(quill, Label.DEFECT, at=400)
    assert "did not confirm 1; on 1 of these a third person still decides. With what" in looked(drawn).sentence
    rule(make_user("quince", role=Role.QA_LEAD), Label.DEFECT, at=500)
    assert "looked at 1 again and found 1 to be defects. With what" in looked(drawn).sentence


@pytest.mark.parametrize(("language", "said"), [("en", "looked at 1 again and found 0"), ("ko", "1장을 다른 사람이")])
def test_the_agreement_page_says_it_beside_the_worst_escape_rate(client, drawn, quinn, quill, language, said):
    rule(quill, Label.PASS, at=400)
    client.force_login(quinn)
    told = client.get(reverse("agreement", args=[drawn.slug]), headers={"accept-language": language}).text
    assert said in told
    assert ("Escape rate at the worst" in told) == (language == "en")


def test_nothing_is_said_where_nothing_was_drawn(client, line, quinn):
    assert looked(line).sentence == ""
