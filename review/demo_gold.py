"""Known images that the people of `phone-back` met among their work, and what each was told when a session ended.

Each is staged beside a part that the person really read that day, and each session is ended, by the product's own
deeds. As rare as the rule allows, so nobody has enough of them for a percentage yet.
"""

import random
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta

from django.db import transaction

from inspection.models import Line, User
from inspection.rules.words import Label, Phase, Purpose
from review import filling, gold, known_images, sessions
from review.gold_models import GoldShowing
from review.known_images import Known
from review.models import Decision, DecisionFate, ReviewTask

DAYS = 11
# Counted back from the last: a session is told as a whole, so people end one every few days.
TOLD_ON = {8, 4, 0}
WANTED_SHARE = 0.05
LOOK = timedelta(seconds=6)
# On which of the days, counted back from the last, somebody passed a known defect, or rejected a known good part.
MISSES = {"ana": {1, 6}, "andre": {0, 3, 8}, "aria": {4}}
ALARMS = {"ana": {9}, "andre": {2}, "aria": set[int]()}


@transaction.atomic
def show(line: Line, people: Mapping[str, User], *, now: datetime) -> None:
    """Give everybody a known defect and a known good part a day, the last days before `now`, and end some sessions."""
    gold.set_rule(line, is_on=True, wanted_share=WANTED_SHARE, by=people["quinn"], now=now - timedelta(days=DAYS))
    for name in MISSES:
        person, library = people[name], _library(line, random.Random(f"{line.slug}/gold/{name}"))
        for day in reversed(range(DAYS)):
            end = now - timedelta(days=day)
            _meet(next(library), _read_by(person, line, end=end), person, wrong=day in MISSES[name])
            _meet(next(library), _read_by(person, line, end=end), person, wrong=day in ALARMS[name])
            if day in TOLD_ON:
                sessions.end(person, line, now=end)


def _library(line: Line, rng: random.Random) -> Iterator[Known]:
    """Yield defects of the bank and parts that were ruled good in turn, in an order of this person's own."""
    defects = list(known_images.defects_of(line).order_by("number").prefetch_related("images__item"))
    good = list(known_images.good_of(line).order_by("received_at", "pk")[: len(defects)])
    for defect, item in zip(rng.sample(defects, DAYS), rng.sample(good, DAYS), strict=True):
        yield Known(next(iter(defect.images.all())).item, defect)
        yield Known(item, None)


def _read_by(person: User, line: Line, *, end: datetime) -> ReviewTask:
    """Return a part that the person has read in the day before a moment, and that no known image stands beside."""
    read = Decision.objects.filter(person=person, recorded_at__gt=end - timedelta(hours=20), recorded_at__lt=end)
    asked = ReviewTask.objects.filter(line=line, purpose=Purpose.PRIMARY.value, decisions__in=read)
    parts = list(asked.select_related("item", "run__part", "line").order_by("created_at"))
    return parts[len(parts) // 2]


def _meet(known: Known, beside: ReviewTask, person: User, *, wrong: bool) -> None:
    """Put one known image before the person, and keep what they said to it."""
    showing = gold.show(known, beside=beside, person=person, now=beside.created_at)
    right = Label.DEFECT if known.defect else Label.PASS
    _answer(showing, right if not wrong else Label.PASS if known.defect else Label.DEFECT)


def _answer(showing: GoldShowing, label: Label) -> None:
    task, line = showing.task, showing.line
    at = task.created_at + filling.WAITING + LOOK
    final_at = at + timedelta(seconds=line.undo_s)
    called = showing.defect_class or line.defect_classes.order_by("key").values_list("code", flat=True)[0]
    decision = Decision.objects.create(
        task=task,
        person=showing.person,
        phase=Phase.INITIAL.value,
        label=label.value,
        defect_class=called if label == Label.DEFECT else "",
        shown_at=at - LOOK,
        decided_at=at,
        view_ms=LOOK // timedelta(milliseconds=1),
        level=task.level,
        blind=True,
        recorded_at=at,
        final_at=final_at,
    )
    DecisionFate.objects.create(decision=decision, fate=DecisionFate.FINAL, at=final_at)
    task.queue_rank, task.closed_at = None, final_at
    task.save(update_fields=["queue_rank", "closed_at"])
