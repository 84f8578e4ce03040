"""Counts: folded without loss, read without gaps, and equal to a recount of the history."""

import random
from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from inspection.models import Disposition
from inspection.rules.words import Call, Label, Level, Phase, Policy, Purpose, Role, Stream
from review import adjudications, counts, decisions, estimates, queues
from review.decisions import UndoExpired
from review.models import Adjudication, Chart, Count, CountDelta, Decision, DecisionFate, PendingDecision, ReviewTask
from tests.builders import NOON, make_line, make_user
from tests.inspection.models import make_bands
from tests.review.scene import (
    DRAWS,
    an_answer,
    later,
    make_run,
    make_task,
    make_watched_line,
    predict,
    read,
    route_to_people,
)

pytestmark = pytest.mark.django_db


def test_fold_moves_the_tail_into_the_counts_and_changes_no_sum(line, ana, andre):
    read(make_task(line, "A-1"), ana, Label.PASS)
    read(make_task(line, "A-2", call=Call.DEFECT), andre, Label.PASS)
    before = {stream: counts.sums(line.epoch, stream) for stream in Stream}

    folded = counts.fold(now=later(20))

    assert folded == CountDelta.objects.count() == 6
    assert counts.fold(now=later(21)) == 0
    assert {stream: counts.sums(line.epoch, stream) for stream in Stream} == before
    assert before[Stream.AGREEMENT].people == 2


def test_fold_adds_up_what_comes_later_to_the_same_row(line, ana):
    for n in range(3):
        read(make_task(line, f"A-{n}"), ana, Label.PASS)
        counts.fold(now=later(20 + n))

    assert Count.objects.get(stream="agreement").s == 3


def test_shifts_and_days_are_those_of_the_parts_on_the_lines_clock(ana):
    line = make_watched_line(time_zone="Asia/Seoul")
    for hours in (0, 1, 8, 24):
        at = NOON + timedelta(hours=hours)
        read(make_task(line, f"A-{hours}", at=at), ana, Label.PASS, at=at)

    agreement = counts.sums(line.epoch, Stream.AGREEMENT)

    assert (agreement.shifts, agreement.days) == (3, 2)


def test_a_person_whose_parts_were_all_taken_back_is_no_evidence(line, ana):
    CountDelta.objects.bulk_create(
        CountDelta(
            line=line,
            epoch=line.epoch,
            run=make_run(line, f"A-{n}"),
            stream="agreement",
            cause=f"decision:{n}",
            shift="2026-11-23/A",
            person=ana,
            s=s,
            created_at=NOON,
        )
        for n, s in enumerate((1, -1))
    )

    assert counts.sums(line.epoch, Stream.AGREEMENT) == counts.Sums()


@pytest.mark.parametrize(
    ("label", "policy", "detection", "specificity"),
    [
        (Label.DEFECT, Policy.PERSON, (1, 0), (0, 0)),
        (Label.DEFECT, Policy.REJECT, (1, 0), (0, 0)),
        (Label.DEFECT, Policy.PASS, (0, 1), (0, 0)),
        (Label.PASS, Policy.PASS, (0, 0), (1, 0)),
        (Label.PASS, Policy.PERSON, (0, 0), (1, 0)),
        (Label.PASS, Policy.REJECT, (0, 0), (0, 1)),
    ],
)
def test_the_policy_is_judged_on_the_truth_draw(line, ana, quinn, label, policy, detection, specificity):
    bands = make_bands(line, line.epoch.model_version)
    read(make_task(line, drawn=("truth",), policy=policy), ana, label)
    rule_all(line, quinn, label)

    found = counts.sums(line.epoch, Stream.POLICY_DETECTION, bands=bands)
    spared = counts.sums(line.epoch, Stream.POLICY_SPECIFICITY, bands=bands)

    assert ((found.s, found.f), (spared.s, spared.f)) == (detection, specificity)


def test_new_bands_begin_the_policys_streams_anew_and_other_streams_go_on(line, ana, quinn):
    for serial in ("A-1", "A-2"):
        make_bands(line, line.epoch.model_version)
        read(make_task(line, serial, drawn=("truth",), policy=Policy.PERSON), ana, Label.DEFECT)
        rule_all(line, quinn, Label.DEFECT)

    assert counts.sums(line.epoch, Stream.POLICY_DETECTION, bands=line.bands).s == 1
    assert counts.sums(line.epoch, Stream.POLICY_DETECTION) == counts.Sums()
    assert counts.sums(line.epoch, Stream.DETECTION).f == 2


def test_the_policys_detection_is_kept_by_class_and_a_new_ruling_moves_it(line, ana, quinn, quill):
    bands = make_bands(line, line.epoch.model_version)
    task = make_task(line, drawn=("truth",), policy=Policy.PERSON)
    decision = read(task, ana, Label.DEFECT)
    rule_all(line, quinn, Label.DEFECT, "scratch")
    decisions.amend(decision.pk, person=ana, amendment=an_answer(Label.PASS, comment="dust"), now=later(60))
    rule_all(line, quill, Label.DEFECT, "crack")

    counts.fold(now=later(90))
    by_class = counts.ledger(line.epoch).by_class(Stream.POLICY_DETECTION, bands=bands)

    assert {code: sums.s for code, sums in by_class.items()} == {"crack": 1, "scratch": 0}
    call_command("recount", line.slug, stdout=StringIO())


def test_the_strata_of_the_estimate_are_counted_as_readings_become_final(line, ana, quinn):
    read(make_task(line, "A-1"), ana, Label.PASS)
    read(make_task(line, "A-2"), ana, Label.DEFECT)
    read(make_task(line, "A-3", call=Call.DEFECT), ana, Label.CANNOT_JUDGE)
    rule_all(line, quinn, Label.DEFECT)

    found = estimates.estimate(line.epoch)

    assert (found.total, found.sampled, found.defective) == ([[1, 1], [0, 0]], [[0, 1], [0, 0]], [[0, 1], [0, 0]])


def test_recount_finds_a_chart_that_was_tampered_with(line, ana):
    read(make_task(line), ana, Label.PASS)
    Chart.objects.update(w=4.0)
    with pytest.raises(CommandError, match="chart"):
        call_command("recount", line.slug, stdout=StringIO())


def rule_all(line, lead, label: Label, code: str = "scratch") -> None:
    for case in adjudications.waiting_for(lead, lines=[line]):
        code = code if label == Label.DEFECT else ""
        adjudications.rule(case, by=lead, label=label, defect_class=code, now=later(40))


def test_sums_are_read_in_one_statement(line, ana, django_assert_num_queries):
    read(make_task(line), ana, Label.PASS)
    with django_assert_num_queries(1):
        assert counts.sums(line.epoch, Stream.AGREEMENT).s == 1


def test_recount_proves_equality_and_names_what_differs(line, ana):
    read(make_task(line), ana, Label.PASS)
    out = StringIO()
    call_command("recount", line.slug, stdout=out)
    assert "agreement: 1 of 1 parts" in out.getvalue()
    assert "DIFFERENT" not in out.getvalue()

    counts.fold(now=later(20))
    Count.objects.filter(stream="agreement").update(s=2)

    with pytest.raises(CommandError, match="agreement"):
        call_command("recount", line.slug, stdout=out)
    with pytest.raises(CommandError, match="no line 'nowhere'"):
        call_command("recount", "nowhere")


def test_a_line_without_a_model_counts_people_only(ana, andre):
    line = make_line("phone-frame")
    task = make_task(line, call=None, drawn=("overlap",))
    read(task, ana, Label.PASS)
    read(ReviewTask.objects.get(purpose=Purpose.OVERLAP.value), andre, Label.PASS, at=later(50))

    assert counts.sums(line.epoch, Stream.AGREEMENT) == counts.Sums()
    assert counts.sums(line.epoch, Stream.PEOPLE).s == 1


# Histories ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(12))
def test_whatever_people_do_in_whatever_order_the_record_stays_true(seed):
    story = _Story(random.Random(seed))
    for _ in range(60):
        story.step()
    story.settle_down()

    _assert_one_final_call_per_round()
    _assert_every_run_is_settled_once()
    for epoch in story.line.epochs.all():
        kept, recounted = counts.ledger(epoch), counts.recompute(epoch)
        assert [kept.places_of(stream) for stream in Stream] == [recounted.places_of(stream) for stream in Stream]
        assert counts.chart(epoch) == counts.rechart(epoch)


class _Story:
    """Inspectors, leads and the clockwork, acting at random on one line."""

    def __init__(self, chance: random.Random) -> None:
        self.chance = chance
        self.line = make_watched_line(level=chance.choice([Level.SHADOW, Level.ASSIST, Level.PARTIAL]))
        self.bands = make_bands(self.line, self.line.epoch.model_version) if chance.random() < 0.7 else None
        self.readers = [make_user(name) for name in ("ana", "andre", "aria")]
        self.leads = [make_user(name, role=Role.QA_LEAD) for name in ("quinn", "quill", "quince")]
        self.now, self.parts = NOON, 0
        self.mine: list[tuple] = []

    def step(self) -> None:
        self.now += timedelta(seconds=self.chance.choice([0.5, 3, 12]))
        deed = self.chance.choice([self._part, self._part, self._claim, self._decide, self._decide, self._undo])
        self.chance.choice([deed, deed, self._amend, self._rule, self._clockwork])()

    def settle_down(self) -> None:
        for _ in range(12):
            self.now += timedelta(seconds=100)
            self._clockwork()
            for reader in self.readers:
                for task in queues.claim(reader, self.line, count=6, tab="t", now=self.now):
                    self._call(task, reader)
        self.now += timedelta(seconds=100)
        self._clockwork()

    def _part(self) -> None:
        self.parts += 1
        views = ("front", "back")[: self.chance.randint(1, 2)]
        drawn = tuple(draw for draw in DRAWS if self.chance.random() < 0.3)
        run = make_run(
            self.line,
            f"A-{self.parts}",
            views=views,
            drawn=drawn,
            at=self.now,
            incumbent=self.chance.choice(["", "pass"]),
        )
        for item in run.items.all():
            predict(item, self.chance.choice(list(Call)))
            policy = self.chance.choice(list(Policy)) if self.bands else None
            route_to_people(item, at=self.now, policy=policy)

    def _claim(self) -> None:
        reader = self.chance.choice(self.readers)
        tasks = queues.claim(reader, self.line, count=self.chance.randint(1, 6), tab="t", now=self.now)
        self.mine += [(task, reader, Phase.INITIAL) for task in tasks]

    def _decide(self) -> None:
        if self.mine:
            self._call(*self.mine.pop(self.chance.randrange(len(self.mine))))

    def _call(self, task, reader, phase=Phase.INITIAL) -> None:
        label = self.chance.choice([Label.PASS, Label.PASS, Label.DEFECT, Label.CANNOT_JUDGE])
        given = an_answer(label, phase=phase)
        try:
            recorded = decisions.record(task, person=reader, token=task.lease_token, decision=given, now=self.now)
        except queues.LeaseLost:
            return
        if recorded.reveal and self.chance.random() < 0.7:
            self.mine.append((task, reader, Phase.FINAL))

    def _undo(self) -> None:
        pending = PendingDecision.objects.order_by("pk").select_related("decision").first()
        if pending is None:
            return
        person = pending.decision.person
        try:
            undone = decisions.undo(pending.pk, person=person, now=self.now)
        except UndoExpired:
            return
        self.mine = [held for held in self.mine if held[0].pk != undone.task.pk]
        self.mine.append((undone.task, person, Phase.FINAL if undone.reopens_final else Phase.INITIAL))

    def _amend(self) -> None:
        final = list(Decision.objects.filter(fate__fate=DecisionFate.FINAL).order_by("recorded_at", "pk"))
        if not final:
            return
        self._amend_one(self.chance.choice(final))

    def _amend_one(self, final: Decision) -> None:
        try:
            given = an_answer(Label.DEFECT, comment="seen later")
            decisions.amend(final.pk, person=final.person, amendment=given, now=self.now)
        except decisions.NotAmendable:
            return

    def _rule(self) -> None:
        lead = self.chance.choice(self.leads)
        case = adjudications.waiting_for(lead, lines=[self.line]).first()
        if case is not None:
            label = self.chance.choice(list(Label))
            code = self.chance.choice(["scratch", "crack"]) if label == Label.DEFECT else ""
            adjudications.rule(case, by=lead, label=label, defect_class=code, now=self.now)

    def _clockwork(self) -> None:
        queues.sweep_expired(now=self.now)
        decisions.finalise_due(now=self.now, limit=500)
        if self.chance.random() < 0.5:
            counts.fold(now=self.now)


def _assert_one_final_call_per_round() -> None:
    final = Decision.objects.filter(fate__fate=DecisionFate.FINAL).values_list("task", "person", "phase")
    assert len(set(final)) == len(final)
    assert not PendingDecision.objects.exists()


def _assert_every_run_is_settled_once() -> None:
    assert not Disposition.objects.filter(settled_at=None).exists()
    assert not ReviewTask.objects.filter(purpose=Purpose.PRIMARY.value, closed_at=None).exists()
    assert Adjudication.objects.exists()
