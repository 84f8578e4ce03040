"""Gold items: images of known truth among a person's work, at the rate that the library allows, told at the end.

They measure people. Nothing of them reaches the line: no count, no verdict, no receipt.
"""

import random
from datetime import datetime, timedelta
from functools import partial

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet, Subquery

from inspection import bulkheads
from inspection.models import Line, User
from inspection.rules.shifts import zone_of
from inspection.rules.words import Call, Phase, Purpose
from inspection.sql import Moments
from review import known_images, planting, staging, studies
from review.gold_models import GaugeStudy, GoldRule, GoldShowing
from review.known_images import Known
from review.models import Decision, ReviewTask
from review.practice_models import PracticeItem
from review.rules import gold
from review.rules.gold import Dose
from stats.sampling import bucket

ACTIVE = timedelta(minutes=10)
# What one reads counts toward the next gold item for a working day.
REMEMBERED = timedelta(hours=12)
LOOKED_BACK = timedelta(days=14)
UNTAKEN = timedelta(minutes=5)

_chance = random.SystemRandom()


# The rule -------------------------------------------------------------------------------------------------------


def rule_of(line: Line) -> GoldRule | None:
    """Return the rule that stands; None where nobody has set one yet, and then no gold is given."""
    return line.gold_rules.order_by("-pk").first()


def set_rule(line: Line, *, is_on: bool, wanted_share: float, by: User, now: datetime) -> GoldRule:
    """Begin or end giving gold items on a line, or change the share it wishes for."""
    return GoldRule.objects.create(line=line, is_on=is_on, wanted_share=wanted_share, set_by=by, set_at=now)


# The rate -------------------------------------------------------------------------------------------------------


def dose_for(person: User, line: Line, rule: GoldRule, *, now: datetime) -> Dose:
    """Return what the line's library allows this person now."""
    return dose_from(library(line), person, line, rule, now=now)


def library(line: Line) -> tuple[int, int]:
    """Count the line's distinct defects and good images of known truth. Whoever asks for many doses counts once."""
    return known_images.defects_of(line).count(), known_images.good_of(line).count()


def dose_from(known: tuple[int, int], person: User, line: Line, rule: GoldRule, *, now: datetime) -> Dose:
    """Return what a library of so many defects and good images allows this person now."""
    defects, good = known
    return gold.dose(
        defects=defects,
        good=good,
        readings_per_day=readings_per_day(person, line, now=now),
        readings_so_far=_readings(person, line).order_by()[: gold.FIRST_READINGS].count(),
        wanted=rule.wanted_share,
    )


def readings_per_day(person: User, line: Line, *, now: datetime) -> float:
    """Return how many images a person reads on a day they work here, over two weeks; 0 where they did not."""
    zone = zone_of(line.time_zone)
    last = _readings(person, line).filter(recorded_at__gte=now - LOOKED_BACK)
    moments = last.aggregate(told=Moments("recorded_at"))["told"]
    worked = {moment.astimezone(zone).date() for moment in moments}
    return len(moments) / len(worked) if worked else 0.0


# Giving ---------------------------------------------------------------------------------------------------------


def give_due(*, now: datetime) -> int:
    """Put gold items before everybody to whom the draw gives one, and take back what nobody took. Return how many.

    Done behind the readers' backs, so that no answer to them takes longer for it.
    """
    staging.withdraw_stale(before=now - UNTAKEN)
    newest = GoldRule.objects.filter(line=OuterRef("pk")).order_by("-pk").values("is_on")[:1]
    lines = Line.objects.filter(is_active=True).annotate(gives=Subquery(newest))
    studied = Exists(GaugeStudy.objects.filter(line=OuterRef("pk"), stopped_at=None))
    giving = [(line.pk, line) for line in lines.filter(Q(gives=True) | studied)]
    return bulkheads.each("give gold items", giving, partial(_give_on, now=now))


@transaction.atomic
def _give_on(line: Line, *, now: datetime) -> int:
    # The line's row is the lock: two relays give nobody the same image twice.
    line = Line.objects.select_for_update(no_key=True).get(pk=line.pk)
    reading = Decision.objects.filter(task__line=line, recorded_at__gt=now - ACTIVE).values("person")
    people = User.objects.filter(pk__in=reading, is_active=True).order_by("pk")
    return sum(_give(person, line, now=now) for person in people)


def _give(person: User, line: Line, *, now: datetime) -> bool:
    """Give the person one image of known truth if a reading since the last one draws it: a study's before others."""
    waiting = ReviewTask.objects.filter(purpose=Purpose.GOLD.value, only_for=person, line=line, closed_at=None)
    drawn = _drawn_since_last(person, line, now=now)
    if drawn >= gold.MOST or waiting.exists():
        return False
    study, known = studies.next_for(person, line, now=now)
    known = known or _of_rule(person, line, drawn, now=now)
    beside = staging.neighbour(line)
    if known is None or beside is None:
        return False
    showing = show(known, beside=beside, person=person, study=study, now=now)
    if study is None:
        planting.by_chance(showing, now=now)
    return True


def _of_rule(person: User, line: Line, drawn: float, *, now: datetime) -> Known | None:
    rule = rule_of(line)
    if rule is None or not rule.is_on or drawn >= dose_for(person, line, rule, now=now).share:
        return None
    return pick(person, line, now=now)


def show(
    known: Known, *, beside: ReviewTask, person: User, now: datetime, study: GaugeStudy | None = None
) -> GoldShowing:
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
        study=study,
        staged_at=now,
    )


def pick(person: User, line: Line, *, now: datetime) -> Known | None:
    """Draw a defect or a good part, each half of the time, that this person has not met. None where there is none."""
    recent = GoldShowing.objects.filter(person=person, line=line, staged_at__gt=now - gold.REST)
    read = Decision.objects.filter(person=person, task__item=OuterRef("pk"))
    if _chance.random() < 0.5:
        practised = PracticeItem.objects.filter(round__person=person, source=OuterRef("pk"))
        good = known_images.good_of(line).filter(~Exists(read), ~Exists(practised))
        good = good.exclude(pk__in=recent.values("source"))
        source = known_images.any_of(good)
        return Known(source, None) if source else None
    met = recent.filter(defect__isnull=False).values("defect")
    defect = known_images.any_of(known_images.defects_of(line).exclude(pk__in=met))
    return known_images.image_of(defect, line) if defect else None


def _drawn_since_last(person: User, line: Line, *, now: datetime) -> float:
    """Return the lowest draw in [0, 1) among the readings since the last gold item; 1 where there are none."""
    last = GoldShowing.objects.filter(person=person, line=line).order_by("-staged_at").first()
    since = max(now - REMEMBERED, last.staged_at) if last else now - REMEMBERED
    fresh = _readings(person, line).filter(recorded_at__gt=since).values_list("pk", flat=True)
    secret = line.salts.order_by("-created_at", "-pk").values_list("secret", flat=True).first()
    return min((bucket(str(pk), f"gold/{secret}") for pk in fresh), default=1.0)


def _readings(person: User, line: Line) -> QuerySet[Decision]:
    """Return a person's first calls on what the line sent."""
    mine = Decision.objects.filter(person=person, task__line=line, phase=Phase.INITIAL.value)
    return mine.exclude(task__purpose=Purpose.GOLD.value)
