"""Rulings: who may give one, what they see, what follows."""

import pytest

from inspection.models import Membership
from inspection.rules.words import Call, Label, Purpose, Role, Stream
from review import adjudications, counts, decisions
from review.adjudications import AlreadyRuled, ConflictOfInterest
from review.faults import Invalid
from review.models import Adjudication, ReviewTask, Truth
from tests.builders import NOON, make_user
from tests.review.scene import an_answer, later, make_task, read

pytestmark = pytest.mark.django_db

PASS, DEFECT, CANNOT = Label.PASS, Label.DEFECT, Label.CANNOT_JUDGE


def a_case(line, person, *, call=Call.DEFECT, label=PASS, serial="A-1", **facts):
    read(make_task(line, serial, call=call, **facts), person, label)
    return Adjudication.objects.get(item__run__part__serial=serial, ruled_at=None)


def rule(case, by, label=PASS, *, at=100, **fields):
    fields.setdefault("defect_class", "scratch" if label == DEFECT else "")
    return adjudications.rule(case, by=by, label=label, now=later(at), **fields)


def test_a_ruling_becomes_the_next_truth_and_leaves_the_originals(line, ana, quinn):
    case = a_case(line, ana)

    ruled = rule(case, quinn, DEFECT, reason="hairline")

    truth = Truth.objects.order_by("-n").first()
    assert (truth.n, truth.label, truth.source, truth.person) == (2, "defect", "adjudication", quinn)
    assert truth.adjudication == ruled
    assert case.first.label == "pass"


def test_a_reader_does_not_rule_on_their_own_reading(line, ana):
    Membership.objects.create(user=ana, role=Role.QA_LEAD.value, granted_at=NOON)
    case = a_case(line, ana)

    assert list(adjudications.waiting_for(ana, lines=[line])) == []
    with pytest.raises(ConflictOfInterest):
        rule(case, ana)


def test_a_second_reader_does_not_rule_either(line, ana, andre):
    task = make_task(line, drawn=("overlap",))
    read(task, ana, PASS)
    read(ReviewTask.objects.get(purpose=Purpose.OVERLAP.value), andre, DEFECT, at=later(50))
    case = Adjudication.objects.get()

    for person in (ana, andre):
        with pytest.raises(ConflictOfInterest):
            rule(case, person)


def test_the_same_ruling_again_is_the_same_and_another_is_refused(line, ana, quinn, quill):
    case = a_case(line, ana)
    first = rule(case, quinn, DEFECT)

    assert rule(case, quinn, DEFECT, at=200).ruled_at == first.ruled_at
    for person, label in ((quinn, PASS), (quill, DEFECT)):
        with pytest.raises(AlreadyRuled):
            rule(case, person, label)
    assert Truth.objects.filter(source="adjudication").count() == 1


@pytest.mark.parametrize(
    ("label", "fields", "pointer"),
    [
        (DEFECT, {"defect_class": ""}, "/defect_class"),
        (DEFECT, {"defect_class": "dent"}, "/defect_class"),
        (PASS, {"defect_class": "scratch"}, "/defect_class"),
        (PASS, {"reason": "  "}, "/reason"),
        (PASS, {"reason": "x" * 2001}, "/reason"),
    ],
)
def test_a_ruling_that_means_nothing_is_refused(line, ana, quinn, label, fields, pointer):
    case = a_case(line, ana)

    with pytest.raises(Invalid) as refusal:
        rule(case, quinn, label, **fields)
    assert [fault.pointer for fault in refusal.value.faults] == [pointer]


# What is shown --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("call", "label", "drawn"),
    [(Call.DEFECT, PASS, ()), (Call.PASS, CANNOT, ()), (Call.PASS, PASS, ("truth",))],
)
def test_a_single_reading_shows_the_image_alone(line, ana, call, label, drawn):
    case = a_case(line, ana, call=call, label=label, drawn=drawn)

    assert adjudications.shown(case) == []
    assert adjudications.predictions_after(case) == []


@pytest.mark.parametrize("swapped", [False, True])
def test_two_people_who_differ_are_shown_without_names_in_the_cases_order(line, ana, andre, swapped):
    task = make_task(line, drawn=("overlap",))
    read(task, ana, PASS, comment="clean")
    read(ReviewTask.objects.get(purpose=Purpose.OVERLAP.value), andre, DEFECT, at=later(50))
    Adjudication.objects.update(swapped=swapped)

    shown = adjudications.shown(Adjudication.objects.get())

    assert [call.label for call in shown] == (["defect", "pass"] if swapped else ["pass", "defect"])
    assert not {"person", "name"} & set(vars(shown[0]))


def test_both_orders_come_up(line, ana):
    swapped = {a_case(line, ana, serial=f"A-{n}").swapped for n in range(24)}

    assert swapped == {True, False}


def test_the_model_is_shown_after_the_ruling(line, ana, quinn):
    ruled = rule(a_case(line, ana), quinn)

    assert [one.call for one in adjudications.predictions_after(ruled)] == ["defect"]


# Second looks ---------------------------------------------------------------------------------------------------


DRAWN = ("truth", "second_look")


def test_a_drawn_pass_of_the_truth_draw_is_looked_at_by_another_lead(line, ana, quinn, quill):
    rule(a_case(line, ana, call=Call.PASS, drawn=DRAWN), quinn, PASS)

    look = Adjudication.objects.get(ruled_at=None)
    assert (look.cause, look.second) == ("second_look", None)
    assert list(adjudications.waiting_for(quinn, lines=[line])) == []
    assert list(adjudications.waiting_for(quill, lines=[line])) == [look]
    with pytest.raises(ConflictOfInterest):
        rule(look, quinn)


@pytest.mark.parametrize(
    ("label", "drawn"), [(DEFECT, DRAWN), (CANNOT, DRAWN), (PASS, ("truth",)), (PASS, ("second_look",))]
)
def test_nothing_else_is_looked_at_again(line, ana, quinn, label, drawn):
    rule(a_case(line, ana, drawn=drawn), quinn, label)

    assert not Adjudication.objects.filter(ruled_at=None).exists()


def test_a_second_look_that_differs_goes_to_a_third_person_who_decides(line, ana, quinn, quill):
    rule(a_case(line, ana, call=Call.PASS, drawn=DRAWN), quinn, PASS)
    rule(Adjudication.objects.get(ruled_at=None), quill, DEFECT, at=200)
    assert counts.sums(line.epoch, Stream.SPECIFICITY).s == 1
    third = make_user("quince", role=Role.QA_LEAD)

    rule(Adjudication.objects.get(ruled_at=None), third, DEFECT, at=300)

    assert not Adjudication.objects.filter(ruled_at=None).exists()
    assert counts.sums(line.epoch, Stream.SPECIFICITY).s == 0
    assert counts.sums(line.epoch, Stream.DETECTION).f == 1
    assert Truth.objects.order_by("-n").first().label == "defect"


def test_a_dispute_is_a_failure_until_ruled_and_then_what_the_ruling_says(line, ana, quinn):
    decision = read(make_task(line, call=Call.PASS), ana, PASS)
    given = an_answer(DEFECT, comment="seen later")
    decisions.amend(decision.pk, person=ana, amendment=given, now=later(60))
    assert counts.sums(line.epoch, Stream.AGREEMENT).f == 1

    rule(Adjudication.objects.get(), quinn, DEFECT)

    agreement = counts.sums(line.epoch, Stream.AGREEMENT)
    assert (agreement.s, agreement.f, agreement.pd) == (0, 1, 1)


def test_a_microscope_is_not_overturned_by_a_ruling(line, ana, quinn):
    case = a_case(line, ana)
    Truth.objects.create(item=case.item, n=9, label="defect", source="physical", created_at=NOON)

    rule(case, quinn, PASS)

    assert Truth.objects.order_by("-n").first().source == "physical"
