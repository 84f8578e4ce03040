"""Practice: a person trains on images that were ruled on, and hears after each whether they saw it.

It stands apart from all that is counted: its images are no tasks, its answers no decisions, and who has practised on an
image never meets it as a known one among their work.
"""

import random
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet

from inspection.models import Item, Line, User
from inspection.rules.words import Call, Label
from review import known_images
from review.bank_models import BankImage
from review.models import Adjudication, Decision, GoldShowing, ReviewTask, Truth
from review.practice_models import PracticeItem, PracticeSet

# A round needs both kinds; fewer of one would tell the answer.
FEWEST_OF_A_KIND = 3

_chance = random.SystemRandom()


class TooFewImages(Exception):
    """The line has not enough images of known truth that this person has not met."""


class NothingMissed(Exception):
    """Every image of the round was called right."""


class AlreadyAnswered(Exception):
    """The image has its answer. The first one stands."""


@dataclass(frozen=True, kw_only=True)
class Score:
    """What came of a round: right calls, and of defects and good parts each.

    `aim` is the share of right calls that a new inspector of the line should reach before they read alone.
    """

    aim: float
    answered: int
    right: int
    defects: int
    caught: int
    good: int
    alarms: int

    @property
    def reaches(self) -> bool:
        return self.answered > 0 and self.right >= self.aim * self.answered


class Found(NamedTuple):
    """Of the defects of one kind, how many were found."""

    defect_class: str
    found: int
    shown: int

    @property
    def missed(self) -> int:
        return self.shown - self.found


def at_hand(line: Line, person: User, label: Call) -> QuerySet[Item]:
    """Return the images of one ruled label that a person can still practise on.

    The bank stays out: it measures people and models. So do limit samples and golden images, which hang beside every
    part, images that this person has read, practised on or was shown, those of challenge parts, and those that somebody
    reads or rules on again.
    """
    here = OuterRef("pk")
    newer = Truth.objects.filter(item=OuterRef("item"), n__gt=OuterRef("n"))
    ruled = Truth.objects.filter(~Exists(newer), item__line=line, source__in=known_images.KNOWN_GOOD, label=label.value)
    met = (
        BankImage.objects.filter(item__run__part=OuterRef("run__part")),
        Decision.objects.filter(person=person, task__item=here),
        PracticeItem.objects.filter(round__person=person, source=here),
        GoldShowing.objects.filter(person=person, source=here),
        ReviewTask.objects.filter(item=here, closed_at=None),
        Adjudication.objects.filter(item=here, ruled_at=None),
    )
    known = Item.objects.real().filter(line=line, view__in=line.views, pk__in=ruled.values("item"))
    unmet = (~Exists(rows) for rows in met)
    return known.filter(known_images.unseen_by_all(), *unmet, run__part__is_challenge=False)


@transaction.atomic
def begin(line: Line, person: User, *, now: datetime) -> PracticeSet:
    """Return the person's open round on the line, or draw a new one. Raises TooFewImages."""
    User.objects.select_for_update(no_key=True).values_list("pk").get(pk=person.pk)
    standing = open_round(line, person)
    if standing is not None:
        return standing
    half = line.practice_size // 2
    defects, good = (known_images.some_of(at_hand(line, person, label), half) for label in (Call.DEFECT, Call.PASS))
    if min(len(defects), len(good)) < FEWEST_OF_A_KIND:
        raise TooFewImages(f"{len(defects)} defects and {len(good)} good parts, {FEWEST_OF_A_KIND} of each needed.")
    started = PracticeSet.objects.create(line=line, person=person, started_at=now)
    drawn = [*defects, *good]
    _chance.shuffle(drawn)
    kinds = _kinds_of(defects)
    PracticeItem.objects.bulk_create(_drawn(started, n, item, kinds) for n, item in enumerate(drawn, 1))
    return started


@transaction.atomic
def begin_again(last: PracticeSet, *, now: datetime) -> PracticeSet:
    """Return the person's open round, or draw a new one from what they missed in a round. Raises NothingMissed."""
    User.objects.select_for_update(no_key=True).values_list("pk").get(pk=last.person_id)
    standing = open_round(last.line, last.person)
    if standing is not None:
        return standing
    wrong = missed(last)
    if not wrong:
        raise NothingMissed(f"Round {last.pk} has nothing to show again.")
    started = PracticeSet.objects.create(line=last.line, person=last.person, started_at=now, repeats=last)
    _chance.shuffle(wrong)
    PracticeItem.objects.bulk_create(
        PracticeItem(round=started, n=n, source_id=one.source_id, label=one.label, defect_class=one.defect_class)
        for n, one in enumerate(wrong, 1)
    )
    return started


def open_round(line: Line, person: User) -> PracticeSet | None:
    return line.practice_sets.filter(person=person, finished_at=None).first()


def last_round(line: Line, person: User) -> PracticeSet | None:
    """Return the last round that the person has finished on the line."""
    return line.practice_sets.filter(person=person, finished_at__isnull=False).order_by("-finished_at", "-pk").first()


def next_of(started: PracticeSet) -> PracticeItem | None:
    """Return the first image of a round without an answer."""
    waiting = started.items.filter(answered_at=None).select_related("source__measures", "source__line")
    return waiting.order_by("n").first()


@transaction.atomic
def answer(item: PracticeItem, *, said: Label, said_class: str, now: datetime) -> None:
    """Keep what the person said of an image; the last answer ends the round. Raises AlreadyAnswered."""
    free = PracticeItem.objects.filter(pk=item.pk, answered_at=None)
    if not free.update(said=said.value, said_class=said_class, answered_at=now):
        raise AlreadyAnswered(f"Image {item.n} of the round has its answer.")
    item.said, item.said_class, item.answered_at = said.value, said_class, now
    if not PracticeItem.objects.filter(round=item.round_id, answered_at=None).exists():
        PracticeSet.objects.filter(pk=item.round_id, finished_at=None).update(finished_at=now)


def score(of: PracticeSet) -> Score:
    """Count a round. A part that could not be judged is no right call, and no false alarm."""
    said = list(of.items.filter(answered_at__isnull=False))
    defects = [one for one in said if one.label == Call.DEFECT]
    good = [one for one in said if one.label == Call.PASS]
    return Score(
        aim=of.line.practice_aim,
        answered=len(said),
        right=sum(one.is_right for one in said),
        defects=len(defects),
        caught=sum(one.is_right for one in defects),
        good=len(good),
        alarms=sum(one.said == Label.DEFECT for one in good),
    )


def found_by_kind(of: PracticeSet) -> list[Found]:
    """Return how many defects of each kind were found in a round, the kinds in the order of their names."""
    defects = list(of.items.filter(answered_at__isnull=False, label=Call.DEFECT.value))
    kinds = sorted({one.defect_class for one in defects})
    return [_found([one for one in defects if one.defect_class == kind]) for kind in kinds]


def _found(defects: list[PracticeItem]) -> Found:
    return Found(defects[0].defect_class, sum(one.is_right for one in defects), len(defects))


def missed(of: PracticeSet) -> list[PracticeItem]:
    """Return the images of a round that the person called wrong, in order."""
    said = of.items.filter(answered_at__isnull=False).order_by("n")
    return [one for one in said if not one.is_right]


def marks_of(item: PracticeItem) -> list[dict]:
    """Return where the readers of a ruled defect had marked it."""
    if item.label != Call.DEFECT:
        return []
    readings = Decision.objects.filter(task__item=item.source_id, fate__fate="final", label=Label.DEFECT.value)
    return [mark for regions in readings.values_list("regions", flat=True) for mark in regions]


def _kinds_of(defects: list[Item]) -> dict[Item, str]:
    """Return the ruled class of each defect."""
    truths = Truth.objects.filter(item__in=defects).order_by("n").select_related("item")
    return {truth.item: truth.defect_class for truth in truths}


def _drawn(started: PracticeSet, n: int, item: Item, kinds: dict[Item, str]) -> PracticeItem:
    label = Call.DEFECT if item in kinds else Call.PASS
    return PracticeItem(round=started, n=n, source=item, label=label.value, defect_class=kinds.get(item, ""))
