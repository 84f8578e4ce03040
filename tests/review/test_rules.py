"""The pure rules of review: order, blindness, second readings, rulings, counting."""

from datetime import timedelta
from itertools import permutations, product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inspection.rules.words import AssistStyle, Call, Label, Level, Policy, Purpose, Role, Stream
from review.rules import adjudication, blindness, counting, priority
from review.rules.adjudication import Calls, Cause, Ruling
from review.rules.blindness import Sight
from review.rules.counting import Tally, View
from review.rules.overlap import wants_second_reading
from tests.builders import NOON

PASS, DEFECT, CANNOT = Label.PASS, Label.DEFECT, Label.CANNOT_JUDGE


# Order ----------------------------------------------------------------------------------------------------------


def due(purpose=Purpose.PRIMARY, *, asked=0.0, deadline=30.0):
    asked_at = NOON + timedelta(seconds=asked)
    run_due_at = asked_at + timedelta(seconds=deadline)
    return priority.due_at(purpose, run_due_at=run_due_at, asked_at=asked_at, deadline_s=deadline)


def test_what_is_overdue_comes_before_what_is_not():
    now = NOON + timedelta(seconds=60)
    overdue = [due(asked=0), due(Purpose.OVERLAP, asked=-5), due(asked=25)]
    fresh = [due(asked=40), due(Purpose.OVERLAP, asked=20)]

    assert all(one <= now for one in overdue)
    assert max(map(priority.rank, overdue)) < min(map(priority.rank, fresh))


def test_the_line_is_served_before_a_second_reading_asked_at_the_same_time():
    assert priority.rank(due()) < priority.rank(due(Purpose.OVERLAP))


def test_a_second_reading_is_not_starved_by_newer_work():
    assert priority.rank(due(Purpose.OVERLAP, asked=0)) < priority.rank(due(asked=31))


@given(st.lists(st.integers(-(10**9), 10**9), min_size=2, max_size=20, unique=True))
def test_the_order_is_total_and_follows_the_deadline_to_the_microsecond(offsets):
    moments = [NOON + timedelta(microseconds=offset) for offset in offsets]

    assert sorted(moments) == sorted(moments, key=priority.rank)
    assert len({priority.rank(moment) for moment in moments}) == len(moments)


# Blindness ------------------------------------------------------------------------------------------------------


def seen(**facts):
    plain = {
        "level": Level.ASSIST,
        "style": AssistStyle.REVEAL,
        "purpose": Purpose.PRIMARY,
        "is_control": False,
        "is_drawn": False,
    }
    return blindness.sight(**{**plain, **facts})


@pytest.mark.parametrize(
    ("level", "style", "sight"),
    [
        (Level.HUMAN, AssistStyle.REVEAL, Sight.NOTHING),
        (Level.HUMAN, AssistStyle.ALONGSIDE, Sight.NOTHING),
        (Level.SHADOW, AssistStyle.REVEAL, Sight.NOTHING),
        (Level.SHADOW, AssistStyle.ALONGSIDE, Sight.NOTHING),
        (Level.ASSIST, AssistStyle.REVEAL, Sight.AFTER_CALL),
        (Level.ASSIST, AssistStyle.ALONGSIDE, Sight.ALONGSIDE),
        (Level.PARTIAL, AssistStyle.REVEAL, Sight.AFTER_CALL),
        (Level.PARTIAL, AssistStyle.ALONGSIDE, Sight.ALONGSIDE),
        (Level.FULL, AssistStyle.REVEAL, Sight.NOTHING),
        (Level.FULL, AssistStyle.ALONGSIDE, Sight.NOTHING),
    ],
)
def test_each_level_shows_what_it_may_and_a_gold_item_the_same(level, style, sight):
    assert seen(level=level, style=style) == sight
    assert seen(level=level, style=style, purpose=Purpose.GOLD) == sight


SECOND = (Purpose.OVERLAP, Purpose.AUDIT, Purpose.TRUTH)


@pytest.mark.parametrize("level", list(Level))
@pytest.mark.parametrize("style", list(AssistStyle))
@pytest.mark.parametrize(
    "fact",
    [{"is_control": True}, {"is_drawn": True}, *({"purpose": purpose} for purpose in SECOND)],
)
def test_controls_draws_and_second_readings_see_nothing_at_any_level(level, style, fact):
    assert seen(level=level, style=style, **fact) == Sight.NOTHING


@pytest.mark.parametrize(
    ("label", "call", "asked", "shown"),
    [
        (PASS, Call.PASS, False, False),
        (PASS, Call.DEFECT, False, True),
        (DEFECT, Call.PASS, False, True),
        (DEFECT, Call.DEFECT, False, False),
        (DEFECT, Call.DEFECT, True, True),
        (CANNOT, Call.DEFECT, False, False),
        (CANNOT, Call.DEFECT, True, True),
    ],
)
def test_a_first_call_is_answered_where_it_disagrees_or_asks(label, call, asked, shown):
    assert blindness.reveals(Sight.AFTER_CALL, call=call, label=label, asked=asked) == shown
    assert not blindness.reveals(Sight.NOTHING, call=call, label=label, asked=asked)


@pytest.mark.parametrize("level", list(Level))
def test_an_inspector_never_learns_that_a_line_is_at_human_or_shadow(level):
    assert blindness.tells_level(level, {Role.INSPECTOR}) == (level not in (Level.HUMAN, Level.SHADOW))
    assert blindness.tells_level(level, {Role.INSPECTOR, Role.QA_LEAD})
    assert blindness.tells_level(level, {Role.ADMINISTRATOR})


@pytest.mark.parametrize(("one", "other"), list(permutations(Level, 2)))
def test_a_line_that_came_down_shows_the_less(one, other):
    assert blindness.blinder(one, other).rung == min(one.rung, other.rung)


# Second readings ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("purpose", list(Purpose))
def test_only_a_drawn_first_reading_asks_for_a_second(purpose):
    assert wants_second_reading(purpose=purpose, drawn_overlap=True) == (purpose == Purpose.PRIMARY)
    assert not wants_second_reading(purpose=purpose, drawn_overlap=False)


# Rulings --------------------------------------------------------------------------------------------------------


def calls(**facts):
    plain = {"first": PASS, "second": None, "model": Call.PASS, "drawn_truth": False, "drawn_check": False}
    return Calls(**{**plain, **facts})


@pytest.mark.parametrize(
    ("facts", "cause"),
    [
        ({}, None),
        ({"second": PASS}, None),
        ({"model": None}, None),
        ({"first": DEFECT}, Cause.MODEL),
        ({"model": Call.DEFECT}, Cause.MODEL),
        ({"first": DEFECT, "model": None}, None),
        ({"second": DEFECT}, Cause.PEOPLE),
        ({"first": CANNOT}, Cause.CANNOT_JUDGE),
        ({"second": CANNOT}, Cause.CANNOT_JUDGE),
        ({"first": CANNOT, "model": None}, Cause.CANNOT_JUDGE),
        ({"drawn_truth": True}, Cause.TRUTH_DRAW),
        ({"drawn_truth": True, "model": None}, Cause.TRUTH_DRAW),
        ({"drawn_check": True}, None),
        ({"drawn_check": True, "first": DEFECT, "model": Call.DEFECT}, Cause.CHECK),
        ({"first": DEFECT, "model": Call.DEFECT}, None),
        ({"drawn_truth": True, "drawn_check": True, "first": DEFECT, "model": Call.DEFECT}, Cause.TRUTH_DRAW),
    ],
)
def test_why_an_image_needs_a_ruling(facts, cause):
    assert adjudication.cause(calls(**facts)) == cause


def rulings(*words):
    return [Ruling(Cause(cause), Label(label)) for cause, label in words]


TRUTH, LOOK, DISPUTE = "truth_draw", "second_look", "dispute"


@pytest.mark.parametrize(
    ("given", "label"),
    [
        ([], None),
        ([(TRUTH, PASS)], PASS),
        ([(TRUTH, PASS), (LOOK, PASS)], PASS),
        ([(TRUTH, PASS), (LOOK, DEFECT)], PASS),
        ([(TRUTH, PASS), (LOOK, DEFECT), (LOOK, DEFECT)], DEFECT),
        ([(TRUTH, PASS), (LOOK, DEFECT), (LOOK, PASS)], PASS),
        ([(TRUTH, PASS), (DISPUTE, DEFECT)], DEFECT),
        ([("model", CANNOT)], CANNOT),
    ],
)
def test_which_of_several_rulings_stands(given, label):
    assert adjudication.standing(rulings(*given)) == label


@pytest.mark.parametrize(
    ("given", "drawn", "again"),
    [
        ([], True, False),
        ([(TRUTH, PASS)], True, True),
        ([("model", PASS)], True, True),
        ([(TRUTH, PASS)], False, False),
        ([(TRUTH, DEFECT)], True, False),
        ([(TRUTH, PASS), (LOOK, PASS)], True, False),
        ([(TRUTH, PASS), (LOOK, DEFECT)], True, True),
        ([(TRUTH, PASS), (LOOK, DEFECT), (LOOK, PASS)], True, False),
        ([(TRUTH, PASS), (LOOK, PASS), (DISPUTE, DEFECT)], True, False),
    ],
)
def test_when_another_person_looks_again(given, drawn, again):
    assert adjudication.wants_another_look(rulings(*given), drawn_second_look=drawn) == again


# Counting -------------------------------------------------------------------------------------------------------


def view(**facts):
    return View(**{"first": PASS, "model": Call.PASS, **facts})


def agreement(*views, drawn_truth=False):
    return counting.tallies(views, drawn_truth=drawn_truth).get(Stream.AGREEMENT)


@pytest.mark.parametrize(
    ("facts", "tally"),
    [
        ({}, Tally(s=1, pp=1)),
        ({"first": DEFECT, "model": Call.DEFECT}, Tally(s=1, dd=1)),
        ({"first": DEFECT}, Tally(f=1, pd=1)),
        ({"model": Call.DEFECT}, Tally(f=1, dp=1)),
        # A ruling takes the place of the call.
        ({"first": DEFECT, "ruling": PASS}, Tally(s=1, pp=1)),
        ({"ruling": DEFECT}, Tally(f=1, pd=1)),
        # What is open has no reference, and counts as a failure.
        ({"second": DEFECT}, Tally(f=1)),
        ({"is_disputed": True}, Tally(f=1)),
        ({"first": CANNOT}, Tally(f=1)),
        ({"ruling": CANNOT}, Tally(f=1)),
        ({"second": DEFECT, "ruling": PASS}, Tally(s=1, pp=1)),
        # No evidence at all.
        ({"model": None}, None),
        ({"is_blind": False}, None),
        ({"is_sampled": False}, None),
    ],
)
def test_agreement_of_one_image(facts, tally):
    assert agreement(view(**facts)) == tally


@pytest.mark.parametrize(
    ("one", "other", "cell"),
    [("pp", "dd", "dd"), ("pp", "pd", "pd"), ("dd", "pd", "pd"), ("dp", "pd", "pd"), ("dd", "dp", "dp")],
)
def test_the_worst_image_speaks_for_the_run_whatever_the_order(one, other, cell):
    words = {"p": (Call.PASS, PASS), "d": (Call.DEFECT, DEFECT)}
    views = [view(model=words[cells[0]][0], first=words[cells[1]][1]) for cells in (one, other)]
    expected = Tally(s=int(cell in ("pp", "dd")), f=int(cell in ("pd", "dp")), **{cell: 1})

    assert agreement(*views) == agreement(*reversed(views)) == expected


def truth(*views):
    counted = counting.tallies(views, drawn_truth=True)
    return counted.get(Stream.DETECTION), counted.get(Stream.SPECIFICITY)


@pytest.mark.parametrize(
    ("views", "detection", "specificity"),
    [
        ([view(ruling=DEFECT, model=Call.DEFECT)], Tally(s=1, dd=1), None),
        ([view(ruling=DEFECT)], Tally(f=1, pd=1), None),
        ([view(ruling=PASS)], None, Tally(s=1, pp=1)),
        ([view(ruling=PASS, model=Call.DEFECT)], None, Tally(f=1, dp=1)),
        ([view()], None, None),
        ([view(ruling=CANNOT)], None, None),
        ([view(ruling=PASS), view()], None, None),
        ([view(ruling=PASS), view(ruling=CANNOT)], None, None),
        ([view(ruling=PASS), view(ruling=DEFECT)], Tally(f=1, pd=1), None),
        ([view(ruling=PASS, model=Call.DEFECT), view(ruling=DEFECT)], Tally(f=1, pd=1), None),
        ([view(ruling=DEFECT, model=Call.DEFECT), view(ruling=CANNOT)], Tally(s=1, dd=1), None),
        ([view(ruling=PASS), view(ruling=PASS, model=Call.DEFECT)], None, Tally(f=1, dp=1)),
        # What the model may have missed is a failure until it is ruled on.
        ([view(first=DEFECT)], Tally(f=1), None),
        ([view(second=DEFECT)], Tally(f=1), None),
        ([view(first=DEFECT, model=Call.DEFECT)], None, None),
        ([view(ruling=DEFECT), view()], Tally(f=1), None),
        ([view(ruling=DEFECT, model=Call.DEFECT), view()], None, None),
    ],
)
def test_detection_and_specificity_come_from_adjudicated_truth(views, detection, specificity):
    assert truth(*views) == (detection, specificity)


@pytest.mark.parametrize(
    ("views", "detection", "specificity"),
    [
        ([view(ruling=DEFECT, policy=Policy.PERSON)], Tally(s=1, dd=1), None),
        ([view(ruling=DEFECT, policy=Policy.PASS)], Tally(f=1, pd=1), None),
        ([view(ruling=PASS, policy=Policy.PERSON)], None, Tally(s=1, pp=1)),
        ([view(ruling=PASS, policy=Policy.REJECT)], None, Tally(f=1, dp=1)),
        ([view(ruling=DEFECT, policy=Policy.PASS), view(ruling=PASS, policy=Policy.PERSON)], Tally(f=1, pd=1), None),
        ([view(first=DEFECT, policy=Policy.PASS)], Tally(f=1), None),
        ([view(first=DEFECT, policy=Policy.PERSON)], None, None),
        ([view(ruling=DEFECT)], None, None),
        ([view(ruling=DEFECT, policy=Policy.PERSON, model=None)], Tally(s=1, dd=1), None),
    ],
)
def test_the_policy_fails_where_a_defect_is_passed_or_a_good_part_rejected(views, detection, specificity):
    counted = counting.tallies(views, drawn_truth=True)
    assert (counted.get(Stream.POLICY_DETECTION), counted.get(Stream.POLICY_SPECIFICITY)) == (detection, specificity)
    assert not {Stream.POLICY_DETECTION, Stream.POLICY_SPECIFICITY} & counting.tallies(views, drawn_truth=False).keys()


@pytest.mark.parametrize(
    ("facts", "tally"),
    [
        ({"revised": DEFECT}, Tally(s=1)),
        ({"revised": PASS}, Tally(f=1)),
        ({"revised": None}, None),
        ({"revised": PASS, "model": Call.DEFECT}, None),
        ({"revised": PASS, "ruling": PASS}, None),
        ({"revised": PASS, "is_blind": False}, None),
    ],
)
def test_assistance_does_harm_where_a_person_gives_up_a_defect_they_had_found(facts, tally):
    found = view(**{"first": DEFECT, "ruling": DEFECT, **facts})
    assert counting.tallies([found], drawn_truth=False).get(Stream.OMISSION) == tally


def test_a_defect_that_was_passed_gives_its_class_to_the_run():
    found = view(ruling=DEFECT, ruled_class="scratch", policy=Policy.PERSON)
    passed = view(ruling=DEFECT, ruled_class="crack", policy=Policy.PASS)
    assert counting.policy_class([found, passed]) == "crack"
    assert counting.policy_class([found, view(ruling=PASS)]) == "scratch"


def test_images_people_were_not_asked_about_by_chance_are_no_stratum():
    assert counting.strata([view(is_sampled=False), view(is_blind=False), view(model=None), view(first=CANNOT)]) == {}


def test_only_the_truth_draw_feeds_detection_and_specificity():
    for ruling in (PASS, DEFECT):
        streams = counting.tallies([view(ruling=ruling)], drawn_truth=False)
        assert not {Stream.DETECTION, Stream.SPECIFICITY} & streams.keys()


@pytest.mark.parametrize(
    ("first", "second", "tally"),
    [
        (PASS, PASS, Tally(s=1, pp=1)),
        (PASS, DEFECT, Tally(f=1, pd=1)),
        (DEFECT, PASS, Tally(f=1, dp=1)),
        (PASS, None, None),
        (PASS, CANNOT, None),
        (CANNOT, PASS, None),
    ],
)
def test_person_against_person(first, second, tally):
    streams = counting.tallies([view(first=first, second=second, ruling=PASS)], drawn_truth=False)
    assert streams.get(Stream.PEOPLE) == tally


def test_the_older_system_is_set_against_the_verdict_of_record():
    missed = counting.tallies([view(first=DEFECT, incumbent=Call.PASS)], drawn_truth=False)
    unruled = counting.tallies([view(first=CANNOT, incumbent=Call.PASS)], drawn_truth=False)

    assert missed[Stream.INCUMBENT] == Tally(f=1, pd=1)
    assert Stream.INCUMBENT not in unruled


LABELS = st.sampled_from(list(Label))
MAYBE = st.none() | LABELS
VIEWS = st.builds(
    View,
    first=LABELS,
    second=MAYBE,
    model=st.none() | st.sampled_from(list(Call)),
    incumbent=st.none() | st.sampled_from(list(Call)),
    ruling=MAYBE,
    revised=MAYBE,
    policy=st.none() | st.sampled_from(list(Policy)),
    is_disputed=st.booleans(),
    is_blind=st.booleans(),
    is_sampled=st.booleans(),
)


@given(st.lists(VIEWS, min_size=1, max_size=4), st.booleans())
def test_every_stream_gets_one_bernoulli_at_most_and_cells_never_disagree_with_it(views, drawn):
    for stream, tally in counting.tallies(views, drawn_truth=drawn).items():
        assert tally.s + tally.f == 1
        if stream not in (Stream.CANNOT_JUDGE, Stream.OMISSION):
            assert tally.s == tally.pp + tally.dd
            assert tally.f - (tally.pd + tally.dp) in (0, 1)


@given(st.lists(VIEWS, min_size=1, max_size=3), st.booleans())
def test_an_image_more_never_turns_a_failed_run_into_an_agreeing_one(views, drawn):
    counted = counting.tallies(views, drawn_truth=drawn).get(Stream.AGREEMENT)
    for extra in (view(), view(first=DEFECT, model=Call.DEFECT)):
        more = counting.tallies([*views, extra], drawn_truth=drawn).get(Stream.AGREEMENT)
        assert counted is None or (more is not None and more.f == counted.f)


def test_every_combination_of_labels_is_either_ruled_on_or_agrees():
    for first, second, model in product(Label, [None, *Label], Call):
        found = view(first=first, second=second, model=model)
        cause = adjudication.cause(calls(first=first, second=second, model=model))
        assert (cause is None) == bool(agreement(found).s)
