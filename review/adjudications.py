"""Rulings: which images need one, who may give it, what they see, and what follows."""

import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet

from inspection.models import Line, Prediction, User
from inspection.rules.words import Label, TruthSource
from review import amendments, audits, comparisons, counts, readings
from review.faults import Invalid, class_faults, text_faults
from review.models import Adjudication, Decision, Truth
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


def open_where_needed(found: ItemReadings, *, now: datetime) -> Adjudication | None:
    """Open the case that the calls on an image ask for; add a later second reading to the case that is open."""
    if found.overlap is not None:
        Adjudication.objects.filter(item=found.item, ruled_at=None, second=None).update(second=found.overlap)
    cause = rules.cause(found.calls())
    if cause is None or found.open_cause is not None or found.rulings:
        return None
    return _open(found.first, cause=cause, second=found.overlap, now=now)


def dispute(original: Decision, amendment: Decision, *, now: datetime) -> Adjudication:
    """Let an adjudicator decide between a final call and its later correction. An open case takes it in."""
    standing = Adjudication.objects.filter(item=original.task.item_id, ruled_at=None).first()
    return standing or _open(original, cause=Cause.DISPUTE, second=amendment, now=now)


def _open(first: Decision, *, cause: Cause, second: Decision | None, now: datetime) -> Adjudication:
    task = first.task
    return Adjudication.objects.create(
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
    """Return the open cases of the lines that this person may rule on, oldest first."""
    read_it = Decision.objects.filter(task__item=OuterRef("item"), person=person)
    ruled_it = Adjudication.objects.filter(item=OuterRef("item"), ruled_by=person)
    looked_again = Q(cause=Cause.SECOND_LOOK.value) & Exists(ruled_it)
    cases = Adjudication.objects.filter(~Exists(read_it), line__in=lines, ruled_at=None).exclude(looked_again)
    return cases.select_related("run__part", "item__measures", "line", "first", "second").order_by("opened_at", "pk")


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
    readers = Decision.objects.filter(task__item=case.item_id).values_list("person", flat=True)
    others = Adjudication.objects.filter(item=case.item_id, ruled_at__isnull=False).exclude(pk=case.pk)
    earlier = set(others.values_list("ruled_by", flat=True)) if case.cause == Cause.SECOND_LOOK else set()
    if rules.is_conflict(person.pk, readers=set(readers), earlier_rulers=earlier):
        raise ConflictOfInterest(f"{person} has judged this image before.")


# Ruling ---------------------------------------------------------------------------------------------------------


@transaction.atomic
def rule(
    case: Adjudication, *, by: User, label: Label, defect_class: str = "", reason: str = "", now: datetime
) -> Adjudication:
    """Give the ruling. It becomes the next version of the item's truth and corrects the counts of its run.

    The same ruling again gives the same answer.
    Raises AlreadyRuled, ConflictOfInterest or Invalid. The originals stay as they were.
    """
    # The run before the case, as the finaliser takes them: the other way round they would wait for each other.
    counts.lock([case.run])
    case = _locked(case)
    if case.ruled_at is not None:
        return _same_ruling(case, by=by, label=label, defect_class=defect_class)
    check_conflict(case, by)
    faults = [*class_faults(case.line, label, defect_class), *text_faults(reason, pointer="/reason")]
    if faults:
        raise Invalid(faults)
    case.label, case.defect_class, case.reason = label.value, defect_class, reason
    case.ruled_by, case.ruled_at = by, now
    case.save(update_fields=["label", "defect_class", "reason", "ruled_by", "ruled_at"])
    rulings = _rulings_of(case)
    if rules.standing(rulings) == label:
        _add_truth(case, now=now)
    amendments.ask_for_ruling(case)
    drawn = case.run.drawn_truth and case.run.drawn_second_look
    if rules.wants_another_look(rulings, drawn_second_look=drawn):
        _open(case.first, cause=Cause.SECOND_LOOK, second=None, now=now)
    found = readings.of_run(case.run)
    counts.count_run(case.run, found, cause=f"ruling:{case.pk}", now=now)
    comparisons.note([(case.run, found)], now=now)
    audits.note(case.run, found, now=now)
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


def _same_ruling(case: Adjudication, *, by: User, label: Label, defect_class: str) -> Adjudication:
    if (case.ruled_by_id, case.label, case.defect_class) != (by.pk, label.value, defect_class):
        raise AlreadyRuled(f"Case {case.pk} was ruled on at {case.ruled_at}.")
    return case


def _locked(case: Adjudication) -> Adjudication:
    cases = Adjudication.objects.select_for_update(of=("self",))
    return cases.select_related("line", "run__epoch", "run__line", "first__task").get(pk=case.pk)


def _rulings_of(case: Adjudication) -> list[Ruling]:
    cases = Adjudication.objects.filter(item=case.item_id, ruled_at__isnull=False)
    return [Ruling(Cause(one.cause), Label(one.label)) for one in cases.order_by("opened_at", "pk")]


def _add_truth(case: Adjudication, *, now: datetime) -> None:
    newest = Truth.objects.filter(item=case.item_id).order_by("-n").first()
    if newest is not None and newest.source == TruthSource.PHYSICAL:
        return
    Truth.objects.create(
        item_id=case.item_id,
        n=newest.n + 1 if newest else 1,
        label=case.label,
        defect_class=case.defect_class,
        source=TruthSource.ADJUDICATION.value,
        person=case.ruled_by,
        adjudication=case,
        created_at=now,
    )
