"""What follows when a reading becomes final: verdict, second reading, case, truth, counts, chart."""

import pytest

from inspection import dispositions, epochs
from inspection.models import Disposition, Part, ViewVerdict
from inspection.rules.words import AssistStyle, Call, Label, Level, Phase, Purpose, Stream
from review import adjudications, counts, decisions, queues
from review.models import Adjudication, Chart, CountDelta, ReviewTask, Truth
from tests.builders import NOON
from tests.review.scene import (
    an_answer,
    answer,
    later,
    lease,
    make_run,
    make_task,
    make_watched_line,
    predict,
    read,
    route_to_people,
)

pytestmark = pytest.mark.django_db

PASS, DEFECT, CANNOT = Label.PASS, Label.DEFECT, Label.CANNOT_JUDGE


def held(line, stream):
    found = counts.sums(line.epoch, stream)
    return found.s, found.f


def second_reading(task, person, label, *, at=100):
    return read(ReviewTask.objects.get(item=task.item, purpose=Purpose.OVERLAP.value), person, label, at=later(at))


# The line -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("label", "verdict"), [(PASS, "pass"), (DEFECT, "reject"), (CANNOT, "hold")])
def test_a_final_call_settles_the_run(line, ana, label, verdict):
    read(make_task(line), ana, label)

    disposition = Disposition.objects.get()
    assert (disposition.verdict, disposition.decided_by, disposition.level) == (verdict, "human", "shadow")
    assert Part.objects.get().ever_rejected_or_held == (verdict != "pass")


@pytest.mark.parametrize(
    ("front", "back", "verdict"), [(PASS, PASS, "pass"), (PASS, DEFECT, "reject"), (CANNOT, DEFECT, "hold")]
)
def test_a_run_waits_for_all_its_views_and_takes_the_worst(line, ana, front, back, verdict):
    one, other = _two_views(line)

    read(one, ana, front)
    assert Disposition.objects.get().settled_at is None
    read(other, ana, back)

    assert Disposition.objects.get().verdict == verdict


def test_after_the_fail_safe_a_verdict_is_recorded_and_not_sent(line, ana):
    task = make_task(line)
    dispositions.fail_safe_due(now=later(30))

    read(task, ana, PASS, at=later(40))

    assert Disposition.objects.get().decided_by == "failsafe"
    assert ViewVerdict.objects.get().verdict == "pass"
    assert held(line, Stream.AGREEMENT) == (1, 0)


# Second readings ------------------------------------------------------------------------------------------------


def test_a_drawn_run_gets_a_second_reading_by_another_person(line, ana, andre):
    task = make_task(line, drawn=("overlap",))

    read(task, ana, PASS)

    again = ReviewTask.objects.get(purpose=Purpose.OVERLAP.value)
    assert (again.not_for, again.item, again.level) == (ana, task.item, "shadow")
    assert held(line, Stream.PEOPLE) == (0, 0)
    second_reading(task, andre, PASS)
    assert held(line, Stream.PEOPLE) == (1, 0)
    assert not ReviewTask.objects.filter(closed_at=None).exists()


def test_two_readers_who_agree_make_consensus_truth(line, ana, andre):
    task = make_task(line, drawn=("overlap",))
    read(task, ana, PASS)
    second_reading(task, andre, PASS)

    assert list(Truth.objects.order_by("n").values_list("source", flat=True)) == ["single", "consensus"]


def test_two_readers_who_differ_open_a_case_and_the_agreement_is_taken_back(line, ana, andre):
    task = make_task(line, drawn=("overlap",))
    read(task, ana, PASS)
    assert held(line, Stream.AGREEMENT) == (1, 0)

    second_reading(task, andre, DEFECT)

    case = Adjudication.objects.get()
    assert (case.cause, case.first.person, case.second.person) == ("people", ana, andre)
    assert held(line, Stream.AGREEMENT) == (0, 1)
    assert held(line, Stream.PEOPLE) == (0, 1)


def test_a_second_reading_joins_the_case_that_is_open(line, ana, andre):
    task = make_task(line, drawn=("overlap",), call=Call.DEFECT)
    read(task, ana, PASS)
    second_reading(task, andre, DEFECT)

    case = Adjudication.objects.get()
    assert (case.cause, case.second.person) == ("model", andre)


def test_a_second_reading_after_the_ruling_opens_nothing_new(line, ana, andre, quinn):
    task = make_task(line, drawn=("overlap",), call=Call.DEFECT)
    read(task, ana, PASS)
    adjudications.rule(Adjudication.objects.get(), by=quinn, label=PASS, now=later(50))
    second_reading(task, andre, DEFECT)

    assert Adjudication.objects.count() == 1
    assert held(line, Stream.AGREEMENT) == (0, 1)


# Cases ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("call", "label", "drawn", "cause"),
    [
        (Call.PASS, PASS, (), None),
        (Call.PASS, DEFECT, (), "model"),
        (Call.DEFECT, PASS, (), "model"),
        (Call.PASS, CANNOT, (), "cannot_judge"),
        (None, CANNOT, (), "cannot_judge"),
        (Call.PASS, PASS, ("truth",), "truth_draw"),
        (Call.DEFECT, DEFECT, ("truth",), "truth_draw"),
        (Call.DEFECT, DEFECT, ("check_defect",), "check"),
        (Call.PASS, PASS, ("check_defect",), None),
        (None, DEFECT, (), None),
    ],
)
def test_which_final_readings_open_a_case(line, ana, call, label, drawn, cause):
    read(make_task(line, call=call, drawn=drawn), ana, label)

    assert [case.cause for case in Adjudication.objects.all()] == ([cause] if cause else [])


def test_a_provisional_call_opens_nothing(line, ana):
    answer(make_task(line, call=Call.DEFECT, drawn=("truth", "overlap")), ana, PASS)

    assert not Adjudication.objects.exists()
    assert not CountDelta.objects.exists()
    assert ReviewTask.objects.count() == 1


# Counts ---------------------------------------------------------------------------------------------------------


def test_agreement_counts_parts_and_moves_the_chart(line, ana):
    read(make_task(line, "A-1"), ana, PASS)
    read(make_task(line, "A-2", call=Call.DEFECT), ana, PASS)

    agreement = counts.sums(line.epoch, Stream.AGREEMENT)

    assert (agreement.s, agreement.f, agreement.pp, agreement.dp) == (1, 1, 1, 1)
    assert (agreement.shifts, agreement.days, agreement.people) == (1, 1, 1)
    chart = Chart.objects.get()
    assert chart.n == 2
    assert chart.w == pytest.approx(1.0803, abs=1e-4)


def test_two_views_are_one_part_failed_by_its_worst(line, ana):
    one, other = _two_views(line, calls=(Call.PASS, Call.DEFECT))

    read(one, ana, PASS)
    assert held(line, Stream.AGREEMENT) == (0, 0)
    read(other, ana, PASS)

    assert held(line, Stream.AGREEMENT) == (0, 1)
    assert Chart.objects.get().n == 1


def test_an_open_disagreement_is_a_failure_until_the_ruling_corrects_it(line, ana, quinn):
    read(make_task(line, call=Call.PASS), ana, DEFECT)
    assert held(line, Stream.AGREEMENT) == (0, 1)

    adjudications.rule(Adjudication.objects.get(), by=quinn, label=PASS, now=later(60))

    assert held(line, Stream.AGREEMENT) == (1, 0)
    corrected = CountDelta.objects.get(stream="agreement", cause__startswith="ruling:")
    assert (corrected.s, corrected.f, corrected.pp, corrected.pd) == (1, -1, 1, -1)
    assert Chart.objects.get().n == 1


def test_who_cannot_judge_leaves_a_failure_without_a_cell_and_a_count_of_its_own(line, ana, quinn):
    read(make_task(line), ana, CANNOT)

    agreement = counts.sums(line.epoch, Stream.AGREEMENT)
    assert (agreement.s, agreement.f, agreement.pp + agreement.pd + agreement.dp + agreement.dd) == (0, 1, 0)
    assert held(line, Stream.CANNOT_JUDGE) == (1, 0)
    adjudications.rule(Adjudication.objects.get(), by=quinn, label=PASS, now=later(60))
    assert held(line, Stream.AGREEMENT) == (1, 0)
    assert held(line, Stream.CANNOT_JUDGE) == (1, 0)


@pytest.mark.parametrize(
    ("call", "label", "detection", "specificity"),
    [
        (Call.DEFECT, DEFECT, (1, 0), (0, 0)),
        (Call.PASS, DEFECT, (0, 1), (0, 0)),
        (Call.PASS, PASS, (0, 0), (1, 0)),
        (Call.DEFECT, PASS, (0, 0), (0, 1)),
    ],
)
def test_detection_and_specificity_count_the_truth_draw_once_ruled(
    line, ana, quinn, call, label, detection, specificity
):
    read(make_task(line, "A-1", call=call, drawn=("truth",)), ana, PASS)
    read(make_task(line, "A-2", call=Call.DEFECT), ana, PASS)
    assert held(line, Stream.DETECTION) == held(line, Stream.SPECIFICITY) == (0, 0)

    for case in Adjudication.objects.order_by("opened_at"):
        adjudications.rule(case, by=quinn, label=label, defect_class=_class_of(label), now=later(60))

    assert (held(line, Stream.DETECTION), held(line, Stream.SPECIFICITY)) == (detection, specificity)


@pytest.mark.parametrize(("drawn", "counted"), [((), (0, 0)), (("audit",), (0, 0)), (("truth",), (1, 0))])
def test_at_partial_only_the_truth_draw_counts(ana, drawn, counted):
    line = make_watched_line("phone-back", level=Level.PARTIAL)
    read(make_task(line, drawn=drawn), ana, PASS)

    assert held(line, Stream.AGREEMENT) == counted


def test_under_alongside_the_control_share_alone_counts(ana):
    line = make_watched_line("phone-lens", level=Level.ASSIST, assist_style=AssistStyle.ALONGSIDE.value)
    read(make_task(line, "B-1"), ana, PASS)
    read(make_task(line, "B-2", drawn=("control",)), ana, PASS)

    assert held(line, Stream.AGREEMENT) == (1, 0)


def test_at_assist_the_first_call_counts_and_the_final_one_goes_to_the_line(ana):
    line = make_watched_line("phone-lens", level=Level.ASSIST)
    mine = lease(make_task(line, call=Call.DEFECT), ana)
    for label, phase in ((PASS, Phase.INITIAL), (DEFECT, Phase.FINAL)):
        decisions.record(mine, person=ana, token=1, decision=an_answer(label, phase=phase), now=NOON)
    decisions.finalise_due(now=later(30))

    assert Disposition.objects.get().verdict == "reject"
    assert held(line, Stream.AGREEMENT) == (0, 1)
    assert counts.sums(line.epoch, Stream.AGREEMENT).dp == 1


def test_a_prediction_that_came_too_late_is_no_evidence(line, ana):
    make_run(line)
    queues.admit_overdue(now=later(2))
    task = ReviewTask.objects.get()
    predict(task.item)

    read(task, ana, PASS)

    assert held(line, Stream.AGREEMENT) == (0, 0)
    assert held(line, Stream.CANNOT_JUDGE) == (0, 1)


def test_a_run_counts_in_the_epoch_it_entered(line, ana):
    task = make_task(line)
    before = line.epoch
    epochs.enter(line, before.model_version, cause="lowered", now=later(1), fresh=True)

    read(task, ana, PASS)

    assert counts.sums(before, Stream.AGREEMENT).s == 1
    assert counts.sums(line.epoch, Stream.AGREEMENT).s == 0


def test_the_older_system_is_counted_against_the_verdict_of_record(line, ana):
    read(make_task(line, "A-1", incumbent="pass"), ana, DEFECT)
    read(make_task(line, "A-2", incumbent="reject", call=Call.DEFECT), ana, DEFECT)
    read(make_task(line, "A-3"), ana, PASS)

    assert held(line, Stream.INCUMBENT) == (1, 1)


def test_a_gold_reading_touches_neither_line_nor_counts(line, ana):
    task = make_task(line)
    ReviewTask.objects.filter(pk=task.pk).update(purpose=Purpose.GOLD.value)

    read(task, ana, DEFECT)

    assert ReviewTask.objects.get().closed_at == later(10)
    assert Disposition.objects.get().settled_at is None
    assert not CountDelta.objects.exists()
    assert not Truth.objects.exists()


def _two_views(line, *, calls=(Call.PASS, Call.PASS)):
    run = make_run(line, views=("front", "back"))
    tasks = []
    for view, call in zip(("front", "back"), calls, strict=True):
        predict(run.items.get(view=view), call)
        tasks.append(route_to_people(run.items.get(view=view)))
    return tasks


def _class_of(label):
    return "scratch" if label == DEFECT else ""
