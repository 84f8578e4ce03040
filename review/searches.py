"""Readings found by tokens, and all that is known of one image: the gallery behind every figure of a report."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Exists, OuterRef, Prefetch, Q, QuerySet

from inspection.models import Disposition, Epoch, Item, Part, Prediction
from review import history
from review.models import Adjudication, CountDelta, Decision, LateCall, ReviewTask, SnapshotImage, Training, Truth
from review.rules import tokens
from review.rules.tokens import Search

PAGE = 60
# Beyond so many nobody pages, and a search without a limit reads the whole history.
COUNTED_MAX = 1_000
NAMESAKES = 12
NAMED = 500
# Newest parts first: in this order the readings of a line need no sorting.
DIFFER, AGREE = ("pass/defect", "defect/pass"), ("pass/pass", "defect/defect")
NEWEST = ("-task__run__opened_at", "-pk")


@dataclass(frozen=True, kw_only=True)
class Page:
    """One page of a gallery, newest parts first, and where the next one begins (None on the last).

    `left` are the readings from this page on, itself included, counted up to one more than 1,000.
    """

    readings: list[Any]
    after: UUID | None
    left: int


@dataclass(frozen=True, kw_only=True)
class Step:
    """One thing that was said of an image, when and by whom; `label` is a word of Label, empty for a doubt.

    Of a data set that took it along the label is the one it was learned with, and `number` the set's.
    """

    at: datetime
    kind: str
    label: str = ""
    defect_class: str = ""
    who: str = ""
    note: str = ""
    number: int | None = None


def find(epoch: Epoch, search: Search) -> QuerySet[Any]:
    """Return the final blind first readings of an epoch that the search asks for.

    An image that somebody still reads or rules on is left out: they must not see first what others said.
    """
    case = Adjudication.objects.filter(item=OuterRef("task__item"), ruled_at=None)
    task = ReviewTask.objects.filter(item=OuterRef("task__item"), closed_at=None)
    since, until = search.date or (None, None)
    readings = history.final_readings(epoch).filter(~Exists(case), ~Exists(task))
    return readings.filter(_asked(search), **history.window(epoch, since, until))


def page(epoch: Epoch, search: Search, *, after: UUID | None = None) -> Page:
    """Return up to 60 readings after one that was seen last. Costs three queries wherever it begins."""
    found = find(epoch, search)
    if after is not None:
        found = found.filter(_behind(after))
    # What is counted is what is read: a rare find goes through the whole history, and so it does so once.
    ids = list(found.order_by(*NEWEST).values_list("pk", flat=True)[: COUNTED_MAX + 1])
    shown = history.final_readings(epoch).filter(pk__in=ids[:PAGE]).select_related("task__item", "task__run__part")
    readings = list(shown.order_by(*NEWEST))
    return Page(readings=readings, after=ids[PAGE - 1] if len(ids) > PAGE else None, left=len(ids))


@dataclass(frozen=True)
class Neighbours:
    """The images before and after one in a gallery, None at either end and where the search does not find it."""

    newer: UUID | None = None
    older: UUID | None = None


def neighbours(item: Item, epoch: Epoch, search: Search) -> Neighbours:
    """Return what stands beside an image in what a search finds."""
    found = find(epoch, search)
    mine = found.filter(task__item=item).values_list("pk", flat=True).first()
    if mine is None:
        return Neighbours()
    older = found.filter(_behind(mine)).order_by(*NEWEST)
    newer = found.filter(_beside(mine, "gt")).order_by("task__run__opened_at", "pk")
    first_of = [rows.values_list("task__item", flat=True).first() for rows in (newer, older)]
    return Neighbours(*first_of)


def culprits(epoch: Epoch, parsed: tokens.Parsed) -> list[tokens.Token]:
    """Return the tokens of a search without hits whose removal alone would find something."""
    return [
        token
        for token in parsed.tokens
        if find(epoch, tokens.without(parsed.search, token.name)).order_by().values("pk")[:1]
    ]


def is_open(item: Item) -> bool:
    """Say whether somebody still reads or rules on the image."""
    return (
        Adjudication.objects.filter(item=item, ruled_at=None).exists()
        or ReviewTask.objects.filter(item=item, closed_at=None).exists()
    )


def namesakes(epoch: Epoch, search: Search) -> list[Item]:
    """Return the newest settled images of the parts whose serial is looked for that the gallery of the epoch lacks.

    What a model decided alone was never read, and what belongs to another epoch is not in this gallery: whoever
    holds such a part in the hand finds it all the same. What somebody still reads or rules on stays hidden.
    """
    if not search.serial:
        return []
    item = OuterRef("pk")
    shown = history.final_readings(epoch).filter(task__item=item)
    unsettled = (
        Adjudication.objects.filter(item=item, ruled_at=None),
        ReviewTask.objects.filter(item=item, closed_at=None),
    )
    # Parts first: a serial is looked up in their index, and few parts of a long history bear it.
    parts = Part.objects.filter(line=epoch.line_id, serial__startswith=search.serial, is_challenge=False)
    newest = list(parts.order_by("-pk").values_list("pk", flat=True)[:NAMED])
    named = Item.objects.filter(run__part__in=newest, run__is_settled=True)
    found = named.filter(~Exists(shown), *(~Exists(rows) for rows in unsettled))
    return list(found.select_related("run__part", "run__disposition").order_by("-run__opened_at", "view")[:NAMESAKES])


def waiting(epoch: Epoch) -> int:
    """Count the open cases of an epoch, which no gallery shows."""
    return Adjudication.objects.filter(line=epoch.line_id, run__epoch=epoch, ruled_at=None).count()


def steps(item: Item) -> Iterator[Step]:
    """Yield what was said of one image in the order of time.

    Models, readings, doubts, rulings, what the line got, and which data sets taught what with it.
    """
    said = [*_predictions(item), *_readings(item), *_late(item), *_questions(item), *_truths(item), *_verdict(item)]
    yield from sorted([*said, *_sets(item)], key=lambda step: step.at)


def _behind(last: UUID) -> Q:
    """Return the condition of readings that come after one in a gallery; none follow one that is not there."""
    return _beside(last, "lt")


def _beside(mark: UUID, side: str) -> Q:
    """Return the condition of readings older ("lt") or newer ("gt") than one, in the order of a gallery."""
    opened_at = Decision.objects.filter(pk=mark).values_list("task__run__opened_at", flat=True).first()
    if opened_at is None:
        return Q(pk__in=())
    beyond = Q(**{f"task__run__opened_at__{side}": opened_at}) | Q(**{f"pk__{side}": mark})
    return Q(**{f"task__run__opened_at__{side}e": opened_at}) & beyond


def _asked(search: Search) -> Q:
    """Return the condition of a search on annotated readings."""
    plain = {
        "label": search.label,
        "reference": search.truth,
        "call": search.model,
        "reference_class": search.defect_class,
        "task__item__station__name": search.camera,
        "person__username": search.inspector,
        "task__run__part__serial__startswith": search.serial,
    }
    asked = Q(**{name: value for name, value in plain.items() if value})
    if search.score is not None:
        asked &= Q(probability__range=search.score)
    if search.disagree:
        asked &= Q(both__in=DIFFER if search.disagree == "yes" else AGREE)
    if search.shift:
        asked &= _counted_in(search.shift)
    return asked


def _counted_in(shift: str) -> Q:
    """Return the condition of parts counted in a shift: in "2026-11-23/A" of one day, or in "A" of any.

    What was counted keeps its shift, so a pattern that was changed since moves no part from one to another.
    """
    named = {"shift": shift} if "/" in shift else {"shift__endswith": f"/{shift}"}
    return Q(Exists(CountDelta.objects.filter(run=OuterRef("task__run"), **named)))


def _predictions(item: Item) -> list[Step]:
    found = Prediction.objects.filter(item=item, model_version=item.run.epoch.model_version_id)
    return [
        Step(
            at=one.created_at,
            kind="model",
            label=one.call,
            defect_class=one.defect_class,
            who=str(one.model_version),
            note=f"{one.probability:.2f}",
        )
        for one in found.select_related("model_version")
    ]


def _readings(item: Item) -> list[Step]:
    decisions = Decision.objects.filter(task__item=item, fate__fate__in=["final", "amended"])
    return [
        Step(
            at=one.recorded_at,
            kind="amended" if one.fate.fate == "amended" else "blind" if one.blind else "reading",
            label=one.label,
            defect_class=one.defect_class,
            who=one.person.username,
            note=one.comment,
        )
        for one in decisions.select_related("person", "fate")
    ]


def _late(item: Item) -> list[Step]:
    notes = LateCall.objects.filter(task__item=item).select_related("person")
    return [
        Step(
            at=one.kept_at,
            kind="late",
            label=one.label,
            defect_class=one.defect_class,
            who=one.person.username,
            note=one.comment,
        )
        for one in notes
    ]


def _questions(item: Item) -> list[Step]:
    asked = Adjudication.objects.filter(item=item, asked_by__isnull=False).select_related("asked_by")
    return [
        Step(at=one.opened_at, kind="question", who=one.asked_by.username, note=one.asked_for)
        for one in asked
        if one.asked_by is not None
    ]


def _truths(item: Item) -> list[Step]:
    truths = Truth.objects.filter(item=item, source__in=history.RULED).select_related("person", "adjudication")
    return [
        Step(
            at=one.created_at,
            kind="ruling",
            label=one.label,
            defect_class=one.defect_class,
            who=one.person.username if one.person else "",
            note=one.adjudication.reason if one.adjudication else "",
        )
        for one in truths
    ]


def _sets(item: Item) -> list[Step]:
    taken = SnapshotImage.objects.filter(item=item).select_related("snapshot__taken_by")
    taught = Prefetch("snapshot__trainings", Training.objects.exclude(version=None).select_related("version"))
    return [
        Step(
            at=one.snapshot.taken_at,
            kind="set",
            label=one.label,
            defect_class=one.defect_class,
            who=one.snapshot.taken_by.username if one.snapshot.taken_by else "",
            note=", ".join(str(training.version) for training in one.snapshot.trainings.all()),
            number=one.snapshot.number,
        )
        for one in taken.prefetch_related(taught)
    ]


def _verdict(item: Item) -> list[Step]:
    settled = Disposition.objects.filter(run=item.run_id)
    return [
        Step(at=one.settled_at, kind="verdict", label=one.verdict)
        for one in settled
        if one.settled_at is not None and one.verdict is not None
    ]
