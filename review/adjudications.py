"""Rulings: which images need one, who may give it, what they see, and what follows."""

import random
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet, prefetch_related_objects

from inspection.models import Line, Prediction, User
from inspection.rules.words import Label, TruthSource
from review import amendments, audits, comparisons, counts, readings
from review.counts import Counted
from review.faults import Invalid, class_faults, text_faults
from review.models import Adjudication, Decision, HeldRuling, LateCall, Truth
from review.readings import ItemReadings
from review.rules import adjudication as rules
from review.rules.adjudication import Cause, Ruling

# Weakest first: a ruling is not overturned by one more reading, nor a microscope by a ruling.
_STRENGTH = (TruthSource.SINGLE, TruthSource.CONSENSUS, TruthSource.ADJUDICATION, TruthSource.PHYSICAL)


class ConflictOfInterest(Exception):
    """The person read this image, or gave the ruling that is looked at again."""


class AlreadyRuled(Exception):
    """The case is closed."""


@dataclass(frozen=True)
class Shown:
    """One reader's call as the adjudicator sees it: without a name."""

    label: str
    defect_class: str
    regions: list[dict]
    comment: str


# Opening --------------------------------------------------------------------------------------------------------


def open_where_needed(found: Iterable[ItemReadings], *, now: datetime) -> None:
    """Open the cases that the calls on images ask for; add a later second reading to the case that is open."""
    opened = []
    for one in found:
        cause = rules.cause(one.calls())
        if one.open_cause is not None:
            _add_second(one)
        elif cause is not None and not one.rulings:
            opened.append(_case(one.first, cause=cause, second=one.overlap, now=now))
    Adjudication.objects.bulk_create(opened)


def _add_second(found: ItemReadings) -> None:
    if found.overlap is not None:
        Adjudication.objects.filter(item=found.item, ruled_at=None, second=None).update(second=found.overlap)


def dispute(original: Decision, amendment: Decision, *, now: datetime) -> Adjudication:
    """Let an adjudicator decide between a final call and its later correction. An open case takes it in."""
    standing = Adjudication.objects.filter(item=original.task.item_id, ruled_at=None).first()
    return standing or _open(original, cause=Cause.DISPUTE, second=amendment, now=now)


def question(found: ItemReadings, *, by: User, reason: str, now: datetime) -> Adjudication:
    """Let another person rule on an image anew because somebody who knew all that was said of it doubts it."""
    case = _case(found.first, cause=Cause.QUESTION, second=found.overlap, now=now)
    case.asked_by, case.asked_for = by, reason
    case.save(force_insert=True)
    return case


def _open(first: Decision, *, cause: Cause, second: Decision | None, now: datetime) -> Adjudication:
    case = _case(first, cause=cause, second=second, now=now)
    case.save(force_insert=True)
    return case


def _case(first: Decision, *, cause: Cause, second: Decision | None, now: datetime) -> Adjudication:
    task = first.task
    return Adjudication(
        line_id=task.line_id,
        item_id=task.item_id,
        run_id=task.run_id,
        cause=cause.value,
        first=first,
        second=second,
        swapped=random.SystemRandom().random() < 0.5,
        opened_at=now,
    )


# Who may, and what they see -------------------------------------------------------------------------------------


def waiting_for(person: User, *, lines: Iterable[Line]) -> QuerySet[Adjudication]:
    """Return the open cases of the lines that this person may rule on, oldest first.

    A case whose ruling may still be taken back waits for nobody.
    """
    held = HeldRuling.objects.filter(case=OuterRef("pk"), ended_at=None)
    read_it, judged_it = (
        rows.objects.filter(task__item=OuterRef("item"), person=person) for rows in (Decision, LateCall)
    )
    ruled_it = Adjudication.objects.filter(item=OuterRef("item"), ruled_by=person)
    again = Q(cause__in=[cause.value for cause in Cause if cause.asks_for_new_eyes])
    looked_again = Q(asked_by=person) | (again & Exists(ruled_it))
    fresh = ~Exists(read_it) & ~Exists(judged_it)
    cases = Adjudication.objects.filter(fresh, ~Exists(held), line__in=lines, ruled_at=None)
    beside = (
        cases.exclude(looked_again)
        .select_related("run__part", "item__measures", "first", "second")
        .prefetch_related("line")
    )
    return beside.order_by("opened_at", "pk")


def shown(case: Adjudication) -> list[Shown]:
    """Return the calls A and B where two people differ, in the case's random order; nothing otherwise."""
    if case.second is None or not rules.shows_calls(Label(case.first.label), Label(case.second.label)):
        return []
    order = (case.second, case.first) if case.swapped else (case.first, case.second)
    return [Shown(call.label, call.defect_class, call.regions, call.comment) for call in order]


def predictions_after(case: Adjudication) -> list[Prediction]:
    """Return what the models said: for a case that is ruled, never before."""
    if case.ruled_at is None:
        return []
    return list(Prediction.objects.filter(item=case.item_id).select_related("model_version").order_by("pk"))


def check_conflict(case: Adjudication, person: User) -> None:
    """Raise ConflictOfInterest where the person has judged this image before."""
    _Earlier([case]).check(case, person)


class _Earlier:
    """Who has judged the images of some cases before: readers, who ruled on other cases of them, and who asks anew."""

    def __init__(self, cases: Sequence[Adjudication]) -> None:
        items = [case.item_id for case in cases]
        read, late = (
            rows.objects.filter(task__item__in=items).values_list("task__item", "person")
            for rows in (Decision, LateCall)
        )
        self._readers = set(read.union(late))
        looked_again = [case.item_id for case in cases if Cause(case.cause).asks_for_new_eyes]
        ruled = Adjudication.objects.filter(item__in=looked_again, ruled_at__isnull=False)
        self._rulers = list(ruled.values_list("item", "ruled_by", "pk"))

    def check(self, case: Adjudication, person: User) -> None:
        """Raise ConflictOfInterest where the person is among them."""
        readers = {reader for item, reader in self._readers if item == case.item_id}
        rulers = {ruler for item, ruler, other in self._rulers if item == case.item_id and other != case.pk}
        if case.asked_by_id is not None:
            rulers.add(case.asked_by_id)
        if rules.is_conflict(person.pk, readers=readers, earlier_rulers=rulers):
            raise ConflictOfInterest(f"{person} has judged this image before.")


# Ruling ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Spoken:
    """What an adjudicator says of one case."""

    case: Adjudication
    label: Label
    defect_class: str = ""
    reason: str = ""


def check(spoken: Spoken, *, by: User) -> None:
    """Raise AlreadyRuled, ConflictOfInterest or Invalid where `rule` would refuse the ruling."""
    if spoken.case.ruled_at is not None:
        raise AlreadyRuled(f"Case {spoken.case.pk} was ruled on at {spoken.case.ruled_at}.")
    check_conflict(spoken.case, by)
    _check(spoken)


def rule(
    case: Adjudication, *, by: User, label: Label, defect_class: str = "", reason: str = "", now: datetime
) -> Adjudication:
    """Give one ruling as `rule_all` does."""
    spoken = Spoken(case=case, label=label, defect_class=defect_class, reason=reason)
    return rule_all([spoken], by=by, now=now)[0]


@transaction.atomic
def rule_all(spoken: Sequence[Spoken], *, by: User, now: datetime) -> list[Adjudication]:
    """Give rulings, each on another run: all of them, or none.

    Each becomes the next version of its item's truth and corrects the counts of its run. The same ruling again gives
    the same answer. Raises AlreadyRuled, ConflictOfInterest or Invalid. The originals stay as they were.
    """
    # The runs before the cases, as the finaliser takes them: the other way round they would wait for each other.
    counts.lock([one.case.run for one in spoken])
    cases = _locked([one.case for one in spoken])
    fresh = [one for one in spoken if not _is_ruled(cases[one.case.pk], one, by=by)]
    earlier = _Earlier([cases[one.case.pk] for one in fresh])
    prefetch_related_objects([one.case.line for one in fresh if one.defect_class], "defect_classes")
    for one in fresh:
        earlier.check(cases[one.case.pk], by)
        _check(one)
    ruled = [_say(cases[one.case.pk], one, by=by, now=now) for one in fresh]
    Adjudication.objects.bulk_create(
        ruled,
        update_conflicts=True,
        unique_fields=["id"],
        update_fields=["label", "defect_class", "reason", "ruled_by", "ruled_at"],
    )
    _follow(ruled, now=now)
    return [cases[one.case.pk] for one in spoken]


def _follow(ruled: Sequence[Adjudication], *, now: datetime) -> None:
    """Do what rulings ask for: the truth that stands, their receipts, another look, the counts, and the audits."""
    rulings = _rulings_of(ruled)
    _add_truths([case for case in ruled if rules.standing(rulings[case.item_id]) == case.label], now=now)
    amendments.ask_for_rulings(ruled)
    for case in ruled:
        drawn = case.run.drawn_truth and case.run.drawn_second_look
        if rules.wants_another_look(rulings[case.item_id], drawn_second_look=drawn):
            _open(case.first, cause=Cause.SECOND_LOOK, second=None, now=now)
    found = readings.of_runs(case.run for case in ruled)
    counts.count_runs([Counted(case.run, found[case.run_id], f"ruling:{case.pk}") for case in ruled], now=now)
    comparisons.note([(case.run, found[case.run_id]) for case in ruled], now=now)
    for case in ruled:
        audits.note(case.run, found[case.run_id], now=now)


def _check(spoken: Spoken) -> None:
    faults = [
        *class_faults(spoken.case.line, spoken.label, spoken.defect_class),
        *text_faults(spoken.reason, pointer="/reason"),
    ]
    if faults:
        raise Invalid(faults)


def _say(case: Adjudication, spoken: Spoken, *, by: User, now: datetime) -> Adjudication:
    case.label, case.defect_class, case.reason = spoken.label.value, spoken.defect_class, spoken.reason
    case.ruled_by, case.ruled_at = by, now
    return case


def note_readings(found: Sequence[ItemReadings], *, now: datetime) -> None:
    """Keep each reading, or two that agree, as the item's truth until something stronger comes. Two statements."""
    versions = Truth.objects.filter(item__in=[one.item for one in found]).order_by("n")
    newest = {truth.item_id: truth for truth in versions}
    Truth.objects.bulk_create(
        _truth_of(one, newest.get(one.item.pk), now=now) for one in found if _is_stronger(one, newest.get(one.item.pk))
    )


def _is_stronger(found: ItemReadings, newest: Truth | None) -> bool:
    label = found.first.label
    if label == Label.CANNOT_JUDGE or (found.overlap and found.overlap.label != label):
        return False
    return newest is None or _STRENGTH.index(TruthSource(newest.source)) < _STRENGTH.index(_source(found))


def _source(found: ItemReadings) -> TruthSource:
    return TruthSource.CONSENSUS if found.overlap else TruthSource.SINGLE


def _truth_of(found: ItemReadings, newest: Truth | None, *, now: datetime) -> Truth:
    return Truth(
        item=found.item,
        n=newest.n + 1 if newest else 1,
        label=found.first.label,
        defect_class=found.first.defect_class,
        source=_source(found).value,
        person_id=found.first.person_id,
        created_at=now,
    )


def _is_ruled(case: Adjudication, spoken: Spoken, *, by: User) -> bool:
    """Say whether the very same ruling was given before. Raises AlreadyRuled where it was another."""
    if case.ruled_at is None:
        return False
    if (case.ruled_by_id, case.label, case.defect_class) != (by.pk, spoken.label.value, spoken.defect_class):
        raise AlreadyRuled(f"Case {case.pk} was ruled on at {case.ruled_at}.")
    return True


def _locked(cases: Iterable[Adjudication]) -> dict[UUID, Adjudication]:
    mine = Adjudication.objects.select_for_update(of=("self",)).filter(pk__in=[case.pk for case in cases])
    # Rows of one line share it, and its epoch: no case carries a copy of its own.
    shared = ("line", "run__line", "run__epoch")
    cases = mine.select_related("run__part", "first__task").prefetch_related(*shared)
    return {case.pk: case for case in cases.order_by("pk")}


def _rulings_of(cases: Iterable[Adjudication]) -> dict[UUID, list[Ruling]]:
    """Return by item every ruling on it, in the order in which the cases were opened."""
    rulings: dict[UUID, list[Ruling]] = defaultdict(list)
    given = Adjudication.objects.filter(item__in=[case.item_id for case in cases], ruled_at__isnull=False)
    for one in given.order_by("opened_at", "pk"):
        rulings[one.item_id].append(Ruling(Cause(one.cause), Label(one.label)))
    return rulings


def _add_truths(cases: Sequence[Adjudication], *, now: datetime) -> None:
    versions = Truth.objects.filter(item__in=[case.item_id for case in cases]).order_by("n")
    newest = {truth.item_id: truth for truth in versions}
    Truth.objects.bulk_create(
        _truth_by(case, newest.get(case.item_id), now=now)
        for case in cases
        if case.item_id not in newest or newest[case.item_id].source != TruthSource.PHYSICAL
    )


def _truth_by(case: Adjudication, newest: Truth | None, *, now: datetime) -> Truth:
    return Truth(
        item_id=case.item_id,
        n=newest.n + 1 if newest else 1,
        label=case.label,
        defect_class=case.defect_class,
        source=TruthSource.ADJUDICATION.value,
        person=case.ruled_by,
        adjudication=case,
        created_at=now,
    )
