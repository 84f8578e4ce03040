"""Gold items: images of known truth among a person's work, at the rate that the library allows, told at the end.

They measure people. Nothing of them reaches the line: no count, no verdict, no receipt.
"""

import random
from datetime import datetime, timedelta
from typing import NamedTuple

from django.db import transaction
from django.db.models import Count, Exists, OuterRef, QuerySet
from django.db.models.functions import TruncDate

from inspection.models import Item, Line, User
from inspection.rules.words import Call, Label, Phase, Purpose, TruthSource
from review import staging
from review.bank_models import BankDefect, BankImage
from review.gold_models import GoldRule, GoldShowing
from review.models import Decision, ReviewTask, Truth
from review.rules import gold
from review.rules.gold import Dose
from stats.sampling import bucket

ACTIVE = timedelta(minutes=10)
# What one reads counts toward the next gold item for a working day.
REMEMBERED = timedelta(hours=12)
LOOKED_BACK = timedelta(days=14)
UNTAKEN = timedelta(minutes=5)
KNOWN_GOOD = (TruthSource.ADJUDICATION.value, TruthSource.PHYSICAL.value)

_chance = random.SystemRandom()


class Known(NamedTuple):
    """A stored image with its truth; `defect` is None for a good part."""

    source: Item
    defect: BankDefect | None


# The rule -------------------------------------------------------------------------------------------------------


def rule_of(line: Line) -> GoldRule | None:
    """Return the rule that stands; None where nobody has set one yet, and then no gold is given."""
    return line.gold_rules.order_by("-pk").first()


def set_rule(line: Line, *, is_on: bool, wanted_share: float, by: User, now: datetime) -> GoldRule:
    """Begin or end giving gold items on a line, or change the share it wishes for."""
    return GoldRule.objects.create(line=line, is_on=is_on, wanted_share=wanted_share, set_by=by, set_at=now)


# The library ----------------------------------------------------------------------------------------------------


def defects_of(line: Line) -> QuerySet[BankDefect]:
    """Return the bank's defects that can be shown: one each, whatever the number of its photographs."""
    pictured = BankImage.objects.filter(defect=OuterRef("pk"), item__view__in=line.views)
    return line.bank.in_use().filter(Exists(pictured))


def good_of(line: Line) -> QuerySet[Item]:
    """Return stored images of parts that are good beyond one person's word."""
    newer = Truth.objects.filter(item=OuterRef("item"), n__gt=OuterRef("n"))
    ruled = Truth.objects.filter(~Exists(newer), item__line=line, source__in=KNOWN_GOOD, label=Label.PASS.value)
    return Item.objects.real().filter(line=line, view__in=line.views, pk__in=ruled.values("item"))


def dose_for(person: User, line: Line, rule: GoldRule, *, now: datetime) -> Dose:
    """Return what the line's library allows this person now."""
    return gold.dose(
        defects=defects_of(line).count(),
        good=good_of(line).count(),
        readings_per_day=readings_per_day(person, line, now=now),
        readings_so_far=_readings(person, line).order_by()[: gold.FIRST_READINGS].count(),
        wanted=rule.wanted_share,
    )


def readings_per_day(person: User, line: Line, *, now: datetime) -> float:
    """Return how many images a person reads on a day they work here, over two weeks; 0 where they did not."""
    last = _readings(person, line).filter(recorded_at__gte=now - LOOKED_BACK).order_by()
    days = last.annotate(day=TruncDate("recorded_at")).values("day").annotate(n=Count("pk")).values_list("n", flat=True)
    counted = list(days)
    return sum(counted) / len(counted) if counted else 0.0


# Giving ---------------------------------------------------------------------------------------------------------


def give_due(*, now: datetime) -> int:
    """Put gold items before everybody to whom the draw gives one, and take back what nobody took. Return how many.

    Done behind the readers' backs, so that no answer to them takes longer for it.
    """
    staging.withdraw_stale(before=now - UNTAKEN)
    newest = GoldRule.objects.filter(line=OuterRef("line")).order_by("-pk").values("pk")[:1]
    standing = GoldRule.objects.filter(pk=newest, is_on=True, line__is_active=True).select_related("line")
    return sum(_give_on(rule, now=now) for rule in standing)


@transaction.atomic
def _give_on(rule: GoldRule, *, now: datetime) -> int:
    # The line's row is the lock: two relays give nobody the same image twice.
    line = Line.objects.select_for_update(no_key=True).get(pk=rule.line_id)
    reading = Decision.objects.filter(task__line=line, recorded_at__gt=now - ACTIVE).values("person")
    people = User.objects.filter(pk__in=reading, is_active=True).order_by("pk")
    return sum(_give(person, line, rule, now=now) for person in people)


def _give(person: User, line: Line, rule: GoldRule, *, now: datetime) -> bool:
    """Give the person one gold item if a reading since the last one draws it."""
    waiting = ReviewTask.objects.filter(purpose=Purpose.GOLD.value, only_for=person, line=line, closed_at=None)
    drawn = _drawn_since_last(person, line, rule, now=now)
    if drawn >= gold.MOST or waiting.exists() or drawn >= dose_for(person, line, rule, now=now).share:
        return False
    known, beside = pick(person, line, now=now), staging.neighbour(line)
    if known is None or beside is None:
        return False
    show(known, beside=beside, person=person, now=now)
    return True


def show(known: Known, *, beside: ReviewTask, person: User, now: datetime) -> GoldShowing:
    """Stage an image of known truth for one person."""
    task = staging.stage(known.source, beside=beside, person=person)
    return GoldShowing.objects.create(
        task=task,
        line=task.line,
        person=person,
        source=known.source,
        defect=known.defect,
        label=Call.DEFECT.value if known.defect else Call.PASS.value,
        defect_class=known.defect.defect_class if known.defect else "",
        staged_at=now,
    )


def pick(person: User, line: Line, *, now: datetime) -> Known | None:
    """Draw a defect or a good part, each half of the time, that this person has not met. None where there is none."""
    recent = GoldShowing.objects.filter(person=person, line=line, staged_at__gt=now - gold.REST)
    read = Decision.objects.filter(person=person, task__item=OuterRef("pk"))
    if _chance.random() < 0.5:
        good = good_of(line).filter(~Exists(read)).exclude(pk__in=recent.values("source"))
        source = _any(good)
        return Known(source, None) if source else None
    met = recent.filter(defect__isnull=False).values("defect")
    defect = _any(defects_of(line).exclude(pk__in=met))
    images = BankImage.objects.filter(defect=defect, item__view__in=line.views).select_related("item__measures")
    image = _any(images) if defect else None
    return Known(image.item, defect) if image else None


def _any(rows: QuerySet):
    keys = list(rows.order_by("pk").values_list("pk", flat=True))
    return rows.get(pk=_chance.choice(keys)) if keys else None


def _drawn_since_last(person: User, line: Line, rule: GoldRule, *, now: datetime) -> float:
    """Return the lowest draw in [0, 1) among the readings since the last gold item; 1 where there are none."""
    last = GoldShowing.objects.filter(person=person, line=line).order_by("-staged_at").first()
    since = max(now - REMEMBERED, rule.set_at, last.staged_at if last else rule.set_at)
    fresh = _readings(person, line).filter(recorded_at__gt=since).values_list("pk", flat=True)
    secret = line.salts.order_by("-created_at", "-pk").values_list("secret", flat=True).first()
    return min((bucket(str(pk), f"gold/{secret}") for pk in fresh), default=1.0)


def _readings(person: User, line: Line) -> QuerySet[Decision]:
    """Return a person's first calls on what the line sent."""
    mine = Decision.objects.filter(person=person, task__line=line, phase=Phase.INITIAL.value)
    return mine.exclude(task__purpose=Purpose.GOLD.value)
